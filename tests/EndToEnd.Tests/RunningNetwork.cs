using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using DePin.Client;
using DePin.DevTools;
using DePin.Protocol;
using DePin.Protocol.Verification;
using DePin.TestKit;

// Each network is some ten processes whose clock goes by itself: two side by side take longer than one after the other, and come too late for their own days.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace DePin.EndToEnd.Tests;

/// <summary>
/// A whole network as <c>depin dev up</c> starts it, in the background, shared by the journeys: few devices and a fast clock, all
/// ports its own. Everything is done through the command line tool, as a person would. A journey leaves it running with its four operators.
/// </summary>
public class RunningNetwork : IAsyncLifetime
{
    /// <summary>Collection of the tests that share it; they run one after another.</summary>
    public const string Shared = "running network";

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("depin-test-up-");
    private readonly int basePort = FreeRange(40);

    /// <summary>What is replayed, and how fast.</summary>
    protected virtual IReadOnlyList<string> Replay => ["--replay-devices", "4", "--seconds-per-block", "3600"];

    /// <summary>What it runs on.</summary>
    protected virtual string Chains => "evm";

    /// <summary>Data folder.</summary>
    public string Data => Path.Combine(folder.FullName, "data");

    public Uri Api => new($"http://127.0.0.1:{basePort + 2}");

    public string Rpc => $"http://127.0.0.1:{basePort}";

    public string Manifest => Path.Combine(Data, "network.json");

    public int OperatorPort => basePort + 10;

    public int SolanaOperatorPort => basePort + 30;

    public string SolanaRpc => $"http://127.0.0.1:{basePort + 20}";

    public string SolanaManifest => Path.Combine(Data, "solana", "network.json");

    public string DeployerKey => Path.Combine(Data, "keys", "deployer.key");

    /// <summary>Share of proofs that are traced.</summary>
    public const double ProofRatio = 0.0625;

    /// <summary>Where every process of the network, and every command of <see cref="RunAsync"/>, sends spans and meters.</summary>
    public OtlpReceiver Collector { get; private set; } = null!;

    // As a person would: in the environment of the tool, whose hosts inherit it.
    private Dictionary<string, string> Telemetry => new()
    {
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = Collector.Url.ToString(),
        ["Telemetry__ProofRatio"] = ProofRatio.ToString(CultureInfo.InvariantCulture),
        ["Telemetry__Requests"] = "true",
    };

    public async Task InitializeAsync()
    {
        Collector = await new OtlpReceiver().StartAsync(default);
        File.SetUnixFileMode(folder.FullName, File.GetUnixFileMode(folder.FullName) | UnixFileMode.OtherExecute | UnixFileMode.GroupExecute);
        await UpAsync();
    }

    public async Task DisposeAsync()
    {
        await DepinAsync(["dev", "reset", "--data", Data]);
        await Collector.DisposeAsync();
        folder.Delete(true);
    }

    /// <summary>Starts or resumes.</summary>
    public async Task UpAsync()
    {
        var result = await DepinAsync(
        [
            "dev", "up", "--detach", "--data", Data, "--chains", Chains, .. Replay, .. PortsFrom(basePort),
        ], null, Telemetry);
        Assert.True(result.Code == 0, result.ToString());
    }

    /// <summary>Options of <c>dev up</c> that put all its ports between one and the 40th after it.</summary>
    internal static string[] PortsFrom(int first) =>
    [
        "--chain-port", $"{first}", "--postgres-port", $"{first + 1}", "--api-port", $"{first + 2}", "--indexer-port", $"{first + 3}", "--jobs-port", $"{first + 4}", "--operator-port", $"{first + 10}",
        "--solana-port", $"{first + 20}", "--solana-indexer-port", $"{first + 22}", "--solana-operator-port", $"{first + 30}",
    ];

    /// <summary>A port of the network's own range that nothing of it uses.</summary>
    public int SparePort => basePort + 18;

    /// <summary>A path beside the data folder.</summary>
    public string Beside(string name) => Path.Combine(folder.FullName, name);

    /// <summary>Runs the tool as somebody whose network this is: no option names it.</summary>
    public Task<ToolResult> RunAsync(params string[] arguments) => DepinAsync(arguments, Data, Telemetry);

    /// <summary>Compares a mirror with its chain. A clock that leaps may leave the mirror behind what the node answers for, which the tool tells: then again.</summary>
    public async Task<ToolResult> VerifyMirrorAsync(params string[] named)
    {
        for (var tries = 1; ; tries++)
        {
            var result = await RunAsync(["index", "verify", .. named]);
            if (tries == 20 || !result.Error.Contains("Try again", StringComparison.Ordinal)) return result;
        }
    }

