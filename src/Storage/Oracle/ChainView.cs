using Dapper;
using DePin.Cryptography;
using DePin.Protocol;
using Npgsql;

namespace DePin.Storage.Oracle;

/// <summary>How far the operator's own mirror is.</summary>
/// <param name="Number">Newest mirrored block.</param>
/// <param name="Hash">Its hash.</param>
/// <param name="Time">Its timestamp.</param>
/// <param name="FinalizedNumber">Newest finalized block that is mirrored; -1 before there is one.</param>
/// <param name="FinalizedTime">Its timestamp, or null before there is one.</param>
/// <param name="Halted">Why the follower stopped for good, or null.</param>
public sealed record ChainHead(long Number, Bytes32 Hash, DateTimeOffset Time, long FinalizedNumber, DateTimeOffset? FinalizedTime, string? Halted);

/// <summary>One version of a device, with what its model says: the state from a block on.</summary>
/// <param name="KnownSince">Unix seconds of the block that made this key the device's: its registration, or the end of a rotation.</param>
public sealed record DeviceVersion(
    long TokenId, Bytes32 DeviceId, short KeyType, byte[] PublicKey, string Status, int Class, long ModelId, long Capabilities, long Cadence,
    ulong Cell, long RegisteredAt, long KnownSince, Bytes32 Metadata, long ValidFrom, bool Current);

/// <summary>A config as the chain scheduled it.</summary>
public sealed record ConfigRow(long ConfigCount, long FirstEpoch, Bytes32 Digest, short N, short Q, byte[] ReportKeys, byte[] ProtocolKeys);

/// <summary>Where an operator listens.</summary>
public sealed record OperatorRow(Address ReportKey, string Endpoint, bool Slashed);

/// <summary>A report as the chain holds it.</summary>
/// <param name="Status">pending, challenged, final or cancelled.</param>
/// <param name="Signers">Bit i = signer i of the config.</param>
/// <param name="ClaimableAt">Unix seconds: the end of the challenge window.</param>
/// <param name="AcceptedBlock">Block that accepted it.</param>
public sealed record AcceptedReport(
    Bytes32 Digest, long Epoch, long Generation, byte[] Report, long Signers, long ClaimableAt, string Status, long AcceptedBlock);

/// <summary>What the oracle's stages ask of the operator's own mirror, beside the snapshot at an anchor: the present.</summary>
public sealed class ChainView(NpgsqlDataSource dataSource, short chainId)
{
    /// <summary>The newest mirrored block, or null before the first.</summary>
    public Task<ChainHead?> GetHeadAsync(CancellationToken ct) => OneAsync<ChainHead>(
        """
        select c.block_number as number, c.block_hash as hash, b.block_time as time, c.finalized_number, f.block_time as finalized_time, c.halted
        from chain.checkpoints c
        join chain.blocks b on b.chain_id = c.chain_id and b.block_number = c.block_number
        left join chain.blocks f on f.chain_id = c.chain_id and f.block_number = c.finalized_number
        where c.chain_id = @chainId
        """, new { chainId }, ct);

    /// <summary>Whether the follower stopped for good: what is read here is of a branch that the chain dropped, and nothing may be agreed on, signed or sent from it.</summary>
    public async Task<bool> IsHaltedAsync(CancellationToken ct) => await GetHeadAsync(ct) is { Halted: not null };

    /// <summary>Versions of devices that began at or after a block, in the order in which they came to be.</summary>
    public Task<IReadOnlyList<DeviceVersion>> GetDevicesSinceAsync(long fromBlock, CancellationToken ct) => ManyAsync<DeviceVersion>(
        """
        select d.token_id, d.device_id, d.key_type, d.public_key, d.status, m.class, d.model_id, m.capabilities, m.cadence,
               d.cell::text as cell, d.registered_at,
               coalesce((select extract(epoch from b.block_time)::bigint from chain.blocks b
                         where b.chain_id = d.chain_id and b.block_number =
                             (select min(f.valid_from) from chain.device_versions f where f.chain_id = d.chain_id and f.device_id = d.device_id)),
                        d.registered_at) as known_since, d.metadata, d.valid_from, d.valid_to = 9223372036854775807 as current
        from chain.device_versions d
        join chain.models m on m.chain_id = d.chain_id and m.model_id = d.model_id
        where d.chain_id = @chainId and d.valid_from >= @fromBlock
        order by d.valid_from, d.token_id
        """, new { chainId, fromBlock }, ct);

