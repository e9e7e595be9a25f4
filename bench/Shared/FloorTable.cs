using DePin.Mirror;
using Npgsql;
using NpgsqlTypes;

namespace DePin.Bench;

/// <summary>Where a floor puts logs: one table with its key, and a checkpoint.</summary>
internal static class FloorTable
{
    private const string Create =
        """
        drop table if exists bench_floor_logs, bench_floor_checkpoint;
        create table bench_floor_logs (block_number bigint, log_index integer, transaction_index integer, transaction_hash bytea, address bytea, topics bytea, data bytea,
            primary key (block_number, log_index));
        create table bench_floor_checkpoint (block_number bigint);
        insert into bench_floor_checkpoint values (0);
        """;

    /// <summary>Makes it anew.</summary>
    public static async Task CreateAsync(NpgsqlDataSource database, CancellationToken ct)
    {
        await using var create = database.CreateCommand(Create);
        await create.ExecuteNonQueryAsync(ct);
    }

    /// <summary>COPY and checkpoint in one transaction.</summary>
    public static async Task WriteAsync(NpgsqlConnection connection, LogBatch logs, ulong checkpoint, CancellationToken ct)
    {
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await using (var writer = await connection.BeginBinaryImportAsync(
            "copy bench_floor_logs (block_number, log_index, transaction_index, transaction_hash, address, topics, data) from stdin (format binary)", ct))
        {
            for (var i = 0; i < logs.Count; i++)
            {
                var log = logs[i];
                await writer.StartRowAsync(ct);
                await writer.WriteAsync((long)log.BlockNumber, NpgsqlDbType.Bigint, ct);
                await writer.WriteAsync(log.LogIndex, NpgsqlDbType.Integer, ct);
                await writer.WriteAsync(log.TransactionIndex, NpgsqlDbType.Integer, ct);
                await writer.WriteAsync(logs.TransactionHash(log), NpgsqlDbType.Bytea, ct);
                await writer.WriteAsync(log.Emitter.ToNative(), NpgsqlDbType.Bytea, ct);
                await writer.WriteAsync(logs.Topics(log), NpgsqlDbType.Bytea, ct);
                await writer.WriteAsync(logs.Data(log), NpgsqlDbType.Bytea, ct);
            }

            await writer.CompleteAsync(ct);
        }

        await using var update = new NpgsqlCommand("update bench_floor_checkpoint set block_number = $1", connection);
        update.Parameters.Add(new NpgsqlParameter { Value = (long)checkpoint });
        await update.ExecuteNonQueryAsync(ct);
        await transaction.CommitAsync(ct);
    }
}
