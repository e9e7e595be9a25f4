using System.Diagnostics;
using System.Globalization;
using DePin.Bench;
using DePin.Bench.SolanaBackfill;
using DePin.Chain.Rpc;
using DePin.Chain.Solana;
using DePin.DevTools;
using DePin.Mirror;
using DePin.Storage;
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
using var folder = new BenchFolder();
await using var cluster = await PostgresCluster.StartAsync(new PostgresClusterOptions(folder.In("pg")), ct);
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
    await new BackfillRounds(folder.In("pg"), database, owner, Cluster.Network, events).RunAsync(
        "solana-backfill", Number(2, 7), () => new SolanaChainSource(rpc, Cluster.Network),
        source => FloorTable.BackfillAsync(owner, (from, to) => source.GetLogsAsync(from, to, ct), last, perBlock, events, ct), ct);
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
