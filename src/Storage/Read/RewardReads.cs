using Dapper;
using DePin.Cryptography;
using DePin.Protocol.Rewards;
using DePin.Storage.Evidence;
using Npgsql;

namespace DePin.Storage.Read;

/// <summary>What an account earned and claimed. Amounts are decimal text in base units; <paramref name="Cumulative"/> is of the newest recomputed epoch, <paramref name="Final"/> of the newest claimable root whose evidence is here.</summary>
public sealed record AccountRow(long PayoutIndex, string Account, string Recipient, string? NextRecipient, long? NextReadyAt, string Cumulative, string Final, string Claimed, long? Epoch, string? Balance, string Staked, long Devices);

/// <summary>Why an amount is what it is: one device under one rule in one epoch.</summary>
public sealed record LineRow(long Epoch, string Account, int Class, string DeviceId, int Rule, string Weight, string Amount, long Accepted, long Rejected, long Inconclusive);

/// <summary>What a device or an account came to in one epoch. <paramref name="Start"/> is the epoch's; the amount is decimal text in base units.</summary>
public sealed record EarningRow(long Epoch, DateTime Start, string Amount, long Devices, long Accepted, long Rejected, long Inconclusive);

/// <summary>A payout account in a list. <paramref name="Cumulative"/> is of the newest recomputed epoch, <paramref name="Epoch"/>, null before the first.</summary>
public sealed record AccountEntryRow(long PayoutIndex, string Account, string Recipient, string Cumulative, string Claimed, long Devices, long? Epoch);

/// <summary>A claim that was paid.</summary>
public sealed record ClaimRow(long BlockNumber, int LogIndex, string Recipient, string Amount, string Claimed, string FeeTo, string Fee, DateTime? BlockTime);

/// <summary>A leaf with its proof against the claimable root.</summary>
public sealed record ClaimProofRow(long Epoch, byte[] Root, long LeafCount, long Index, byte[] Account, string Cumulative, string Prefix, byte[] ItemsHash, IReadOnlyList<Bytes32> Siblings);

/// <summary>Reads about rewards and claims.</summary>
public sealed class RewardReads(NpgsqlDataSource source)
{
    private sealed record LeafRow(long Epoch, byte[] Root, long LeafCount, long Index, byte[] Account, string Cumulative, string Prefix, byte[] ItemsHash, byte[] Chunks);

    /// <summary>One account; null if it has no payout index.</summary>
    public async Task<AccountRow?> AccountAsync(short chain, byte[] network, byte[] account, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<AccountRow>(Sql.Command(
            """
            select p.payout_index, '0x' || encode(p.account, 'hex') as account, '0x' || encode(p.recipient, 'hex') as recipient,
                '0x' || encode(p.next_recipient, 'hex') as next_recipient, p.next_ready_at,
                coalesce(l.cumulative, 0)::text as cumulative,
                coalesce((select f.cumulative from evidence.leaves f join chain.roots r on r.chain_id = @chain and r.epoch = f.epoch
                    where f.network_id = @network and f.account = decode(repeat('00', 32 - length(p.account)), 'hex') || p.account order by f.epoch desc limit 1), 0)::text as final,
                coalesce((select max(claimed) from chain.claims where chain_id = @chain and account = p.account), 0)::text as claimed,
                l.epoch,
                coalesce((select balance from chain.holders where chain_id = @chain and account = p.account), 0)::text as balance,
                coalesce((select tokens from chain.pools where chain_id = @chain and provider = p.account), 0)::text as staked,
                (select count(*) from chain.devices where chain_id = @chain and owner = p.account) as devices
            from chain.payout_accounts p
            left join lateral (select cumulative, epoch from evidence.leaves where network_id = @network and account = decode(repeat('00', 32 - length(p.account)), 'hex') || p.account order by epoch desc limit 1) l on true
            where p.chain_id = @chain and p.account = @account
            """, new { chain, network, account }, ct: ct));
    }

