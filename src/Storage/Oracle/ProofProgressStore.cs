using Dapper;
using DePin.Cryptography;
using Npgsql;

namespace DePin.Storage.Oracle;

/// <summary>How far many proofs have come at this operator: what devices ask until they may forget.</summary>
public sealed class ProofProgressStore(NpgsqlDataSource dataSource)
{
    private sealed record Row(byte[] Id, bool Certified);

    /// <summary>The proofs of <paramref name="ids"/> that are durable here, and whether each is certified; others are absent.</summary>
    /// <param name="ids">SHA-256 of the envelopes.</param>
    /// <param name="self">This operator's report key, which names its lane.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<IReadOnlyDictionary<Bytes32, bool>> FindAsync(IReadOnlyCollection<Bytes32> ids, Address self, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<Row>(Sql.Command(
            """
            select p.id, coalesce(p.batch_index <= l.certified_height, false) certified
            from oracle.proofs p
            left join oracle.lanes l on l.operator = @self
            where p.id = any(@ids)
            """, new { ids = ids.Select(id => id.ToArray()).ToArray(), self }, ct: ct));
        var found = new Dictionary<Bytes32, bool>();
        foreach (var row in rows) found[new Bytes32(row.Id)] = found.GetValueOrDefault(new Bytes32(row.Id)) || row.Certified;
        return found;
    }
}
