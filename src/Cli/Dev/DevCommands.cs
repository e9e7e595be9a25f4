using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using DePin.Chain.Deployment;
using DePin.Cli.Dev.Chains;
using DePin.DevTools;

namespace DePin.Cli.Dev;

/// <summary><c>depin dev</c>: a whole network on this machine.</summary>
public static class DevCommands
{
    private static readonly Option<string?> Data = new("--data") { Description = "Data folder (default: .depin of the clone)" };
    private static readonly Option<string?> Postgres = new("--postgres") { Description = "Connection string of an existing server (default: a private cluster in the data folder)" };
    private static readonly Option<int> Operators = new("--operators") { Description = "Number of operators: 4, 7, … (default 4)", DefaultValueFactory = _ => 4 };
    private static readonly Option<int> SecondsPerBlock = new("--seconds-per-block") { Description = "Chain seconds that pass with each block, one block a second (default 1440: a day a minute)", DefaultValueFactory = _ => 1440 };
    private static readonly Option<int?> Epochs = new("--epochs") { Description = "Stop with exit code 0 once this many epochs are final" };
    private static readonly Option<bool> Detach = new("--detach", "-d") { Description = "Run in the background; return once the network is ready" };
    private static readonly Option<bool> NoReplay = new("--no-replay") { Description = "Start everything but the devices" };
    private static readonly Option<string?> ReplayData = new("--replay-data") { Description = "Folder with larger data sets to replay (default: data/ of the clone)" };
    private static readonly Option<int?> ReplayDevices = new("--replay-devices") { Description = "Replay at most this many devices of each data set (default: all)" };
    private static readonly Option<string[]> Mutate = new("--mutate") { Description = "Mix in an adversary, for example M9:5% (may be given again)", DefaultValueFactory = _ => [] };
    private static readonly Option<string> Chains = new("--chains") { Description = "What to run a network on: evm, solana, or both with a comma between (default: both)", DefaultValueFactory = _ => "evm,solana" };
    private static readonly DevPorts Usual = new();
    private static readonly Option<int?> ChainPort = Port("--chain-port", "the chain", Usual.Chain);
    private static readonly Option<int?> PostgresPort = Port("--postgres-port", "PostgreSQL", Usual.Postgres);
    private static readonly Option<int?> ApiPort = Port("--api-port", "the API", Usual.Api);
    private static readonly Option<int?> OperatorPort = Port("--operator-port", "the first operator, the others following", Usual.Operator);
    private static readonly Option<int?> IndexerPort = Port("--indexer-port", "the indexer", Usual.Indexer);
    private static readonly Option<int?> JobsPort = Port("--jobs-port", "the job host", Usual.Jobs);
    private static readonly Option<int?> SolanaPort = Port("--solana-port", "the Solana runtime, its subscriptions on the next one", Usual.Solana);
    private static readonly Option<string?> SolanaRpc = new("--solana-rpc") { Description = "JSON-RPC of a Solana cluster that is there already, whose time does not leap (default: a runtime of its own). It may hold a key: it is kept in the data folder and not shown" };
    private static readonly Option<int?> SolanaOperatorPort = Port("--solana-operator-port", "the first operator on Solana, the others following", Usual.SolanaOperator);
    private static readonly Option<int?> SolanaIndexerPort = Port("--solana-indexer-port", "the indexer of Solana", Usual.SolanaIndexer);

    /// <summary>The command.</summary>
    public static Command Create() => new("dev", "A whole network on this machine: chain, database, operators, indexer, API, jobs, devices")
    {
        new Command("up", "Start it, or resume it from its last block; Ctrl-C stops it")
        {
            Data, Postgres, Operators, SecondsPerBlock, Epochs, Detach, NoReplay, ReplayData, ReplayDevices, Mutate, Chains, ChainPort, PostgresPort, ApiPort, OperatorPort, IndexerPort, JobsPort,
            SolanaRpc, SolanaPort, SolanaOperatorPort, SolanaIndexerPort,
        }.Does(UpAsync),
        new Command("down", "Stop it; its data stays") { Data }.Does(DownAsync),
        new Command("reset", "Stop it and remove its data folder") { Data }.Does(ResetAsync),
        new Command("status", "Say whether it runs, and where") { Data }.Does(StatusAsync),
        DevGifts.Fund(Data),
        DevGifts.Database(Data),
    };

