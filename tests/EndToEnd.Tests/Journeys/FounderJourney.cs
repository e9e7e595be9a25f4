using System.Globalization;
using System.Text.Json.Nodes;
using DePin.Chain.Deployment;
using DePin.Chain.Evm;
using DePin.Chain.Rpc;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.TestKit;

namespace DePin.EndToEnd.Tests.Journeys;

/// <summary>A founder deploys a network from a profile, on a bare chain; then its token is staked, delegated and taken out again.</summary>
public sealed class FounderJourney : IAsyncLifetime
{
    private const string PlentyOfWei = "0x3635c9adc5dea00000";
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("depin-test-founder-");
    private readonly long genesis = (DateTimeOffset.UtcNow.ToUnixTimeSeconds() / 86_400 * 86_400) + 86_400;
    private AnvilProcess anvil = null!;

    public async Task InitializeAsync() => anvil = await AnvilProcess.StartAsync(new AnvilOptions { Timestamp = genesis - 7200 }, default);

    public async Task DisposeAsync()
    {
        await anvil.DisposeAsync();
        folder.Delete(true);
    }

    [Fact]
    public async Task A_deployment_killed_in_the_middle_goes_on_and_what_it_made_is_checked_against_the_artifacts()
    {
        var founder = await KeyAsync("founder.key");
        var manifestFile = In("network.json");
        var deploy = Deploy(anvil.Url, founder, manifestFile);

        // No block comes: every transaction is signed, stored and sent, and none is included, when the tool is killed.
        await anvil.Rpc.SetAutomineAsync(false, default);
        using (var first = RunningNetwork.Start(deploy))
        {
            await Eventually.HoldsAsync(() => Task.FromResult(File.Exists(manifestFile) && NetworkManifest.Load<EvmNetworkManifest>(manifestFile).Steps.Count >= 3), "three steps are in the journal", default);
            first.Kill();
            await first.WaitForExitAsync();
        }

        var interrupted = NetworkManifest.Load<EvmNetworkManifest>(manifestFile);
        Assert.False(interrupted.Complete);
        Assert.Contains(interrupted.Steps, s => s.Block is null);
        await anvil.Rpc.SetAutomineAsync(true, default);
        await anvil.Rpc.MineAsync(1, default);
        var (code, answer) = await RunningNetwork.AskAsync(deploy);
        Assert.True(code == 0, answer.ToJsonString());
        var manifest = NetworkManifest.Load<EvmNetworkManifest>(manifestFile);
        Assert.True(manifest.Complete);
        Assert.Equal(8, manifest.Contracts.Count);
        foreach (var (name, contract) in interrupted.Contracts) Assert.Equal(contract.Address, manifest.Contracts[name].Address); // the addresses were fixed beforehand
        for (var i = 0; i < interrupted.Steps.Count; i++) Assert.Contains(interrupted.Steps[i].Hashes[0], manifest.Steps[i].Hashes);

        // Again: nothing is sent, everything is checked.
        using var http = new HttpClient();
        var rpc = new EvmRpc(http, new RpcOptions { Urls = [anvil.Url] });
        var nonce = await rpc.GetTransactionCountAsync(founder.Address, BlockTag.Latest, default);
        Assert.Equal(0, (await RunningNetwork.AskAsync(deploy)).Code);
        Assert.Equal(nonce, await rpc.GetTransactionCountAsync(founder.Address, BlockTag.Latest, default));

        var staking = manifest.AddressOf("ProviderStaking").ToString();
        await anvil.Rpc.CallAsync("anvil_setCode", [staking, "0x6001600155"], default);
        var (tampered, why) = await RunningNetwork.AskAsync(deploy);
        Assert.Equal(3, tampered);
        Assert.Contains("ProviderStaking", why["error"]!.ToString(), StringComparison.Ordinal);

        // The file is of this chain and this profile, and another is not written over it.
        var (other, refusal) = await RunningNetwork.AskAsync([.. deploy, "--set", "tokenSymbol=OTHER"]);
        Assert.Equal(3, other);
        Assert.Contains("manifest of another network", refusal["error"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_bounds_of_the_dev_profile_are_refused_on_a_chain_that_is_none_for_development()
    {
        await using var real = await AnvilProcess.StartAsync(new AnvilOptions { ChainId = 424_242, Timestamp = genesis - 7200 }, default);
        var founder = await KeyAsync("founder.key");
        await real.Rpc.SetBalanceAsync(founder.Address.ToString(), PlentyOfWei, default);
        var (code, answer) = await RunningNetwork.AskAsync(Deploy(real.Url, founder, In("real.json")));
        Assert.Equal(3, code);
        Assert.Contains("not a development chain", answer["error"]!.ToString(), StringComparison.Ordinal);
        Assert.False(File.Exists(In("real.json")));
        Assert.Equal(0UL, (await real.Rpc.BlockAsync("latest", default)).Number); // nothing was sent
    }

    [Fact]
    public async Task A_stake_thaws_and_is_withdrawn_and_a_token_holder_delegates_to_a_provider()
    {
        var founder = await KeyAsync("founder.key");
        var holder = await KeyAsync("holder.key");
        var manifestFile = In("network.json");
        Assert.Equal(0, (await RunningNetwork.AskAsync(Deploy(anvil.Url, founder, manifestFile))).Code);
        var manifest = NetworkManifest.Load<EvmNetworkManifest>(manifestFile);
        using var http = new HttpClient();
        var rpc = new EvmRpc(http, new RpcOptions { Urls = [anvil.Url] });
        var token = manifest.AddressOf("NetworkToken");
        using (var sender = new TransactionSender(rpc, founder)) await sender.SendAsync(token, new NetworkToken.TransferCall(holder.Address, Units(50)), default);

        await Succeeds("founder.key", "stake", "100");
        var delegated = await Succeeds("holder.key", "stake", "50", "--provider", founder.Address.ToString());
        Assert.Equal(Units(150).ToString(CultureInfo.InvariantCulture), delegated["stake"]!.ToString());
        Assert.Equal(UInt128.Zero, await BalanceAsync(holder.Address));

        var thaw = await Succeeds("holder.key", "unstake", "20", "--provider", founder.Address.ToString());
        string[] withdraw = ["withdraw", thaw["thaw"]!.ToString(), "--provider", founder.Address.ToString()];
        var (early, refusal) = await RunningNetwork.AskAsync(With("holder.key", withdraw));
        Assert.Equal(1, early);
        Assert.Contains("ThawNotReady", refusal["error"]!.ToString(), StringComparison.Ordinal);
        var ready = thaw["readyAt"]!.GetValue<DateTimeOffset>().ToUnixTimeSeconds();
        await anvil.Rpc.SetNextBlockTimestampAsync((ulong)ready, default);
        await anvil.Rpc.MineAsync(1, default);
        await Succeeds("holder.key", withdraw);
        Assert.Equal(Units(20), await BalanceAsync(holder.Address));
        var (twice, gone) = await RunningNetwork.AskAsync(With("holder.key", withdraw));
        Assert.Equal(1, twice);
        Assert.Contains("UnknownThaw", gone["error"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal(1, (await RunningNetwork.AskAsync(With("holder.key", "unstake", "31", "--provider", founder.Address.ToString()))).Code); // 30 are left

        async Task<UInt128> BalanceAsync(Address account) => (UInt128)await rpc.CallAsync(token, new NetworkToken.BalanceOfCall(account), BlockTag.Latest, default);
    }

    [Fact]
    public async Task The_founder_schedules_operators_and_sees_how_they_are()
    {
        var founder = await KeyAsync("founder.key");
        Assert.Equal(0, (await RunningNetwork.AskAsync(Deploy(anvil.Url, founder, In("network.json")))).Code);
        using var http = new HttpClient();
        var registration = new OperatorRegistration(new EvmRpc(http, new RpcOptions { Urls = [anvil.Url] }), NetworkManifest.Load<EvmNetworkManifest>(In("network.json")));
        var reportKeys = new List<string>();
        for (var i = 1; i <= 4; i++)
        {
            var (account, report) = (PrivateKey.Generate(KeyType.Secp256k1), PrivateKey.Generate(KeyType.Secp256k1).Address);
            await registration.FundAsync(founder, account.Address, Units(5_000), Units(1), default);
            await registration.RegisterAsync(account, report, new Bytes32(PrivateKey.Generate(KeyType.Ed25519).PublicKey.Bytes), $"http://127.0.0.1:{i}", Units(5_000), default);
            reportKeys.Add(report.ToString());
        }

        string[] network = ["--network", In("network.json"), "--rpc", anvil.Url.ToString()];
        Assert.Equal(1, (await RunningNetwork.AskAsync(["operator", "status", .. network])).Code); // the registry has no set
        var printed = await Succeeds("founder.key", ["operator", "schedule", .. reportKeys, "--print"]);
        Assert.Equal(registration.ScheduleCall([.. reportKeys.Select(Address.Parse)], 1).Encode(), Convert.FromHexString(printed["data"]!.ToString()[2..]));
        Assert.Equal("1", (await Succeeds("founder.key", ["operator", "schedule", .. reportKeys]))["firstEpoch"]!.ToString());
        Assert.Equal("2", (await Succeeds("founder.key", ["operator", "schedule", .. reportKeys]))["firstEpoch"]!.ToString());
        var (down, status) = await RunningNetwork.AskAsync(["operator", "status", .. network]);
        Assert.Equal(1, down);
        Assert.Equal(reportKeys.Select(Address.Parse).Order(), status.AsArray().Select(row => Address.Parse(row!["reportKey"]!.ToString())));
        Assert.All(status.AsArray(), row => Assert.Equal(("unreachable", "5,000"), (row!["state"]!.ToString(), row["bond"]!.ToString())));
    }

    [Fact]
    public async Task A_node_of_another_chain_is_told_apart()
    {
        var founder = await KeyAsync("founder.key");
        var manifestFile = In("network.json");
        Assert.Equal(0, (await RunningNetwork.AskAsync(Deploy(anvil.Url, founder, manifestFile))).Code);
        await using var other = await AnvilProcess.StartAsync(new AnvilOptions { Timestamp = genesis - 3600 }, default);
        var (code, answer) = await RunningNetwork.AskAsync("stake", "1", "--network", manifestFile, "--rpc", other.Url.ToString(), "--key", In("founder.key"));
        Assert.Equal(3, code);
        Assert.Contains("another chain", answer["error"]!.ToString(), StringComparison.Ordinal);
    }

    private static UInt128 Units(uint tokens) => tokens * (UInt128)1_000_000_000_000_000_000;

    private string In(string name) => Path.Combine(folder.FullName, name);

    private string[] Deploy(Uri rpc, PrivateKey founder, string manifest) =>
    [
        "network", "deploy", "--profile", RepositoryRoot.Combine("contracts", "evm", "profiles", "dev.json"), "--name", "mine", "--out", manifest, "--rpc", rpc.ToString(), "--key", In("founder.key"),
        "--set", string.Create(CultureInfo.InvariantCulture, $"genesis={genesis}"), "--set", $"owner={founder.Address}", "--set", $"bank={founder.Address}", "--set", $"maker={founder.Address}",
    ];

    private string[] With(string key, params string[] command) => [.. command, "--network", In("network.json"), "--rpc", anvil.Url.ToString(), "--key", In(key)];

    private async Task<JsonNode> Succeeds(string key, params string[] command)
    {
        var (code, answer) = await RunningNetwork.AskAsync(With(key, command));
        Assert.True(code == 0, $"depin {string.Join(' ', command)}: {answer.ToJsonString()}");
        return answer;
    }

    private async Task<PrivateKey> KeyAsync(string name)
    {
        if (!File.Exists(In(name))) Assert.Equal(0, (await RunningNetwork.AskAsync("keys", "new", In(name))).Code);
        var key = PrivateKey.Load(In(name), KeyType.Secp256k1);
        await anvil.Rpc.SetBalanceAsync(key.Address.ToString(), PlentyOfWei, default);
        return key;
    }
}
