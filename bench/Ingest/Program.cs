using System.Globalization;
using DePin.Bench.Ingest;
using DePin.Cryptography;
using DePin.DevTools;

// One node, no peers: how much of the bare verification rate is left when proofs come over HTTP in batches of 500, are checked, made durable in
// PostgreSQL, and get a receipt. Both numbers from one run on the same cores; sender and database share them with the node.
var count = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 20_000;
var folder = Directory.CreateTempSubdirectory("depin-bench");
File.SetUnixFileMode(folder.FullName, (UnixFileMode)0b111_101_101); // the account that runs PostgreSQL must reach its data
await using var cluster = await PostgresCluster.StartAsync(new PostgresClusterOptions(Path.Combine(folder.FullName, "data")), CancellationToken.None);
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count} proofs a key type, {Environment.ProcessorCount} cores"));
Console.WriteLine("key type    verify/s   ingest/s   ratio");
foreach (var type in new[] { KeyType.P256, KeyType.Ed25519, KeyType.Secp256k1 })
{
    await using var run = await IngestRun.StartAsync(cluster, type, count);
    var verify = run.MeasureVerification();
    var ingest = await run.MeasureIngestAsync();
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{type,-10} {verify,9:N0} {ingest,10:N0} {ingest / verify,7:P0}"));
}

await cluster.StopAsync();
folder.Delete(recursive: true);