    /// <summary>Runs the tool as <see cref="RunAsync"/> does, and reads its JSON.</summary>
    public Task<(int Code, JsonNode Answer)> AskHereAsync(params string[] arguments) => AskAsync(arguments, Data, Telemetry);

    /// <summary>Starts the tool; the caller ends it.</summary>
    public static Process Start(IReadOnlyList<string> arguments, string? data = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        start.Environment["DEPIN_HOME"] = RepositoryRoot.Find();
        if (data is not null) start.Environment["DEPIN_DATA"] = data;
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        foreach (var argument in (string[])["exec", Cli.Dev.HostProcess.Program("Cli"), .. arguments]) start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    /// <summary>Runs the tool.</summary>
    public static async Task<ToolResult> DepinAsync(IReadOnlyList<string> arguments, string? data = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        using var process = Start(arguments, data, environment);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return new ToolResult(process.ExitCode, await output, await error);
    }

    /// <summary>Runs the tool and reads its JSON.</summary>
    public static Task<(int Code, JsonNode Answer)> AskAsync(params string[] arguments) => AskAsync(arguments, null, null);

    private static async Task<(int Code, JsonNode Answer)> AskAsync(IReadOnlyList<string> arguments, string? data, IReadOnlyDictionary<string, string>? environment)
    {
        var result = await DepinAsync([.. arguments, "--json"], data, environment);
        try
        {
            return (result.Code, JsonNode.Parse(result.Output) ?? throw new JsonException("null"));
        }
        catch (JsonException)
        {
            throw new InvalidOperationException($"depin {string.Join(' ', arguments)} did not answer in JSON: {result}");
        }
    }

    /// <summary>A client of the network's API; dispose of it.</summary>
    public DePinClient Client() => Client(null);

    /// <summary>An answer; null while there is none.</summary>
    public static async Task<T?> TryAsync<T>(Func<CancellationToken, Task<T?>> ask)
        where T : class
    {
        try
        {
            return await ask(default);
        }
        catch (ApiException)
        {
            return null;
        }
    }

    /// <summary>A client of the API about one of its networks; dispose of it.</summary>
    public DePinClient Client(string? network) => DePinClient.Create(new DePinClientOptions { BaseAddress = Api, Network = network });

    /// <summary>Waits until an epoch is final and its evidence imported by the indexer.</summary>
    public Task FinalAsync(int epoch, string? network = null) => Eventually.HoldsAsync(
        async () =>
        {
            using var api = Client(network);
            return await TryAsync<Network>(async ct => await api.GetNetworkAsync(ct)) is { Totals: var totals } && totals.LastFinalEpoch >= new Epoch((ulong)epoch) && totals.LastImportedEpoch >= new Epoch((ulong)epoch);
        },
        $"epoch {epoch} is final and imported",
        default,
        TimeSpan.FromMinutes(12),
        TellAsync);

    /// <summary>Waits until a proof is judged by an imported epoch, and not left for a later one; the verdict as the API gives it.</summary>
    public async Task<ProofVerdict> JudgedAsync(ProofId proof, string? network = null)
    {
        using var api = Client(network);
        ProofVerdict? verdict = null;
        await Eventually.HoldsAsync(
            async () => (verdict = await TryAsync(ct => api.FindProofAsync(proof, ct))) is not null && verdict.Judgement != Judgement.Pending,
            $"proof {proof} is judged", default, TimeSpan.FromMinutes(12), TellAsync);
        return verdict!;
    }

    /// <summary>What its hosts last logged, for failures.</summary>
    public Task<string> TellAsync() => LogTails.TellAsync(Path.Combine(Data, "logs"));

    internal static int FreeRange(int count)
    {
        for (var attempt = 0; attempt < 100; attempt++)
        {
            var first = Random.Shared.Next(20_000, 32_000 - count); // below the ephemeral range
            if (Enumerable.Range(first, count).All(p => !LoopbackPort.IsTaken(p))) return first;
        }

        throw new InvalidOperationException("No free range of ports was found.");
    }
}

/// <summary>One network for all journeys: starting one takes longer than most of them.</summary>
[CollectionDefinition(RunningNetwork.Shared)]
public sealed class RunningNetworkCollection : ICollectionFixture<RunningNetwork>;

/// <summary>What a run of the tool left.</summary>
public sealed record ToolResult(int Code, string Output, string Error)
{
    public override string ToString() => $"exit {Code}\n{Output}\n{Error}";
}