    private static DevFolder Folder(ParseResult parsed) => new(parsed.GetValue(Data) ?? DevFolder.Default());

    private static async Task<int> UpAsync(ParseResult parsed, Output output, CancellationToken ct)
    {
        var folder = Folder(parsed);
        folder.Create();
        if (parsed.GetValue(Detach)) return await DetachAsync(folder, output, ct).ConfigureAwait(false);
        await using var hold = folder.Hold();
        var settings = DevSettings.Load(folder.Settings) is { } kept ? Keep(kept, parsed) : Decide(folder, parsed);
        foreach (var (port, what, option) in settings.Ports.All(settings))
        {
            if (LoopbackPort.IsTaken(port))
                throw new CliException($"Port {port}, meant for {what}, is in use. Stop what listens there (ss -ltnp 'sport = :{port}' names it), or choose another with {option}.");
        }

        var replay = parsed.GetValue(NoReplay) ? null : new ReplayOptions(parsed.GetValue(ReplayData), parsed.GetValue(Mutate) ?? [], parsed.GetValue(ReplayDevices));
        if (settings.Evm && replay is not null && !File.Exists(folder.Manifest))
            settings = settings with { Replay = await HostProcess.ReplayedSetsAsync(replay.Data, settings.Genesis, folder.Logs, ct).ConfigureAwait(false) };
        if (settings.Solana is { } solana) settings = settings with { Solana = await SettleAsync(solana, folder, replay, ct).ConfigureAwait(false) };
        settings.Save(folder.Settings);
        await using var network = new DevNetwork(folder, settings, output);
        return await network.RunAsync(replay, parsed.GetValue(Epochs), ct).ConfigureAwait(false);
    }

    // What this start finds, or decides, about the network on Solana.
    private static async Task<DevSolana> SettleAsync(DevSolana solana, DevFolder folder, ReplayOptions? replay, CancellationToken ct)
    {
        long genesis;
        if (solana.Rpc is { } url)
        {
            var cluster = new SolanaCluster(url);
            var (first, now) = await cluster.ReachAsync(ct).ConfigureAwait(false);
            if (File.Exists(folder.Solana.Manifest))
            {
                await cluster.CheckAsync(NetworkManifest.Load<SolanaNetworkManifest>(folder.Solana.Manifest), first, now, ct).ConfigureAwait(false);
                return solana;
            }

            genesis = SolanaCluster.GenesisAfter(now);
        }
        else
        {
            // Its runtime began with this start: so does its network.
            if (File.Exists(folder.Solana.Manifest)) File.Delete(folder.Solana.Manifest);
            genesis = NextDay();
        }

        return solana with { Genesis = genesis, Replay = replay is null ? [] : await HostProcess.ReplayedSetsAsync(replay.Data, genesis, folder.Logs, ct).ConfigureAwait(false) };
    }

    private static DevSettings Decide(DevFolder folder, ParseResult parsed)
    {
        var operators = parsed.GetValue(Operators);
        if (operators < 4 || operators > 31 || operators % 3 != 1) throw new CliException($"{operators} operators cannot agree: there must be 3f + 1 of them, 4 to 31 (4, 7, 10, …).", ExitCodes.Usage);
        var step = parsed.GetValue(SecondsPerBlock);
        if (step is < 1 or > 7200) throw new CliException("--seconds-per-block must lie between 1 and 7200.", ExitCodes.Usage);
        var defaults = new DevPorts();
        var (evm, solana) = ChainsOf(parsed);
        var external = parsed.GetValue(Postgres);
        var cluster = parsed.GetValue(SolanaRpc) is { } url ? SolanaCluster.Parse(url) : null;
        if (cluster is not null && !solana) throw new CliException("--solana-rpc names a Solana cluster, and --chains leaves Solana out.", ExitCodes.Usage);
        return new DevSettings
        {
            Id = Guid.NewGuid().ToString("n", CultureInfo.InvariantCulture)[..8],
            Operators = operators,
            SecondsPerBlock = step,
            Genesis = (DateTimeOffset.UtcNow.ToUnixTimeSeconds() / 86_400) * 86_400,
            Evm = evm,
            Solana = solana ? new DevSolana(0, []) { Rpc = cluster } : null,
            Postgres = external,
            PostgresFolder = external is null ? folder.ChoosePostgresFolder() : null,
            Ports = Moved(defaults, parsed),
        };
    }

