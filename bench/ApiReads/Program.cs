using System.Diagnostics;
using System.Globalization;
using DePin.Bench;
using DePin.Bench.ApiReads;
using DePin.DevTools;
using DePin.Storage;
using Npgsql;

// Reads of the API under wrk against a bare Kestrel + Npgsql server that asks the same of the same PostgreSQL. Sides take turns; wrk, server and
// database share the cores. Needs wrk (apt-get install wrk).
if (args is ["bare", var source, var address])
{
    await BareServer.RunAsync(source, address);
    return 0;
}

const int Devices = 100_000;
var seconds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 8;
var rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 5;
var ct = CancellationToken.None;
using var folder = new BenchFolder();
await using var cluster = await PostgresCluster.StartAsync(new PostgresClusterOptions(folder.In("pg")), ct);
await cluster.EnsureDatabaseAsync("bench", ct);
var database = cluster.ConnectionString("bench");
await using (var owner = NpgsqlDataSource.Create(database))
{
    await new Migrator(owner).MigrateAsync(ct);
    await using var fill = owner.CreateCommand(
        """
        insert into chain.chains (chain_id, caip2, network_id, first_block, breaker_window) values (1, 'eip155:31337', sha256('bench'), 1, 86400);
        insert into chain.blocks (chain_id, block_number, block_hash, parent_hash, block_time, log_count) values (1, 1, sha256('1'), sha256('0'), now(), 0);
        insert into chain.checkpoints (chain_id, block_number, block_hash, finalized_number, finalized_hash) values (1, 1, sha256('1'), 1, sha256('1'));
        insert into chain.model_versions (chain_id, model_id, maker_id, class, capabilities, cadence, metadata, valid_from, valid_to) values (1, 1, 1, 1, 0, 60, sha256('m'), 1, 9223372036854775807);
        insert into chain.device_versions (chain_id, token_id, device_id, owner, model_id, batch_id, key_type, public_key, cell, metadata, status, registered_at, valid_from, valid_to)
        select 1, n, sha256(int8send(n)), substr(sha256(int8send(n % 1000)), 1, 20), 1, 0, 1, sha256(int8send(-n)), 612033430206087167 + (n % 7), sha256('m'), 'active', 1700000000, 1, 9223372036854775807
        from generate_series(1, 100000) n;
        analyze;
        """);
    await fill.ExecuteNonQueryAsync(ct);
}

var built = new DirectoryInfo(AppContext.BaseDirectory);
var api = Path.Combine(built.Parent!.Parent!.FullName, "Api", built.Name, "DePin.Api.dll");
await using var bare = await ServeAsync("bare", [Path.Combine(AppContext.BaseDirectory, "DePin.ApiReads.dll"), "bare", database], null, "/v1/devices/1");
await using var plain = await ServeAsync("api", [api], 0, "/v1/devices/1");
await using var kept = await ServeAsync("api, answers kept", [api], 1, "/v1/devices/1");

Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Devices:N0} devices, 32 connections of one wrk thread, {seconds} s a turn, {rounds} rounds, {Environment.ProcessorCount} cores; medians"));
var one = Script("one", "\"/v1/devices/\" .. math.random(1, 100000)");
await CompareAsync("api.one", "one device by its token", one, one, plain, 0.6);
await CompareAsync("api.page", "a page of 50 devices", Script("page-bare", "\"/v1/devices?limit=51&cursor=0\""), Script("page", "\"/v1/devices?limit=50\""), plain, 0.6);
await CompareAsync("api.kept", "the same page, kept in memory", Script("page-bare", "\"/v1/devices?limit=51&cursor=0\""), Script("page", "\"/v1/devices?limit=50\""), kept, 1);
return 0;

