using System.Diagnostics;
using DePin.Mirror;
using Npgsql;

namespace DePin.Bench.SolanaBackfill;

/// <summary>The least that can be done: fetch the blocks, take the events out and COPY them into one table with its key and a checkpoint; no headers, no checks, no state.</summary>
internal static class Floor
{
    public static async Task<double> BackfillAsync(NpgsqlDataSource database, IChainSource source, ulong last, int perBlock, long events, CancellationToken ct)
    {
        await FloorTable.CreateAsync(database, ct);
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
                reads.Enqueue(Task.Run(() => source.GetLogsAsync(from, to, ct), ct));
            }

            var logs = await reads.Dequeue();
            await FloorTable.WriteAsync(connection, logs, Math.Min(last, done + step), ct);
            copied += logs.Count;
        }

        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return copied == events ? events / seconds : throw new InvalidOperationException("The floor does not hold every event.");
    }
}
