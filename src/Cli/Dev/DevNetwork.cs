using System.Globalization;
using DePin.Client;
using DePin.DevTools;

namespace DePin.Cli.Dev;

/// <summary>Starts the parts of a dev network in order, watches them, and stops them in the opposite order.</summary>
public sealed class DevNetwork(DevFolder folder, DevSettings settings, Output output) : IAsyncDisposable
{
    private readonly Stack<IAsyncDisposable> running = new();
    private readonly List<GuardedProcess> watched = [];
    private readonly Phases phases = new(output);
    private PostgresCluster? cluster;
    private DevDatabases? databases;
    private GuardedProcess? indexer;
    private string replayLine = "";

    /// <summary>Runs until cancelled, until a part ends by itself, or until <paramref name="epochs"/> epochs are final.</summary>
    public async Task<int> RunAsync(ReplayOptions? replay, int? epochs, CancellationToken ct)
    {
        Directory.CreateDirectory(folder.Logs);
        foreach (var file in (string[])[folder.ReadyFile, folder.RestIndexer, folder.IndexerRests]) File.Delete(file);
        var chain = await StartChainAsync(ct).ConfigureAwait(false);
        await StartPostgresAsync(ct).ConfigureAwait(false);
        var bootstrap = new DevBootstrap(folder, settings, chain);
        var manifest = await phases.RunAsync(
            "deploying the contracts", detail => bootstrap.DeployAsync(detail, ct), m => $"{m.Contracts.Count} contracts of network {m.NetworkId[..10]}… in place and checked").ConfigureAwait(false);
        await phases.RunAsync(
            "enrolling operators", detail => bootstrap.EnrolOperatorsAsync(manifest, detail, ct), o => $"{o.Count} operators bonded, registered and scheduled").ConfigureAwait(false);
        await StartHostsAsync(ct).ConfigureAwait(false);
        if (replay is not null) await StartReplayerAsync(replay, ct).ConfigureAwait(false);
        await bootstrap.StartClockAsync(ct).ConfigureAwait(false);
        var ready = string.Create(CultureInfo.InvariantCulture,
            $"Ready after {phases.Elapsed.TotalSeconds:0} s. Status page http://127.0.0.1:{settings.Ports.Api}/ · chain {chain.Url} · a day passes every {86_400.0 / settings.SecondsPerBlock:0.#} s\nJobs http://127.0.0.1:{settings.Ports.Jobs}/ for an operator's account: the key in {Path.Combine(folder.OperatorFolder(1), "transaction.key")}");
        output.Remark(ready);
        if (!output.IsInteractive) output.Remark("Stop it with Ctrl-C or: depin dev down");
        await File.WriteAllTextAsync(folder.ReadyFile, ready + "\n", ct).ConfigureAwait(false);

        // It is asked again each second anyhow.
        using var api = DePinClient.Create(new DePinClientOptions { BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{settings.Ports.Api}")), Retries = 0, BreakerAttempts = 0 });
        await new LiveView(api, output).RunAsync(final => epochs is { } wanted && final >= wanted, () => Volatile.Read(ref replayLine), TendAsync, ct).ConfigureAwait(false);
        output.Remark($"{epochs} epochs are final.");
        return ExitCodes.Success;
    }

    /// <summary>Stops everything that runs, last first.</summary>
    public async ValueTask DisposeAsync()
    {
        File.Delete(folder.ReadyFile);
        if (running.Count > 0) output.Remark("Stopping.");
        while (running.TryPop(out var part)) await part.DisposeAsync().ConfigureAwait(false);
    }

    private Task<AnvilProcess> StartChainAsync(CancellationToken ct) => phases.RunAsync(
        "starting the chain",
        async _ =>
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder.ChainState)!);
            var fresh = !File.Exists(folder.ChainState);
            var anvil = await AnvilProcess.StartAsync(
                new AnvilOptions
                {
                    Port = settings.Ports.Chain,
                    BlockTime = 1,
                    SlotsInAnEpoch = 1,
                    // The contracts are deployed in the hours before genesis. Until all is ready the chain keeps a real one's pace.
                    Timestamp = fresh ? settings.Genesis - 7200 : null,
                    TimestampInterval = Math.Min(12, settings.SecondsPerBlock),
                    StateFile = folder.ChainState,
                    LogFile = Path.Combine(folder.Logs, "chain.log"),
                },
                ct).ConfigureAwait(false);
            running.Push(anvil);
            watched.Add(anvil.Process);
            return anvil;
        },
        anvil => $"chain {anvil.Options.ChainId} on {anvil.Url}");

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
        _ => $"PostgreSQL {(cluster is null ? "as given" : $"on 127.0.0.1:{cluster.Port}")}, {settings.Operators + 1} databases migrated");

    private Task<bool> StartHostsAsync(CancellationToken ct) => phases.RunAsync(
        "starting the hosts",
        async detail =>
        {
            var started = new List<(GuardedProcess Process, int Port)>();
            for (var i = 1; i <= settings.Operators; i++)
            {
                var own = Common("Oracle", DevDatabases.Operator(i));
                own["Oracle__Keys"] = folder.OperatorFolder(i);
                // An hour of this chain may be a second: who waits as long as on a real one finds his day over.
                own["Oracle__Ingest__UnknownDeviceRetry"] = own["Oracle__Ingest__AwaitsReportRetry"] = "00:00:02";
                started.Add(await StartHostAsync($"operator {i}", "Oracle", settings.Ports.Operator + i - 1, own, ct).ConfigureAwait(false));
            }

            started.Add(await StartIndexerAsync(ct).ConfigureAwait(false));
            started.Add(await StartHostAsync("api", "Api", settings.Ports.Api, Common("Api", "api"), ct).ConfigureAwait(false));
            started.Add(await StartHostAsync("jobs", "Jobs", settings.Ports.Jobs, Common("Jobs", "jobs"), ct).ConfigureAwait(false));
            foreach (var (process, port) in started)
            {
                detail(process.Specification.Name);
                await HostProcess.WaitHealthyAsync(process, port, ct).ConfigureAwait(false);
            }

            return true;
        },
        _ => $"{settings.Operators} operators, indexer, API and job host answer");

    private async Task<(GuardedProcess Process, int Port)> StartHostAsync(string name, string project, int port, Dictionary<string, string?> own, CancellationToken ct)
    {
        var process = await HostProcess.StartAsync(name, project, port, own, folder.Logs, ct).ConfigureAwait(false);
        running.Push(process);
        watched.Add(process);
        return (process, port);
    }

    private Task<GuardedProcess> StartReplayerAsync(ReplayOptions replay, CancellationToken ct) => phases.RunAsync(
        "enrolling devices",
        async detail =>
        {
            var sending = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var process = await GuardedProcess.StartAsync(
                HostProcess.Specification("replayer", "Replayer",
                [
                    "--network", folder.Manifest, "--rpc", string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{settings.Ports.Chain}"), "--keys", folder.In("keys"), "--seed", settings.Id,
                    .. replay.Data is { } data ? (string[])["--data", data] : [],
                    .. replay.Devices is { } most ? (string[])["--devices", most.ToString(CultureInfo.InvariantCulture)] : [],
                    .. replay.Mutations.SelectMany(m => (string[])["--mutate", m]),
                ], new Dictionary<string, string?>(), folder.Logs),
                line =>
                {
                    if (line.StartsWith("sending", StringComparison.Ordinal)) sending.TrySetResult();
                    else if (!sending.Task.IsCompleted) detail(line);
                    Volatile.Write(ref replayLine, line);
                },
                ct).ConfigureAwait(false);
            running.Push(process);
            watched.Add(process);
            var ended = process.WaitAsync(ct);
            if (await Task.WhenAny(sending.Task, ended).ConfigureAwait(false) == ended) throw process.Ended();
            return process;
        },
        _ => $"devices registered and staked; {replayLine}");

    // What every host is told: its database, the network's manifest and the chain.
    private Dictionary<string, string?> Common(string section, string host) => new()
    {
        [$"{section}__Database"] = databases!.ConnectionString(host),
        [$"{section}__Migrate"] = "false", // done, by who may
        [$"{section}__Manifest"] = folder.Manifest,
        [$"{section}__Rpc__0"] = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{settings.Ports.Chain}"),
    };

    // Every second: no part may have ended by itself, and the indexer rests while it is asked to (a rebuild compares with a mirror that stands still).
    private async Task TendAsync(CancellationToken ct)
    {
        foreach (var process in watched)
        {
            if (process.HasExited) throw process.Ended();
        }

        if (indexer is not null && File.Exists(folder.RestIndexer))
        {
            watched.Remove(indexer);
            await indexer.StopAsync(TimeSpan.FromSeconds(60)).ConfigureAwait(false);
            indexer = null;
            await File.WriteAllTextAsync(folder.IndexerRests, "", ct).ConfigureAwait(false);
        }
        else if (indexer is null && !File.Exists(folder.RestIndexer))
        {
            File.Delete(folder.IndexerRests);
            await StartIndexerAsync(ct).ConfigureAwait(false);
        }
    }

    private async Task<(GuardedProcess Process, int Port)> StartIndexerAsync(CancellationToken ct)
    {
        var started = await StartHostAsync("indexer", "Indexer", settings.Ports.Indexer, Common("Indexer", "indexer"), ct).ConfigureAwait(false);
        indexer = started.Process;
        return started;
    }
}
