using System.CommandLine;
using System.Globalization;
using DePin.Abi.Solana;
using DePin.Chain.Evm;
using DePin.Chain.Rpc;
using DePin.Cli.Dev.Chains;
using DePin.Cli.Network;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.Storage;
using Npgsql;

namespace DePin.Cli.Dev;

/// <summary>What a dev network gives away to those who try it: coins, tokens, a database.</summary>
internal static class DevGifts
{
    private const ulong Sol = 1_000_000_000;
    private static readonly Argument<string> Account = new("account") { Description = "Who gets it: an Ethereum account, or one on Solana" };
    private static readonly Option<string> Amount = new("--tokens") { Description = "Tokens to send", DefaultValueFactory = _ => "10000" };
    private static readonly Argument<string> Name = new("name") { Description = "Name of the database and of its login, for example operator5" };

    /// <summary><c>depin dev fund</c>.</summary>
    public static Command Fund(Option<string?> data) => new Command("fund", "Send an account tokens, and coins for gas") { Account, Amount, data }.Does(async (parsed, output, ct) =>
    {
        var (folder, settings) = Open(parsed.GetValue(data));
        if (settings.Solana is not null && SolanaAddress.TryParse(parsed.GetRequiredValue(Account), out var wallet))
        {
            var manifest = Chain.Deployment.NetworkManifest.Load<Chain.Deployment.SolanaNetworkManifest>(folder.Solana.Manifest);
            var cluster = new SolanaCluster(settings.SolanaUrl);
            var deployer = PrivateKey.Load(folder.Solana.In("keys", "deployer.key"), KeyType.Ed25519);
            var registration = new Chain.Deployment.SolanaOperatorRegistration(cluster.Rpc, manifest, SolanaOptions.Fees);
            var wanted = checked(await registration.GetBalanceAsync(wallet, ct).ConfigureAwait(false) + (ulong)Tokens.Parse(parsed.GetRequiredValue(Amount), manifest.Decimals));
            // SOL is scarce on a cluster that is not ours.
            var lamports = settings.Solana.Rpc is null ? 10 * Sol : Sol / 2;
            if (settings.Solana.Rpc is not null)
                await new ClusterPurse(cluster, deployer, SolanaOptions.Fees).FillAsync(SolanaAddress.Of(deployer.PublicKey), lamports + (Sol / 100), ct).ConfigureAwait(false);
            await registration.FundAsync(deployer, wallet, wanted, lamports, ct).ConfigureAwait(false);
            output.Answer(
                new { account = wallet.ToString(), tokens = wanted.ToString(CultureInfo.InvariantCulture) },
                $"{wallet} now holds {Tokens.Show(wanted, manifest.Decimals)} tokens, and at least {Tokens.Show(lamports, 9)} SOL for fees.");
            return ExitCodes.Success;
        }

        if (!settings.Evm) throw new CliException($"'{parsed.GetValue(Account)}' is no Solana account: an address in base58 is expected.", ExitCodes.Usage);
        if (!Address.TryParse(parsed.GetRequiredValue(Account), out var account)) throw new CliException($"'{parsed.GetValue(Account)}' is no account: 0x and 40 hexadecimal digits are expected.", ExitCodes.Usage);
        var tokens = Tokens.Parse(parsed.GetRequiredValue(Amount));
        var rpc = new EvmRpc(new HttpClient { Timeout = Timeout.InfiniteTimeSpan }, new RpcOptions { Urls = [new Uri($"http://127.0.0.1:{settings.Ports.Chain}")] });
        var token = Chain.Deployment.NetworkManifest.Load<Chain.Deployment.EvmNetworkManifest>(folder.Manifest).AddressOf("NetworkToken");
        using var sender = new TransactionSender(rpc, PrivateKey.Load(folder.In("keys", "deployer.key"), KeyType.Secp256k1), NetworkOptions.Fees);
        await sender.SendAsync(new TransactionRequest(account, default) { Value = 10_000_000_000_000_000_000UL }, ct).ConfigureAwait(false);
        await sender.SendAsync(token, new NetworkToken.TransferCall(account, tokens), ct).ConfigureAwait(false);
        var held = await rpc.CallAsync(token, new NetworkToken.BalanceOfCall(account), BlockTag.Latest, ct).ConfigureAwait(false);
        output.Answer(new { account, tokens = held.ToString() }, $"{account} now holds {Tokens.Show(held)} tokens, and 10 coins more for gas.");
        return ExitCodes.Success;
    });

    /// <summary><c>depin dev database</c>.</summary>
    public static Command Database(Option<string?> data) => new Command("database", "Make an empty database, for an operator of your own, and show its connection string") { Name, data }.Does(async (parsed, output, ct) =>
    {
        var (_, settings) = Open(parsed.GetValue(data));
        var name = parsed.GetRequiredValue(Name);
        if (name.Length is 0 or > 30 || !name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_')) throw new CliException($"'{name}' is no name: lower case letters, digits and underscores are expected.", ExitCodes.Usage);
        var databases = DevDatabases.Of(settings);
        if (databases.Hosts.Any(h => h.Host == name || h.Database == name)) throw new CliException($"'{name}' belongs to the network itself. Choose another name.", ExitCodes.Usage);
        var connection = new NpgsqlConnectionStringBuilder(databases.Administrator(name)) { Username = settings.Database(name), Password = settings.Password(name) }.ConnectionString;
        await DatabaseServer.EnsureLoginAsync(
            databases.Server, settings.Database(name), settings.Password(name), settings.Database(name), [DatabaseRole.Oracle, DatabaseRole.Indexer], ct, owner: true).ConfigureAwait(false);
        output.Answer(new { database = settings.Database(name), connection }, connection);
        return ExitCodes.Success;
    });

    private static (DevFolder Folder, DevSettings Settings) Open(string? data)
    {
        var folder = new DevFolder(data ?? DevFolder.Default());
        if (DevSettings.Load(folder.Settings) is not { } settings || folder.RunningSupervisor() is null) throw new CliException($"No dev network runs on {folder.Path}. Start one with: depin dev up");
        return (folder, settings);
    }
}
