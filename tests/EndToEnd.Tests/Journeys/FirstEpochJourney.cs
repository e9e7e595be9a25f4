using System.Globalization;
using System.Numerics;
using DePin.Chain.Deployment;
using DePin.Chain.Evm;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;

namespace DePin.EndToEnd.Tests.Journeys;

/// <summary>From nothing to a paid epoch, as each role lives it.</summary>
[Collection(RunningNetwork.Shared)]
public sealed class FirstEpochJourney(RunningNetwork network)
{
    [Fact]
    public async Task A_first_epoch_of_real_data_is_paid_audited_and_the_same_everywhere()
    {
        // newcomer: one command, then wait
        await network.FinalAsync(1);
        var manifest = NetworkManifest.Load(network.Manifest);
        using var http = new HttpClient();
        var rpc = new EvmRpc(http, new EvmRpcOptions { Urls = [new Uri(network.Rpc)] });

        // auditor: the same root from the operators' evidence, and again from the file alone
        var bundle = Path.Combine(Path.GetDirectoryName(network.Data)!, "epoch-1.bundle");
        var (audited, audit) = await RunningNetwork.AskAsync("audit", "--epoch", "1", "--save", bundle, "--network", network.Manifest, "--rpc", network.Rpc);
        Assert.True(audited == 0, audit.ToJsonString());
        Assert.True(audit["proofs"]!.GetValue<int>() > 0 && audit["accepted"]!.GetValue<int>() > 0, audit.ToJsonString());
        var onChain = await rpc.CallAsync(manifest.AddressOf("ReportVerifier"), new ReportVerifier.AcceptedCall(1), BlockTag.Latest, default);
        Assert.Equal(onChain.RewardsRoot.ToString(), audit["rewardsRoot"]!.ToString());
        var (alone, offline) = await RunningNetwork.AskAsync("audit", "--bundle", bundle, "--offline");
        Assert.Equal(0, alone);
        Assert.Equal(audit["reportDigest"]!.ToString(), offline["reportDigest"]!.ToString());

        // provider: what was earned is paid to the last unit
        var (_, earned) = await RunningNetwork.AskAsync("accounts", "--api", network.Api.ToString());
        var provider = earned.AsArray().First(a => BigInteger.Parse(a!["claimable"]!.ToString(), CultureInfo.InvariantCulture) > 0)!;
        var account = Address.Parse(provider["account"]!["account"]!.ToString());
        var token = manifest.AddressOf("NetworkToken");
        var before = await rpc.CallAsync(token, new NetworkToken.BalanceOfCall(account), BlockTag.Latest, default);
        var (claimed, paid) = await RunningNetwork.AskAsync("claim", account.ToString(), "--api", network.Api.ToString(), "--network", network.Manifest, "--rpc", network.Rpc, "--key", network.DeployerKey);
        Assert.True(claimed == 0, paid.ToJsonString());
        var after = await rpc.CallAsync(token, new NetworkToken.BalanceOfCall(account), BlockTag.Latest, default);
        Assert.Equal(paid[0]!["amount"]!.ToString(), ((BigInteger)after - (BigInteger)before).ToString(CultureInfo.InvariantCulture));

        // anybody: chain, mirror and API agree
        using var api = new Cli.Network.ApiClient(network.Api);
        var chainClaimed = (await rpc.CallAsync(manifest.AddressOf("RewardDistributor"), new RewardDistributor.ClaimedCall(account), BlockTag.Latest, default)).ToString(CultureInfo.InvariantCulture);
        await TestKit.Eventually.HoldsAsync(
            async () => (await api.GetAsync($"/v1/accounts/{account}", default))["account"]!["claimed"]!.ToString() == chainClaimed, "the API shows the claim", default);
        var view = (await api.GetAsync($"/v1/accounts/{account}", default))["account"]!;
        Assert.Equal(after.ToString(), view["balance"]!.ToString());

        // newcomer again: stopped and started, it goes on from the last block and pays the next epoch
        var stoppedAt = await rpc.GetBlockNumberAsync(default);
        Assert.Equal(0, (await RunningNetwork.DepinAsync(["dev", "down", "--data", network.Data])).Code);
        await network.UpAsync();
        var header = await rpc.GetHeaderAsync(BlockTag.At(stoppedAt), default);
        Assert.NotNull(header);
        Assert.Equal(chainClaimed, (await rpc.CallAsync(manifest.AddressOf("RewardDistributor"), new RewardDistributor.ClaimedCall(account), BlockTag.Latest, default)).ToString(CultureInfo.InvariantCulture));
        var final = (await api.GetAsync("/v1/network", default))["totals"]!["lastFinalEpoch"]!.GetValue<int>();
        await network.FinalAsync(final + 1);
    }
}
