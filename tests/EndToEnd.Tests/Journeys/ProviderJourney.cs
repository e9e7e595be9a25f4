using System.Globalization;
using System.Numerics;
using DePin.Client;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Verification;

namespace DePin.EndToEnd.Tests.Journeys;

/// <summary>A provider with a device of its own, from the key to the money, and out again as far as the thaw lets it.</summary>
public abstract class ProviderJourney(NetworkSide network) : IDisposable
{
    [Fact]
    public async Task A_device_of_ones_own_is_registered_staked_proves_and_earns_and_is_paid_without_anybodys_api()
    {
        var (device, key) = (network.Running.Beside("sensor.key"), network.Running.Beside("provider.key"));
        var made = await network.MakesAsync("device", "keygen", "--type", "ed25519", "--out", device);
        var account = (await network.MakesAsync(["keys", "new", key, .. network.AccountKeys]))["address"]!.ToString();
        await network.MakesAsync("dev", "fund", account, "--tokens", "1000");

        // The maker's part: a model of thermometers that report once an hour.
        var model = (await network.SucceedsAsync("device", "add-model", "--class", "2", "--capabilities", "1", "--cadence", "3600", "--key", network.MakerKey))["model"]!.GetValue<uint>();
        var (_, models) = await network.AskAsync("device", "models");
        Assert.Contains(models.AsArray(), m => m!["model"]!.GetValue<uint>() == model && m["class"]!.GetValue<int>() == 2 && m["cadence"]!.GetValue<int>() == 3600);

        // Too early: what is missing is said, with the command that helps.
        var stranger = await network.RunAsync("device", "prove", "--device", device, "--reading", "temperature=18.4");
        Assert.Equal(1, stranger.Code);
        Assert.Contains("depin device register", stranger.Error, StringComparison.Ordinal);

        // The type of the key comes from its file. A second registration is refused for ever.
        string[] register = ["device", "register", "--device", device, "--model", $"{model}", "--maker", network.MakerKey, "--key", key];
        var registered = await network.SucceedsAsync(register);
        Assert.Equal(made["deviceId"]!.ToString(), registered["deviceId"]!.ToString());
        Assert.Equal(account, registered["owner"]!.ToString(), ignoreCase: !ChainAddress.Parse(account).IsSolana);
        var again = await network.RunAsync(register);
        Assert.Equal(1, again.Code);
        Assert.Contains("once and for all", again.Error, StringComparison.Ordinal);

        var tooMuch = await network.RunAsync("stake", "5000", "--key", key);
        Assert.Equal(1, tooMuch.Code);
        Assert.Contains("1,000", tooMuch.Error, StringComparison.Ordinal);
        Assert.Equal(network.Units(300), (await network.SucceedsAsync("stake", "300", "--key", key))["stake"]!.ToString());

        // What is above the stake a device needs may thaw at once, but not leave before the thaw is over.
        var thaw = (await network.SucceedsAsync("unstake", "100", "--key", key))["thaw"]!.ToString();
        var early = await network.RunAsync("withdraw", thaw, "--key", key);
        Assert.Equal(1, early.Code);
        Assert.Contains("The thaw is over at", early.Error, StringComparison.Ordinal);

        // It counts for its own day. On a busy machine it may be certified after that day's cut: then it is accepted with the next and earns nothing, and another one is made.
        var manifest = network.Manifest;
        ProofVerdict verdict;
        var tries = 0;
        do
        {
            Assert.True(tries++ < 5, "No proof of five was in time for its own day's cut.");
            var proof = await network.SucceedsAsync("device", "prove", "--device", device, "--reading", "temperature=18.4");
            Assert.True(proof["certified"]!.GetValue<bool>());
            verdict = await network.Running.JudgedAsync(new ProofId(Bytes32.Parse(proof["proofId"]!.ToString())), manifest.NetworkId);
            Assert.True(verdict.Judgement == Judgement.Accept, verdict.ToString());
        }
        while (verdict.DeviceTime.ToUnixTimeSeconds()
            < (long)(manifest.Genesis + ((verdict.Epoch.Value - 1) * manifest.EpochLength)));
        await network.FinalAsync(verdict.Epoch.Value);

        var (_, accounts) = await network.AskAsync("accounts", account);
        var earned = BigInteger.Parse(accounts[0]!["account"]!["cumulative"]!.ToString(), CultureInfo.InvariantCulture);
        Assert.True(earned > 0, accounts.ToJsonString());
        var before = await network.BalanceAsync(account);
        var (claimed, paid) = await network.AskAsync("claim", account, "--key", key, "--evidence", "--api", "http://127.0.0.1:1");
        Assert.True(claimed == 0, paid.ToJsonString());
        Assert.Equal(earned, await network.BalanceAsync(account) - before);
        Assert.Equal(earned.ToString(CultureInfo.InvariantCulture), paid[0]!["amount"]!.ToString());
        Assert.Equal(1, (await network.RunAsync("claim", account, "--key", key, "--evidence")).Code); // once
    }

    public void Dispose()
    {
        network.Dispose();
        GC.SuppressFinalize(this);
    }
}

/// <summary>On an EVM chain.</summary>
[Collection(RunningNetwork.Shared)]
public sealed class EvmProviderJourney(RunningNetwork network) : ProviderJourney(NetworkSide.Evm(network));

/// <summary>On Solana.</summary>
[Collection(RunningSolana.Shared)]
public sealed class SolanaProviderJourney(RunningSolana network) : ProviderJourney(NetworkSide.Solana(network));
