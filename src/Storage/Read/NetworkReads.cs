using Dapper;
using Npgsql;

namespace DePin.Storage.Read;

/// <summary>A mirrored network. <paramref name="Manifest"/> and <paramref name="Parameters"/> are JSON, null until the indexer published them.</summary>
public sealed record NetworkRow(short ChainId, string Caip2, byte[] NetworkId, long FirstBlock, string? Name, string? Manifest, string? Parameters);

/// <summary>How far the mirror is. Times are of blocks; null before the first block.</summary>
public sealed record MirrorRow(long BlockNumber, string BlockHash, DateTime? BlockTime, long FinalizedNumber, DateTime? FinalizedTime, string? Halted);

/// <summary>Counts for the network's front page. Amounts are decimal text in base units. Without a log of the token, what is minted is what epochs minted.</summary>
public sealed record NetworkTotals(long Devices, long ActiveDevices, long Providers, long? Holders, long Operators, string Minted, string? Burned, string Claimed, string Staked,
    long LastAcceptedEpoch, long LastFinalEpoch, long LastImportedEpoch);

/// <summary>Newest epochs with an accepted report, and with evidence recomputed here; 0 before the first.</summary>
public sealed record LastEpochs(long Accepted, long Imported);

/// <summary>First epochs whose verdicts and reward trees are kept; earlier ones were pruned, their sums, leaves and lines never are.</summary>
public sealed record KeptFrom(long Verdicts, long Trees);

/// <summary>Reads about the network as a whole.</summary>
public sealed class NetworkReads(NpgsqlDataSource source)
{
    /// <summary>Every mirrored network, in the order they were added.</summary>
    public async Task<IReadOnlyList<NetworkRow>> ListAsync(CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<NetworkRow>(Sql.Command(
            """
            select c.chain_id, c.caip2, c.network_id, c.first_block, n.name, n.manifest::text as manifest, n.parameters::text as parameters
            from chain.chains c left join evidence.networks n on n.network_id = c.network_id
            order by c.chain_id
            """, ct: ct))).AsList();
    }

    /// <summary>Addresses of the network's contracts by name.</summary>
    public async Task<IReadOnlyDictionary<string, string>> ContractsAsync(short chain, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<(string Name, string Address)>(Sql.Command(
            "select name, '0x' || encode(address, 'hex') from chain.contracts where chain_id = @chain order by contract", new { chain }, ct: ct));
        return rows.ToDictionary(r => r.Name, r => r.Address, StringComparer.Ordinal);
    }

    /// <summary>The checkpoint; null before the follower started.</summary>
    public async Task<MirrorRow?> MirrorAsync(short chain, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<MirrorRow>(Sql.Command(
            """
            select k.block_number, '0x' || encode(k.block_hash, 'hex') as block_hash, b.block_time, k.finalized_number,
                (select f.block_time from chain.blocks f where f.chain_id = k.chain_id and f.block_number <= k.finalized_number order by f.block_number desc limit 1) as finalized_time,
                k.halted
            from chain.checkpoints k left join chain.blocks b on b.chain_id = k.chain_id and b.block_number = k.block_number
            where k.chain_id = @chain
            """, new { chain }, ct: ct));
    }

    /// <summary>What the indexer still keeps in full.</summary>
    public async Task<KeptFrom> KeptFromAsync(byte[] network, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<KeptFrom>(Sql.Command(
            "select greatest(verdicts_before, 1) as verdicts, greatest(trees_before, 1) as trees from evidence.pruned where network_id = @network", new { network }, ct: ct)) ?? new KeptFrom(1, 1);
    }

    /// <summary>How far reports and evidence are.</summary>
    public async Task<LastEpochs> LastEpochsAsync(short chain, byte[] network, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return await connection.QuerySingleAsync<LastEpochs>(Sql.Command(
            """
            select (select coalesce(max(epoch), 0) from chain.reports where chain_id = @chain and status <> 'cancelled') as accepted,
                (select coalesce(max(epoch), 0) from evidence.epochs where network_id = @network) as imported
            """, new { chain, network }, ct: ct));
    }

    /// <summary>The front page's counts at the mirror's head.</summary>
    public async Task<NetworkTotals> TotalsAsync(short chain, byte[] network, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return await connection.QuerySingleAsync<NetworkTotals>(Sql.Command(
            """
            select (select count(*) from chain.devices where chain_id = @chain) as devices,
                (select count(*) from chain.devices where chain_id = @chain and status = 'active') as active_devices,
                (select count(*) from chain.payout_accounts where chain_id = @chain) as providers,
                (select count(*) from chain.holders where chain_id = @chain and balance > 0) as holders,
                (select count(*) from chain.operators where chain_id = @chain and not slashed) as operators,
                coalesce((select minted from chain.tokens where chain_id = @chain), (select sum(rewards + sinks) from chain.emission_epochs where chain_id = @chain), 0)::text as minted,
                coalesce((select burned::text from chain.tokens where chain_id = @chain), '0') as burned,
                (select coalesce(sum(amount), 0)::text from chain.claims where chain_id = @chain) as claimed,
                (select coalesce(sum(tokens), 0)::text from chain.pools where chain_id = @chain) as staked,
                (select coalesce(max(epoch), 0) from chain.reports where chain_id = @chain and status <> 'cancelled') as last_accepted_epoch,
                (select coalesce(max(epoch), 0) from chain.reports where chain_id = @chain and status = 'final') as last_final_epoch,
                (select coalesce(max(epoch), 0) from evidence.epochs where network_id = @network) as last_imported_epoch
            """, new { chain, network }, ct: ct));
    }
}
