using System.Globalization;
using System.Text.Json.Nodes;
using DePin.Abi;
using DePin.Chain.Deployment;
using DePin.Chain.Evm;
using DePin.Cli.Dev;
using DePin.Cli.Dev.Chains;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.Adversaries;
using DePin.DataSets;
using DePin.DevTools;
using DePin.Protocol.Verification.Sensing;
using DePin.Replayer;
using DePin.Sdk.Network;
using DePin.Signing;
using DePin.TestKit;
using Npgsql;

namespace DePin.EndToEnd.Tests.Faults;

/// <summary>One network for all fault tests: they run one after another, and each leaves it well.</summary>
[CollectionDefinition(Name)]
public sealed class FaultCollection : ICollectionFixture<FaultNetwork>
{
    public const string Name = "Faults";
}

/// <summary>
/// The whole product as processes — four operators, indexer, API, jobs — on a private PostgreSQL and an Anvil whose finalized block is eight behind the newest,
/// each operator and the indexer with a JSON-RPC end point of its own that can be made to fail.
/// </summary>
public sealed class FaultNetwork : IAsyncLifetime, IDisposable
{
    /// <summary>Blocks between the newest and the newest finalized.</summary>
    public const int FinalityDepth = 8;

    private const int OperatorCount = 4;
    private static readonly FeePolicy Quick = new() { PollInterval = TimeSpan.FromMilliseconds(100) };
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("depin-test-faults-");
    private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };
    private readonly List<IAsyncDisposable> _parts = [];

    public AnvilProcess Anvil { get; private set; } = null!;

    public PrivatePostgres Postgres { get; private set; } = null!;

    public ChainClock Clock { get; private set; } = null!;

    public EvmNetworkManifest Manifest { get; private set; } = null!;

    /// <summary>The chain, without a proxy.</summary>
    public EvmRpc Rpc { get; private set; } = null!;

    public EvmBootstrap Bootstrap { get; private set; } = null!;

    /// <summary>By number from 0, as their hosts are.</summary>
    public IReadOnlyList<OperatorKeyRing> OperatorKeys { get; private set; } = [];

    public IReadOnlyList<Host> Operators { get; private set; } = [];

    /// <summary>What each operator reads the chain through.</summary>
    public IReadOnlyList<RpcProxy> OperatorRpc { get; private set; } = [];

    /// <summary>Connection strings of the operators' databases.</summary>
    public IReadOnlyList<string> OperatorDatabases { get; private set; } = [];

    public Host Indexer { get; private set; } = null!;

    public RpcProxy IndexerRpc { get; private set; } = null!;

    /// <summary>The database of indexer, API and jobs.</summary>
    public string PublicDatabase { get; private set; } = "";

    public Host Api { get; private set; } = null!;

    public Host Jobs { get; private set; } = null!;

    public IEnumerable<Host> Hosts => [.. Operators, Indexer, Api, Jobs];

    /// <summary>Six temperature sensors of three providers, registered and staked.</summary>
    public IReadOnlyList<ReplayDevice> Devices { get; private set; } = [];

    public string ManifestPath => Data.Manifest;

    public string Logs => Data.Logs;

    public Address Verifier => Manifest.AddressOf("ReportVerifier");

    private DevFolder Data => new(Path.Combine(_folder.FullName, "data"));

    public async Task InitializeAsync()
    {
        var genesis = (DateTimeOffset.UtcNow.ToUnixTimeSeconds() / 86_400 * 86_400) + 86_400;
        Anvil = Keep(await AnvilProcess.StartAsync(new AnvilOptions { Timestamp = genesis - 7_200, TimestampInterval = 12, SlotsInAnEpoch = FinalityDepth / 2 }, default));
        Postgres = Keep(await PostgresServer.StartPrivateAsync(default));
        Data.Create();
        Directory.CreateDirectory(Logs);
        var ports = RunningNetwork.FreeRange(10);
        var settings = new DevSettings
        {
            Id = "faults",
            Operators = OperatorCount,
            SecondsPerBlock = ChainClock.SecondsPerBlock,
            Genesis = genesis,
            Ports = new DevPorts { Operator = ports },
        };
        Bootstrap = new EvmBootstrap(Data, settings, Anvil);
        Rpc = Bootstrap.Rpc;
        Manifest = await Bootstrap.DeployAsync(static _ => { }, default);
        OperatorKeys = await Bootstrap.EnrolOperatorsAsync(Manifest, static _ => { }, default);
        await EnrolDevicesAsync();
        await CreateHostsAsync(ports);
        foreach (var host in Hosts) await host.LaunchAsync();
        foreach (var host in Hosts) await host.HealthyAsync();
        Clock = Keep(await ChainClock.StartAsync(Anvil.Rpc, MayGoOnAsync, default));
    }

    public async Task DisposeAsync()
    {
        if (Clock is not null) await Clock.DisposeAsync();
        await Task.WhenAll(Hosts.Where(h => h is not null).Select(h => h.StopAsync()));
        for (var i = _parts.Count - 1; i >= 0; i--)
        {
            if (_parts[i] is not ChainClock) await _parts[i].DisposeAsync();
        }

        _folder.Delete(true);
    }

    public void Dispose() => _http.Dispose();

    /// <summary>A host that is not of the network's own, ended by the test that asked for it.</summary>
    public Host ExtraHost(string name, string project, int port, IReadOnlyDictionary<string, string?> settings) => new(name, project, port, settings, Logs);

    /// <summary>Runs something and, however it ends, lifts every fault: the next test must find the network well.</summary>
    public async Task WithFaultsAsync(Func<Task> action)
    {
        try
        {
            await action();
        }
        finally
        {
            foreach (var proxy in (RpcProxy[])[.. OperatorRpc, IndexerRpc]) proxy.Clear();
        }
    }

    /// <summary>A contract's answer at the newest block.</summary>
    public Task<T> CallAsync<T>(string contract, IContractCall<T> call) => Rpc.CallAsync(Manifest.AddressOf(contract), call, BlockTag.Latest, default);

    /// <summary>The next epoch without an accepted report.</summary>
    public Task<ulong> NextEpochAsync() => CallAsync("ReportVerifier", new ReportVerifier.NextEpochCall());

    /// <summary>Waits until a report of the epoch is accepted; every host must live meanwhile.</summary>
    public Task AcceptedAsync(ulong epoch) => HoldsAsync(async () => await NextEpochAsync() > epoch, $"epoch {epoch} is accepted");

    /// <summary>Waits until the epoch is final on chain.</summary>
    public async Task FinalAsync(ulong epoch)
    {
        var pace = Clock.Every;
        Clock.Every = pace / 2; // the challenge window is two days in which nothing happens
        try
        {
            await HoldsAsync(async () => await CallAsync("ReportVerifier", new ReportVerifier.NextFinalCall()) > epoch, $"epoch {epoch} is final");
        }
        finally
        {
            Clock.Every = pace;
        }
    }

    /// <summary>Hour of the day, 0 to 23, by the newest block.</summary>
    public async Task<ulong> HourAsync() =>
        ((await Rpc.GetHeaderAsync(BlockTag.Latest, default))!.Timestamp - (ulong)Manifest.Genesis) % 86_400 / ChainClock.SecondsPerBlock;

    /// <summary>Waits for a condition, and fails at once where a host has ended.</summary>
    public Task HoldsAsync(Func<Task<bool>> condition, string what) => Eventually.HoldsAsync(
        async () =>
        {
            AssertAlive();
            return await condition();
        }, what, default, TimeSpan.FromMinutes(6), () => LogTails.TellAsync(Logs));

    /// <summary>No host has ended.</summary>
    public void AssertAlive()
    {
        foreach (var host in Hosts)
        {
            if (!host.IsRunning) throw host.Ended;
        }
    }

    /// <summary>First column of the first row, on a connection of its own.</summary>
    public static async Task<T?> ScalarAsync<T>(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(database + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync() is T value ? value : default;
    }

    /// <summary>First column of all rows.</summary>
    public static async Task<List<T>> ColumnAsync<T>(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(database + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var values = new List<T>();
        while (await reader.ReadAsync()) values.Add(reader.GetFieldValue<T>(0));
        return values;
    }

    /// <summary>A JSON document of a host; null where it answers with an error or not at all.</summary>
    public async Task<JsonNode?> GetAsync(Host host, string path)
    {
        var (status, text) = await FetchAsync(host, path);
        return status == 200 ? JsonNode.Parse(text) : null;
    }

    /// <summary>Status and body of an answer; 0 where there is none.</summary>
    public async Task<(int Status, string Text)> FetchAsync(Host host, string path)
    {
        try
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            using var response = await _http.GetAsync(new Uri(host.Url, path), patience.Token);
            return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(patience.Token));
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
        {
            return (0, error.Message);
        }
    }

    /// <summary>The mirror of a database equals the contracts, as <c>depin index verify</c> finds.</summary>
    public async Task AssertMirrorIsTheChainAsync(string database)
    {
        var result = await RunningNetwork.DepinAsync(["index", "verify", "--database", database, "--network", ManifestPath, "--rpc", Anvil.Url.ToString()]);
        Assert.True(result.Code == 0, result.ToString());
    }

    /// <summary>No operator has lost its bond, and whatever one signed for an accepted epoch is what the chain accepted, once.</summary>
    public async Task AssertHonestAsync()
    {
        foreach (var keys in OperatorKeys)
            Assert.False((await CallAsync("OperatorRegistry", new OperatorRegistry.OperatorCall(keys.Report.Address))).Slashed, $"{keys} is slashed");
        foreach (var database in OperatorDatabases)
        {
            Assert.Equal(0, await ScalarAsync<long>(database,
                """
                select count(*) from oracle.signed_reports s
                where exists (select from chain.reports r where r.epoch = s.epoch and r.generation = s.generation)
                  and not exists (select from chain.reports r where r.digest = s.digest)
                """));
            Assert.Equal(0, await ScalarAsync<long>(database, "select count(*) from oracle.transmissions where purpose in ('equivocation', 'tree_fault')"));
        }
    }

    /// <summary>Blocks of a day.</summary>
    private const ulong BlocksOfEpoch = 86_400 / ChainClock.SecondsPerBlock;

    // At most two days are over without a report: then the clock slows down for hosts on a busy machine.
    private async Task<bool> MayGoOnAsync()
    {
        var time = (await Rpc.GetHeaderAsync(BlockTag.Latest, default))!.Timestamp;
        return time < (ulong)Manifest.Genesis + ((await NextEpochAsync() + 2) * BlocksOfEpoch * ChainClock.SecondsPerBlock);
    }

    private T Keep<T>(T part) where T : IAsyncDisposable
    {
        _parts.Add(part);
        return part;
    }

    private async Task EnrolDevicesAsync()
    {
        Devices = [.. Enumerable.Range(0, 6).Select(i =>
        {
            var source = new DataDevice($"sensor {i}", $"provider {i / 2}", EnvironmentSensing.ClassId, 1, "thermometer", 1, ChainClock.SecondsPerBlock, 0);
            var key = SeededKeys.Of("faults", source.Name, SeededKeys.TypeOf(i));
            return new ReplayDevice(source, key, SeededKeys.Of("faults", source.Provider, KeyType.Secp256k1), false, new Speaker(Manifest.Id, source, key, key, key));
        })];
        var access = new EvmNetworkAccess(Rpc, Manifest);
        await new EvmEnrolment(access, Bootstrap.Maker, Bootstrap.Deployer, 1, Quick, static _ => { }).RunAsync(Devices, Manifest.NetworkParameters.MinimumStakePerDevice, default);
    }

    private async Task CreateHostsAsync(int ports)
    {
        var (operators, proxies, databases) = (new List<Host>(), new List<RpcProxy>(), new List<string>());
        for (var i = 0; i < OperatorCount; i++)
        {
            proxies.Add(Keep(await RpcProxy.StartAsync(Anvil.Url, default)));
            databases.Add(await Postgres.CreateDatabaseAsync(default));
            var own = Settings("Oracle", databases[i], proxies[i].Url);
            own["Oracle__Keys"] = Data.OperatorFolder(i + 1);
            foreach (var (key, value) in QuickOperator) own[key] = value;
            operators.Add(new Host(string.Create(CultureInfo.InvariantCulture, $"operator {i + 1}"), "Oracle", ports + i, own, Logs));
        }

        (Operators, OperatorRpc, OperatorDatabases) = (operators, proxies, databases);
        IndexerRpc = Keep(await RpcProxy.StartAsync(Anvil.Url, default));
        PublicDatabase = await Postgres.CreateDatabaseAsync(default);
        Indexer = new Host("indexer", "Indexer", ports + OperatorCount, IndexerSettings(PublicDatabase, IndexerRpc.Url), Logs);
        Api = new Host("api", "Api", ports + OperatorCount + 1, Settings("Api", PublicDatabase, Anvil.Url), Logs);
        var jobs = Settings("Jobs", PublicDatabase, IndexerRpc.Url);
        (jobs["Jobs__ReconcileSeconds"], jobs["Jobs__AlarmSeconds"], jobs["Jobs__KeepVerdictEpochs"]) = ("5", "2", "100000");
        Jobs = new Host("jobs", "Jobs", ports + OperatorCount + 2, jobs, Logs);
    }

    /// <summary>What an indexer is told.</summary>
    public Dictionary<string, string?> IndexerSettings(string database, Uri rpc)
    {
        var settings = Settings("Indexer", database, rpc);
        (settings["Indexer__PollMilliseconds"], settings["Indexer__ImportSeconds"], settings["Indexer__StalledAfterSeconds"]) = ("200", "1", "5");
        return settings;
    }

    private Dictionary<string, string?> Settings(string section, string database, Uri rpc) => new()
    {
        [$"{section}__Database"] = database,
        [$"{section}__Manifest"] = ManifestPath,
        [$"{section}__Rpc__0"] = rpc.ToString(),
    };

    // A day passes in a quarter of a minute, so everything that waits by the wall clock waits less.
    private static IReadOnlyDictionary<string, string> QuickOperator { get; } = new Dictionary<string, string>
    {
        ["Oracle__Lanes__SealEvery"] = "00:00:00.200",
        ["Oracle__Lanes__ExchangeEvery"] = "00:00:00.200",
        ["Oracle__Round__Propose"] = "00:00:10",
        ["Oracle__Round__Vote"] = "00:00:02",
        ["Oracle__Round__Resend"] = "00:00:01",
        ["Oracle__Round__Listen"] = "00:00:02",
        ["Oracle__Transmit__StageDelay"] = "00:00:04",
        ["Oracle__Transmit__Pace"] = "00:00:00.400",
        ["Oracle__Evidence__Pace"] = "00:00:00.500",
    };
}
