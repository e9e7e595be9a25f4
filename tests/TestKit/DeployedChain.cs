using System.Globalization;
using System.Text.Json.Nodes;
using DePin.Chain.Deployment;
using DePin.Chain.Evm;
using DePin.Chain.Rpc;
using DePin.Cryptography;
using DePin.DevTools;

namespace DePin.TestKit;

/// <summary>Anvil with the contracts of the dev profile on it. Genesis is the second midnight from now, so that nothing has begun.</summary>
public sealed class DeployedChain : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("depin-chain").FullName;
    private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };

    private DeployedChain(AnvilNode node)
    {
        Node = node;
        Rpc = NewRpc();
    }

    /// <summary>Who deploys, and owns the contracts and the genesis supply.</summary>
    public static PrivateKey Owner { get; } = PrivateKey.Parse(KeyType.Secp256k1, AnvilNode.PrivateKeys[0]);

    /// <summary>Fees for a node that mines at once.</summary>
    public static FeePolicy Fees { get; } = new() { PollInterval = TimeSpan.FromMilliseconds(30) };

    public AnvilNode Node { get; }

    public EvmRpc Rpc { get; }

    public EvmNetworkManifest Manifest { get; private set; } = null!;

    /// <summary>The manifest's file.</summary>
    public string ManifestPath => Path.Combine(_folder, "network.json");

    /// <summary>Starts the node and deploys.</summary>
    /// <param name="options">The node's.</param>
    /// <param name="ct">Ends the wait.</param>
    /// <param name="change">Changes the profile's document before it is read.</param>
    public static async Task<DeployedChain> StartAsync(AnvilOptions options, CancellationToken ct, Action<JsonNode>? change = null)
    {
        var chain = new DeployedChain(await AnvilNode.StartAsync(options, ct));
        var now = (await chain.Rpc.GetHeaderAsync(BlockTag.Latest, ct))!.Timestamp;
        var genesis = ((now / 86_400) + 2) * 86_400;
        var document = JsonNode.Parse(await File.ReadAllTextAsync(RepositoryRoot.Combine("contracts", "evm", "profiles", "dev.json"), ct))!;
        change?.Invoke(document);
        var profile = DeploymentProfile.Parse<EvmDeploymentProfile>(document.ToJsonString(), new Dictionary<string, string> { ["genesis"] = genesis.ToString(CultureInfo.InvariantCulture) });
        var request = new DeploymentRequest("test", RepositoryRoot.Combine("contracts", "evm", "artifacts"), chain.ManifestPath);
        chain.Manifest = await new NetworkDeployer(chain.Rpc, Owner, Fees).DeployAsync(profile, request, null, ct);
        return chain;
    }

    /// <summary>A client of its own, as every process has one.</summary>
    public EvmRpc NewRpc() => new(_http, new RpcOptions { Urls = [Node.Url] });

    /// <summary>Sends the owner's transactions.</summary>
    public TransactionSender NewSender() => new(Rpc, Owner, Fees);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Node.DisposeAsync();
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