    /// <summary>Payout accounts by index, or those that earned most first.</summary>
    /// <param name="chain">Number of the chain.</param>
    /// <param name="network">Network id.</param>
    /// <param name="byEarned">Descending by what they earned, equals by index. It looks at every account of the newest recomputed epoch.</param>
    /// <param name="after">(earned, index) of the last row seen.</param>
    /// <param name="take">Page size; one more is read.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<IReadOnlyList<AccountEntryRow>> AccountsAsync(short chain, byte[] network, bool byEarned, (string Earned, long Index)? after, int take, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<AccountEntryRow>(Sql.Command(
            $"""
            select a.payout_index, '0x' || encode(a.account, 'hex') as account, '0x' || encode(a.recipient, 'hex') as recipient, a.cumulative::text as cumulative,
                coalesce((select max(claimed) from chain.claims where chain_id = @chain and account = a.account), 0)::text as claimed,
                (select count(*) from chain.devices where chain_id = @chain and owner = a.account) as devices, a.epoch
            from (
                select p.payout_index, p.account, p.recipient, coalesce(l.cumulative, 0) as cumulative, n.epoch
                from chain.payout_accounts p cross join (select max(epoch) as epoch from evidence.epochs where network_id = @network) n
                left join evidence.leaves l on l.network_id = @network and l.epoch = n.epoch and l.index = p.payout_index
                where p.chain_id = @chain and {(byEarned
                    ? "(@earned::numeric is null or coalesce(l.cumulative, 0) < @earned::numeric or coalesce(l.cumulative, 0) = @earned::numeric and p.payout_index > @index) order by 4 desc, 1 limit @take"
                    : "p.payout_index > @index order by 1 limit @take")}
            ) a
            order by {(byEarned ? "a.cumulative desc, a.payout_index" : "a.payout_index")}
            """, new { chain, network, earned = after?.Earned, index = after?.Index ?? -1, take = take + 1 }, ct: ct))).AsList();
    }

    /// <summary>Sums by epoch of an account or of a device, newest first: what a chart shows. Epochs in which it did nothing are left out.</summary>
    /// <param name="network">Network id.</param>
    /// <param name="account">32-byte account; null = any.</param>
    /// <param name="device">Device id; null = any.</param>
    /// <param name="epochs">Only these.</param>
    /// <param name="before">The last epoch seen.</param>
    /// <param name="take">Page size; one more is read.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<IReadOnlyList<EarningRow>> EarningsAsync(byte[] network, byte[]? account, byte[]? device, EpochRange epochs, long? before, int take, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<EarningRow>(Sql.Command(
            $"""
            select e.epoch, e.period_start as start, l.amount::text as amount, l.devices, l.accepted, l.rejected, l.inconclusive
            from evidence.epochs e
            cross join lateral (
                select sum(amount) as amount, count(distinct device_id) as devices, sum(accepted)::bigint as accepted, sum(rejected)::bigint as rejected, sum(inconclusive)::bigint as inconclusive
                from evidence.lines l where l.network_id = @network and l.epoch = e.epoch and {Whose(account, device)}
            ) l
            where e.network_id = @network and l.devices > 0 and (@before::bigint is null or e.epoch < @before)
                and (@First::bigint is null or e.epoch >= @First) and (@End::bigint is null or e.epoch < @End)
            order by e.epoch desc limit @take
            """, new { network, account, device, epochs.First, epochs.End, before, take = take + 1 }, ct: ct))).AsList();
    }

    private static string Whose(byte[]? account, byte[]? device) =>
        account is not null && device is not null ? "l.account = @account and l.device_id = @device" : account is not null ? "l.account = @account" : device is not null ? "l.device_id = @device" : "true";

    /// <summary>Lines of an account or of a device, newest epoch first.</summary>
    /// <param name="network">Network id.</param>
    /// <param name="account">32-byte account; null = any.</param>
    /// <param name="device">Device id; null = any.</param>
    /// <param name="resourceClass">Only of this class; null = any.</param>
    /// <param name="epochs">Only of these.</param>
    /// <param name="after">(epoch, class, device id, rule) of the last row seen.</param>
    /// <param name="take">Page size; one more is read.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<IReadOnlyList<LineRow>> LinesAsync(byte[] network, byte[]? account, byte[]? device, int? resourceClass, EpochRange epochs, (long Epoch, int Class, byte[] Device, int Rule)? after, int take, CancellationToken ct)
    {
        // Epoch by epoch from the newest: an account's lines of one epoch are a range of the primary key, all lines of one are a range of another index.
        await using var connection = await source.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<LineRow>(Sql.Command(
            $"""
            select e.epoch, '0x' || encode(case when substr(l.account, 1, 12) = decode(repeat('00', 12), 'hex') then substr(l.account, 13) else l.account end, 'hex') as account, l.class, '0x' || encode(l.device_id, 'hex') as device_id, l.rule, l.weight::text as weight, l.amount::text as amount,
                l.accepted, l.rejected, l.inconclusive
            from evidence.epochs e
            cross join lateral (
                select * from evidence.lines l
                where l.network_id = @network and l.epoch = e.epoch and {Whose(account, device)} and (@resourceClass::integer is null or l.class = @resourceClass)
                    and (@lastEpoch::bigint is null or l.epoch < @lastEpoch or (l.class, l.device_id, l.rule) > (@lastClass, @lastDevice, @lastRule))
                order by l.class, l.device_id, l.rule limit @take
            ) l
            where e.network_id = @network and (@First::bigint is null or e.epoch >= @First) and (@End::bigint is null or e.epoch < @End) and (@lastEpoch::bigint is null or e.epoch <= @lastEpoch)
            order by e.epoch desc, l.class, l.device_id, l.rule limit @take
            """,
            new { network, account, device, resourceClass, epochs.First, epochs.End, lastEpoch = after?.Epoch, lastClass = after?.Class, lastDevice = after?.Device, lastRule = after?.Rule, take = take + 1 }, ct: ct))).AsList();
    }

    /// <summary>Claims paid to an account in a time, newest first.</summary>
    public async Task<IReadOnlyList<ClaimRow>> ClaimsAsync(short chain, byte[] account, Period paid, (long Block, int Log)? before, int take, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<ClaimRow>(Sql.Command(
            """
            select c.block_number, c.log_index, '0x' || encode(c.recipient, 'hex') as recipient, c.amount::text as amount, c.claimed::text as claimed,
                '0x' || encode(c.fee_to, 'hex') as fee_to, c.fee::text as fee, b.block_time
            from chain.claims c left join chain.blocks b on b.chain_id = c.chain_id and b.block_number = c.block_number
            where c.chain_id = @chain and c.account = @account and (@From::timestamptz is null or b.block_time >= @From) and (@To::timestamptz is null or b.block_time < @To)
                and (@block::bigint is null or (c.block_number, c.log_index) < (@block, @log))
            order by c.block_number desc, c.log_index desc limit @take
            """, new { chain, account, paid.From, paid.To, block = before?.Block, log = before?.Log, take = take + 1 }, ct: ct))).AsList();
    }

    /// <summary>
    /// The account's leaf and proof against the newest root that the distributor takes (its current or its previous one) whose evidence is imported; null if neither is or has no such leaf.
    /// </summary>
    public async Task<ClaimProofRow?> ClaimProofAsync(short chain, byte[] network, long index, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        // One round trip. The depth is the bit length of leaf_count - 1; which rows hold the proof follows from it as TreeChunks.KeysOf says.
        var leaf = await connection.QuerySingleOrDefaultAsync<LeafRow>(Sql.Command(
            """
            select r.epoch, r.root, r.leaf_count, l.index, l.account, l.cumulative::text as cumulative, l.prefix::text as prefix, l.items_hash,
                coalesce((select string_agg((select t.nodes from evidence.tree_chunks t where t.network_id = @network and t.epoch = r.epoch and t.tier = k.tier
                        and t.position = (l.index >> least(5 * k.tier + 5, d.depth))::integer), ''::bytea order by k.tier)
                    from generate_series(0, (d.depth + 4) / 5 - 1) k (tier)), ''::bytea) as chunks
            from chain.roots r join evidence.leaves l on l.network_id = @network and l.epoch = r.epoch and l.index = @index
                cross join lateral (select length(ltrim((r.leaf_count - 1)::bit(32)::text, '0')) as depth) d
            where r.chain_id = @chain and r.epoch in (select epoch from chain.roots where chain_id = @chain order by epoch desc limit 2)
            order by r.epoch desc limit 1
            """, new { chain, network, index }, ct: ct));
        if (leaf is null) return null;
        var depth = PositionalTree.DepthOf((uint)leaf.LeafCount);
        var siblings = TreeChunks.Proof((uint)index, depth, TreeChunks.Split(leaf.Chunks, depth));
        return new ClaimProofRow(leaf.Epoch, leaf.Root, leaf.LeafCount, leaf.Index, leaf.Account, leaf.Cumulative, leaf.Prefix, leaf.ItemsHash, siblings);
    }
}
