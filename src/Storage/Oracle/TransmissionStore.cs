using Dapper;
using DePin.Cryptography;
using Npgsql;

namespace DePin.Storage.Oracle;

/// <summary>A transaction of this operator.</summary>
/// <param name="Purpose">attest, finalize, tree_fault, equivocation or challenge.</param>
/// <param name="Subject">Digest of the report that is attested, made final or faulty; of an equivocation its signer, left-padded.</param>
/// <param name="TransactionId">Known from the bytes.</param>
/// <param name="Raw">The signed bytes.</param>
/// <param name="Nonce">Of the sender.</param>
/// <param name="Status">prepared, sent, included, finalized, reverted or expired.</param>
public sealed record TransmissionRow(
    long Id, string Purpose, long Epoch, long Generation, Bytes32 Subject, string TransactionId, byte[] Raw, long Nonce, string Status);

/// <summary>Transactions of this operator. The row stands before the first broadcast, so that a restart settles what was sent instead of sending something else.</summary>
public sealed class TransmissionStore(NpgsqlDataSource dataSource)
{
    private const string Columns = "id, purpose, epoch, generation, subject, transaction_id, raw, nonce, status";

    /// <summary>Records a prepared transaction; only then may it be sent.</summary>
    public async Task<TransmissionRow> AddAsync(TransmissionRow row, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return await connection.QuerySingleAsync<TransmissionRow>(Sql.Command(
            $"""
            insert into oracle.transmissions (purpose, epoch, generation, subject, transaction_id, raw, nonce)
            values (@Purpose, @Epoch, @Generation, @Subject, @TransactionId, @Raw, @Nonce) returning {Columns}
            """, row, ct: ct));
    }

    /// <summary>What is not settled yet, in the order in which it was prepared.</summary>
    public async Task<IReadOnlyList<TransmissionRow>> GetOpenAsync(CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<TransmissionRow>(Sql.Command(
            $"select {Columns} from oracle.transmissions where status in ('prepared', 'sent', 'included') order by id", ct: ct))).AsList();
    }

    /// <summary>All transmissions about a subject, oldest first.</summary>
    public async Task<IReadOnlyList<TransmissionRow>> GetAsync(string purpose, Bytes32 subject, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<TransmissionRow>(Sql.Command(
            $"select {Columns} from oracle.transmissions where purpose = @purpose and subject = @subject order by id", new { purpose, subject }, ct: ct))).AsList();
    }

    /// <summary>Moves a transmission on; false where it was not in the expected status.</summary>
    /// <param name="detail">The decoded revert or why it expired; null leaves what is there.</param>
    public async Task<bool> MoveAsync(long id, string from, string to, string? detail, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return await connection.ExecuteAsync(Sql.Command(
            """
            update oracle.transmissions set status = @to, detail = coalesce(@detail, detail), changed_at = now()
            where id = @id and status = @from
            """, new { id, from, to, detail }, ct: ct)) == 1;
    }
}
