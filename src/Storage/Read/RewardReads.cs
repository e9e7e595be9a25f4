using Dapper;
using DePin.Cryptography;
using DePin.Protocol.Rewards;
using DePin.Storage.Evidence;
using Npgsql;

namespace DePin.Storage.Read;

/// <summary>What an account earned and claimed. Amounts are decimal text in base units; <paramref name="Cumulative"/> is of the newest recomputed epoch, <paramref name="Final"/> of the claimable root.</summary>
public sealed record AccountRow(long PayoutIndex, string Account, string Recipient, string? NextRecipient, long? NextReadyAt, string Cumulative, string Final, string Claimed, long? Epoch, string Balance, string Staked, long Devices);

/// <summary>Why an amount is what it is: one device under one rule in one epoch.</summary>
public sealed record LineRow(long Epoch, string Account, int Class, string DeviceId, int Rule, string Weight, string Amount, long Accepted, long Rejected, long Inconclusive);

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
                coalesce((select f.cumulative from evidence.leaves f where f.network_id = @network and f.index = p.payout_index
                    and f.epoch = (select max(epoch) from chain.roots where chain_id = @chain)), 0)::text as final,
                coalesce((select max(claimed) from chain.claims where chain_id = @chain and account = p.account), 0)::text as claimed,
                l.epoch,
                coalesce((select balance from chain.holders where chain_id = @chain and account = p.account), 0)::text as balance,
                coalesce((select tokens from chain.pools where chain_id = @chain and provider = p.account), 0)::text as staked,
                (select count(*) from chain.devices where chain_id = @chain and owner = p.account) as devices
            from chain.payout_accounts p
            left join lateral (select cumulative, epoch from evidence.leaves where network_id = @network and account = decode(repeat('00', 12), 'hex') || p.account order by epoch desc limit 1) l on true
            where p.chain_id = @chain and p.account = @account
            """, new { chain, network, account }, ct: ct));
    }

    /// <summary>Lines of an account or of a device, newest epoch first.</summary>
    /// <param name="network">Network id.</param>
    /// <param name="account">32-byte account; null = any.</param>
    /// <param name="device">Device id; null = any.</param>
    /// <param name="epoch">Only this epoch; null = all.</param>
    /// <param name="after">(epoch, class, device id, rule) of the last row seen.</param>
    /// <param name="take">Page size; one more is read.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<IReadOnlyList<LineRow>> LinesAsync(byte[] network, byte[]? account, byte[]? device, long? epoch, (long Epoch, int Class, byte[] Device, int Rule)? after, int take, CancellationToken ct)
    {
        // Within one epoch the rest of the key is a range of an index.
        var beyond = epoch is null
            ? "(@lastEpoch::bigint is null or l.epoch <= @lastEpoch and (l.epoch < @lastEpoch or (l.class, l.device_id, l.rule) > (@lastClass, @lastDevice, @lastRule)))"
            : "l.epoch = @epoch and (@lastEpoch::bigint is null or (l.class, l.device_id, l.rule) > (@lastClass, @lastDevice, @lastRule))";
        await using var connection = await source.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<LineRow>(Sql.Command(
            $"""
            select epoch, '0x' || encode(substr(account, 13), 'hex') as account, class, '0x' || encode(device_id, 'hex') as device_id, rule, weight::text as weight, amount::text as amount,
                accepted, rejected, inconclusive
            from evidence.lines l
            where network_id = @network and (@account::bytea is null or l.account = @account) and (@device::bytea is null or l.device_id = @device)
                and {beyond}
            order by l.epoch desc, l.class, l.device_id, l.rule limit @take
            """,
            new { network, account, device, epoch, lastEpoch = after?.Epoch, lastClass = after?.Class, lastDevice = after?.Device, lastRule = after?.Rule, take = take + 1 }, ct: ct))).AsList();
    }

    /// <summary>Claims paid to an account, newest first.</summary>
    public async Task<IReadOnlyList<ClaimRow>> ClaimsAsync(short chain, byte[] account, (long Block, int Log)? before, int take, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<ClaimRow>(Sql.Command(
            """
            select c.block_number, c.log_index, '0x' || encode(c.recipient, 'hex') as recipient, c.amount::text as amount, c.claimed::text as claimed,
                '0x' || encode(c.fee_to, 'hex') as fee_to, c.fee::text as fee, b.block_time
            from chain.claims c left join chain.blocks b on b.chain_id = c.chain_id and b.block_number = c.block_number
            where c.chain_id = @chain and c.account = @account and (@block::bigint is null or (c.block_number, c.log_index) < (@block, @log))
            order by c.block_number desc, c.log_index desc limit @take
            """, new { chain, account, block = before?.Block, log = before?.Log, take = take + 1 }, ct: ct))).AsList();
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
