using System.CommandLine;
using System.Globalization;
using DePin.Cli.Keys;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Signing;
using Microsoft.Extensions.Logging;

namespace DePin.Cli.Network;

/// <summary><c>depin signer</c>: the process that holds an operator's keys and keeps the table of what they signed.</summary>
public static class SignerCommands
{
    private static readonly Option<string> Folder = new("--keys") { Description = "Folder of the operator's keys", DefaultValueFactory = _ => "operator" };
    private static readonly Option<string?> Table = new("--table") { Description = "The never-sign-twice table (default: signed.table in the folder of the keys)" };
    private static readonly Option<string?> SocketPath = new("--socket") { Description = "Unix socket to answer on (default: socket/signer in the folder of the keys)" };
    private static readonly Option<bool> Group = new("--group-access") { Description = "Let the group of the socket's folder use it, for an oracle that runs as another user" };
    private static readonly Option<string?> MaximumFee = new("--max-fee") { Description = "Most coins that one transaction may cost (default: 1; on Solana 0.01 SOL)" };
    private static readonly Option<ulong> UsedUntil = new("--used-until") { Description = "After a table was lost: the last epoch for which the keys may have signed; nothing up to it is signed again" };

    private static readonly UInt128 LamportInWei = 1_000_000_000; // 10^18 wei and 10^9 lamports are a coin

    /// <summary>The command.</summary>
    public static Command Create() => new("signer", "Hold an operator's keys in a process of their own")
    {
        new Command("init", "Make the table for keys that have signed nothing yet") { Folder, Table, UsedUntil, Passwords.File }.Does(InitAsync),
        new Command("run", "Sign for the oracle until Ctrl-C") { Folder, Table, SocketPath, Group, MaximumFee, NetworkOptions.Manifest, Passwords.File }.Does(RunAsync),
        new Command("status", "Whose keys the signer at a socket holds") { Folder, SocketPath, NetworkOptions.Manifest }.Does(StatusAsync),
    };

    private static Task<int> InitAsync(ParseResult parsed, Output output, CancellationToken ct)
    {
        string? told = null;
        var folder = Path.GetFullPath(parsed.GetRequiredValue(Folder));
        var report = OperatorKeyRing.LoadOne(folder, "report", KeyType.Secp256k1, Password).Address;
        var protocol = new Bytes32(OperatorKeyRing.LoadOne(folder, "protocol", KeyType.Ed25519, Password).PublicKey.Bytes);
        var path = TableOf(parsed);
        SignTable.Create(path, report, protocol, parsed.GetValue(UsedUntil));
        output.Answer(
            new { table = path, reportKey = report, usedUntil = parsed.GetValue(UsedUntil) },
            $"table       {path}", $"report key  {report}", "Never put it back from a backup, and never make it anew while its keys are in use: it is what keeps them from signing twice.");
        return Task.FromResult(ExitCodes.Success);

        string Password() => told ??= Passwords.Ask(parsed, output); // once for both
    }

    private static async Task<int> RunAsync(ParseResult parsed, Output output, CancellationToken ct)
    {
        var manifest = NetworkOptions.LoadManifest(parsed);
        var chain = manifest.Kind;
        var limits = SigningLimits.Of(manifest, SmallestUnits(parsed.GetValue(MaximumFee) ?? (chain == ChainKind.Solana ? "0.01" : "1"), chain));
        var keys = OperatorKeyRing.Load(Path.GetFullPath(parsed.GetRequiredValue(Folder)), () => Passwords.Ask(parsed, output), chain);
        using var table = SignTable.Open(TableOf(parsed), keys.Address, keys.ProtocolKey);
        using var logs = LoggerFactory.Create(logging => logging.AddSimpleConsole(console => console.SingleLine = true));
        if (table.CutOff > 0) output.Remark(string.Create(CultureInfo.InvariantCulture, $"The table's last line was unfinished ({table.CutOff} bytes) and is cut off; nothing was signed under it."));
        await using var server = SignerServer.Start(SocketOf(parsed), parsed.GetValue(Group), new SigningDesk(keys, table, limits), logs.CreateLogger<SignerServer>());
        output.Remark(string.Create(CultureInfo.InvariantCulture, $"Signing for operator {keys.Address} at {SocketOf(parsed)}; {table.Count} lines in the table. Stop it with Ctrl-C."));
        await server.Failed.WaitAsync(ct).ConfigureAwait(false);
        return ExitCodes.Success;
    }

    private static Task<int> StatusAsync(ParseResult parsed, Output output, CancellationToken ct)
    {
        try
        {
            using var signer = RemoteSigner.Connect(SocketOf(parsed), NetworkOptions.LoadManifest(parsed).Id, TimeSpan.FromSeconds(5));
            output.Answer(
                new { socket = SocketOf(parsed), reportKey = signer.Address, protocolKey = signer.ProtocolKey, account = signer.Account.ToString() },
                $"socket       {SocketOf(parsed)}", $"report key   {signer.Address}", $"protocol key {signer.ProtocolKey}", $"account      {signer.Account}");
            return Task.FromResult(ExitCodes.Success);
        }
        catch (SignerUnreachableException problem)
        {
            throw new CliException(problem.Message, ExitCodes.Refused);
        }
    }

    /// <summary>Coins as wei or lamports.</summary>
    private static UInt128 SmallestUnits(string coins, ChainKind chain) => chain == ChainKind.Solana ? Tokens.Parse(coins) / LamportInWei : Tokens.Parse(coins);

    private static string TableOf(ParseResult parsed) => Path.GetFullPath(parsed.GetValue(Table) ?? Path.Combine(parsed.GetRequiredValue(Folder), "signed.table"));

    private static string SocketOf(ParseResult parsed) => Path.GetFullPath(parsed.GetValue(SocketPath) ?? Path.Combine(parsed.GetRequiredValue(Folder), "socket", "signer"));
}
