using Dapper;
using Npgsql;

namespace DePin.Storage.Read;

/// <summary>An oracle operator. Amounts are decimal text; <paramref name="ReportsSigned"/> of the last <paramref name="ReportsSince"/> (at most 100) accepted reports of its configs carry its signature.</summary>
public sealed record OperatorRow(string ReportKey, string Account, string ProtocolKey, string Bond, string Endpoint, long ExitAt, bool Slashed, long ReportsSince, long ReportsSigned);

/// <summary>A set of operators and the epoch from which it signs.</summary>
public sealed record ConfigRow(long ConfigCount, long FirstEpoch, string Digest, short N, short Q, string ParametersHash, string RulesHash, byte[] ReportKeys, byte[] ProtocolKeys);

/// <summary>A provider's stake pool.</summary>
public sealed record PoolRow(string Provider, string Tokens, string Shares, string ThawingTokens, long Generation, long Stakers);

/// <summary>A staker's part of a pool.</summary>
public sealed record StakeRow(string Provider, string Staker, string Shares, string Tokens);

/// <summary>A thaw that is under way or over.</summary>
public sealed record ThawRow(string Provider, string Staker, long ThawId, string Shares, long ReadyAt, string Status, string Paid);

/// <summary>A minted epoch.</summary>
public sealed record EmissionRow(long Epoch, string Rewards, string Sinks, string Unallocated, long BlockNumber);

/// <summary>Sinks from an epoch on: their accounts one after another, their basis points with commas between.</summary>
public sealed record SplitRow(long FirstEpoch, byte[] Accounts, string Bps);

/// <summary>The outflow breaker as last said on chain.</summary>
public sealed record BreakerRow(string Used, string Capacity, long UsedAt);

/// <summary>A proven fault.</summary>
public sealed record FaultRow(long BlockNumber, int LogIndex, string Kind, long Epoch, long? Generation, string? Signer, short? TreeFault, long? PayoutIndex, string Reporter);

/// <summary>Reads about operators, stakes and emission.</summary>
public sealed class ParticipantReads(NpgsqlDataSource source)
{
    /// <summary>Operators ascending by report key, beginning after <paramref name="after"/>: anybody with a bond may be one.</summary>
    public Task<IReadOnlyList<OperatorRow>> OperatorsAsync(short chain, byte[]? after, int take, CancellationToken ct) => ListAsync<OperatorRow>(
        """
        select '0x' || encode(o.report_key, 'hex') as report_key, '0x' || encode(o.account, 'hex') as account, '0x' || encode(o.protocol_key, 'hex') as protocol_key, o.bond::text as bond,
            o.endpoint, o.exit_at, o.slashed, count(r.digest) as reports_since,
            count(r.digest) filter (where (r.signers >> ((position(o.report_key in f.report_keys) - 1) / 20)) & 1 = 1) as reports_signed
        from chain.operators o
        left join chain.configs f on f.chain_id = o.chain_id
            and exists (select from generate_series(0, f.n - 1) i where substr(f.report_keys, 1 + 20 * i, 20) = o.report_key)
        left join lateral (select digest, signers from chain.reports where chain_id = o.chain_id and substr(report, 17, 32) = f.digest order by epoch desc limit 100) r on true
        where o.chain_id = @chain and (@after::bytea is null or o.report_key > @after)
        group by o.report_key, o.account, o.protocol_key, o.bond, o.endpoint, o.exit_at, o.slashed
        order by o.report_key limit @take
        """, new { chain, after, take = take + 1 }, ct);

    /// <summary>Every config, newest first.</summary>
    public Task<IReadOnlyList<ConfigRow>> ConfigsAsync(short chain, CancellationToken ct) => ListAsync<ConfigRow>(
        """
        select config_count, first_epoch, '0x' || encode(digest, 'hex') as digest, n, q, '0x' || encode(parameters_hash, 'hex') as parameters_hash,
            '0x' || encode(rules_hash, 'hex') as rules_hash, report_keys, protocol_keys
        from chain.configs where chain_id = @chain order by config_count desc limit 200
        """, new { chain }, ct);

