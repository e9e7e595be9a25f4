using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Numerics;
using DePin.Chain.Deployment;
using DePin.Chain.Evm;
using DePin.Chain.Rpc;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Evidence;

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
        var manifest = NetworkManifest.Load<EvmNetworkManifest>(network.Manifest);
        using var http = new HttpClient();
        var rpc = new EvmRpc(http, new RpcOptions { Urls = [new Uri(network.Rpc)] });

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

        // anybody: the evidence from where the API says that it is, in parts
        using var api = network.Client();
        var epoch = await api.FindEpochAsync(new Epoch(1), default);
        var held = 0;
        foreach (var place in epoch!.Evidence)
        {
            using var whole = await TryAsync(place);
            if (whole is not { IsSuccessStatusCode: true }) continue; // of an operator that registered and does not run, or came later
            held++;
            var file = await whole.Content.ReadAsByteArrayAsync();
            Assert.Equal(epoch.Summary.Digest, EvidenceBundle.Parse(file).Report.Report.Digest);
            using var ask = new HttpRequestMessage(HttpMethod.Get, place) { Headers = { Range = new RangeHeaderValue(100, 299) } };
            using var part = await http.SendAsync(ask);
            Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
            Assert.Equal(file[100..300], await part.Content.ReadAsByteArrayAsync());
        }

        Assert.True(held >= 4, $"Of {epoch.Evidence.Count} places {held} have the evidence.");

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
        var chainClaimed = await rpc.CallAsync(manifest.AddressOf("RewardDistributor"), new RewardDistributor.ClaimedCall(account), BlockTag.Latest, default);
        await TestKit.Eventually.HoldsAsync(
            async () => (await api.FindAccountAsync(account, default))!.Account.Claimed.ToUInt128() == chainClaimed, "the API shows the claim", default);
        Assert.Equal(after, (await api.FindAccountAsync(account, default))!.Account.Balance!.Value.ToUInt128());

        // newcomer again: stopped and started, it goes on from the last block and pays the next epoch
        var stoppedAt = await rpc.GetBlockNumberAsync(default);
        Assert.Equal(0, (await RunningNetwork.DepinAsync(["dev", "down", "--data", network.Data])).Code);
        await network.UpAsync();
        var header = await rpc.GetHeaderAsync(BlockTag.At(stoppedAt), default);
        Assert.NotNull(header);
        Assert.Equal(chainClaimed, await rpc.CallAsync(manifest.AddressOf("RewardDistributor"), new RewardDistributor.ClaimedCall(account), BlockTag.Latest, default));
        await network.FinalAsync((int)(await api.GetNetworkAsync(default)).Totals.LastFinalEpoch.Next.Value);

        async Task<HttpResponseMessage?> TryAsync(Uri url)
        {
            try
            {
                return await http.GetAsync(url);
            }
            catch (HttpRequestException)
            {
                return null;
            }
        }
    }
}
