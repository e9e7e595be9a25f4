using Dapper;
using DePin.Protocol.Geo;
using Npgsql;

namespace DePin.Storage.Read;

/// <summary>A device as the chain has it at the mirror's head. Ids are 0x-hex; <paramref name="Cell"/> is an H3 index in hex, null if unknown.</summary>
public sealed record DeviceRow(long TokenId, string DeviceId, string Owner, long ModelId, long MakerId, int Class, long Capabilities, long Cadence, short KeyType, string PublicKey,
    string? Cell, string Status, long RegisteredAt, string? NextDeviceId, long? NextReadyAt, long BlockNumber);

/// <summary>Which devices a list asks for; a null member does not restrict.</summary>
/// <param name="Owner">20 or 32 bytes, as the tables have accounts.</param>
/// <param name="Class">Resource class.</param>
/// <param name="Status">active, suspended or retired.</param>
/// <param name="Within">The device's cell is this H3 cell or lies in it.</param>
/// <param name="Registered">When it was registered.</param>
public sealed record DeviceFilter(byte[]? Owner, int? Class, string? Status, H3Cell? Within, Period Registered = default)
{
    // One stretch of indices for each resolution that a device's cell can have.
    internal long[]? From => Stretches(static s => s.First);

    internal long[]? To => Stretches(static s => s.Last);

    private long[]? Stretches(Func<(H3Cell First, H3Cell Last), H3Cell> end) => Within is { } cell
        ? [.. Enumerable.Range(cell.Resolution, H3Cell.MaxResolution - cell.Resolution + 1).Select(resolution => (long)end(cell.Descendants(resolution)).Value)]
        : null;
}

/// <summary>Devices that a map shows in one place.</summary>
/// <param name="Cell">H3 index in hex.</param>
/// <param name="Devices">All of them.</param>
/// <param name="Active">Those that are active.</param>
public sealed record CellRow(string Cell, long Devices, long Active);

/// <summary>A maker, its models and quota.</summary>
public sealed record MakerRow(long MakerId, string Account, long Quota, bool Active, long Issued, long Models);

/// <summary>Reads about devices, makers and models.</summary>
public sealed class DeviceReads(NpgsqlDataSource source)
{
    // Also what the reads are measured against asks for.
    internal const string Columns =
        """
        select d.token_id, '0x' || encode(d.device_id, 'hex') as device_id, '0x' || encode(d.owner, 'hex') as owner, d.model_id, m.maker_id, m.class, m.capabilities, m.cadence,
            d.key_type, '0x' || encode(d.public_key, 'hex') as public_key,
            case when d.cell = 0 then null when d.cell < 9223372036854775808 then to_hex(d.cell::bigint) else to_hex((d.cell - 18446744073709551616)::bigint) end as cell,
            d.status, d.registered_at, '0x' || encode(d.next_device_id, 'hex') as next_device_id, d.next_ready_at, d.block_number
        from chain.devices d join chain.models m on m.chain_id = d.chain_id and m.model_id = d.model_id
        """;

    // Of devices d and models m.
    private const string Filtered =
        """
                and (@Owner::bytea is null or d.owner = @Owner)
                and (@Class::integer is null or m.class = @Class)
                and (@Status::text is null or d.status = @Status)
                and (@registeredFrom::bigint is null or d.registered_at >= @registeredFrom) and (@registeredTo::bigint is null or d.registered_at < @registeredTo)
                and (@From::bigint[] is null or exists (select from unnest(@From::bigint[], @To::bigint[]) s (first, last) where d.cell between s.first and s.last))
        """;

    /// <summary>Devices by token id, which is in the order of registration, beginning after <paramref name="after"/>; one more than asked tells that there is a next page.</summary>
    public async Task<IReadOnlyList<DeviceRow>> ListAsync(short chain, DeviceFilter filter, bool newestFirst, long? after, int take, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<DeviceRow>(Sql.Command(
            Columns +
            """

            where d.chain_id = @chain and d.token_id 
            """ + (newestFirst ? "< @after\n" + Filtered + "\norder by d.token_id desc limit @take" : "> @after\n" + Filtered + "\norder by d.token_id limit @take"),
            new { chain, after = after ?? (newestFirst ? long.MaxValue : -1), filter.Owner, filter.Class, filter.Status, registeredFrom = filter.Registered.FromSeconds, registeredTo = filter.Registered.ToSeconds, filter.From, filter.To, take = take + 1 }, ct: ct))).AsList();
    }

    /// <summary>
    /// Devices counted by the H3 cell of a resolution that they lie in, ascending by cell, beginning after <paramref name="after"/>. A device that says no place, or one coarser than
    /// asked for, is in none. The ancestor of a cell has the resolution in bits 52 to 55 and ones in place of the finer digits (the published index layout).
    /// </summary>
    public async Task<IReadOnlyList<CellRow>> MapAsync(short chain, DeviceFilter filter, int resolution, long? after, int take, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<CellRow>(Sql.Command(
            $"""
            select to_hex(ancestor) as cell, count(*) as devices, count(*) filter (where status = 'active') as active
            from (
                select (d.cell::bigint & ~(15::bigint << 52)) | (@resolution::bigint << 52) | ((1::bigint << (3 * (15 - @resolution))) - 1) as ancestor, d.status
                from chain.devices d join chain.models m on m.chain_id = d.chain_id and m.model_id = d.model_id
                where d.chain_id = @chain and d.cell > 0 and d.cell < 9223372036854775808 and (d.cell::bigint >> 52) & 15 >= @resolution
            {Filtered}
            ) placed
            where ancestor > @after group by ancestor order by ancestor limit @take
            """, new { chain, resolution, after = after ?? -1, filter.Owner, filter.Class, filter.Status, registeredFrom = filter.Registered.FromSeconds, registeredTo = filter.Registered.ToSeconds, filter.From, filter.To, take = take + 1 }, ct: ct))).AsList();
    }

    /// <summary>One device by any key it ever had; null if the mirror has none.</summary>
    public async Task<DeviceRow?> ByDeviceIdAsync(short chain, byte[] deviceId, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<DeviceRow>(Sql.Command(
            Columns + "\nwhere d.chain_id = @chain and d.token_id = (select token_id from chain.device_keys where chain_id = @chain and device_id = @deviceId)",
            new { chain, deviceId }, ct: ct));
    }

    /// <summary>One device by its token; null if the mirror has none.</summary>
    public async Task<DeviceRow?> ByTokenAsync(short chain, long token, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<DeviceRow>(Sql.Command(Columns + "\nwhere d.chain_id = @chain and d.token_id = @token", new { chain, token }, ct: ct));
    }

    /// <summary>Makers ascending by id, beginning after <paramref name="after"/>.</summary>
    public async Task<IReadOnlyList<MakerRow>> MakersAsync(short chain, long? after, int take, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<MakerRow>(Sql.Command(
            """
            select k.maker_id, '0x' || encode(k.account, 'hex') as account, k.quota, k.active,
                (select count(*) from chain.devices d join chain.models m on m.chain_id = d.chain_id and m.model_id = d.model_id where d.chain_id = @chain and m.maker_id = k.maker_id) as issued,
                (select count(*) from chain.models m where m.chain_id = @chain and m.maker_id = k.maker_id) as models
            from chain.makers k where k.chain_id = @chain and k.maker_id > @after order by k.maker_id limit @take
            """, new { chain, after = after ?? -1, take = take + 1 }, ct: ct))).AsList();
    }
}
