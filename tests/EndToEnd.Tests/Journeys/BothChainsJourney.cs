using System.Globalization;
using System.Numerics;
using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Chain.Deployment;
using DePin.Chain.Rpc;
using DePin.Chain.Solana;

namespace DePin.EndToEnd.Tests.Journeys;

/// <summary>What <c>dev up</c> starts by itself: a network on an EVM chain and one on Solana, side by side.</summary>
public sealed class BothChainsJourney : RunningNetwork
{
    /// <inheritdoc/>
    protected override string Chains => "evm,solana";

    [Fact]
    public async Task An_epoch_of_real_data_is_paid_and_audited_on_both_chains()
    {
        var manifest = NetworkManifest.Load<SolanaNetworkManifest>(SolanaManifest);
        await Task.WhenAll(FinalAsync(1), FinalAsync(1, manifest.NetworkId));
        using var api = Client(manifest.NetworkId);
        Assert.Equal(2, (await api.GetNetworksAsync(default)).Count);

        // auditor: on each chain the same root from the operators' evidence, and again from the file alone
        foreach (var (name, rpc) in ((string, string)[])[("evm", Rpc), ("solana", SolanaRpc)])
        {
            var file = name == "evm" ? Manifest : SolanaManifest;
            var bundle = Beside($"{name}.bundle");
            var (audited, audit) = await AskAsync("audit", "--epoch", "1", "--save", bundle, "--network", file, "--rpc", rpc);
            Assert.True(audited == 0, audit.ToJsonString());
            Assert.True(audit["accepted"]!.GetValue<int>() > 0, audit.ToJsonString());
            var (alone, offline) = await AskAsync("audit", "--bundle", bundle, "--offline");
            Assert.Equal(0, alone);
            Assert.Equal(audit["reportDigest"]!.ToString(), offline["reportDigest"]!.ToString());
        }

        // provider on Solana: what was earned is paid to the last unit
        using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        var solana = new SolanaRpc(http, new RpcOptions { Urls = [new Uri(SolanaRpc)] });
        var accounts = manifest.Accounts;
        var (_, earned) = await AskHereAsync("accounts", "--network", SolanaManifest, "--api", Api.ToString());
        var provider = earned.AsArray().First(a => BigInteger.Parse(a!["claimable"]!.ToString(), CultureInfo.InvariantCulture) > 0)!;
        var account = SolanaAddress.Parse(provider["account"]!["account"]!.ToString());
        var tokens = accounts.TokensOf(account);
        var before = await BalanceAsync(solana, tokens);
        var (claimed, paid) = await AskHereAsync("claim", account.ToString(), "--network", SolanaManifest, "--rpc", SolanaRpc, "--api", Api.ToString(), "--key", Path.Combine(Data, "solana", "keys", "deployer.key"));
        Assert.True(claimed == 0, paid.ToJsonString());
        var after = await BalanceAsync(solana, tokens);
        Assert.Equal(paid[0]!["amount"]!.ToString(), (after - before).ToString(CultureInfo.InvariantCulture));
        await TestKit.Eventually.HoldsAsync(
            async () => await TryAsync(async ct => await api.GetNetworkAsync(ct)) is { } known && known.Totals.Claimed.ToUInt128() == after - before, "the API shows the claim", default);

        // everybody on both: all that the trees owe is paid, and no more
        Assert.Equal(0, (await RunAsync("claim", "--all")).Code);
        var all = await RunAsync("claim", "--all", "--network", "solana"); // as the README has it
        Assert.True(all.Code == 0, all.ToString());

        // and the mirror of each is its chain
        foreach (var arguments in (string[][])[[], ["--network", "solana"]])
        {
            var verified = await VerifyMirrorAsync(arguments);
            Assert.True(verified.Code == 0, verified.ToString());
            Assert.Contains("The mirror is the chain.", verified.Output, StringComparison.Ordinal);
        }
    }

    private static async Task<ulong> BalanceAsync(SolanaRpc rpc, SolanaAddress tokens) =>
        (await rpc.GetAccountInfoAsync(tokens, Finality.Safe, default)).Value is { } account ? TokenAccount.Decode(account.Data.Span).Amount : 0;
}
