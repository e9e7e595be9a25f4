using System.Globalization;
using System.Text.Json.Nodes;
using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Chain.Deployment;
using DePin.Chain.Solana;
using DePin.Cli;
using DePin.Cli.Dev;
using DePin.Cli.Dev.Chains;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.TestKit;

namespace DePin.EndToEnd.Tests.Solana;

/// <summary>What <c>dev up --solana-rpc</c> says when the cluster is not as it should be, and that it says it without the URL's key.</summary>
public sealed class ClusterErrorTests : IAsyncLifetime
{
    private const string Secret = "52aa-provider-key";
    private const ulong Sol = 1_000_000_000;
    private static readonly SolanaFeePolicy Fast = new() { PollInterval = TimeSpan.FromMilliseconds(50) };
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("depin-test-cluster-");
    private SurfpoolNode node = null!;
    private RpcProxy proxy = null!;

    private Uri Url => new($"{proxy.Url}?api-key={Secret}");

    public async Task InitializeAsync()
    {
        node = await SurfpoolNode.StartAsync();
        proxy = await RpcProxy.StartAsync(node.Url, default);
    }

    public async Task DisposeAsync()
    {
        await proxy.DisposeAsync();
        await node.DisposeAsync();
        folder.Delete(true);
    }

    [Fact]
    public async Task A_node_that_is_not_there_is_named_by_its_host_and_nothing_is_kept()
    {
        var data = Path.Combine(folder.FullName, "data");
        var port = LoopbackPort.Free();
        var result = await RunningNetwork.DepinAsync(["dev", "up", "--data", data, "--chains", "solana", "--solana-rpc", $"http://user:{Secret}@127.0.0.1:{port}/{Secret}", .. RunningNetwork.PortsFrom(RunningNetwork.FreeRange(40))]);
        Assert.Equal(3, result.Code);
        Assert.Contains($"No Solana node answers at http://127.0.0.1:{port}: cannot connect", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, result.ToString(), StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(data, "settings.json"))); // another URL may be given
    }

    [Theory]
    [InlineData(2, "--chains leaves Solana out", "--chains", "evm", "--solana-rpc", $"http://127.0.0.1:1/{Secret}")]
    [InlineData(2, "must be the http or https URL", "--solana-rpc", $"localhost:8899/{Secret}")]
    public async Task A_command_line_that_means_nothing_is_refused(int code, string why, params string[] options)
    {
        var result = await RunningNetwork.DepinAsync(["dev", "up", "--data", Path.Combine(folder.FullName, "data"), .. options]);
        Assert.Equal(code, result.Code);
        Assert.Contains(why, result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, result.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_answers_as_no_Solana_node_does_is_told_from_a_silent_one()
    {
        proxy.Apply(new RpcFault.Refuse(-32601, $"no such method for {Secret}"));
        await RefusedAsync("answers, and not as a Solana node does (code -32601, Unsupported)", new SolanaCluster(Url).ReachAsync(default));
        foreach (var (fault, why) in ((RpcFault, string)[])[(new RpcFault.Status(404), "HTTP 404"), (new RpcFault.Garbage(), "broken or truncated answer"), (new RpcFault.Refuse(429, $"slow down, {Secret}"), "refuses as asked too often")])
        {
            proxy.Apply(fault);
            await RefusedAsync($"No Solana node answers at {proxy.Url.ToString().TrimEnd('/')}: {why}", new SolanaCluster(Url).ReachAsync(default));
        }
    }

    [Fact]
    public async Task A_public_cluster_is_refused_but_for_the_one_where_programs_are_tried()
    {
        foreach (var (genesis, name) in new[] { (SolanaClusters.MainnetBeta, "mainnet-beta"), (SolanaClusters.Testnet, "testnet") })
        {
            Claim(genesis);
            await RefusedAsync($"is of {name}, where no dev network belongs", new SolanaCluster(Url).ReachAsync(default));
        }

        Claim(SolanaClusters.Devnet);
        Assert.Equal(SolanaClusters.Devnet, (await new SolanaCluster(Url).ReachAsync(default)).Genesis);
    }

    [Fact]
    public async Task A_network_is_known_again_and_missed_where_it_is_not()
    {
        await using var solana = await DeployedSolana.StartAsync(operators: 4, default);
        var cluster = new SolanaCluster(solana.Node.Url);
        var (genesis, time) = await cluster.ReachAsync(default);
        var manifest = (SolanaNetworkManifest)Saved(solana);
        await cluster.CheckAsync(manifest, genesis, time, default);
        await RefusedAsync("and the network here is on the one with genesis", cluster.CheckAsync(manifest, SolanaClusters.Devnet, time, default));

        // The same genesis, as Surfpool's always is, and nothing there.
        var bare = new SolanaCluster(Url);
        await RefusedAsync("has no network", bare.CheckAsync(manifest, genesis, time, default));

        // Of one that is half made nothing need be there, until its first epoch has begun.
        manifest.Complete = false;
        await bare.CheckAsync(manifest, genesis, (long)manifest.Genesis - 1, default);
        await RefusedAsync("before its operators were scheduled", bare.CheckAsync(manifest, genesis, (long)manifest.Genesis, default));
    }

    [Theory]
    [InlineData("2026-11-22 00:00:00", "2026-11-23")]
    [InlineData("2026-11-22 22:59:59", "2026-11-23")]
    [InlineData("2026-11-22 23:00:00", "2026-11-24")] // an hour is needed
    public void The_first_epoch_is_the_next_day_that_leaves_time(string now, string first) =>
        Assert.Equal(Seconds(first), SolanaCluster.GenesisAfter(Seconds(now)));

    [Fact]
    public async Task The_deployer_is_filled_by_the_tap_and_pays_for_the_others()
    {
        var (deployer, other) = (PrivateKey.Generate(KeyType.Ed25519), AddressOf(PrivateKey.Generate(KeyType.Ed25519)));
        var cluster = new SolanaCluster(Url);
        var purse = new ClusterPurse(cluster, deployer, Fast);
        await purse.FillAsync(AddressOf(deployer), 5 * Sol, default);
        Assert.Equal(5 * Sol, await HeldAsync(cluster, AddressOf(deployer)));
        await purse.FillAsync(AddressOf(deployer), 4 * Sol, default); // it holds more
        await purse.FillAsync(other, Sol / 2, default);
        Assert.Equal(Sol / 2, await HeldAsync(cluster, other));
        Assert.Equal(1, proxy.CountOf("requestAirdrop"));
    }

    [Fact]
    public async Task A_tap_that_gives_little_at_once_is_asked_again()
    {
        var deployer = PrivateKey.Generate(KeyType.Ed25519);
        var refused = 0;
        proxy.Apply(new RpcFault.Lie(
            (call, answer) =>
            {
                if (Wanted(call) <= 2 * Sol) return answer;
                refused++;
                return new JsonObject { ["jsonrpc"] = "2.0", ["id"] = call["id"]!.DeepClone(), ["error"] = new JsonObject { ["code"] = -32602, ["message"] = "too much" } };
            },
            call => Wanted(call) <= 2 * Sol ? call : new JsonObject { ["jsonrpc"] = "2.0", ["id"] = call["id"]!.DeepClone(), ["method"] = "getSlot" }), "requestAirdrop");
        var cluster = new SolanaCluster(Url);
        await new ClusterPurse(cluster, deployer, Fast).FillAsync(AddressOf(deployer), 5 * Sol, default);
        Assert.Equal(5 * Sol, await HeldAsync(cluster, AddressOf(deployer)));
        Assert.Equal(1, refused);

        static ulong Wanted(JsonObject call) => call["params"]![1]!.GetValue<ulong>();
    }

    [Fact]
    public async Task A_dry_tap_leaves_the_account_and_what_it_lacks_to_the_user_who_then_goes_on()
    {
        var deployer = PrivateKey.Generate(KeyType.Ed25519);
        var address = AddressOf(deployer);
        var cluster = new SolanaCluster(Url);
        var purse = new ClusterPurse(cluster, deployer, Fast);
        await purse.FillAsync(address, Sol, default);
        proxy.Apply(new RpcFault.Refuse(-32603, $"the tap is dry, {Secret}"), "requestAirdrop");
        await RefusedAsync($"{address}, which deploys the network on Solana and pays for its operators and devices, holds 1 SOL and needs 3.5: 2.5 are missing", purse.FillAsync(address, (3 * Sol) + (Sol / 2), default));
        proxy.Apply(new RpcFault.Status(429), "requestAirdrop");
        await RefusedAsync("HTTP 429", purse.FillAsync(address, 2 * Sol, default));

        await node.Rpc.SetBalanceAsync(address.ToString(), 4 * Sol, default); // sent by hand
        await purse.FillAsync(address, (3 * Sol) + (Sol / 2), default);
    }

    [Fact]
    public void Settings_keep_the_URL_for_their_owner_and_no_port_of_a_runtime_is_wanted()
    {
        var path = Path.Combine(folder.FullName, "settings.json");
        var settings = new DevSettings { Id = "test", Operators = 4, SecondsPerBlock = 1440, Genesis = 0, Evm = false, Solana = new DevSolana(0, []) { Rpc = Url }, Ports = new DevPorts() };
        settings.Save(path);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Assert.Equal(Url, DevSettings.Load(path)!.SolanaUrl);
        Assert.DoesNotContain(settings.Ports.All(settings), p => p.Port is 8899 or 8900);
        var own = settings with { Solana = new DevSolana(0, []) };
        Assert.Equal(new Uri("http://127.0.0.1:8899"), own.SolanaUrl);
        Assert.Contains(own.Ports.All(own), p => p.Port == 8899);
    }

    private static long Seconds(string utc) => DateTimeOffset.Parse(utc, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal).ToUnixTimeSeconds();

    private static SolanaAddress AddressOf(PrivateKey key) => SolanaAddress.Of(key.PublicKey);

    private static async Task<ulong> HeldAsync(SolanaCluster cluster, SolanaAddress account) => (await cluster.Rpc.GetBalanceAsync(account, Finality.Safe, default)).Value;

    private NetworkManifest Saved(DeployedSolana solana)
    {
        var path = Path.Combine(folder.FullName, "network.json");
        solana.ToManifest().Save(path);
        return NetworkManifest.Load(path);
    }

    private void Claim(Bytes32 genesis) => proxy.Apply(new RpcFault.Lie((_, answer) =>
    {
        answer["result"] = Base58.Encode(genesis.AsSpan());
        return answer;
    }), "getGenesisHash");

    private static async Task RefusedAsync(string why, Task work)
    {
        var problem = await Assert.ThrowsAsync<CliException>(() => work);
        Assert.Contains(why, problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, problem.ToString(), StringComparison.Ordinal);
    }
}
