using System.Globalization;
using DePin.Bench;
using DePin.Bench.Ingest;
using DePin.Cryptography;
using DePin.DevTools;

// One node, no peers: how much of the bare verification rate is left when proofs come over HTTP in batches of 500, are checked, made durable in
// PostgreSQL, and get a receipt. Both numbers from one run on the same cores; sender and database share them with the node.
var count = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 20_000;
var rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 7;
using var folder = new BenchFolder();
var data = folder.In("data");
await using var cluster = await PostgresCluster.StartAsync(new PostgresClusterOptions(data), CancellationToken.None);
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count} proofs a round, {rounds} rounds in turn, {Environment.ProcessorCount} cores; medians. Processor time counts node, sender and database."));
Console.WriteLine("key type    verify/s   ingest/s   ratio   by processor time   µs a proof: verify, ingest own + database");
foreach (var type in new[] { KeyType.P256, KeyType.Ed25519, KeyType.Secp256k1 })
{
    await using var run = await IngestRun.StartAsync(cluster, type, count * rounds);
    var results = new List<(double Verify, double Ingest, ProcessorTime Bare, ProcessorTime Whole)>();
    for (var round = 0; round < rounds; round++)
    {
        var start = ProcessorTime.Now(data);
        var verify = run.MeasureVerification(round * count, count);
        var between = ProcessorTime.Now(data);
        var ingest = await run.MeasureIngestAsync(round * count, count);
        results.Add((verify, ingest, between.Since(start), ProcessorTime.Now(data).Since(between)));
    }

    double Median(Func<(double Verify, double Ingest, ProcessorTime Bare, ProcessorTime Whole), double> value) => results.Select(value).Order().ElementAt(rounds / 2);
    double Each(Func<(double Verify, double Ingest, ProcessorTime Bare, ProcessorTime Whole), double> value) => Median(value) * 1e6 / count;
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{type,-10} {Median(r => r.Verify),9:N0} {Median(r => r.Ingest),10:N0} {Median(r => r.Ingest / r.Verify),7:P0} {Median(r => r.Bare.Own / (r.Whole.Own + r.Whole.Database)),19:P0}   {Each(r => r.Bare.Own):F1}, {Each(r => r.Whole.Own):F1} + {Each(r => r.Whole.Database):F1}"));
    Ratio.OfRate($"ingest.{type.ToString().ToLowerInvariant()}", Median(r => r.Ingest / r.Verify));
}

await cluster.StopAsync();
