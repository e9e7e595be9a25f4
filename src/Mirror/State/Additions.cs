using System.Numerics;
using DePin.Cryptography;
using DePin.Protocol;
using Npgsql;
using static NpgsqlTypes.NpgsqlDbType;

namespace DePin.Mirror.State;

internal sealed record EmissionEpochRow(long Epoch, BigInteger Rewards, BigInteger Sinks, BigInteger Unallocated, long BlockNumber);

internal sealed record ClaimRow(
    long BlockNumber, int LogIndex, AccountId Account, long PayoutIndex, AccountId Recipient, BigInteger Amount, BigInteger Claimed, Bytes32 Root,
    AccountId FeeTo, BigInteger Fee);

internal sealed record FaultRow(
    long BlockNumber, int LogIndex, string Kind, long Epoch, long? Generation, Address? Signer, Bytes32? DigestA, Bytes32? DigestB, short? TreeFault,
    long? PayoutIndex, AccountId Reporter);

/// <summary>Rows that are only ever added: written by COPY, rolled back by block number.</summary>
internal sealed class Additions
{
    private static readonly Column<EmissionEpochRow>[] EmissionEpochColumns =
    [
        new("epoch", Bigint, r => r.Epoch), new("rewards", Numeric, r => r.Rewards), new("sinks", Numeric, r => r.Sinks),
        new("unallocated", Numeric, r => r.Unallocated), new("block_number", Bigint, r => r.BlockNumber),
    ];

    private static readonly Column<ClaimRow>[] ClaimColumns =
    [
        new("block_number", Bigint, r => r.BlockNumber), new("log_index", Integer, r => r.LogIndex), new("account", Bytea, r => r.Account.ToNative()),
        new("payout_index", Bigint, r => r.PayoutIndex), new("recipient", Bytea, r => r.Recipient.ToNative()), new("amount", Numeric, r => r.Amount),
        new("claimed", Numeric, r => r.Claimed), new("root", Bytea, r => r.Root.ToArray()), new("fee_to", Bytea, r => r.FeeTo.ToNative()),
        new("fee", Numeric, r => r.Fee),
    ];

    private static readonly Column<FaultRow>[] FaultColumns =
    [
        new("block_number", Bigint, r => r.BlockNumber), new("log_index", Integer, r => r.LogIndex), new("kind", Text, r => r.Kind),
        new("epoch", Bigint, r => r.Epoch), new("generation", Bigint, r => r.Generation), new("signer", Bytea, r => r.Signer?.ToArray()),
        new("digest_a", Bytea, r => r.DigestA?.ToArray()), new("digest_b", Bytea, r => r.DigestB?.ToArray()),
        new("tree_fault", Smallint, r => r.TreeFault), new("payout_index", Bigint, r => r.PayoutIndex), new("reporter", Bytea, r => r.Reporter.ToNative()),
    ];

    /// <summary>The tables, each with its block number column.</summary>
    public static IReadOnlyList<string> TableNames { get; } = ["emission_epochs", "claims", "faults"];

    public List<EmissionEpochRow> EmissionEpochs { get; } = [];
    public List<ClaimRow> Claims { get; } = [];
    public List<FaultRow> Faults { get; } = [];

    public void Clear()
    {
        EmissionEpochs.Clear();
        Claims.Clear();
        Faults.Clear();
    }

    public async Task FlushAsync(NpgsqlConnection connection, short chainId, CancellationToken ct)
    {
        await CopyAsync(connection, "emission_epochs", EmissionEpochColumns, EmissionEpochs, chainId, ct);
        await CopyAsync(connection, "claims", ClaimColumns, Claims, chainId, ct);
        await CopyAsync(connection, "faults", FaultColumns, Faults, chainId, ct);
    }

    private static async Task CopyAsync<T>(NpgsqlConnection connection, string table, Column<T>[] columns, List<T> rows, short chainId, CancellationToken ct)
    {
        if (rows.Count == 0) return;
        await using var writer = await connection.BeginBinaryImportAsync(
            $"copy {table} (chain_id, {string.Join(", ", columns.Select(c => c.Name))}) from stdin (format binary)", ct);
        foreach (var row in rows)
        {
            await writer.StartRowAsync(ct);
            await writer.WriteAsync(chainId, Smallint, ct);
            foreach (var column in columns)
            {
                if (column.Get(row) is { } value)
                    await writer.WriteAsync(value, column.Type, ct);
                else
                    await writer.WriteNullAsync(ct);
            }
        }

        await writer.CompleteAsync(ct);
    }
}
