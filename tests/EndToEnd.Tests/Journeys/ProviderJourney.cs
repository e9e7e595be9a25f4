using System.Globalization;
using System.Numerics;
using DePin.Chain.Deployment;
using DePin.Chain.Evm;
using DePin.Chain.Rpc;
using DePin.Client;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Verification;

namespace DePin.EndToEnd.Tests.Journeys;

/// <summary>A provider with a device of its own, from the key to the money, and out again as far as the thaw lets it.</summary>
[Collection(RunningNetwork.Shared)]
public sealed class ProviderJourney(RunningNetwork network)
{
    [Fact]
    public async Task A_device_of_ones_own_is_registered_staked_proves_and_earns_and_is_paid_without_anybodys_api()
    {
        var (device, key) = (network.Beside("sensor.key"), network.Beside("provider.key"));
        var (_, made) = await network.AskHereAsync("device", "keygen", "--type", "ed25519", "--out", device);
        var (_, provider) = await network.AskHereAsync("keys", "new", key);
        var account = Address.Parse(provider["address"]!.ToString());
        await Succeeds("dev", "fund", account.ToString(), "--tokens", "1000");

        // The maker's part: a model of thermometers that report once an hour.
        var model = (await Succeeds("device", "add-model", "--class", "2", "--capabilities", "1", "--cadence", "3600", "--key", Path.Combine(network.Data, "keys", "maker.key")))["model"]!.GetValue<uint>();
        var (_, models) = await network.AskHereAsync("device", "models");
        Assert.Contains(models.AsArray(), m => m!["model"]!.GetValue<uint>() == model && m["class"]!.GetValue<int>() == 2 && m["cadence"]!.GetValue<int>() == 3600);

        // Too early: what is missing is said, with the command that helps.
        var stranger = await network.RunAsync("device", "prove", "--device", device, "--reading", "temperature=18.4");
        Assert.Equal(1, stranger.Code);
        Assert.Contains("depin device register", stranger.Error, StringComparison.Ordinal);

        // The type of the key comes from its file. A second registration is refused for ever.
        string[] register = ["device", "register", "--device", device, "--model", $"{model}", "--maker", Path.Combine(network.Data, "keys", "maker.key"), "--key", key];
        var registered = await Succeeds(register);
        Assert.Equal(made["deviceId"]!.ToString(), registered["deviceId"]!.ToString());
        Assert.Equal(account, Address.Parse(registered["owner"]!.ToString()));
        var again = await network.RunAsync(register);
        Assert.Equal(1, again.Code);
        Assert.Contains("once and for all", again.Error, StringComparison.Ordinal);

        var tooMuch = await network.RunAsync("stake", "5000", "--key", key);
        Assert.Equal(1, tooMuch.Code);
        Assert.Contains("1,000", tooMuch.Error, StringComparison.Ordinal);
        Assert.Equal("300000000000000000000", (await Succeeds("stake", "300", "--key", key))["stake"]!.ToString());

        // What is above the stake a device needs may thaw at once, but not leave before the thaw is over.
        var thaw = (await Succeeds("unstake", "100", "--key", key))["thaw"]!.ToString();
        var early = await network.RunAsync("withdraw", thaw, "--key", key);
        Assert.Equal(1, early.Code);
        Assert.Contains("The thaw is over at", early.Error, StringComparison.Ordinal);

        // It counts for its own day. On a busy machine it may be certified after that day's cut: then it is accepted with the next and earns nothing, and another one is made.
        var manifest = NetworkManifest.Load<EvmNetworkManifest>(network.Manifest);
        ProofVerdict verdict;
        var tries = 0;
        do
        {
            Assert.True(tries++ < 5, "No proof of five was in time for its own day's cut.");
            var proof = await Succeeds("device", "prove", "--device", device, "--reading", "temperature=18.4");
            Assert.True(proof["certified"]!.GetValue<bool>());
            verdict = await network.JudgedAsync(new ProofId(Bytes32.Parse(proof["proofId"]!.ToString())));
            Assert.True(verdict.Judgement == Judgement.Accept, verdict.ToString());
        }
        while (verdict.DeviceTime.ToUnixTimeSeconds()
            < (long)(manifest.Genesis + ((verdict.Epoch.Value - 1) * manifest.EpochLength)));
        await network.FinalAsync((int)verdict.Epoch.Value);

        using var http = new HttpClient();
        var rpc = new EvmRpc(http, new RpcOptions { Urls = [new Uri(network.Rpc)] });
        var (_, accounts) = await network.AskHereAsync("accounts", account.ToString());
        var earned = BigInteger.Parse(accounts[0]!["account"]!["cumulative"]!.ToString(), CultureInfo.InvariantCulture);
        Assert.True(earned > 0, accounts.ToJsonString());
        var token = manifest.AddressOf("NetworkToken");
        var before = await rpc.CallAsync(token, new NetworkToken.BalanceOfCall(account), BlockTag.Latest, default);
        var (claimed, paid) = await network.AskHereAsync("claim", account.ToString(), "--key", key, "--evidence", "--api", "http://127.0.0.1:1");
        Assert.True(claimed == 0, paid.ToJsonString());
        var after = await rpc.CallAsync(token, new NetworkToken.BalanceOfCall(account), BlockTag.Latest, default);
        Assert.Equal(earned, (BigInteger)after - (BigInteger)before);
        Assert.Equal(earned.ToString(CultureInfo.InvariantCulture), paid[0]!["amount"]!.ToString());
        Assert.Equal(1, (await network.RunAsync("claim", account.ToString(), "--key", key, "--evidence")).Code); // once
    }

    private async Task<System.Text.Json.Nodes.JsonNode> Succeeds(params string[] arguments)
    {
        var (code, answer) = await network.AskHereAsync(arguments);
        Assert.True(code == 0, $"depin {string.Join(' ', arguments)}: {answer.ToJsonString()}");
        return answer;
    }
}