    /// <summary>All configs, ascending by the first epoch that they govern.</summary>
    public Task<IReadOnlyList<ConfigRow>> GetConfigsAsync(CancellationToken ct) => ManyAsync<ConfigRow>(
        "select config_count, first_epoch, digest, n, q, report_keys, protocol_keys from chain.configs where chain_id = @chainId order by first_epoch, config_count",
        new { chainId }, ct);

    /// <summary>All operators that ever registered.</summary>
    public Task<IReadOnlyList<OperatorRow>> GetOperatorsAsync(CancellationToken ct) => ManyAsync<OperatorRow>(
        "select report_key, endpoint, slashed from chain.operators where chain_id = @chainId order by report_key", new { chainId }, ct);

    /// <summary>Accepted reports with one of the statuses, ascending by epoch.</summary>
    public Task<IReadOnlyList<AcceptedReport>> GetReportsAsync(IReadOnlyCollection<string> statuses, CancellationToken ct) => ManyAsync<AcceptedReport>(
        """
        select digest, epoch, generation, report, signers, claimable_at, status, accepted_block
        from chain.reports where chain_id = @chainId and status = any(@Statuses) order by epoch, generation
        """, new { chainId, Statuses = statuses.ToArray() }, ct);

    /// <summary>The newest report that stands (not cancelled), or null before the first.</summary>
    public Task<AcceptedReport?> GetLastReportAsync(CancellationToken ct) => OneAsync<AcceptedReport>(
        """
        select digest, epoch, generation, report, signers, claimable_at, status, accepted_block
        from chain.reports where chain_id = @chainId and status <> 'cancelled' order by epoch desc, generation desc limit 1
        """, new { chainId }, ct);

    /// <summary>
    /// Reports that stand and that this operator has no row of, newest first: those that may still be cancelled, and the newest final one, on which
    /// whatever is attested in their place builds.
    /// </summary>
    public Task<IReadOnlyList<AcceptedReport>> GetMissedReportsAsync(CancellationToken ct) => ManyAsync<AcceptedReport>(
        """
        select digest, epoch, generation, report, signers, claimable_at, status, accepted_block
        from chain.reports c
        where chain_id = @chainId and status <> 'cancelled'
          and epoch >= coalesce((select max(epoch) from chain.reports where chain_id = @chainId and status = 'final'), 0)
          and not exists (select from oracle.reports r where r.digest = c.digest)
        order by epoch desc, generation desc
        """, new { chainId }, ct);

    /// <summary>A report by its digest, whatever became of it; null where the chain never accepted it.</summary>
    public Task<AcceptedReport?> FindReportAsync(Bytes32 digest, CancellationToken ct) => OneAsync<AcceptedReport>(
        """
        select digest, epoch, generation, report, signers, claimable_at, status, accepted_block
        from chain.reports where chain_id = @chainId and digest = @digest
        """, new { chainId, digest }, ct);

    /// <summary>The payout accounts by index, as of the newest block: an account's index never changes.</summary>
    public async Task<IReadOnlyList<AccountId>> GetPayoutAccountsAsync(CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return [.. (await connection.QueryAsync<byte[]>(Sql.Command(
            "select account from chain.payout_accounts where chain_id = @chainId order by payout_index", new { chainId }, ct: ct))).Select(a => AccountId.FromNative(a))];
    }

    /// <summary>How many reports were cancelled so far, each with those after it: the generation.</summary>
    public async Task<long> GetGenerationAsync(CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return await connection.ExecuteScalarAsync<long>(Sql.Command(
            """
            select count(*) from chain.logs
            where chain_id = @chainId and event = (select event from chain.events where name = 'ReportCancelled')
            """, new { chainId }, ct: ct));
    }

    private async Task<T?> OneAsync<T>(string sql, object parameters, CancellationToken ct) where T : class
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return await connection.QueryFirstOrDefaultAsync<T>(Sql.Command(sql, parameters, ct: ct));
    }

    private async Task<IReadOnlyList<T>> ManyAsync<T>(string sql, object parameters, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<T>(Sql.Command(sql, parameters, timeoutSeconds: 0, ct: ct))).AsList();
    }
}
