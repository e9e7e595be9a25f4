using System.Globalization;
using DePin.Chain.Deployment;
using DePin.Cli.Dev.Chains;
using DePin.Client;
using DePin.DevTools;

namespace DePin.Cli.Dev;

/// <summary>Starts the parts of a dev network in order, watches them, and stops them in the opposite order.</summary>
public sealed class DevNetwork(DevFolder folder, DevSettings settings, Output output) : IAsyncDisposable
{
    private readonly Stack<IAsyncDisposable> running = new();
    private readonly List<GuardedProcess> watched = [];
    private readonly Phases phases = new(output);
    private readonly IReadOnlyList<Side> sides =
        [.. settings.Evm ? [new Side(new EvmDevChain(folder, settings))] : (Side[])[], .. settings.Solana is null ? (Side[])[] : [new Side(OnSolana(folder.Solana, settings))]];
    private PostgresCluster? cluster;
    private DevDatabases? databases;
    private bool resting;

    /// <summary>A chain, and what runs for its network alone.</summary>
    private sealed class Side(DevChain chain)
    {
        private readonly TaskCompletionSource sending = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private string replayLine = "";
        private Action<string> detail = static _ => { };
        private Task<NetworkManifest>? deploying;

        public DevChain Chain => chain;

        public NetworkManifest? Manifest { get; set; }

        public GuardedProcess? Indexer { get; set; }

        public GuardedProcess? Replayer { get; set; }

        /// <summary>Ends when the replayer has enrolled its devices.</summary>
        public Task Sending => sending.Task;

        /// <summary>The replayer's last line.</summary>
        public string ReplayLine => Volatile.Read(ref replayLine);

        /// <summary>Who is told of progress from now on.</summary>
        public void Tell(Action<string> of) => Volatile.Write(ref detail, of);

        /// <summary>Begins to deploy: a chain's own pace leaves time for other things.</summary>
        public Task BeginToDeploy(CancellationToken ct) => deploying = Task.Run(() => chain.DeployAsync(text => Volatile.Read(ref detail)(text), ct), ct);

        /// <summary>Waits until it is deployed, and tells of it from now on.</summary>
        public Task<NetworkManifest> DeployedAsync(Action<string> tell)
        {
            Tell(tell);
            return deploying!;
        }

        /// <summary>Takes a line of the replayer.</summary>
        public void Hear(string line)
        {
            Volatile.Write(ref replayLine, line);
            if (line.StartsWith("sending", StringComparison.Ordinal)) sending.TrySetResult();
            else if (!sending.Task.IsCompleted) Volatile.Read(ref detail)(line);
        }
    }

