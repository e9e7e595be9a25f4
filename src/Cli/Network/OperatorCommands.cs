using System.CommandLine;
using System.Globalization;
using DePin.Chain.Deployment;
using DePin.Chain.Evm;
using DePin.Cli.Dev;
using DePin.Cli.Keys;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.Protocol;
using Npgsql;

namespace DePin.Cli.Network;

/// <summary><c>depin operator</c>: keys, bond and process of an oracle node.</summary>
public static class OperatorCommands
{
    private static readonly Option<string> Keys = new("--keys") { Description = "Folder of the keys report, protocol and transaction: keystores (.json) or bare (.key)", DefaultValueFactory = _ => "operator" };
    private static readonly Option<string> Endpoint = new("--endpoint") { Description = "Address at which devices and peers reach the node, for example https://oracle.example", Required = true };
    private static readonly Option<string?> Bond = new("--bond") { Description = "Tokens to bond (default: the least that the registry takes)" };
    private static readonly Option<string> Database = new("--database", "-d") { Description = "Connection string of the node's own database", Required = true };
    private static readonly Argument<string[]> Set = new("report-key") { Description = "The whole set; leave out to change the newest one with --add and --remove", Arity = ArgumentArity.ZeroOrMore };
    private static readonly Option<string[]> Add = new("--add") { Description = "Report key of an operator who joins (may be given again)", DefaultValueFactory = _ => [] };
    private static readonly Option<string[]> Remove = new("--remove") { Description = "Report key of an operator who leaves (may be given again)", DefaultValueFactory = _ => [] };
    private static readonly Option<long?> FromEpoch = new("--from-epoch") { Description = "First epoch of the set (default: the next one that may be)" };
    private static readonly Option<bool> Print = new("--print") { Description = "Send nothing: show the call, for an owner that is a contract or a multisig" };
    private static readonly Option<bool> AsKeystores = new("--keystore") { Description = "Make keystores under a password instead of bare key files" };
    private static readonly Option<string?> Signer = new("--signer") { Description = "Socket of the process that holds the keys (depin signer run), instead of --keys" };
    private static readonly Option<int> Port = new("--port") { Description = "Port to listen on", DefaultValueFactory = _ => 8101 };

    private static readonly Option<ChainKind?> Chain = new("--chain") { Description = "Kind of the network's chain: it decides the type of the transaction key (default: that of --network, else evm)" };

    /// <summary>The command.</summary>
    public static Command Create() => new("operator", "Keys, bond and process of an oracle node")
    {
        new Command("init", "Make the node's three keys, or show those that are there") { Keys, Chain, AsKeystores, Passwords.File, NetworkOptions.Manifest }.Does(InitAsync),
        new Command("register", "Bond and register the node; its owner is the transaction key") { Keys, Endpoint, Bond, Passwords.File, NetworkOptions.Manifest, NetworkOptions.Rpc }.Does(RegisterAsync),
        new Command("run", "Run the node until Ctrl-C") { Keys, Signer, Passwords.File, Database, Port, NetworkOptions.Manifest, NetworkOptions.Rpc }.Does(RunAsync),
        new Command("schedule", "Set the operators from an epoch on; the registry's owner sends") { Set, Add, Remove, FromEpoch, Print, NetworkOptions.Manifest, NetworkOptions.Rpc, NetworkOptions.Key }.Does(OperatorSchedule.RunAsync(Set, Add, Remove, FromEpoch, Print)),
        new Command("status", "Operators of the config in force and of the next: bond, end point, whether they answer") { NetworkOptions.Manifest, NetworkOptions.Rpc }.Does(StatusAsync),
    };

    private static Task<int> InitAsync(ParseResult parsed, Output output, CancellationToken ct)
    {
        var folder = Path.GetFullPath(parsed.GetRequiredValue(Keys));
        var chain = parsed.GetValue(Chain) ?? (parsed.GetValue(NetworkOptions.Manifest) is null ? ChainKind.Evm : NetworkOptions.LoadManifest(parsed).Kind);
        var keys = OperatorKeyFiles.Ensure(folder, chain, () => Passwords.Ask(parsed, output), parsed.GetValue(AsKeystores) ? () => Passwords.New(parsed, output) : null);
        var protocol = new Bytes32(keys.Protocol.PublicKey.Bytes);
        output.Answer(
            new { folder, reportKey = keys.Report.Address, protocolKey = protocol, account = keys.Account.ToString() },
            $"keys         {folder}", $"report key   {keys.Report.Address}", $"protocol key {protocol}", $"account      {keys.Account} (send it the bond's tokens and coins for fees)");
        return Task.FromResult(ExitCodes.Success);
    }

