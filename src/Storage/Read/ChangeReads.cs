using Dapper;
using Npgsql;

namespace DePin.Storage.Read;

/// <summary>Where a mirror stands: what a live feed watches.</summary>
/// <param name="ChainId">Number of the chain in the mirror.</param>
/// <param name="Caip2">Which chain.</param>
/// <param name="Block">Newest mirrored block.</param>
/// <param name="Hash">Its hash, 0x-hex.</param>
/// <param name="Finalized">Newest final block; -1 before there is one.</param>
/// <param name="Imported">Newest epoch whose evidence was recomputed; 0 before the first.</param>
public sealed record MirrorPoint(short ChainId, string Caip2, long Block, string Hash, long Finalized, long Imported);

/// <summary>A report was accepted, challenged, cancelled or became final.</summary>
public sealed record ReportChange(long Block, long Epoch, long Generation, string Digest, string Status);

/// <summary>A claim was paid. Amounts are decimal text in base units.</summary>
public sealed record ClaimChange(long Block, string Account, string Recipient, string Amount, string Claimed);

/// <summary>A device was registered or changed.</summary>
/// <param name="Block">Where.</param>
/// <param name="DeviceId">Of the key in force, 0x-hex.</param>
/// <param name="Owner">0x-hex.</param>
/// <param name="ModelId">Its model.</param>
/// <param name="Status">active, suspended or retired.</param>
/// <param name="Registered">Whether this is its first version.</param>
public sealed record DeviceChange(long Block, string DeviceId, string Owner, long ModelId, string Status, bool Registered);

/// <summary>What a stretch of blocks changed.</summary>
/// <param name="Whole">False where it holds more than was asked for: reload instead of following.</param>
public sealed record Changes(IReadOnlyList<ReportChange> Reports, IReadOnlyList<ClaimChange> Claims, IReadOnlyList<DeviceChange> Devices, bool Whole);

/// <summary>Reads of what changed between two blocks. Every table has an index by block, so that a look costs what changed, not what there is.</summary>
public sealed class ChangeReads(NpgsqlDataSource source)
{
    /// <summary>Every mirror's head.</summary>
    public async Task<IReadOnlyList<MirrorPoint>> HeadsAsync(CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<MirrorPoint>(Sql.Command(
            """
            select k.chain_id, c.caip2, k.block_number as block, '0x' || encode(k.block_hash, 'hex') as hash, k.finalized_number as finalized,
                (select coalesce(max(e.epoch), 0) from evidence.epochs e where e.network_id = c.network_id) as imported
            from chain.checkpoints k join chain.chains c using (chain_id) where k.block_number >= c.first_block order by k.chain_id
            """, ct: ct))).AsList();
    }

    /// <summary>Hashes, 0x-hex, of those of the blocks that are mirrored.</summary>
    public async Task<IReadOnlyDictionary<long, string>> HashesAsync(short chain, IEnumerable<long> numbers, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<(long Number, string Hash)>(Sql.Command(
            "select block_number, '0x' || encode(block_hash, 'hex') from chain.blocks where chain_id = @chain and block_number = any(@Numbers)",
            new { chain, Numbers = numbers.ToArray() }, ct: ct))).ToDictionary(b => b.Number, b => b.Hash);
    }

    /// <summary>What blocks after <paramref name="after"/> up to <paramref name="to"/> changed, of each kind at most <paramref name="most"/>.</summary>
    public async Task<Changes> SinceAsync(short chain, long after, long to, int most, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        var range = new { chain, after, to, take = most + 1 };
        var reports = (await connection.QueryAsync<ReportChange>(Sql.Command(
            """
            select valid_from as block, epoch, generation, '0x' || encode(digest, 'hex') as digest, status
            from chain.report_versions where chain_id = @chain and valid_from > @after and valid_from <= @to order by valid_from, epoch limit @take
            """, range, ct: ct))).AsList();
        var claims = (await connection.QueryAsync<ClaimChange>(Sql.Command(
            """
            select block_number as block, '0x' || encode(account, 'hex') as account, '0x' || encode(recipient, 'hex') as recipient, amount::text as amount, claimed::text as claimed
            from chain.claims where chain_id = @chain and block_number > @after and block_number <= @to order by block_number, log_index limit @take
            """, range, ct: ct))).AsList();
        var devices = (await connection.QueryAsync<DeviceChange>(Sql.Command(
            """
            select d.valid_from as block, '0x' || encode(d.device_id, 'hex') as device_id, '0x' || encode(d.owner, 'hex') as owner, d.model_id, d.status,
                not exists (select from chain.device_versions o where o.chain_id = d.chain_id and o.token_id = d.token_id and o.valid_from < d.valid_from) as registered
            from chain.device_versions d where d.chain_id = @chain and d.valid_from > @after and d.valid_from <= @to order by d.valid_from, d.token_id limit @take
            """, range, ct: ct))).AsList();
        return new Changes(reports, claims, devices, Math.Max(reports.Count, Math.Max(claims.Count, devices.Count)) <= most);
    }
}
