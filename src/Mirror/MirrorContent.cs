using System.Security.Cryptography;

namespace DePin.Mirror;

/// <summary>What a mirror holds, as one hash a table over its rows in key order: equal hashes, equal mirrors.</summary>
public static class MirrorContent
{
    private static readonly (string Table, string Order)[] Tables =
    [
        ("blocks", "block_number"), ("logs", "block_number, log_index"), ("holders", "account"), ("tokens", "chain_id"),
        ("emission_epochs", "epoch"), ("claims", "block_number, log_index"), ("faults", "block_number, log_index"),
        ("split_versions", "first_epoch, valid_from"), ("maker_versions", "maker_id, valid_from"), ("model_versions", "model_id, valid_from"),
        ("batch_versions", "batch_id, valid_from"), ("device_versions", "token_id, valid_from"), ("payout_account_versions", "account, valid_from"),
        ("pool_versions", "provider, valid_from"), ("stake_versions", "provider, staker, valid_from"),
        ("thaw_versions", "provider, staker, thaw_id, valid_from"), ("operator_versions", "report_key, valid_from"),
        ("config_versions", "config_count, valid_from"), ("report_versions", "digest, valid_from"), ("root_versions", "epoch, valid_from"),
        ("breaker_versions", "breaker, valid_from"),
    ];

    /// <summary>Names of the tables that are hashed: all of the mirror's but the checkpoint and what the manifest says.</summary>
    public static IReadOnlyList<string> TableNames { get; } = [.. Tables.Select(t => t.Table)];

    /// <summary>SHA-256 of each table's rows, read from one snapshot.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> HashAsync(MirrorDatabase database, short chainId, CancellationToken ct)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(ct);
        await using var snapshot = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, ct);
        var hashes = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (table, order) in Tables)
        {
            await using var rows = await connection.BeginRawBinaryCopyAsync(
                $"copy (select * from {table} where chain_id = {chainId} order by {order}) to stdout (format binary)", ct);
            hashes[table] = Convert.ToHexStringLower(await SHA256.HashDataAsync(rows, ct));
        }

        return hashes;
    }

    /// <summary>Names of the tables in which two mirrors differ; empty when they are identical.</summary>
    public static IReadOnlyList<string> Differences(IReadOnlyDictionary<string, string> left, IReadOnlyDictionary<string, string> right) =>
        [.. TableNames.Where(t => left[t] != right[t])];
}
