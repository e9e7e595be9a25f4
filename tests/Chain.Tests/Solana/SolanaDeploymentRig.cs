using System.Globalization;
using System.Text.Json.Nodes;
using DePin.Abi.Solana;
using DePin.Chain.Deployment;
using DePin.Chain.Rpc;
using DePin.Chain.Solana;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.TestKit;

namespace DePin.Chain.Tests.Solana;

/// <summary>A Surfpool of its own and a deployer with lamports, for tests of deployments.</summary>
public abstract class SolanaDeploymentRig : IAsyncLifetime, IDisposable
{
    private protected const ulong Sol = 1_000_000_000;
    private protected static readonly SolanaFeePolicy Fast = new() { PollInterval = TimeSpan.FromMilliseconds(50), ResendEvery = TimeSpan.FromSeconds(1) };
    private protected static readonly JsonArray Models = [new JsonObject { ["makerId"] = 1, ["class"] = 1, ["capabilities"] = 3, ["cadence"] = 60, ["metadata"] = $"0x{new string('7', 64)}" }];

    private protected readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };
    private protected readonly PrivateKey _deployer = PrivateKey.Generate(KeyType.Ed25519);
    private protected readonly string _folder = Directory.CreateTempSubdirectory("depin-solana-deploy").FullName;
    private protected readonly CancellationToken _ct = CancellationToken.None;
    private protected SurfpoolNode _node = null!;
    private protected SolanaRpc _rpc = null!;

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
        GC.SuppressFinalize(this);
    }

    private protected static async Task Expect(string message, Func<Task> action) => Assert.Contains(message, (await Assert.ThrowsAsync<DeploymentException>(action)).Message, StringComparison.Ordinal);

    private protected static void Set(JsonObject root, string path, ulong value)
    {
        var parts = path.Split('.');
        root["deploy"]![parts[0]]![parts[1]] = value;
    }

    private protected static string AddressOf(PrivateKey key) => SolanaAddress.Of(key.PublicKey).ToString();

    private protected async Task SignAndSendAsync(string call, PrivateKey signer)
    {
        var words = call.Split(' ');
        Assert.Equal(AddressOf(signer), words[^3]);
        var message = SolanaMessage.Decode(Convert.FromBase64String(words[^1]));
        Assert.Equal((SolanaAddress.Of(signer.PublicKey), default), (message.Payer, message.Lifetime));
        await Sender(signer).SendAsync(new SolanaTransactionRequest(message.ToInstructions()), _ct);
    }

    private protected async Task<SolanaAccount> AccountAsync(SolanaAddress address) => (await _rpc.GetAccountInfoAsync(address, Finality.Safe, _ct)).Value!;

    private protected SolanaAddress Deployer => SolanaAddress.Of(_deployer.PublicKey);

    private protected static string Artifacts => RepositoryRoot.Combine("contracts", "solana", "artifacts");

    private protected DeploymentRequest Request(string name = "test") => new(name, Artifacts, Path.Combine(_folder, $"{name}.json"));

    private protected SolanaNetworkDeployer NewDeployer(params PrivateKey[] others) => new(_rpc, _deployer, others, Fast);

    private protected SolanaTransactionSender Sender(PrivateKey key) => new(_rpc, key, Fast);

    private protected async Task<ulong> LamportsAsync(SolanaAddress address) => (await _rpc.GetBalanceAsync(address, Finality.Safe, _ct)).Value;

    private protected async Task<T> ReadAsync<T>(SolanaAddress address)
        where T : struct, ISolanaAccount<T> => T.TryDecode((await _rpc.GetAccountInfoAsync(address, Finality.Safe, _ct)).Value!.Data.Span, out var value) ? value : throw new InvalidDataException();

    private protected static Dictionary<string, string> Genesis { get; } = new() { ["genesis"] = (((DateTimeOffset.UtcNow.ToUnixTimeSeconds() / 86_400) + 2) * 86_400).ToString(CultureInfo.InvariantCulture) };

    private protected static SolanaDeploymentProfile Profile(string name, Action<JsonObject>? change = null)
    {
        var root = JsonNode.Parse(File.ReadAllText(RepositoryRoot.Combine("contracts", "solana", "profiles", $"{name}.json")))!.AsObject();
        change?.Invoke(root);
        var variables = new Dictionary<string, string>(Genesis);
        if (name == "production")
        {
            variables["networkName"] = "Test";
            foreach (var account in new[] { "owner", "arbiter", "slasher", "bank" }) variables[account] = SolanaAddress.Of(PrivateKey.Generate(KeyType.Ed25519).PublicKey).ToString();
        }

        return DeploymentProfile.Parse<SolanaDeploymentProfile>(root.ToJsonString(), variables);
    }
}
