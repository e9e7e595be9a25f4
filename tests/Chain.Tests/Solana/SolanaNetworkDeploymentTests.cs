using System.Globalization;
using System.Text.Json.Nodes;
using DePin.Abi.Solana;
using DePin.Chain.Deployment;
using DePin.Chain.Rpc;
using DePin.Chain.Solana;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.Protocol;
using DePin.Protocol.Registry;
using DePin.TestKit;

namespace DePin.Chain.Tests.Solana;

public sealed class SolanaNetworkDeploymentTests : IAsyncLifetime, IDisposable
{
    private const ulong Sol = 1_000_000_000;
    private static readonly SolanaFeePolicy Fast = new() { PollInterval = TimeSpan.FromMilliseconds(50), ResendEvery = TimeSpan.FromSeconds(1) };
    private static readonly JsonArray Models = [new JsonObject { ["makerId"] = 1, ["class"] = 1, ["capabilities"] = 3, ["cadence"] = 60, ["metadata"] = $"0x{new string('7', 64)}" }];

    private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };
    private readonly PrivateKey _deployer = PrivateKey.Generate(KeyType.Ed25519);
    private readonly string _folder = Directory.CreateTempSubdirectory("depin-solana-deploy").FullName;
    private readonly CancellationToken _ct = CancellationToken.None;
    private SurfpoolNode _node = null!;
    private SolanaRpc _rpc = null!;

    public async Task InitializeAsync()
    {
        _node = await SurfpoolNode.StartAsync(ct: _ct);
        _rpc = new SolanaRpc(_http, new RpcOptions { Urls = [_node.Url] });
        await _rpc.RequestAirdropAsync(Deployer, 100 * Sol, _ct);
        await Eventually.HoldsAsync(async () => await LamportsAsync(Deployer) > 0, "the airdrop arrived", _ct);
    }

    public async Task DisposeAsync()
    {
        await _node.DisposeAsync();
        Dispose();
    }

    public void Dispose()
    {
        _http.Dispose();
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Deploys_a_network_admits_operators_and_finds_it_again()
    {
        var profile = Profile("dev");
        var manifest = await NewDeployer().DeployAsync(profile, Request(), null, _ct);
        Assert.True(manifest.Complete);
        Assert.Empty(manifest.OwnerCalls);
        Assert.Equal([Request().ManifestPath], Directory.GetFiles(_folder, "*", SearchOption.AllDirectories)); // no key is left
        await SolanaNetworkVerifier.CheckChainAsync(_rpc, manifest, _ct);

        var network = manifest.Accounts;
        var registration = new SolanaOperatorRegistration(_rpc, manifest, Fast);
        Assert.Equal(600_000_000_000_000_000ul, await registration.GetBalanceAsync(Deployer, _ct));
        var maker = await ReadAsync<Depin.DeviceMakerAccount>(Depin.Addresses.Maker(network.Program, network.Account, 1));
        Assert.Equal((Deployer, 1_000_000u, (byte)1), (maker.Account, maker.Quota, maker.Active));
        Assert.Equal(Deployer, (await new SolanaProgramDeployer(_rpc, Sender(_deployer)).ReadAsync(network.Program, Finality.Safe, _ct))!.Authority!.Value);

        var bond = registration.GetMinimumBond();
        Assert.Equal(5_000 * Sol, bond);
        var operators = new SortedDictionary<Address, Bytes32>();
        for (var i = 0; i < 4; i++)
        {
            var account = PrivateKey.Generate(KeyType.Ed25519);
            var report = PrivateKey.Generate(KeyType.Secp256k1).Address;
            operators[report] = new Bytes32(PrivateKey.Generate(KeyType.Ed25519).PublicKey.Bytes);
            for (var twice = 0; twice < 2; twice++)
            {
                await registration.FundAsync(_deployer, SolanaAddress.Of(account.PublicKey), twice == 0 ? bond : 0, Sol / 100, _ct);
                await registration.RegisterAsync(account, report, operators[report], $"http://127.0.0.1:{9000 + i}", bond, _ct);
            }

            Assert.Equal(0ul, await registration.GetBalanceAsync(SolanaAddress.Of(account.PublicKey), _ct));
            Assert.Equal(bond, (await registration.FindAsync(report, _ct))!.Value.Bond);
        }

        await registration.ScheduleAsync(_deployer, [.. operators.Keys.Reverse()], 1, _ct);
        await registration.ScheduleAsync(_deployer, [.. operators.Keys], 1, _ct);
        Assert.Equal(1ul, await registration.GetConfigCountAsync(_ct));
        var config = (await registration.GetConfigAsync(1, _ct))!.Value;
        Assert.Equal((4, 3), (config.N, config.Q));
        var expected = new NetworkConfig
        {
            Kind = ChainKind.Solana,
            Chain = manifest.Cluster,
            Verifier = new AccountId(network.Ledger.ToBytes32()),
            Distributor = new AccountId(network.Distributor.ToBytes32()),
            Token = new AccountId(network.Mint.ToBytes32()),
            ConfigCount = 1,
            FirstEpoch = new Epoch(1),
            Operators = [.. operators.Select(o => new OperatorKeys(o.Key, o.Value))],
            ParametersHash = profile.Parameters.Hash,
            RulesHash = profile.Parameters.RulesHash,
        };
        Assert.Equal(expected.Digest.Value, config.Digest);
        Assert.Equal(expected.NetworkId, manifest.Id);
        Assert.Equal(expected.Quorum, config.Q);

        // The second set follows the first.
        await registration.ScheduleAsync(_deployer, [.. operators.Keys], 5, _ct);
        Assert.Equal((1ul, 4ul), ((await registration.GetConfigAsync(1, _ct))!.Value.FirstEpoch, (await registration.GetConfigAsync(1, _ct))!.Value.LastEpoch));

        // Asked again, it only checks.
        var balance = await LamportsAsync(Deployer);
        var written = await File.ReadAllTextAsync(Request().ManifestPath, _ct);
        await NewDeployer().DeployAsync(profile, Request(), null, _ct);
        Assert.Equal(balance, await LamportsAsync(Deployer));
        Assert.Equal(written, await File.ReadAllTextAsync(Request().ManifestPath, _ct));
    }

    private SolanaAddress Deployer => SolanaAddress.Of(_deployer.PublicKey);

    private static string Artifacts => RepositoryRoot.Combine("contracts", "solana", "artifacts");

    private DeploymentRequest Request(string name = "test") => new(name, Artifacts, Path.Combine(_folder, $"{name}.json"));

    private SolanaNetworkDeployer NewDeployer(params PrivateKey[] others) => new(_rpc, _deployer, others, Fast);

    private SolanaTransactionSender Sender(PrivateKey key) => new(_rpc, key, Fast);

    private async Task<ulong> LamportsAsync(SolanaAddress address) => (await _rpc.GetBalanceAsync(address, Finality.Safe, _ct)).Value;

    private async Task<T> ReadAsync<T>(SolanaAddress address)
        where T : struct, ISolanaAccount<T> => T.TryDecode((await _rpc.GetAccountInfoAsync(address, Finality.Safe, _ct)).Value!.Data.Span, out var value) ? value : throw new InvalidDataException();

    private static SolanaDeploymentProfile Profile(string name, Action<JsonObject>? change = null)
    {
        var root = JsonNode.Parse(File.ReadAllText(RepositoryRoot.Combine("contracts", "solana", "profiles", $"{name}.json")))!.AsObject();
        change?.Invoke(root);
        var variables = new Dictionary<string, string> { ["genesis"] = (((DateTimeOffset.UtcNow.ToUnixTimeSeconds() / 86_400) + 2) * 86_400).ToString(CultureInfo.InvariantCulture) };
        if (name == "production")
        {
            variables["networkName"] = "Test";
            foreach (var account in new[] { "owner", "arbiter", "slasher", "bank" }) variables[account] = SolanaAddress.Of(PrivateKey.Generate(KeyType.Ed25519).PublicKey).ToString();
        }

        return DeploymentProfile.Parse<SolanaDeploymentProfile>(root.ToJsonString(), variables);
    }
}