    /// <summary>Pools ascending by provider, beginning after <paramref name="after"/>.</summary>
    public Task<IReadOnlyList<PoolRow>> PoolsAsync(short chain, byte[]? after, int take, CancellationToken ct) => ListAsync<PoolRow>(
        """
        select '0x' || encode(p.provider, 'hex') as provider, p.tokens::text as tokens, p.shares::text as shares, p.thawing_tokens::text as thawing_tokens, p.generation,
            (select count(*) from chain.stakes s where s.chain_id = p.chain_id and s.provider = p.provider and s.generation = p.generation and s.shares > 0) as stakers
        from chain.pools p where p.chain_id = @chain and (@after::bytea is null or p.provider > @after) order by p.provider limit @take
        """, new { chain, after, take = take + 1 }, ct);

    /// <summary>What one staker holds in which pools.</summary>
    public Task<IReadOnlyList<StakeRow>> StakesAsync(short chain, byte[] staker, CancellationToken ct) => ListAsync<StakeRow>(
        """
        select '0x' || encode(s.provider, 'hex') as provider, '0x' || encode(s.staker, 'hex') as staker, s.shares::text as shares,
            (case when p.shares > 0 then div(s.shares * p.tokens, p.shares) else 0 end)::text as tokens
        from chain.stakes s join chain.pools p on p.chain_id = s.chain_id and p.provider = s.provider and p.generation = s.generation
        where s.chain_id = @chain and s.staker = @staker and s.shares > 0 order by s.provider limit 500
        """, new { chain, staker }, ct);

    /// <summary>A staker's thaws, newest first.</summary>
    public Task<IReadOnlyList<ThawRow>> ThawsAsync(short chain, byte[] staker, CancellationToken ct) => ListAsync<ThawRow>(
        """
        select '0x' || encode(provider, 'hex') as provider, '0x' || encode(staker, 'hex') as staker, thaw_id, shares::text as shares, ready_at, status, paid::text as paid
        from chain.thaws where chain_id = @chain and staker = @staker order by thaw_id desc, provider limit 500
        """, new { chain, staker }, ct);

    /// <summary>Minted epochs, newest first.</summary>
    public Task<IReadOnlyList<EmissionRow>> EmissionAsync(short chain, EpochRange epochs, long? before, int take, CancellationToken ct) => ListAsync<EmissionRow>(
        """
        select epoch, rewards::text as rewards, sinks::text as sinks, unallocated::text as unallocated, block_number
        from chain.emission_epochs where chain_id = @chain and (@before::bigint is null or epoch < @before)
            and (@First::bigint is null or epoch >= @First) and (@End::bigint is null or epoch < @End)
        order by epoch desc limit @take
        """, new { chain, epochs.First, epochs.End, before, take = take + 1 }, ct);

    /// <summary>Every scheduled split, newest first.</summary>
    public Task<IReadOnlyList<SplitRow>> SplitsAsync(short chain, CancellationToken ct) =>
        ListAsync<SplitRow>("select first_epoch, accounts, array_to_string(bps, ',') as bps from chain.splits where chain_id = @chain order by first_epoch desc limit 200", new { chain }, ct);

    /// <summary>The breaker; null before its first event.</summary>
    public async Task<BreakerRow?> BreakerAsync(short chain, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<BreakerRow>(Sql.Command(
            "select used::text as used, capacity::text as capacity, used_at from chain.breakers where chain_id = @chain and breaker = 0", new { chain }, ct: ct));
    }

    /// <summary>Proven faults, newest first.</summary>
    public Task<IReadOnlyList<FaultRow>> FaultsAsync(short chain, CancellationToken ct) => ListAsync<FaultRow>(
        """
        select block_number, log_index, kind, epoch, generation, '0x' || encode(signer, 'hex') as signer, tree_fault, payout_index, '0x' || encode(reporter, 'hex') as reporter
        from chain.faults where chain_id = @chain order by block_number desc, log_index desc limit 200
        """, new { chain }, ct);

    private async Task<IReadOnlyList<T>> ListAsync<T>(string sql, object parameters, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<T>(Sql.Command(sql, parameters, ct: ct))).AsList();
    }
}
