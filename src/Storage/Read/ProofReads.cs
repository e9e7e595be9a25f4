using Dapper;
using Npgsql;

namespace DePin.Storage.Read;

/// <summary>A judged proof of a recomputed epoch. <paramref name="Judgement"/>: 0 accept, 1 reject, 2 inconclusive, 3 pending.</summary>
public sealed record VerdictRow(long Epoch, string ProofId, string DeviceId, int Class, string Sequence, DateTime DeviceTime, short Judgement, int Reason, int Quality);

/// <summary>How many proofs of an epoch came out how.</summary>
public sealed record ReasonCount(int Class, short Judgement, int Reason, long Proofs);

/// <summary>Reads about proofs and their verdicts.</summary>
public sealed class ProofReads(NpgsqlDataSource source)
{
    private const string Columns =
        """
        select epoch, '0x' || encode(proof_id, 'hex') as proof_id, '0x' || encode(device_id, 'hex') as device_id, class, sequence::text as sequence, device_time, judgement, reason, quality
        from evidence.verdicts v
        """;

    /// <summary>A device's proofs, newest epoch and sequence first; the proof id tells two contents of one sequence apart.</summary>
    /// <param name="network">Network id.</param>
    /// <param name="device">Device id.</param>
    /// <param name="judgement">Only these; null = all.</param>
    /// <param name="proved">Only those that the device made then, by its own time.</param>
    /// <param name="after">(epoch, sequence, proof id) of the last row seen.</param>
    /// <param name="take">Page size; one more is read.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<IReadOnlyList<VerdictRow>> ByDeviceAsync(byte[] network, byte[] device, short? judgement, Period proved, (long Epoch, decimal Sequence, byte[] Proof)? after, int take, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<VerdictRow>(Sql.Command(
            Columns +
            """

            where network_id = @network and device_id = @device and (@judgement::smallint is null or judgement = @judgement)
                and (@From::timestamptz is null or device_time >= @From) and (@To::timestamptz is null or device_time < @To)
                and (@epoch::bigint is null or (v.epoch, v.sequence, v.proof_id) < (@epoch, @sequence, @proof))
            order by v.epoch desc, v.sequence desc, v.proof_id desc limit @take
            """, new { network, device, judgement, proved.From, proved.To, epoch = after?.Epoch, sequence = after?.Sequence, proof = after?.Proof, take = take + 1 }, ct: ct))).AsList();
    }

    /// <summary>One proof; null if no recomputed epoch holds it (not yet in a cut, or pruned).</summary>
    public async Task<VerdictRow?> ByIdAsync(byte[] network, byte[] proof, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return await connection.QueryFirstOrDefaultAsync<VerdictRow>(Sql.Command(
            Columns + "\nwhere network_id = @network and proof_id = @proof order by epoch desc limit 1", new { network, proof }, ct: ct));
    }

    /// <summary>Verdicts of an epoch by class, judgement and reason: from the roll-up, or from the verdicts where there is none yet.</summary>
    public async Task<IReadOnlyList<ReasonCount>> ReasonsAsync(byte[] network, long epoch, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<ReasonCount>(Sql.Command(
            await EpochReads.IsRolledUpAsync(connection, network, epoch, ct)
                ? "select class, judgement, reason, proofs from jobs.epoch_reasons where network_id = @network and epoch = @epoch order by class, judgement, reason"
                : "select class, judgement, reason, count(*) as proofs from evidence.verdicts where network_id = @network and epoch = @epoch group by class, judgement, reason order by class, judgement, reason",
            new { network, epoch }, ct: ct))).AsList();
    }
}
