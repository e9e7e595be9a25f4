using System.Diagnostics;
using System.Globalization;
using DePin.Bench;
using DePin.Bench.Backfill;
using DePin.Chain.Evm;
using DePin.Chain.Rpc;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.Mirror;
using DePin.Protocol;
using DePin.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

// Backfill and live follow against their floors on one Anvil, one PostgreSQL, one run: ratios, not absolute speeds (docs/benchmarks.md).
var blocks = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 500;
var perBlock = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 200;
var ct = CancellationToken.None;
var folder = Directory.CreateTempSubdirectory("depin-bench").FullName;
File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
await using var anvil = await AnvilProcess.StartAsync(new AnvilOptions { SlotsInAnEpoch = 1, TimestampInterval = 1 }, ct);
await using var cluster = await PostgresCluster.StartAsync(new PostgresClusterOptions(Path.Combine(folder, "pg")), ct);
await cluster.EnsureDatabaseAsync("bench", ct);
var database = cluster.ConnectionString("bench");
await using var owner = NpgsqlDataSource.Create(database);
await new Migrator(owner).MigrateAsync(ct);
using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
var rpc = new EvmRpc(http, new RpcOptions { Urls = [anvil.Url], Timeout = TimeSpan.FromSeconds(60) });
var network = new MirroredNetwork(1, "eip155:31337", Keccak256.Hash("bench"u8), 1, 86_400,
    ContractKinds.Evm.ToDictionary(k => k, k => AccountId.From(new Address(Keccak256.Hash([(byte)k]).AsSpan()[12..]))));
var emitter = new Emitter(anvil.Rpc, network);
await emitter.PrepareAsync(ct);
long events = 0;
var watch = Stopwatch.StartNew();
for (var i = 0; i < blocks; i++) events += await emitter.MineAsync(perBlock, ct);
Console.WriteLine($"chain: {blocks} blocks, {events} events, filled in {watch.Elapsed.TotalSeconds:0.0} s");

var floors = new List<double>();
var ours = new List<double>();
var shares = new List<double>();
var rounds = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 7;
for (var round = 0; round < rounds; round++)
{
    var (floor, floorTime) = await MeasuredAsync(() => Floor.BackfillAsync(owner, rpc, network, (ulong)blocks, perBlock, events, ct));
    var (mine, mineTime) = await MeasuredAsync(OursAsync);
    floors.Add(floor);
    ours.Add(mine);
    shares.Add((floorTime.Own + floorTime.Database) / (mineTime.Own + mineTime.Database));
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"backfill round {round + 1}: floor {floor:0} events/s, ours with state tables {mine:0} events/s = {100 * mine / floor:0} %; processor µs an event, own + database: floor {Each(floorTime.Own)} + {Each(floorTime.Database)}, ours {Each(mineTime.Own)} + {Each(mineTime.Database)} = {100 * shares[^1]:0} %"));
}

Console.WriteLine($"backfill median: {100 * Median(ours) / Median(floors):0} % of the floor by the clock (target 60 %), {100 * Median(shares):0} % by processor time");
Ratio.OfRate("backfill", Median(ours) / Median(floors));
Ratio.OfRate("backfill.processor", Median(shares));
await LiveAsync();
return 0;

string Each(double seconds) => (seconds * 1e6 / events).ToString("0.0", CultureInfo.InvariantCulture);

async Task<(double Rate, ProcessorTime Used)> MeasuredAsync(Func<Task<double>> work)
{
    var start = ProcessorTime.Now(Path.Combine(folder, "pg"));
    var rate = await work();
    return (rate, ProcessorTime.Now(Path.Combine(folder, "pg")).Since(start));
}

async Task<double> OursAsync()
{
    await MirrorSchema.CreateRebuildAsync(owner, ct);
    await using var mirrored = new MirrorDatabase(database, MirrorDatabase.Rebuild);
    var mirror = new ChainMirror(mirrored, network);
    await mirror.InitializeAsync(ct);
    var follower = new ChainFollower(mirror, new EvmChainSource(rpc, network), new FollowerOptions(), TimeProvider.System, NullLogger<ChainFollower>.Instance);
    var start = Stopwatch.GetTimestamp();
    while (await follower.StepAsync(ct) != Convergence.NothingNew)
    {
    }

    var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
    await using var count = mirrored.DataSource.CreateCommand("select count(*) from logs");
    if ((long)(await count.ExecuteScalarAsync(ct))! != events) throw new InvalidOperationException("The mirror does not hold every event.");
    return events / seconds;
}

async Task LiveAsync()
{
    var poll = TimeSpan.FromMilliseconds(100);
    using var stop = new CancellationTokenSource();
    await using var mirrored = new MirrorDatabase(database, MirrorDatabase.Rebuild);
    var follower = new ChainFollower(new ChainMirror(mirrored, network), new EvmChainSource(rpc, network), new FollowerOptions { PollInterval = poll }, TimeProvider.System, NullLogger<ChainFollower>.Instance);
    var following = follower.RunAsync(stop.Token);
    var mine = await MeasureAsync("select coalesce(max(block_number), 0) from chain_rebuild.checkpoints");
    await stop.CancelAsync();
    await following;
    using var stopFloor = new CancellationTokenSource();
    var loop = Floor.LoopAsync(owner, rpc, network, poll, stopFloor.Token);
    var bare = await MeasureAsync("select coalesce(max(block_number), 0) from bench_floor_logs");
    await stopFloor.CancelAsync();
    await loop;
    Console.WriteLine($"live follow, 50 events a block, poll 100 ms: bare loop median {Median(bare):0} ms, ours {Median(mine):0} ms = {Median(mine) / Median(bare):0.00} x (target 2.00 x)");
    Ratio.OfTime("live-follow", Median(mine) / Median(bare));
}

async Task<List<double>> MeasureAsync(string sql)
{
    var times = new List<double>();
    for (var i = 0; i < 25; i++)
    {
        await emitter.MineAsync(50, ct);
        var number = (long)await rpc.GetBlockNumberAsync(ct);
        var start = Stopwatch.GetTimestamp();
        await using var command = owner.CreateCommand(sql);
        while ((long)(await command.ExecuteScalarAsync(ct))! < number) await Task.Delay(2, ct);
        times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        await Task.Delay(150 + (i * 7 % 100), ct);
    }

    return times;
}

static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
