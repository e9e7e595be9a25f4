using System.Numerics;
using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Chain.Deployment;
using DePin.Chain.Evm;
using DePin.Chain.Rpc;
using DePin.Chain.Solana;
using DePin.Cli.Dev;
using DePin.ContractBindings.Evm;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;

namespace DePin.EndToEnd.Tests.Journeys;

/// <summary>One network of a <see cref="RunningNetwork"/>, for journeys that are the same on every chain: what differs is here.</summary>
public abstract class NetworkSide(RunningNetwork running) : IDisposable
{
    private readonly HttpClient http = new() { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>The network on the EVM chain, which no option names.</summary>
    public static NetworkSide Evm(RunningNetwork running) => new EvmSide(running);

    /// <summary>The network on Solana.</summary>
    public static NetworkSide Solana(RunningNetwork running) => new SolanaSide(running);

    /// <summary>What the network runs in.</summary>
    public RunningNetwork Running => running;

    /// <summary>As deployed; the dev network's are read when they are there.</summary>
    public abstract NetworkManifest Manifest { get; }

    /// <summary>What names the network on the command line.</summary>
    public abstract string[] Named { get; }

    /// <summary>What names a type of account keys on the command line.</summary>
    public abstract string[] AccountKeys { get; }

    /// <summary>Folder of the network's own keys.</summary>
    protected abstract string Keys { get; }

    /// <summary>Key file of the owner and bank.</summary>
    public string DeployerKey => Path.Combine(Keys, "deployer.key");

    /// <summary>Key file of the maker.</summary>
    public string MakerKey => Path.Combine(Keys, "maker.key");

    /// <summary>Database of one of the network's own operators, counted from 1.</summary>
    public abstract string Operator(int number);

    /// <summary>Where one of the network's own operators answers, counted from 1.</summary>
    public string Endpoint(int number) => $"http://127.0.0.1:{FirstOperatorPort + number - 1}";

    /// <summary>Port of the first of them.</summary>
    protected abstract int FirstOperatorPort { get; }

    /// <summary>Tokens that an account holds, base units.</summary>
    public abstract Task<BigInteger> BalanceAsync(string account);

    /// <summary>Whether the chain has accepted a report of an epoch.</summary>
    public abstract Task<bool> IsAcceptedAsync(ulong epoch);

    /// <summary>Whole tokens as base units.</summary>
    public string Units(int tokens) => (tokens * BigInteger.Pow(10, Manifest.Decimals)).ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Waits until an epoch is final and imported.</summary>
    public Task FinalAsync(ulong epoch) => running.FinalAsync((int)epoch, Manifest.NetworkId);

    /// <summary>Runs a command about this network.</summary>
    public Task<ToolResult> RunAsync(params string[] arguments) => running.RunAsync([.. arguments, .. Named]);

    /// <summary>The same, and reads its JSON.</summary>
    public Task<(int Code, System.Text.Json.Nodes.JsonNode Answer)> AskAsync(params string[] arguments) => running.AskHereAsync([.. arguments, .. Named]);

    /// <summary>The same of one that must succeed.</summary>
    public async Task<System.Text.Json.Nodes.JsonNode> SucceedsAsync(params string[] arguments)
    {
        var (code, answer) = await AskAsync(arguments);
        Assert.True(code == 0, $"depin {string.Join(' ', arguments)}: {answer.ToJsonString()}");
        return answer;
    }

    /// <summary>Runs a command that knows no network and must succeed.</summary>
    public async Task<System.Text.Json.Nodes.JsonNode> MakesAsync(params string[] arguments)
    {
        var (code, answer) = await running.AskHereAsync(arguments);
        Assert.True(code == 0, $"depin {string.Join(' ', arguments)}: {answer.ToJsonString()}");
        return answer;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        http.Dispose();
        GC.SuppressFinalize(this);
    }

    private sealed class EvmSide(RunningNetwork running) : NetworkSide(running)
    {
        private EvmRpc Rpc => new(http, new RpcOptions { Urls = [new Uri(Running.Rpc)] });

        private EvmNetworkManifest Deployed => NetworkManifest.Load<EvmNetworkManifest>(Running.Manifest);

        public override NetworkManifest Manifest => Deployed;

        public override string[] Named => [];

        public override string[] AccountKeys => [];

        protected override string Keys => Path.Combine(Running.Data, "keys");

        protected override int FirstOperatorPort => Running.OperatorPort;

        public override string Operator(int number) => DevDatabases.Operator(number);

        public override async Task<BigInteger> BalanceAsync(string account) =>
            (BigInteger)await Rpc.CallAsync(Deployed.AddressOf("NetworkToken"), new NetworkToken.BalanceOfCall(Address.Parse(account)), BlockTag.Latest, default);

        public override async Task<bool> IsAcceptedAsync(ulong epoch) =>
            (await Rpc.CallAsync(Deployed.AddressOf("ReportVerifier"), new ReportVerifier.AcceptedCall(epoch), BlockTag.Latest, default)).Digest is { IsZero: false };
    }

    private sealed class SolanaSide(RunningNetwork running) : NetworkSide(running)
    {
        private SolanaRpc Rpc => new(http, new RpcOptions { Urls = [new Uri(Running.SolanaRpc)] });

        private SolanaNetworkManifest Deployed => NetworkManifest.Load<SolanaNetworkManifest>(Running.SolanaManifest);

        public override NetworkManifest Manifest => Deployed;

        public override string[] Named => ["--network", "solana"];

        public override string[] AccountKeys => ["--type", "ed25519"];

        protected override string Keys => Path.Combine(Running.Data, "solana", "keys");

        protected override int FirstOperatorPort => Running.SolanaOperatorPort;

        public override string Operator(int number) => DevDatabases.SolanaOperator(number);

        public override async Task<BigInteger> BalanceAsync(string account)
        {
            var tokens = Deployed.Accounts.TokensOf(SolanaAddress.Parse(account));
            return (await Rpc.GetAccountInfoAsync(tokens, Finality.Safe, default)).Value is { } held ? TokenAccount.Decode(held.Data.Span).Amount : 0;
        }

        public override async Task<bool> IsAcceptedAsync(ulong epoch)
        {
            var at = Deployed.Accounts;
            return (await Rpc.ReadAsync<Depin.LedgerAccount>(at.Program, at.Ledger, Finality.Safe, default)).LastEpoch >= epoch;
        }
    }
}
