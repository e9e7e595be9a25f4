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
using var folder = new BenchFolder();
await using var anvil = await AnvilProcess.StartAsync(new AnvilOptions { SlotsInAnEpoch = 1, TimestampInterval = 1 }, ct);
await using var cluster = await PostgresCluster.StartAsync(new PostgresClusterOptions(folder.In("pg")), ct);
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

await new BackfillRounds(folder.In("pg"), database, owner, network, events).RunAsync(
    "backfill", args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 7, () => new EvmChainSource(rpc, network),
    _ => Floor.BackfillAsync(owner, rpc, network, (ulong)blocks, perBlock, events, ct), ct);
await LiveAsync();
return 0;

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
    Console.WriteLine($"live follow, 50 events a block, poll 100 ms: bare loop median {BackfillRounds.Median(bare):0} ms, ours {BackfillRounds.Median(mine):0} ms = {BackfillRounds.Median(mine) / BackfillRounds.Median(bare):0.00} x (target 2.00 x)");
    Ratio.OfTime("live-follow", BackfillRounds.Median(mine) / BackfillRounds.Median(bare));
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