async Task CompareAsync(string name, string what, string bareScript, string script, Server ours, double target)
{
    _ = (await LoadAsync(bare, bareScript, 3), await LoadAsync(ours, script, 3)); // warm
    var turns = new List<(Load Bare, Load Ours)>();
    for (var round = 0; round < rounds; round++)
    {
        var first = round % 2 == 0 ? await LoadAsync(bare, bareScript, seconds) : null;
        var load = await LoadAsync(ours, script, seconds);
        turns.Add((first ?? await LoadAsync(bare, bareScript, seconds), load));
    }

    double Median(Func<(Load Bare, Load Ours), double> value) => turns.Select(value).Order().ElementAt(rounds / 2);
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{what}: {Median(t => t.Ours.PerSecond):N0}/s of {Median(t => t.Bare.PerSecond):N0}/s = {Median(t => t.Ours.PerSecond / t.Bare.PerSecond):P0} (target {target:P0}); p50 {Median(t => t.Ours.P50):F1}, p95 {Median(t => t.Ours.P95):F1}, p99 {Median(t => t.Ours.P99):F1} ms, bare {Median(t => t.Bare.P50):F1}, {Median(t => t.Bare.P95):F1}, {Median(t => t.Bare.P99):F1}"));
    Ratio.OfRate(name, Median(t => t.Ours.PerSecond / t.Bare.PerSecond));
}

string Script(string name, string path)
{
    var file = folder.In(name + ".lua");
    File.WriteAllText(file,
        $$"""
        request = function() return wrk.format("GET", {{path}}) end
        done = function(s, l) io.write(string.format("RESULT %d %d %d %d %d %d\n", s.requests, s.duration, l:percentile(50), l:percentile(95), l:percentile(99),
            s.errors.connect + s.errors.read + s.errors.write + s.errors.status + s.errors.timeout)) end
        """);
    return file;
}

async Task<Load> LoadAsync(Server server, string script, int duration)
{
    using var wrk = Process.Start(new ProcessStartInfo("wrk", ["-t1", "-c32", $"-d{duration}s", "-s", script, server.Url]) { RedirectStandardOutput = true })
        ?? throw new InvalidOperationException("wrk did not start.");
    var output = await wrk.StandardOutput.ReadToEndAsync(ct);
    await wrk.WaitForExitAsync(ct);
    var result = output.Split('\n').FirstOrDefault(line => line.StartsWith("RESULT ", StringComparison.Ordinal)) ?? throw new InvalidOperationException(output);
    var numbers = result.Split(' ').Skip(1).Select(n => double.Parse(n, CultureInfo.InvariantCulture)).ToArray();
    if (numbers[5] > 0) throw new InvalidOperationException($"{numbers[5]} requests failed: {output}");
    return new Load(numbers[0] / (numbers[1] / 1e6), numbers[2] / 1e3, numbers[3] / 1e3, numbers[4] / 1e3);
}

async Task<Server> ServeAsync(string name, IReadOnlyList<string> program, int? cacheSeconds, string path)
{
    var url = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{LoopbackPort.Free()}");
    var environment = cacheSeconds is null ? [] : new Dictionary<string, string?>
    {
        ["Api__Database"] = database,
        ["Api__Role"] = "",
        ["Api__RequestsPerSecond"] = "100000",
        ["Api__Burst"] = "1000000",
        ["Api__CacheSeconds"] = cacheSeconds.Value.ToString(CultureInfo.InvariantCulture),
        ["ASPNETCORE_URLS"] = url,
    };
    var process = await GuardedProcess.StartAsync(new ProcessSpecification("dotnet", cacheSeconds is null ? [.. program, url] : program) { Name = name, WorkingDirectory = folder.Path, Environment = environment }, null, ct);
    using var http = new HttpClient();
    for (var tries = 0; ; tries++)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri(url + path), ct);
            if (answer.IsSuccessStatusCode) return new Server(process, url);
            throw new InvalidOperationException($"{name}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(ct)}");
        }
        catch (HttpRequestException) when (tries < 100 && !process.HasExited)
        {
            await Task.Delay(200, ct);
        }
    }
}

internal sealed record Load(double PerSecond, double P50, double P95, double P99);

internal sealed record Server(GuardedProcess Process, string Url) : IAsyncDisposable
{
    public ValueTask DisposeAsync() => Process.DisposeAsync();
}
