using System.Globalization;
using System.Text.Json.Nodes;
using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Chain.Deployment;
using DePin.Chain.Rpc;
using DePin.Chain.Solana;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.TestKit;

namespace DePin.EndToEnd.Tests.Journeys;

/// <summary>A founder deploys a network on a bare Solana cluster from a profile, four operators register, and the founder schedules them.</summary>
public sealed class SolanaFounderJourney : IAsyncLifetime, IDisposable
{
    private const ulong Sol = 1_000_000_000;
    private static readonly SolanaFeePolicy Fast = new() { PollInterval = TimeSpan.FromMilliseconds(50) };
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("depin-test-solana-founder-");
    private readonly HttpClient http = new() { Timeout = Timeout.InfiniteTimeSpan };
    private readonly long genesis = ((DateTimeOffset.UtcNow.ToUnixTimeSeconds() / 86_400) + 2) * 86_400;
    private SurfpoolNode node = null!;
    private SolanaRpc rpc = null!;

    public async Task InitializeAsync()
    {
        node = await SurfpoolNode.StartAsync();
        rpc = new SolanaRpc(http, new RpcOptions { Urls = [node.Url] });
    }

    public async Task DisposeAsync()
    {
        await node.DisposeAsync();
        folder.Delete(true);
    }

    public void Dispose() => http.Dispose();

    [Fact]
    public async Task A_deployment_killed_in_the_middle_goes_on_and_its_operators_register_and_are_scheduled()
    {
        var founder = await AccountAsync("founder.key");
        var manifestFile = In("network.json");

        // The code is on its way when the tool is killed.
        var deploy = Deploy(manifestFile);
        using (var first = RunningNetwork.Start(deploy))
        {
            await Eventually.HoldsAsync(() => Task.FromResult(File.Exists(manifestFile + ".program-state")), "the code is on its way", default);
            first.Kill();
            await first.WaitForExitAsync();
        }

        var interrupted = NetworkManifest.Load<SolanaNetworkManifest>(manifestFile);
        Assert.False(interrupted.Complete);
        var (code, answer) = await RunningNetwork.AskAsync(deploy);
        Assert.True(code == 0, answer.ToJsonString());
        var manifest = NetworkManifest.Load<SolanaNetworkManifest>(manifestFile);
        Assert.True(manifest.Complete);
        Assert.Equal((interrupted.Program, interrupted.Mint), (manifest.Program, manifest.Mint)); // their keys were kept
        Assert.Equal(["founder.key", "network.json"], folder.GetFiles().Select(f => f.Name).Order()); // and are gone

        // Again: nothing is sent. Another network is not written over it.
        var balance = await LamportsAsync(founder);
        Assert.Equal(0, (await RunningNetwork.AskAsync(deploy)).Code);
        Assert.Equal(balance, await LamportsAsync(founder));
        await Refused(3, "manifest of another network", [.. deploy, "--set", "slasher=" + AddressOf(PrivateKey.Generate(KeyType.Ed25519))]);
        await Refused(2, "Which node?", [.. deploy.Where(a => a != "--rpc" && a != node.Url.ToString())]);
        await Refused(3, "There is no program", [.. Deploy(In("other.json")), "--program", AddressOf(PrivateKey.Generate(KeyType.Ed25519))]);
        var shown = await Succeeds("network", "show", "--network", manifestFile);
        Assert.Equal(manifest.NetworkId, shown["networkId"]!.ToString());
        Assert.Equal("solana", shown["kind"]!.ToString());

        // Operators: without the bond's tokens there is a word of what is missing.
        var registration = new SolanaOperatorRegistration(rpc, manifest, Fast);
        var reportKeys = new List<string>();
        for (var i = 1; i <= 4; i++)
        {
            var keys = In($"operator-{i}");
            foreach (var (name, type) in new[] { ("report", "secp256k1"), ("protocol", "ed25519"), ("transaction", "ed25519") }) await Succeeds("keys", "new", "--type", type, Path.Combine(keys, name + ".key"));
            var account = SolanaAddress.Of(PrivateKey.Load(Path.Combine(keys, "transaction.key"), KeyType.Ed25519).PublicKey);
            string[] register = ["operator", "register", "--keys", keys, "--endpoint", $"http://127.0.0.1:{9000 + i}", "--network", manifestFile, "--rpc", node.Url.ToString()];
            if (i == 1) await Refused(1, "The bond is 5,000 tokens", register);
            await registration.FundAsync(founder, account, 5_000 * Sol, 0, default);
            if (i == 1) await Refused(1, "SOL, and rent and fees take 0.005", register);
            await registration.FundAsync(founder, account, 5_000 * Sol, Sol / 50, default);
            var registered = await Succeeds(register);
            Assert.Equal("5000000000000", registered["bond"]!.ToString());
            Assert.Equal("True", (await Succeeds(register))["already"]!.ToString(), ignoreCase: true);
            reportKeys.Add(registered["reportKey"]!.ToString());
        }

        string[] network = ["--network", manifestFile, "--rpc", node.Url.ToString()];
        await Refused(3, "has no operators yet", ["operator", "status", .. network]);
        var printed = await Succeeds(["operator", "schedule", .. reportKeys, "--print", .. network]);
        Assert.Equal(AddressOf(founder), printed["signer"]!.ToString());
        Assert.Equal(AddressOf(founder), SolanaMessage.Decode(Convert.FromBase64String(printed["message"]!.ToString())).Payer.ToString());
        await AccountAsync("stranger.key");
        await Refused(1, "NotAuthorized", ["operator", "schedule", .. reportKeys, .. network, "--key", In("stranger.key")]);
        Assert.Equal("1", (await Succeeds(["operator", "schedule", .. reportKeys, .. network, "--key", In("founder.key")]))["firstEpoch"]!.ToString());
        var config = (await registration.GetConfigAsync(1, default))!.Value;
        Assert.Equal(reportKeys.Select(Address.Parse).Order(), config.Members[..config.N].Select(m => m.ReportKey));
        Assert.Equal(manifest.ParametersHash, config.ParametersHash.ToString());

        // None runs yet; a fifth cannot join alone.
        var (down, status) = await RunningNetwork.AskAsync(["operator", "status", .. network]);
        Assert.Equal(1, down);
        Assert.Equal(4, status.AsArray().Count(row => row!["state"]!.ToString() == "unreachable" && row["bond"]!.ToString() == "5,000"));
        await Refused(2, "5 operators cannot agree", ["operator", "schedule", "--add", PrivateKey.Generate(KeyType.Secp256k1).Address.ToString(), .. network, "--key", In("founder.key")]);
    }

