using System.Diagnostics;
using DePin.Chain.Evm;
using DePin.Cryptography;
using DePin.Mirror;
using Npgsql;

namespace DePin.Bench.Backfill;

/// <summary>The least that can be done: fetch the logs and COPY them into one table with its key and a checkpoint; no headers, no checks, no state.</summary>
internal static class Floor
{
    public static async Task<double> BackfillAsync(NpgsqlDataSource database, EvmRpc rpc, MirroredNetwork network, ulong blocks, int perBlock, long events, CancellationToken ct)
    {
        await FloorTable.CreateAsync(database, ct);
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
            await FloorTable.WriteAsync(connection, logs, Math.Min(blocks, done + step), ct);
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
                    await FloorTable.WriteAsync(connection, await FetchAsync(rpc, network, at + 1, tip, ct), tip, ct);
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
}
