using System.CommandLine;
using System.Globalization;
using DePin.Adversaries;
using DePin.Chain;
using DePin.Chain.Deployment;
using DePin.Chain.Rpc;
using DePin.DataSets;
using DePin.Hosting;
using DePin.Replayer;
using DePin.Sdk.Network;
using Microsoft.Extensions.Configuration;

var network = new Option<string>("--network") { Description = "Manifest of the network", Required = true };
var rpc = new Option<string[]>("--rpc") { Description = "JSON-RPC of the chain (may be given again; default: what the variable DEPIN_RPC says)", DefaultValueFactory = _ => [] };
var keys = new Option<string>("--keys") { Description = "Folder with maker.key and deployer.key, which funds providers: keys of accounts on the network's chain", Required = true };
var seed = new Option<string>("--seed") { Description = "Keys of devices and providers follow from it", DefaultValueFactory = _ => "dev" };
var data = new Option<string?>("--data") { Description = "Folder with the data sets (default: data/ of the clone)" };
var mutate = new Option<string[]>("--mutate") { Description = $"Mix in an adversary, for example M9:5% (may be given again); docs/classes describes them: {string.Join(", ", Frauds.All.Select(a => a.Name))}", DefaultValueFactory = _ => [] };
var limit = new Option<int?>("--devices") { Description = "At most this many devices of each data set" };
var root = new RootCommand("Replays real device data as signed proofs") { network, rpc, keys, seed, data, mutate, limit };
root.SetAction(async (parsed, ct) => await GuardAsync(() => RunAsync(parsed, ct), ct).ConfigureAwait(false));
var describe = new Command("describe", "Print the data sets: name, first day in ms since 1970, days, devices. What a network's replay shifts are reckoned from") { data };
describe.SetAction(async (parsed, ct) => await GuardAsync(() =>
{
    foreach (var set in DataFolder.Read(parsed.GetValue(data) ?? DataFolder.Own())) Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"set\t{set.Name}\t{set.FirstDayMs}\t{set.Days}\t{set.Devices.Count}"));
    return Task.CompletedTask;
}, ct).ConfigureAwait(false));
root.Add(describe);
return await root.Parse(args).InvokeAsync();

static async Task<int> GuardAsync(Func<Task> work, CancellationToken ct)
{
    try
    {
        await work().ConfigureAwait(false);
        return 0;
    }
    catch (OperationCanceledException) when (ct.IsCancellationRequested)
    {
        return 0;
    }
    catch (Exception problem) when (problem is InvalidOperationException or DeploymentException or ChainRefusalException or RpcException or RpcUnavailableException or FormatException or IOException or InvalidDataException)
    {
        await Console.Error.WriteLineAsync($"error: {problem.Message}").ConfigureAwait(false);
        return 3;
    }
}