    private static string AddressOf(PrivateKey key) => SolanaAddress.Of(key.PublicKey).ToString();

    private string In(string name) => Path.Combine(folder.FullName, name);

    private string[] Deploy(string manifest) =>
    [
        "network", "deploy", "--profile", RepositoryRoot.Combine("contracts", "solana", "profiles", "dev.json"), "--name", "mine", "--out", manifest, "--rpc", node.Url.ToString(), "--key", In("founder.key"),
        "--set", string.Create(CultureInfo.InvariantCulture, $"genesis={genesis}"),
    ];

    private static async Task<JsonNode> Succeeds(params string[] command)
    {
        var (code, answer) = await RunningNetwork.AskAsync(command);
        Assert.True(code == 0, $"depin {string.Join(' ', command)}: {answer.ToJsonString()}");
        return answer;
    }

    private static async Task Refused(int expected, string why, string[] command)
    {
        var (code, answer) = await RunningNetwork.AskAsync(command);
        Assert.Contains(why, answer["error"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal(expected, code);
    }

    private async Task<ulong> LamportsAsync(PrivateKey key) => (await rpc.GetBalanceAsync(SolanaAddress.Of(key.PublicKey), Finality.Safe, default)).Value;

    private async Task<PrivateKey> AccountAsync(string name)
    {
        var made = await Succeeds("keys", "new", "--type", "ed25519", In(name));
        var key = PrivateKey.Load(In(name), KeyType.Ed25519);
        Assert.Equal(AddressOf(key), made["address"]!.ToString());
        await rpc.RequestAirdropAsync(SolanaAddress.Of(key.PublicKey), 100 * Sol, default);
        await Eventually.HoldsAsync(async () => await LamportsAsync(key) > 0, "the airdrop arrived", default);
        return key;
    }
}