    private static DevSettings Keep(DevSettings kept, ParseResult parsed)
    {
        var moved = Moved(kept.Ports, parsed);
        if (moved.Operator != kept.Ports.Operator)
            throw new CliException($"The operators are registered on chain with ports from {kept.Ports.Operator}; they cannot move. Leave --operator-port out, or start anew with `depin dev reset`.", ExitCodes.Usage);
        var (evm, solana) = ChainsOf(parsed);
        if (parsed.GetResult(Chains) is { Implicit: false } && (evm != kept.Evm || solana != kept.Solana is not null))
            throw new CliException($"This network was started on {(kept.Evm ? kept.Solana is null ? "evm" : "evm,solana" : "solana")}. Leave --chains out, or start anew with `depin dev reset`.", ExitCodes.Usage);
        if (moved.SolanaOperator != kept.Ports.SolanaOperator && kept.Solana is null)
            throw new CliException("This network has no operators on Solana. Leave --solana-operator-port out, or start anew with `depin dev reset`.", ExitCodes.Usage);
        if (moved.SolanaOperator != kept.Ports.SolanaOperator && kept.Solana?.Rpc is not null)
            throw new CliException($"The operators are registered on Solana with ports from {kept.Ports.SolanaOperator}; they cannot move. Leave --solana-operator-port out, or start anew with `depin dev reset`.", ExitCodes.Usage);
        if (parsed.GetResult(Operators) is { Implicit: false } && parsed.GetValue(Operators) != kept.Operators)
            throw new CliException($"This network has {kept.Operators} operators. Leave --operators out, or start anew with `depin dev reset`.", ExitCodes.Usage);
        if (parsed.GetValue(Postgres) is { } given && given != kept.Postgres)
            throw new CliException("This network keeps its data on another server. Leave --postgres out, or start anew with `depin dev reset`.", ExitCodes.Usage);
        if (parsed.GetValue(SolanaRpc) is not { } url) return kept with { Ports = moved };
        // Another node, or another key, of the same cluster is welcome: that it is the same is looked at.
        return kept.Solana?.Rpc is not null
            ? kept with { Ports = moved, Solana = kept.Solana with { Rpc = SolanaCluster.Parse(url) } }
            : throw new CliException($"This network {(kept.Solana is null ? "has no Solana" : "runs Solana by itself")}. Leave --solana-rpc out, or start anew with `depin dev reset`.", ExitCodes.Usage);
    }

    private static DevPorts Moved(DevPorts ports, ParseResult parsed) => ports with
    {
        Chain = parsed.GetValue(ChainPort) ?? ports.Chain,
        Postgres = parsed.GetValue(PostgresPort) ?? ports.Postgres,
        Api = parsed.GetValue(ApiPort) ?? ports.Api,
        Operator = parsed.GetValue(OperatorPort) ?? ports.Operator,
        Indexer = parsed.GetValue(IndexerPort) ?? ports.Indexer,
        Jobs = parsed.GetValue(JobsPort) ?? ports.Jobs,
        Solana = parsed.GetValue(SolanaPort) ?? ports.Solana,
        SolanaOperator = parsed.GetValue(SolanaOperatorPort) ?? ports.SolanaOperator,
        SolanaIndexer = parsed.GetValue(SolanaIndexerPort) ?? ports.SolanaIndexer,
    };

    private static (bool Evm, bool Solana) ChainsOf(ParseResult parsed)
    {
        var chosen = parsed.GetRequiredValue(Chains).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return chosen.Length > 0 && chosen.All(c => c is "evm" or "solana")
            ? (chosen.Contains("evm"), chosen.Contains("solana"))
            : throw new CliException($"--chains {parsed.GetValue(Chains)}: write evm, solana, or evm,solana.", ExitCodes.Usage);
    }

    // A runtime's clock begins at the present and only goes forward.
    private static long NextDay() => ((DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 7200) / 86_400 * 86_400) + 86_400;

