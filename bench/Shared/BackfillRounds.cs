using System.Diagnostics;
using System.Globalization;
using DePin.Mirror;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace DePin.Bench;

/// <summary>Rounds of a backfill by the floor and by the mirror, one after the other.</summary>
/// <param name="server">Folder of the private PostgreSQL.</param>
/// <param name="database">Its database, migrated.</param>
/// <param name="owner">Connections to it.</param>
/// <param name="network">Whose events.</param>
/// <param name="events">How many there are.</param>
internal sealed class BackfillRounds(string server, string database, NpgsqlDataSource owner, MirroredNetwork network, long events)
{
    /// <summary>Measures and prints each round and the medians, as the ratios <paramref name="name"/> and <paramref name="name"/>.processor.</summary>
    /// <param name="name">Of the ratio.</param>
    /// <param name="rounds">How many.</param>
    /// <param name="source">Where the events are read, for each round anew.</param>
    /// <param name="floor">The floor's rate, reading from such a source.</param>
    /// <param name="ct">Cancels.</param>
    public async Task RunAsync(string name, int rounds, Func<IChainSource> source, Func<IChainSource, Task<double>> floor, CancellationToken ct)
    {
        List<double> floors = [], ours = [], shares = [];
        for (var round = 0; round < rounds; round++)
        {
            var (least, leastTime) = await MeasuredAsync(() => floor(source()));
            var (mine, mineTime) = await MeasuredAsync(() => MirrorAsync(source(), ct));
            floors.Add(least);
            ours.Add(mine);
            shares.Add((leastTime.Own + leastTime.Database) / (mineTime.Own + mineTime.Database));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{name} round {round + 1}: floor {least:0} events/s, ours with state tables {mine:0} events/s = {100 * mine / least:0} %; processor µs an event, own + database: floor {Each(leastTime.Own)} + {Each(leastTime.Database)}, ours {Each(mineTime.Own)} + {Each(mineTime.Database)} = {100 * shares[^1]:0} %"));
        }

        Console.WriteLine($"{name} median: {100 * Median(ours) / Median(floors):0} % of the floor by the clock (target 60 %), {100 * Median(shares):0} % by processor time");
        Ratio.OfRate(name, Median(ours) / Median(floors));
        Ratio.OfRate($"{name}.processor", Median(shares));
    }

    /// <summary>The middle one.</summary>
    public static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private async Task<double> MirrorAsync(IChainSource source, CancellationToken ct)
    {
        await MirrorSchema.CreateRebuildAsync(owner, ct);
        await using var mirrored = new MirrorDatabase(database, MirrorDatabase.Rebuild);
        var mirror = new ChainMirror(mirrored, network);
        await mirror.InitializeAsync(ct);
        var follower = new ChainFollower(mirror, source, new FollowerOptions(), TimeProvider.System, NullLogger<ChainFollower>.Instance);
        var start = Stopwatch.GetTimestamp();
        while (await follower.StepAsync(ct) != Convergence.NothingNew)
        {
        }

        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        await using var count = mirrored.DataSource.CreateCommand("select count(*) from logs");
        if ((long)(await count.ExecuteScalarAsync(ct))! != events) throw new InvalidOperationException("The mirror does not hold every event.");
        return events / seconds;
    }

    private async Task<(double Rate, ProcessorTime Used)> MeasuredAsync(Func<Task<double>> work)
    {
        var start = ProcessorTime.Now(server);
        var rate = await work();
        return (rate, ProcessorTime.Now(server).Since(start));
    }

    private string Each(double seconds) => (seconds * 1e6 / events).ToString("0.0", CultureInfo.InvariantCulture);
}
