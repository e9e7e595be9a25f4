using System.Diagnostics;
using DePin.Chain.Evm;
using DePin.Cryptography;
using DePin.Mirror;
using Npgsql;
using NpgsqlTypes;

namespace DePin.Bench.Backfill;

/// <summary>The least that can be done: fetch the logs and COPY them into one table with its key and a checkpoint; no headers, no checks, no state.</summary>
internal static class Floor
{
    private const string Create =
        """
        drop table if exists bench_floor_logs, bench_floor_checkpoint;
        create table bench_floor_logs (block_number bigint, log_index integer, transaction_index integer, transaction_hash bytea, address bytea, topics bytea, data bytea,
            primary key (block_number, log_index));
        create table bench_floor_checkpoint (block_number bigint);
        insert into bench_floor_checkpoint values (0);
        """;

    public static async Task<double> BackfillAsync(NpgsqlDataSource database, EvmRpc rpc, MirroredNetwork network, ulong blocks, int perBlock, long events, CancellationToken ct)
    {
        await using (var create = database.CreateCommand(Create)) await create.ExecuteNonQueryAsync(ct);
        var step = (ulong)Math.Max(1, 6_000 / perBlock);
        var start = Stopwatch.GetTimestamp();
        var reads = new Queue<Task<LogBatch>>();
        var next = 1UL;
        await using var connection = await database.OpenConnectionAsync(ct);
        long copied = 0;
        for (var done = 0UL; done < blocks; done += step)
        {
            for (; reads.Count < 3 && next <= blocks; next += step)
            {
                var (from, to) = (next, Math.Min(blocks, next + step - 1));
                reads.Enqueue(Task.Run(() => FetchAsync(rpc, network, from, to, ct), ct));
            }

            var logs = await reads.Dequeue();
            await WriteAsync(connection, logs, Math.Min(blocks, done + step), ct);
            copied += logs.Count;
        }

        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return copied == events ? events / seconds : throw new InvalidOperationException("The floor does not hold every event.");
    }

    /// <summary>Polls, fetches, inserts.</summary>
    public static async Task LoopAsync(NpgsqlDataSource database, EvmRpc rpc, MirroredNetwork network, TimeSpan poll, CancellationToken ct)
    {
        try
        {
            await using var connection = await database.OpenConnectionAsync(ct);
            var at = await rpc.GetBlockNumberAsync(ct);
            while (!ct.IsCancellationRequested)
            {
                var tip = await rpc.GetBlockNumberAsync(ct);
                if (tip > at)
                {
                    await WriteAsync(connection, await FetchAsync(rpc, network, at + 1, tip, ct), tip, ct);
                    at = tip;
                    continue;
                }

                await Task.Delay(poll, ct);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private static Task<LogBatch> FetchAsync(EvmRpc rpc, MirroredNetwork network, ulong from, ulong to, CancellationToken ct) =>
        rpc.GetLogsAsync(new EvmLogFilter { FromBlock = from, ToBlock = to, Addresses = [.. network.Contracts.Values.Select(c => Address.FromBytes32(c.Value))] }, static () => new LogBatch(), ct);

    private static async Task WriteAsync(NpgsqlConnection connection, LogBatch logs, ulong checkpoint, CancellationToken ct)
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