    private static async Task<int> RegisterAsync(ParseResult parsed, Output output, CancellationToken ct)
    {
        var endpoint = parsed.GetRequiredValue(Endpoint);
        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https")) throw new CliException($"'{endpoint}' is no http address.", ExitCodes.Usage);
        if (NetworkOptions.LoadManifest(parsed) is SolanaNetworkManifest solana)
            return await SolanaOperators.RegisterAsync(parsed, output, solana, Path.GetFullPath(parsed.GetRequiredValue(Keys)), endpoint, parsed.GetValue(Bond), ct).ConfigureAwait(false);
        var keys = OperatorKeyFiles.Ensure(Path.GetFullPath(parsed.GetRequiredValue(Keys)), ChainKind.Evm, () => Passwords.Ask(parsed, output));
        var manifest = NetworkOptions.LoadEvmManifest(parsed);
        var network = await NetworkOptions.AccessAsync(parsed, ct).ConfigureAwait(false);
        var registration = new OperatorRegistration(network.Rpc, manifest, NetworkOptions.Fees);
        var bond = parsed.GetValue(Bond) is { } text ? Tokens.Parse(text) : await registration.GetMinimumBondAsync(ct).ConfigureAwait(false);
        var known = await network.Rpc.CallAsync(network.Contracts.Operators, new OperatorRegistry.OperatorCall(keys.Report.Address), BlockTag.Latest, ct).ConfigureAwait(false);
        if (known.Account == keys.Transaction.Address)
        {
            output.Answer(
                new { reportKey = keys.Report.Address, endpoint = known.Endpoint, bond = known.Bond.ToString(CultureInfo.InvariantCulture), already = true },
                $"{keys.Report.Address} is registered already, with a bond of {Tokens.Show(known.Bond)} and the end point {known.Endpoint}.");
            return ExitCodes.Success;
        }

        var held = await network.Rpc.CallAsync(network.Contracts.Token, new NetworkToken.BalanceOfCall(keys.Transaction.Address), BlockTag.Latest, ct).ConfigureAwait(false);
        if (held < bond) throw new CliException($"The bond is {Tokens.Show(bond)} tokens, and account {keys.Transaction.Address} holds {Tokens.Show(held)}. Send it the rest (on a dev network: depin dev fund {keys.Transaction.Address}).", ExitCodes.Refused);
        await registration.RegisterAsync(keys.Transaction, keys.Report.Address, new Bytes32(keys.Protocol.PublicKey.Bytes), endpoint, bond, ct).ConfigureAwait(false);
        output.Answer(
            new { reportKey = keys.Report.Address, endpoint, bond = bond.ToString(CultureInfo.InvariantCulture) },
            $"{keys.Report.Address} is registered with a bond of {Tokens.Show(bond)}. It signs from the epoch for which the owner schedules it (depin operator schedule --add {keys.Report.Address}); start it now: depin operator run");
        return ExitCodes.Success;
    }