    private static async Task<int> DetachAsync(DevFolder folder, Output output, CancellationToken ct)
    {
        if (folder.RunningSupervisor() is not null) throw new CliException($"A network runs already on {folder.Path}. Stop it with: depin dev down");
        File.Delete(folder.ReadyFile);
        Directory.CreateDirectory(folder.Logs);
        var log = Path.Combine(folder.Logs, "up.log");
        var arguments = Environment.GetCommandLineArgs()[1..].Where(a => a is not ("--detach" or "-d" or "--json"));
        var start = new ProcessStartInfo("setsid") { UseShellExecute = false };
        foreach (var argument in (string[])["sh", "-c", "log=$1; shift; exec \"$@\" </dev/null >\"$log\" 2>&1", "depin", log, Environment.ProcessPath!, .. DllOf(), .. arguments])
            start.ArgumentList.Add(argument);
        using var child = Process.Start(start)!;
        while (!File.Exists(folder.ReadyFile))
        {
            if (child.HasExited) throw new CliException($"The network did not start:\n{(File.Exists(log) ? File.ReadAllText(log) : "")}");
            await Task.Delay(100, ct).ConfigureAwait(false);
        }

        output.Answer(
            new { running = true, pid = child.Id, log, data = folder.Path },
            (await File.ReadAllTextAsync(folder.ReadyFile, ct).ConfigureAwait(false)).TrimEnd(),
            $"Runs in the background; log {log}; stop it with: depin dev down");
        return ExitCodes.Success;

        // As `dotnet exec Cli.dll …` the process is dotnet and needs the program's name again; as an app host it is the program itself.
        static string[] DllOf() => Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? ["exec", typeof(DevCommands).Assembly.Location] : [];
    }

    private static async Task<int> DownAsync(ParseResult parsed, Output output, CancellationToken ct)
    {
        var stopped = await StopAsync(Folder(parsed), ct).ConfigureAwait(false);
        output.Answer(new { stopped }, stopped ? "Stopped. The data stays; `depin dev up` resumes." : "Nothing runs.");
        return ExitCodes.Success;
    }

    private static async Task<int> ResetAsync(ParseResult parsed, Output output, CancellationToken ct)
    {
        var folder = Folder(parsed);
        var stopped = await StopAsync(folder, ct).ConfigureAwait(false);
        var settings = DevSettings.Load(folder.Settings);
        var removed = folder.Remove();
        if (settings?.Postgres is not null) output.Remark($"The databases and roles depin_{settings.Id}_* on the server that you named stay; drop them yourself.");
        if (settings?.Solana?.Rpc is not null) output.Remark("The network stays on the Solana cluster that you named, and nobody has the keys of its accounts any more.");
        output.Answer(new { stopped, removed, data = folder.Path }, removed ? $"Removed {folder.Path}." : "There was nothing to remove.");
        return ExitCodes.Success;
    }

    private static Task<int> StatusAsync(ParseResult parsed, Output output, CancellationToken ct)
    {
        var folder = Folder(parsed);
        var settings = DevSettings.Load(folder.Settings);
        var pid = folder.RunningSupervisor();
        var ready = pid is not null && File.Exists(folder.ReadyFile);
        output.Answer(
            new { running = pid is not null, ready, pid, data = folder.Path, ports = settings?.Ports },
            pid is null ? (settings is null ? "No network here yet. Start one with: depin dev up" : "Stopped. Resume it with: depin dev up") : ready ? File.ReadAllText(folder.ReadyFile).TrimEnd() : "Starting.");
        return Task.FromResult(ready ? ExitCodes.Success : ExitCodes.Refused);
    }

    private static async Task<bool> StopAsync(DevFolder folder, CancellationToken ct)
    {
        if (folder.RunningSupervisor() is not { } pid) return false;
        using (var kill = Process.Start("/bin/kill", ["-s", "TERM", pid.ToString(CultureInfo.InvariantCulture)])) await kill.WaitForExitAsync(ct).ConfigureAwait(false);
        var start = TimeProvider.System.GetTimestamp();
        while (folder.RunningSupervisor() is not null)
        {
            if (TimeProvider.System.GetElapsedTime(start) > TimeSpan.FromMinutes(2)) throw new CliException($"Process {pid} does not stop. See {folder.Logs}; as a last resort: kill -9 {pid}");
            await Task.Delay(100, ct).ConfigureAwait(false);
        }

        return true;
    }

    private static Option<int?> Port(string name, string what, int usual) => new(name)
    {
        Description = $"Port of {what} (default {usual})",
        Validators = { result => { if (result.Tokens.Count == 1 && (!int.TryParse(result.Tokens[0].Value, out var port) || port is < 1 or > 65_535)) result.AddError($"{name} must be a port, 1 to 65535."); } },
    };
}
