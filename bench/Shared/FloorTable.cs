using System.Diagnostics;
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

    /// <summary>The least that a backfill can do: fetch the logs in parts of some 6,000, three ahead, and COPY them; no headers, no checks, no state.</summary>
    /// <param name="database">Where to.</param>
    /// <param name="fetch">Logs of the blocks from one to another.</param>
    /// <param name="last">The last block; the first is 1.</param>
    /// <param name="perBlock">Events of a block.</param>
    /// <param name="events">Of all blocks.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>Events a second.</returns>
    public static async Task<double> BackfillAsync(NpgsqlDataSource database, Func<ulong, ulong, Task<LogBatch>> fetch, ulong last, int perBlock, long events, CancellationToken ct)
    {
        await CreateAsync(database, ct);
        var step = (ulong)Math.Max(1, 6_000 / perBlock);
        var start = Stopwatch.GetTimestamp();
        var reads = new Queue<Task<LogBatch>>();
        var next = 1UL;
        await using var connection = await database.OpenConnectionAsync(ct);
        long copied = 0;
        for (var done = 0UL; done < last; done += step)
        {
            for (; reads.Count < 3 && next <= last; next += step)
            {
                var (from, to) = (next, Math.Min(last, next + step - 1));
                reads.Enqueue(Task.Run(() => fetch(from, to), ct));
            }

            var logs = await reads.Dequeue();
            await WriteAsync(connection, logs, Math.Min(last, done + step), ct);
            copied += logs.Count;
        }

        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return copied == events ? events / seconds : throw new InvalidOperationException("The floor does not hold every event.");
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
