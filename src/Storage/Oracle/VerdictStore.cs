using Dapper;
using DePin.Cryptography;
using Npgsql;

namespace DePin.Storage.Oracle;

/// <summary>An item-level verdict for display.</summary>
public sealed record VerdictRow(long Epoch, Bytes32 ProofId, int Class, short Judgement, int Reason, int Quality);

/// <summary>How many proofs of an epoch got a judgement for a reason.</summary>
public sealed record VerdictCount(int Class, short Judgement, int Reason, long Proofs);

/// <summary>Item-level verdicts: <c>oracle.verdicts</c>.</summary>
public sealed class VerdictStore(NpgsqlDataSource dataSource)
{
    /// <summary>
    /// Takes the oldest batch without verdicts, of any lane, and stores those that <paramref name="judge"/> gives, in one transaction. A batch that
    /// another node judges is passed over.
    /// </summary>
    /// <returns>How many verdicts were stored; null where no batch waits.</returns>
    public async Task<int?> JudgeNextAsync(Func<BatchRow, IReadOnlyList<VerdictRow>> judge, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var batch = await connection.QuerySingleOrDefaultAsync<BatchRow>(Sql.Command(
            """
            select operator, index, digest, header, body from oracle.batches
            where not judged order by stored_at limit 1 for update skip locked
            """, transaction: transaction, ct: ct));
        if (batch is null) return null;

        var verdicts = judge(batch);
        foreach (var epoch in verdicts.Select(v => v.Epoch).Distinct())
            await connection.ExecuteAsync(Sql.Command("select oracle.ensure_epoch(@epoch)", new { epoch }, transaction, ct: ct));
        await connection.ExecuteAsync(Sql.Command(
            """
            insert into oracle.verdicts (epoch, proof_id, class, judgement, reason, quality)
            select * from unnest(@Epochs, @Ids, @Classes, @Judgements, @Reasons, @Qualities) on conflict do nothing
            """,
            new
            {
                Epochs = verdicts.Select(v => v.Epoch).ToArray(),
                Ids = verdicts.Select(v => v.ProofId.ToArray()).ToArray(),
                Classes = verdicts.Select(v => v.Class).ToArray(),
                Judgements = verdicts.Select(v => v.Judgement).ToArray(),
                Reasons = verdicts.Select(v => v.Reason).ToArray(),
                Qualities = verdicts.Select(v => v.Quality).ToArray(),
            }, transaction, ct: ct));
        await connection.ExecuteAsync(Sql.Command(
            "update oracle.batches set judged = true where operator = @Operator and index = @Index", new { batch.Operator, batch.Index }, transaction, ct: ct));
        await transaction.CommitAsync(ct);
        return verdicts.Count;
    }

    /// <summary>What became of the proofs of an epoch of device time, most frequent first.</summary>
    public async Task<IReadOnlyList<VerdictCount>> CountAsync(long epoch, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<VerdictCount>(Sql.Command(
            """
            select class, judgement, reason, count(*) as proofs from oracle.verdicts
            where epoch = @epoch group by class, judgement, reason order by count(*) desc, class, reason
            """, new { epoch }, ct: ct))).AsList();
    }
}