    private static async Task<int> RunAsync(ParseResult parsed, Output output, CancellationToken ct)
    {
        NetworkOptions.LoadManifest(parsed); // fails here, with a message, rather than in the node
        var port = parsed.GetValue(Port);
        if (LoopbackPort.IsTaken(port)) throw new CliException($"Port {port} is in use. Choose another with --port.");
        var settings = new Dictionary<string, string?>
        {
            ["Oracle__Database"] = parsed.GetRequiredValue(Database),
            ["Oracle__Manifest"] = NetworkOptions.ManifestPath(parsed),
        };
        if (parsed.GetValue(Signer) is { } socket) settings["Oracle__Signer"] = Path.GetFullPath(socket);
        else
        {
            var folder = Path.GetFullPath(parsed.GetRequiredValue(Keys));
            settings["Oracle__Keys"] = folder;
            if (parsed.GetValue(Passwords.File) is { } password) settings["Oracle__PasswordFile"] = Path.GetFullPath(password);
            else if (KeyFile.Find(folder, "report") is { } report && KeyFile.IsKeystore(report))
                throw new CliException("The keys are keystores, and the node reads their password from a file: name it with --password-file, or leave the keys to depin signer run and name its socket with --signer.", ExitCodes.Usage);
        }

        var urls = NetworkOptions.Urls(parsed);
        for (var i = 0; i < urls.Count; i++) settings[string.Create(CultureInfo.InvariantCulture, $"Oracle__Rpc__{i}")] = urls[i].ToString();
        await CheckDatabaseAsync(settings["Oracle__Database"]!, ct).ConfigureAwait(false);
        var specification = HostProcess.Specification("operator", "Oracle", [], HostProcess.Serving("0.0.0.0", port, settings), ".") with { LogFile = null };
        await using var process = await GuardedProcess.StartAsync(specification, output.Remark, ct).ConfigureAwait(false);
        output.Remark($"Operator node on port {port}; /ready says how far it is. Stop it with Ctrl-C.");
        var code = await process.WaitAsync(ct).ConfigureAwait(false);
        return code == 0 ? ExitCodes.Success : throw new CliException($"The node ended with code {code}; its last lines above say why.");
    }

    // Fails here, with a message, rather than in the node.
    private static async Task CheckDatabaseAsync(string connectionString, CancellationToken ct)
    {
        try
        {
            await using var connection = new NpgsqlConnection(connectionString);
            await connection.OpenAsync(ct).ConfigureAwait(false);
        }
        catch (ArgumentException problem)
        {
            throw new CliException($"--database is no connection string: {problem.Message}. Write, for example, \"Host=127.0.0.1;Database=operator;Username=operator;Password=…\".", ExitCodes.Usage);
        }
    }

    private static async Task<int> StatusAsync(ParseResult parsed, Output output, CancellationToken ct)
    {
        var sets = await OperatorSets.OpenAsync(parsed, ct).ConfigureAwait(false);
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        var present = await sets.PresentKeysAsync(ct).ConfigureAwait(false);
        var newest = await sets.GetAsync(await sets.CountAsync(ct).ConfigureAwait(false), ct).ConfigureAwait(false);
        var rows = new List<(Address Key, string Endpoint, string Bond, string State, string Set)>();
        foreach (var key in present.Union(newest.ReportKeys).Order())
        {
            var entry = await sets.FindAsync(key, ct).ConfigureAwait(false);
            var state = entry.Slashed ? "slashed" : Uri.TryCreate(entry.Endpoint, UriKind.Absolute, out var url) ? await AnswersAsync(http, url, ct).ConfigureAwait(false) : "unreachable";
            var set = !present.Contains(key) ? $"joins with epoch {newest.FirstEpoch}" : !newest.ReportKeys.Contains(key) ? $"leaves with epoch {newest.FirstEpoch}" : "";
            rows.Add((key, entry.Endpoint, entry.Bond, state, set));
        }

        output.Answer(
            rows.Select(r => new { reportKey = r.Key, endpoint = r.Endpoint, bond = r.Bond, state = r.State, change = r.Set.Length > 0 ? r.Set : null }),
            [.. rows.Select(r => $"{r.Key}  {r.State,-12} bond {r.Bond}  {r.Endpoint}{(r.Set.Length > 0 ? $"  ({r.Set})" : "")}")]);
        return rows.TrueForAll(r => r.State == "ready" || !present.Contains(r.Key)) ? ExitCodes.Success : ExitCodes.Refused;
    }

    private static async Task<string> AnswersAsync(HttpClient http, Uri endpoint, CancellationToken ct)
    {
        try
        {
            using var response = await http.GetAsync(new Uri(endpoint, "/ready"), ct).ConfigureAwait(false);
            return response.IsSuccessStatusCode ? "ready" : "not ready";
        }
        catch (Exception problem) when (problem is HttpRequestException or OperationCanceledException && !ct.IsCancellationRequested)
        {
            return "unreachable";
        }
    }
}