async Task RunAsync(ParseResult parsed, CancellationToken ct)
{
    var mutations = parsed.GetValue(mutate)!.Select(Mutation.Parse).ToList();
    var manifest = NetworkManifest.Load(parsed.GetRequiredValue(network));
    using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
    var urls = Urls(parsed.GetRequiredValue(rpc));
    var access = NetworkAccess.Open(manifest, urls, http);
    var outages = new Outages(Console.WriteLine, TimeSpan.FromSeconds(1));
    await outages.RepeatAsync(access.CheckChainAsync, ct).ConfigureAwait(false);
    var sources = DataFolder.Read(parsed.GetValue(data) ?? DataFolder.Own());
    var shifts = Shifts(sources, manifest.NetworkParameters);
    var casts = sources.Select(source => Mutation.Cast(source.Limit(parsed.GetValue(limit) ?? int.MaxValue), mutations)).ToList();
    var (devices, all) = ReplayDevice.Create(manifest.Id, casts, parsed.GetRequiredValue(seed), Enrolment.AccountType(access.Kind));
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{all.Count} devices of {all.Select(d => d.Source.Provider).Distinct().Count()} providers from {string.Join(" and ", sources.Select(s => s.Name))}"));
    foreach (var mutation in mutations)
    {
        var who = casts.SelectMany(cast => Enumerable.Range(0, cast.Set.Devices.Count).Where(d => cast.Of(d)?.Name == mutation.Adversary).Select(d => cast.Set.Devices[d].Name)).ToList();
        Console.WriteLine($"{mutation.Adversary}: {(who.Count > 0 ? string.Join(", ", who) : "nobody: it concerns no class that is replayed, or no device is left")}");
    }

    // A node elsewhere counts what it is asked.
    var pause = TimeSpan.FromMilliseconds(urls.All(u => u.IsLoopback) ? 200 : 1_000);
    using var telemetry = Telemetry.Start(new ConfigurationBuilder().AddEnvironmentVariables().Build(), "depin-replayer");
    var enrolment = Enrolment.Open(access, parsed.GetRequiredValue(keys), makerId: 1, Console.WriteLine, pause);
    await outages.RepeatAsync(token => enrolment.RunAsync(all, manifest.NetworkParameters.MinimumStakePerDevice, token), ct).ConfigureAwait(false);

    var genesis = (long)await outages.AskAsync(access.GetGenesisAsync, ct).ConfigureAwait(false) * 1000;
    var timeline = new Timeline(casts, shifts);
    for (var i = 0; i < sources.Count; i++) Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{sources[i].Name}: shifted by {shifts[i]} s ({shifts[i] / 86_400} days)"));
    var operators = await outages.AskAsync(access.GetOperatorsAsync, ct).ConfigureAwait(false);
    using var transport = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5) }) { Timeout = TimeSpan.FromSeconds(30) };
    await using var mail = new Mail(transport, operators, casts);
    var loop = new ReplayLoop(timeline, devices, mail, pause);
    // A day back: what was under way at the last stop is sent again; an operator that has it says so.
    var from = Math.Max(genesis, ((long)await outages.AskAsync(access.GetTimeAsync, ct).ConfigureAwait(false) * 1000) - 86_400_000);
    Console.WriteLine("sending");
    using var ticker = CancellationTokenSource.CreateLinkedTokenSource(ct);
    var reporting = ReportAsync(mail, loop, ticker.Token);
    try
    {
        await loop.RunAsync(from, async token => (long)await outages.AskAgainAsync(access.GetSettledTimeAsync, token).ConfigureAwait(false) * 1000, ct).ConfigureAwait(false);
    }
    finally
    {
        await ticker.CancelAsync().ConfigureAwait(false);
        await reporting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}

// A URL may hold a key: it is not repeated.
static List<Uri> Urls(string[] given)
{
    if (given.Length == 0 && Environment.GetEnvironmentVariable("DEPIN_RPC") is { Length: > 0 } one) given = [one];
    if (given.Length == 0) throw new InvalidOperationException("Which node? Name one of the network's chain with --rpc.");
    return [.. given.Select(text => Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url : throw new FormatException("--rpc must be http or https URLs."))];
}

// The shifts are the network's, not ours: they are in the hash of its parameters, so that an auditor can find a proof's row.
static List<long> Shifts(IReadOnlyList<DataSet> sources, DePin.Protocol.NetworkParameters parameters)
{
    var shifts = new List<long>();
    foreach (var source in sources)
    {
        var entry = parameters.Replay.FirstOrDefault(r => r.Name == source.Name && r.Days == source.Days);
        if (entry is null)
        {
            var there = parameters.Replay.IsEmpty ? "no data at all" : string.Join(", ", parameters.Replay.Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.Name} ({r.Days} days)")));
            throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"This network was set up to replay {there}, not {source.Name} ({source.Days} days). Give the data folder that it was started with, or start anew (depin dev reset)."));
        }

        shifts.Add(entry.ShiftSeconds);
    }

    return shifts;
}

static async Task ReportAsync(Mail mail, ReplayLoop loop, CancellationToken ct)
{
    while (true)
    {
        await Task.Delay(TimeSpan.FromSeconds(2), ct).ConfigureAwait(false);
        Console.WriteLine(mail.Summary(loop.SentTo));
    }
}