    /// <summary>Runs until cancelled, until a part ends by itself, or until <paramref name="epochs"/> epochs are final on every chain.</summary>
    public async Task<int> RunAsync(ReplayOptions? replay, int? epochs, CancellationToken ct)
    {
        Directory.CreateDirectory(folder.Logs);
        foreach (var file in (string[])[folder.ReadyFile, folder.RestIndexer, folder.IndexerRests]) File.Delete(file);
        foreach (var side in sides) await StartChainAsync(side.Chain, ct).ConfigureAwait(false);
        await DeployAsync(ct).ConfigureAwait(false);
        await StartHostsAsync(ct).ConfigureAwait(false);
        if (replay is not null)
        {
            // Side by side; told one after the other.
            foreach (var side in sides) await StartReplayerAsync(side, replay, ct).ConfigureAwait(false);
            foreach (var side in sides) await SendingAsync(side, ct).ConfigureAwait(false);
        }

        foreach (var side in sides) await side.Chain.StartClockAsync(ct).ConfigureAwait(false);
        var ready = string.Create(CultureInfo.InvariantCulture,
            $"Ready after {phases.Elapsed.TotalSeconds:0} s. Status page http://127.0.0.1:{settings.Ports.Api}/ · {string.Join(" · ", sides.Select(s => $"{s.Chain.Name} {s.Chain.Shown}"))} · {string.Join(" · ", sides.Select(s => s.Chain.Pace).Distinct())}{(settings.Evm ? $"\nJobs http://127.0.0.1:{settings.Ports.Jobs}/ for an operator's account: the key in {Path.Combine(folder.OperatorFolder(1), "transaction.key")}" : "")}");
        output.Remark(ready);
        if (!output.IsInteractive) output.Remark("Stop it with Ctrl-C or: depin dev down");
        await File.WriteAllTextAsync(folder.ReadyFile, ready + "\n", ct).ConfigureAwait(false);

        var views = sides.Select(side => new NetworkView(sides.Count > 1 ? side.Chain.Name : "", Client(side), () => side.ReplayLine)).ToList();
        await new LiveView(views, output).RunAsync(final => epochs is { } wanted && final >= wanted, TendAsync, ct).ConfigureAwait(false);
        output.Remark($"{epochs} epochs are final{(sides.Count > 1 ? " on every chain" : "")}.");
        return ExitCodes.Success;
    }

    /// <summary>Stops everything that runs, last first.</summary>
    public async ValueTask DisposeAsync()
    {
        File.Delete(folder.ReadyFile);
        if (running.Count > 0) output.Remark("Stopping.");
        while (running.TryPop(out var part)) await part.DisposeAsync().ConfigureAwait(false);
    }

    // It is asked again each second anyhow.
    private DePinClient Client(Side side) => DePinClient.Create(new DePinClientOptions
    {
        BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{settings.Ports.Api}")),
        Network = side.Manifest!.NetworkId,
        Retries = 0,
        BreakerAttempts = 0,
    });

    private static DevChain OnSolana(DevFolder folder, DevSettings settings) => settings.Solana?.Rpc is null ? new SurfpoolDevChain(folder, settings) : new ClusterDevChain(folder, settings);

    private string On(Side side, string text) => sides.Count > 1 ? $"{side.Chain.Name}: {text}" : text;

    private Task<bool> StartChainAsync(DevChain chain, CancellationToken ct) => phases.RunAsync(
        $"starting {chain.Name}",
        async _ =>
        {
            running.Push(chain);
            await chain.StartAsync(folder.Logs, ct).ConfigureAwait(false);
            if (chain.Process is { } process) watched.Add(process);
            return true;
        },
        _ => $"{chain.Name} on {chain.Shown}");

    // All chains at once, and PostgreSQL meanwhile; told one after the other.
    private async Task DeployAsync(CancellationToken ct)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var deploying = Task.WhenAll(sides.Select(side => side.BeginToDeploy(stop.Token)));
        try
        {
            await StartPostgresAsync(ct).ConfigureAwait(false);
            foreach (var side in sides)
            {
                side.Manifest = await phases.RunAsync(On(side, "deploying the contracts"), side.DeployedAsync, m => On(side, $"network {m.NetworkId[..10]}… in place and checked")).ConfigureAwait(false);
                await phases.RunAsync(
                    On(side, "enrolling operators"), detail => side.Chain.EnrolOperatorsAsync(detail, ct), count => On(side, $"{count} operators bonded, registered and scheduled")).ConfigureAwait(false);
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await deploying.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // what failed first is told
        }
    }

    private Task<bool> StartPostgresAsync(CancellationToken ct) => phases.RunAsync(
        "starting PostgreSQL",
        async detail =>
        {
            if (settings.PostgresFolder is { } data)
            {
                cluster = await PostgresCluster.StartAsync(
                    new PostgresClusterOptions(data) { Port = settings.Ports.Postgres, LogFile = Path.Combine(folder.Logs, "postgres.log") }, ct).ConfigureAwait(false);
                running.Push(cluster);
            }

            databases = cluster is null ? DevDatabases.Of(settings) : new DevDatabases(settings, cluster.ConnectionString);
            await databases.PrepareAsync(detail, ct).ConfigureAwait(false);
            return true;
        },
        _ => $"PostgreSQL {(cluster is null ? "as given" : $"on 127.0.0.1:{cluster.Port}")}, {databases!.Hosts.Select(h => h.Database).Distinct().Count()} databases migrated");

    private Task<bool> StartHostsAsync(CancellationToken ct) => phases.RunAsync(
        "starting the hosts",
        async detail =>
        {
            var started = new List<(GuardedProcess Process, int Port)>();
            foreach (var side in sides)
            {
                for (var i = 1; i <= settings.Operators; i++)
                {
                    var own = Following(side, "Oracle", side.Chain.Operator(i));
                    own["Oracle__Keys"] = side.Chain.Folder.OperatorFolder(i);
                    // An hour of such a chain may be a second: who waits as long as on a real one finds his day over.
                    if (side.Chain.Leaps) own["Oracle__Ingest__UnknownDeviceRetry"] = own["Oracle__Ingest__AwaitsReportRetry"] = "00:00:02";
                    started.Add(await StartHostAsync(side.Chain.Part($"operator {i}"), "Oracle", side.Chain.OperatorPort + i - 1, own, ct).ConfigureAwait(false));
                }

                started.Add(await StartIndexerAsync(side, ct).ConfigureAwait(false));
            }

            started.Add(await StartHostAsync("api", "Api", settings.Ports.Api, Common("Api", "api"), ct).ConfigureAwait(false));
            var jobs = Common("Jobs", "jobs");
            foreach (var (i, side) in sides.Index())
            {
                jobs[$"Jobs__Networks__{i}__Manifest"] = side.Chain.Folder.Manifest;
                jobs[$"Jobs__Networks__{i}__Rpc__0"] = side.Chain.Url.ToString();
                jobs[$"Jobs__Networks__{i}__ChainId"] = side.Chain.Number.ToString(CultureInfo.InvariantCulture);
            }

            started.Add(await StartHostAsync("jobs", "Jobs", settings.Ports.Jobs, jobs, ct).ConfigureAwait(false));
            foreach (var (process, port) in started)
            {
                detail(process.Specification.Name);
                await HostProcess.WaitHealthyAsync(process, port, ct).ConfigureAwait(false);
            }

            return true;
        },
        _ => $"{settings.Operators} operators{(sides.Count > 1 ? " a chain, indexers" : ", indexer")}, API and job host answer");

    private async Task<(GuardedProcess Process, int Port)> StartHostAsync(string name, string project, int port, Dictionary<string, string?> own, CancellationToken ct)
    {
        var process = await HostProcess.StartAsync(name, project, port, own, folder.Logs, ct).ConfigureAwait(false);
        running.Push(process);
        watched.Add(process);
        return (process, port);
    }

    // Returns once it runs; what it says is kept, and it sends when all its devices are enrolled.
    private async Task StartReplayerAsync(Side side, ReplayOptions replay, CancellationToken ct)
    {
        await side.Chain.PrepareReplayAsync(replay, folder.Logs, ct).ConfigureAwait(false);
        side.Tell(static _ => { });
        side.Replayer = await GuardedProcess.StartAsync(
            HostProcess.Specification(side.Chain.Part("replayer"), "Replayer",
            [
                "--network", side.Chain.Folder.Manifest, "--keys", side.Chain.Folder.In("keys"), "--seed", settings.Id,
                .. replay.Data is { } data ? (string[])["--data", data] : [],
                .. replay.Devices is { } most ? (string[])["--devices", most.ToString(CultureInfo.InvariantCulture)] : [],
                .. replay.Mutations.SelectMany(m => (string[])["--mutate", m]),
            ], new Dictionary<string, string?> { ["DEPIN_RPC"] = side.Chain.Url.ToString() }, folder.Logs), // anybody may read arguments, and a URL may hold a key
            side.Hear,
            ct).ConfigureAwait(false);
        running.Push(side.Replayer);
        watched.Add(side.Replayer);
    }

    private Task<bool> SendingAsync(Side side, CancellationToken ct) => phases.RunAsync(
        On(side, "enrolling devices"),
        async detail =>
        {
            side.Tell(detail);
            var ended = side.Replayer!.WaitAsync(ct);
            if (await Task.WhenAny(side.Sending, ended).ConfigureAwait(false) == ended) throw side.Replayer.Ended();
            return true;
        },
        _ => On(side, $"devices registered and staked; {side.ReplayLine}"));

    // What every host is told.
    private Dictionary<string, string?> Common(string section, string host) => new()
    {
        [$"{section}__Database"] = databases!.ConnectionString(host),
        [$"{section}__Migrate"] = "false", // done, by who may
    };

    // What hosts of one network are told: its manifest and its chain.
    private Dictionary<string, string?> Following(Side side, string section, string host) => new(Common(section, host))
    {
        [$"{section}__Manifest"] = side.Chain.Folder.Manifest,
        [$"{section}__Rpc__0"] = side.Chain.Url.ToString(),
    };

    // Every second: no part may have ended by itself, and the indexers rest while they are asked to (a rebuild compares with a mirror that stands still).
    private async Task TendAsync(CancellationToken ct)
    {
        foreach (var process in watched)
        {
            if (process.HasExited) throw process.Ended();
        }

        foreach (var side in sides) await side.Chain.TendAsync(ct).ConfigureAwait(false);
        if (!resting && File.Exists(folder.RestIndexer))
        {
            foreach (var indexer in sides.Select(s => s.Indexer).OfType<GuardedProcess>())
            {
                watched.Remove(indexer);
                await indexer.StopAsync(TimeSpan.FromSeconds(60)).ConfigureAwait(false);
            }

            resting = true;
            await File.WriteAllTextAsync(folder.IndexerRests, "", ct).ConfigureAwait(false);
        }
        else if (resting && !File.Exists(folder.RestIndexer))
        {
            resting = false;
            File.Delete(folder.IndexerRests);
            foreach (var side in sides) await StartIndexerAsync(side, ct).ConfigureAwait(false);
        }
    }

    private async Task<(GuardedProcess Process, int Port)> StartIndexerAsync(Side side, CancellationToken ct)
    {
        var own = Following(side, "Indexer", side.Chain.Indexer);
        own["Indexer__ChainId"] = side.Chain.Number.ToString(CultureInfo.InvariantCulture);
        var started = await StartHostAsync(side.Chain.Part("indexer"), "Indexer", side.Chain.IndexerPort, own, ct).ConfigureAwait(false);
        side.Indexer = started.Process;
        return started;
    }
}
