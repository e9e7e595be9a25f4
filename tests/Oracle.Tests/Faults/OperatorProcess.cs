using DePin.Chain.Deployment;
using DePin.Signing;
using DePin.DevTools;
using DePin.TestKit;

namespace DePin.Oracle.Tests.Faults;

/// <summary>An operator as people run it: the oracle's own program in a process of its own, with its keys in files and a database of its own.</summary>
public sealed class OperatorProcess : IAsyncDisposable
{
    private readonly ProcessSpecification _specification;
    private readonly string _log;
    private GuardedProcess? _process;

    /// <summary>Writes keys and manifest to a folder; nothing runs yet. <paramref name="rpc"/>: where it reaches the chain.</summary>
    public OperatorProcess(ChainNetwork network, int number, TestDatabase database, string folder, Uri rpc)
        : this(network.Manifest, network.Operators[number], network.EndpointOf(number), number, database, folder, rpc)
    {
    }

    /// <summary>The same of a network on Solana.</summary>
    public OperatorProcess(SolanaNetworkOfOperators network, int number, TestDatabase database, string folder, Uri rpc)
        : this(network.Manifest, network.Operators[number], network.EndpointOf(number), number, database, folder, rpc)
    {
    }

    private OperatorProcess(NetworkManifest manifest, OperatorKeyRing ring, string endpoint, int number, TestDatabase database, string folder, Uri rpc)
    {
        Number = number;
        Keys = ring;
        Database = database;
        Http = new HttpClient { BaseAddress = new Uri(endpoint), Timeout = TimeSpan.FromSeconds(10) };
        var keys = Directory.CreateDirectory(Path.Combine(folder, "keys")).FullName;
        Keys.Report.Save(Path.Combine(keys, "report.key"));
        Keys.Protocol.Save(Path.Combine(keys, "protocol.key"));
        Keys.Transaction.Save(Path.Combine(keys, "transaction.key"));
        manifest.Save(Path.Combine(folder, "network.json"));
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Name;
        _specification = new ProcessSpecification("dotnet", ["exec", RepositoryRoot.Combine("artifacts", "bin", "Oracle", configuration, "DePin.Oracle.dll")])
        {
            Name = $"operator {number}",
            WorkingDirectory = folder,
            LogFile = _log = Environment.GetEnvironmentVariable("DEPIN_TEST_LOG") is { Length: > 0 } file ? $"{file}.{number}" : Path.Combine(folder, "log"),
            Environment = new Dictionary<string, string?>
            {
                // Many on few cores: what makes a long-lived server fast makes a short life slow.
                ["DOTNET_gcServer"] = "0",
                ["DOTNET_TieredPGO"] = "0",
                ["ASPNETCORE_URLS"] = endpoint,
                ["Oracle__Manifest"] = Path.Combine(folder, "network.json"),
                ["Oracle__Database"] = database.ConnectionString,
                ["Oracle__Rpc__0"] = rpc.ToString(),
                ["Oracle__Keys"] = keys,
                ["Oracle__Lanes__SealEvery"] = "00:00:00.500",
                ["Oracle__Lanes__ExchangeEvery"] = "00:00:00.500",
                ["Oracle__Round__Propose"] = "00:00:05",
                ["Oracle__Round__Vote"] = "00:00:01",
                ["Oracle__Round__Resend"] = "00:00:00.500",
                ["Oracle__Round__Listen"] = "00:00:01.200",
                ["Oracle__Round__LongestBackOff"] = "00:00:01",
                ["Oracle__Transmit__StageDelay"] = "00:00:03",
                ["Oracle__Transmit__Pace"] = "00:00:00.700",
                ["Oracle__Evidence__Pace"] = "00:00:01",
            },
        };
    }

    /// <summary>Place in the config.</summary>
    public int Number { get; }

    public OperatorKeyRing Keys { get; }

    public TestDatabase Database { get; }

    public HttpClient Http { get; }

    /// <summary>The last lines of its log.</summary>
    public IEnumerable<string> Complaints => File.Exists(_log) ? File.ReadLines(_log).TakeLast(40) : [];

    /// <summary>Starts the process and returns once it runs; it may not listen yet.</summary>
    public async Task StartAsync(CancellationToken ct) => _process = await GuardedProcess.StartAsync(_specification, null, ct);

    /// <summary>Waits until it can take proofs.</summary>
    public Task ReadyAsync(CancellationToken ct) => Eventually.HoldsAsync(
        async () =>
        {
            if (_process!.HasExited) throw _process.Ended();
            try
            {
                using var response = await Http.GetAsync("/ready", ct);
                return response.IsSuccessStatusCode;
            }
            catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
            {
                return false;
            }
        }, $"operator {Number} is ready", ct, FaultNetwork.Patience);

    /// <summary><c>kill -9</c>.</summary>
    public async Task KillAsync()
    {
        if (_process is null) return;
        await _process.KillAsync();
        await _process.DisposeAsync();
        _process = null;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        Http.Dispose();
        await Database.DisposeAsync();
    }
}
