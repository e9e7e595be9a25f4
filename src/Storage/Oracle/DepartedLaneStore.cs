using Dapper;
using DePin.Cryptography;
using DePin.Protocol.Lanes;
using Npgsql;

namespace DePin.Storage.Oracle;

/// <summary>A lane of an operator that is no member any more, held here to <paramref name="Height"/> and adopted to <paramref name="AdoptedHeight"/>.</summary>
public sealed record DepartedLane(Address Operator, long Height, long AdoptedHeight);

/// <summary>Which batches of departed operators' lanes no later cut can name.</summary>
public sealed class DepartedLaneStore(NpgsqlDataSource dataSource)
{
    /// <summary>Lanes of others than <paramref name="members"/> with batches that were not looked at yet, ascending.</summary>
    public async Task<IReadOnlyList<DepartedLane>> GetAsync(IReadOnlyCollection<Address> members, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<DepartedLane>(Sql.Command(
            "select operator, height, adopted_height from oracle.lanes where height > adopted_height and not operator = any(@Members) order by operator",
            new { Members = members.Select(m => m.ToArray()).ToArray() }, ct: ct))).AsList();
    }

    /// <summary>The lane's height in the newest accepted cut that names it: up to there its proofs are taken. 0 where none does.</summary>
    public async Task<ulong> GetCutHeightAsync(Address lane, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        var cut = await connection.QuerySingleOrDefaultAsync<byte[]>(Sql.Command(
            """
            select cut from oracle.reports where status in ('accepted', 'final') and position(@lane in cut) > 0
            order by epoch desc, generation desc limit 1
            """, new { lane }, ct: ct));
        return cut is null ? 0 : Cut.Parse(cut).Of(lane).Height;
    }

    /// <summary>Notes that the proofs up to a batch are durable as proofs of this operator.</summary>
    public async Task SetAdoptedAsync(Address lane, long height, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(Sql.Command(
            "update oracle.lanes set adopted_height = @height where operator = @lane and adopted_height < @height", new { lane, height }, ct: ct));
    }
}
