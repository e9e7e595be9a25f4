using System.Diagnostics;
using System.Globalization;
using DePin.Bench;
using DePin.Bench.SolanaBackfill;
using DePin.Chain.Rpc;
using DePin.Chain.Solana;
using DePin.DevTools;
using DePin.Mirror;
using DePin.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

// Backfill of a network on Solana against its floor: one node in a process of its own, one PostgreSQL, one run. Ratios, not absolute speeds (docs/benchmarks.md).
var serving = args.Length > 0 && args[0] == "serve";
var filled = Number(serving ? 2 : 0, 400);
var perBlock = Number(serving ? 3 : 1, 200);
if (serving)
{
    await Cluster.ServeAsync(args[1], filled, perBlock);
    return 0;
}

var ct = CancellationToken.None;
var folder = Directory.CreateTempSubdirectory("depin-bench").FullName;
File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
await using var cluster = await PostgresCluster.StartAsync(new PostgresClusterOptions(Path.Combine(folder, "pg")), ct);
await cluster.EnsureDatabaseAsync("bench", ct);
var database = cluster.ConnectionString("bench");
await using var owner = NpgsqlDataSource.Create(database);
await new Migrator(owner).MigrateAsync(ct);

var url = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{LoopbackPort.Free()}");
string[] itself = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? ["exec", typeof(Cluster).Assembly.Location] : [];
using var node = Process.Start(Environment.ProcessPath!, [.. itself, "serve", url, $"{filled}", $"{perBlock}"]);
try
{
    using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
    var rpc = new SolanaRpc(http, new RpcOptions { Urls = [new Uri(url)], Timeout = TimeSpan.FromSeconds(60) });
    var last = Cluster.LastSlot(filled);
    var events = (long)filled * perBlock;
    await ReadyAsync(rpc, last);
    Console.WriteLine($"chain: {filled} blocks in {last} slots, {events} events in {events / Cluster.EventsPerTransaction} transactions");
    var floors = new List<double>();
    var ours = new List<double>();
    var shares = new List<double>();
    for (var round = 0; round < Number(2, 7); round++)
    {
        var (floor, floorTime) = await MeasuredAsync(() => Floor.BackfillAsync(owner, new SolanaChainSource(rpc, Cluster.Network), last, perBlock, events, ct));
        var (mine, mineTime) = await MeasuredAsync(() => OursAsync(rpc, events));
        floors.Add(floor);
        ours.Add(mine);
        shares.Add((floorTime.Own + floorTime.Database) / (mineTime.Own + mineTime.Database));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"Solana backfill round {round + 1}: floor {floor:0} events/s, ours with state tables {mine:0} events/s = {100 * mine / floor:0} %; processor µs an event, own + database: floor {Each(floorTime.Own, events)} + {Each(floorTime.Database, events)}, ours {Each(mineTime.Own, events)} + {Each(mineTime.Database, events)} = {100 * shares[^1]:0} %"));
    }

    Console.WriteLine($"Solana backfill median: {100 * Median(ours) / Median(floors):0} % of the floor by the clock, {100 * Median(shares):0} % by processor time");
    Ratio.OfRate("solana-backfill", Median(ours) / Median(floors));
    Ratio.OfRate("solana-backfill.processor", Median(shares));
    return 0;
}
finally
{
    node.Kill();
}

int Number(int at, int otherwise) => args.Length > at ? int.Parse(args[at], CultureInfo.InvariantCulture) : otherwise;

async Task ReadyAsync(SolanaRpc rpc, ulong last)
{
    for (var attempt = 0; ; attempt++)
    {
        try
        {
            if (await rpc.GetSlotAsync(DePin.Chain.Finality.Safe, ct) == last) return;
            throw new InvalidOperationException("The node has another number of slots than was asked for.");
        }
        catch (RpcUnavailableException) when (attempt < 100 && !node.HasExited)
        {
            await Task.Delay(500, ct); // it makes its blocks
        }
    }
}

async Task<(double Rate, ProcessorTime Used)> MeasuredAsync(Func<Task<double>> work)
{
    var start = ProcessorTime.Now(Path.Combine(folder, "pg"));
    var rate = await work();
    return (rate, ProcessorTime.Now(Path.Combine(folder, "pg")).Since(start));
}

async Task<double> OursAsync(SolanaRpc rpc, long events)
{
    await MirrorSchema.CreateRebuildAsync(owner, ct);
    await using var mirrored = new MirrorDatabase(database, MirrorDatabase.Rebuild);
    var mirror = new ChainMirror(mirrored, Cluster.Network);
    await mirror.InitializeAsync(ct);
    var follower = new ChainFollower(mirror, new SolanaChainSource(rpc, Cluster.Network), new FollowerOptions(), TimeProvider.System, NullLogger<ChainFollower>.Instance);
    var start = Stopwatch.GetTimestamp();
    while (await follower.StepAsync(ct) != Convergence.NothingNew)
    {
    }

    var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
    await using var count = mirrored.DataSource.CreateCommand("select count(*) from logs");
    if ((long)(await count.ExecuteScalarAsync(ct))! != events) throw new InvalidOperationException("The mirror does not hold every event.");
    return events / seconds;
}

static string Each(double seconds, long events) => (seconds * 1e6 / events).ToString("0.0", CultureInfo.InvariantCulture);

static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
