using Dapper;
using DePin.Cryptography;
using Npgsql;

namespace DePin.Storage.Oracle;

/// <summary>Names one agreement in the database.</summary>
public readonly record struct InstanceKey(Bytes32 ConfigDigest, long Epoch, long Generation);

/// <summary>A record to keep. View and message kind are those of an own message, null for all other records.</summary>
/// <param name="Kind">Kind byte of the record's encoding.</param>
/// <param name="View">View of an own message.</param>
/// <param name="MessageKind">Kind of an own message.</param>
/// <param name="Record">The encoding.</param>
public sealed record RoundRecordRow(short Kind, long? View, short? MessageKind, byte[] Record);

/// <summary>The rounds' durable logs: <c>oracle.round_records</c>, and peers' equivocations.</summary>
public sealed class RoundStore(NpgsqlDataSource dataSource)
{
    /// <summary>Appends records in one transaction, durable on return.</summary>
    /// <exception cref="PostgresException">Unique violation: an own message for this view and kind is there already. Nothing may be sent; read the log again.</exception>
    public async Task AppendAsync(InstanceKey instance, IReadOnlyList<RoundRecordRow> records, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await connection.ExecuteAsync(Sql.Command("set local synchronous_commit to on", transaction: transaction, ct: ct));
        foreach (var record in records)
        {
            await connection.ExecuteAsync(Sql.Command(
                """
                insert into oracle.round_records (config_digest, epoch, generation, kind, view, message_kind, record)
                values (@ConfigDigest, @Epoch, @Generation, @Kind, @View, @MessageKind, @Record)
                """,
                new { instance.ConfigDigest, instance.Epoch, instance.Generation, record.Kind, record.View, record.MessageKind, record.Record },
                transaction, ct: ct));
        }

        await transaction.CommitAsync(ct);
    }

    /// <summary>The instance's log in order.</summary>
    public async Task<IReadOnlyList<byte[]>> ReadAsync(InstanceKey instance, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<byte[]>(Sql.Command(
            """
            select record from oracle.round_records
            where config_digest = @ConfigDigest and epoch = @Epoch and generation = @Generation order by position
            """, new { instance.ConfigDigest, instance.Epoch, instance.Generation }, ct: ct))).AsList();
    }

    /// <summary>Keeps two messages of one sender for one slot, in transport encoding.</summary>
    /// <returns>Whether this pair is new.</returns>
    public async Task<bool> AddConflictAsync(
        InstanceKey instance, short sender, (Bytes32 Id, byte[] Message) first, (Bytes32 Id, byte[] Message) second, CancellationToken ct)
    {
        var (low, high) = first.Id < second.Id ? (first, second) : (second, first);
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return await connection.ExecuteAsync(Sql.Command(
            """
            insert into oracle.round_conflicts (config_digest, epoch, generation, sender, first_id, second_id, first_message, second_message)
            values (@ConfigDigest, @Epoch, @Generation, @sender, @FirstId, @SecondId, @FirstMessage, @SecondMessage) on conflict do nothing
            """,
            new
            {
                instance.ConfigDigest,
                instance.Epoch,
                instance.Generation,
                sender,
                FirstId = low.Id,
                SecondId = high.Id,
                FirstMessage = low.Message,
                SecondMessage = high.Message,
            }, ct: ct)) == 1;
    }
}
