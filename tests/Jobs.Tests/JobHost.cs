using System.Globalization;
using System.Net;
using DePin.Chain.Deployment;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.Protocol;
using DePin.TestKit;
using Npgsql;

namespace DePin.Jobs.Tests;

/// <summary>The job host as a process of its own, on a database of the test.</summary>
internal sealed class JobHost : IAsyncDisposable
{
    private readonly HttpClient http;
    private readonly string folder;

    private JobHost(GuardedProcess process, Uri root, string folder)
    {
        Process = process;
        Root = root;
        http = new HttpClient { BaseAddress = root, Timeout = TimeSpan.FromMinutes(1) };
        this.folder = folder;
    }

    public GuardedProcess Process { get; }

    /// <summary>Where it listens.</summary>
    public Uri Root { get; }

    /// <summary>Starts a host; <paramref name="settings"/> are of section Jobs. Everything fires rarely unless told otherwise.</summary>
    public static async Task<JobHost> StartAsync(JobsNetwork network, params (string Name, object Value)[] settings)
    {
        var folder = Directory.CreateTempSubdirectory("depin-jobs").FullName;
        var manifest = Path.Combine(folder, "network.json");
        Manifest(network).Save(manifest);
        var root = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{LoopbackPort.Free()}"));
        var built = new DirectoryInfo(AppContext.BaseDirectory);
        var environment = new Dictionary<string, string?>
        {
            ["Jobs__Database"] = network.Database.ConnectionString,
            ["Jobs__Manifest"] = manifest,
            ["Jobs__Rpc__0"] = "http://127.0.0.1:1/",
            ["ASPNETCORE_URLS"] = root.ToString(),
        };
        foreach (var name in new[] { "ReconcileSeconds", "AlarmSeconds", "RollUpSeconds", "PruneSeconds" }) environment[$"Jobs__{name}"] = "3600";
        foreach (var (name, value) in settings) environment[$"Jobs__{name}"] = Convert.ToString(value, CultureInfo.InvariantCulture);
        var specification = new ProcessSpecification("dotnet", [Path.Combine(built.Parent!.Parent!.FullName, "Jobs", built.Name, "DePin.Jobs.dll")]) { Name = "jobs", WorkingDirectory = folder, Environment = environment };
        var host = new JobHost(await GuardedProcess.StartAsync(specification, null, CancellationToken.None), root, folder);
        await Eventually.HoldsAsync(async () => host.Process.HasExited ? throw host.Process.Ended() : await host.StatusAsync("/health") == HttpStatusCode.OK, "the job host answers", CancellationToken.None);
        await Eventually.HoldsAsync(async () => host.Process.HasExited ? throw host.Process.Ended() : await TriggersAsync(network) >= 4, "its timetable is stored", CancellationToken.None);
        return host;
    }

    private static async Task<long> TriggersAsync(JobsNetwork network)
    {
        try
        {
            return await network.ScalarAsync<long>("select count(*) from jobs.qrtz_triggers");
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            return 0; // Quartz makes its tables when it starts
        }
    }

    /// <summary>Status of an answer; 0 while nobody listens.</summary>
    public async Task<HttpStatusCode> StatusAsync(string path)
    {
        try
        {
            using var response = await http.GetAsync(new Uri(path, UriKind.Relative));
            return response.StatusCode;
        }
        catch (HttpRequestException)
        {
            return 0;
        }
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await Process.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    // Of the fake chain: only the addresses and the emission schedule's place in the arguments matter here.
    private static EvmNetworkManifest Manifest(JobsNetwork network)
    {
        var hash = new string('0', 64);
        return new EvmNetworkManifest
        {
            Network = "fixture",
            NetworkId = new NetworkId(network.Chain.Network.NetworkId).Value.ToString(),
            ChainId = 31_337,
            ChainGenesisHash = hash,
            Profile = "dev",
            Deployer = FakeNetworkActivity.AddressOf("deployer").ToString(),
            FirstNonce = 0,
            DeploymentHash = hash,
            Complete = true,
            DeployBlock = 0,
            Genesis = 1_700_000_000,
            EpochLength = 86_400,
            ChallengeWindow = 172_800,
            ParametersHash = hash,
            RulesHash = hash,
            Parameters = "{}",
            Contracts = new(network.Chain.Network.Contracts.ToDictionary(c => c.Key.ToString(),
                c => new DeployedContract { Address = Address.FromBytes32(c.Value.Value).ToString(), Arguments = new string('0', 64 * 12), CodeHash = hash }), StringComparer.Ordinal),
        };
    }
}
