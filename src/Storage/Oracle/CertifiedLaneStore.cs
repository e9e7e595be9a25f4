using Dapper;
using DePin.Cryptography;
using DePin.Protocol.Lanes;
using Npgsql;

namespace DePin.Storage.Oracle;

/// <summary>What an operator can certify of a lane towards a given set of operators.</summary>
public sealed class CertifiedLaneStore(NpgsqlDataSource dataSource)
{
    /// <summary>
    /// q acknowledgements by members of the highest batch held of a lane that has them, ascending by signer; empty where there is none. For sets other
    /// than the one under which the lane's certificate was made.
    /// </summary>
    public async Task<IReadOnlyList<Acknowledgement>> FindAsync(Address lane, IReadOnlyCollection<Address> members, int quorum, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<Row>(Sql.Command(
            """
            with certified as (
                select a.index, a.digest
                from oracle.acknowledgements a
                join oracle.batches b on b.operator = a.operator and b.index = a.index and b.digest = a.digest
                where a.operator = @lane and a.sender = any(@Members)
                group by a.index, a.digest having count(*) >= @quorum
                order by a.index desc limit 1)
            select a.index, a.digest, a.sender, a.signature
            from oracle.acknowledgements a join certified c on c.index = a.index and c.digest = a.digest
            where a.operator = @lane and a.sender = any(@Members)
            order by a.sender limit @quorum
            """, new { lane, Members = members.Select(member => member.ToArray()).ToArray(), quorum }, ct: ct));
        return [.. rows.Select(row => new Acknowledgement(lane, (ulong)row.Index, row.Digest, row.Sender, new ProtocolSignature(row.Signature)))];
    }

    private sealed record Row(long Index, Bytes32 Digest, Address Sender, byte[] Signature);
}
