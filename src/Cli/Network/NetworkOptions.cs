using System.CommandLine;
using System.Globalization;
using DePin.Chain.Deployment;
using DePin.Chain.Evm;
using DePin.Chain.Rpc;
using DePin.Cli.Dev;
using DePin.Client;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Sdk.Network;

namespace DePin.Cli.Network;

/// <summary>The options that name a network; by default the dev network of the clone.</summary>
public static class NetworkOptions
{
    /// <summary>Manifest file.</summary>
    public static Option<string?> Manifest { get; } = new("--network", "-n") { Description = "Manifest of the network, or evm or solana for those of the dev network (default: the first of the dev network)" };

    /// <summary>Chain.</summary>
    public static Option<string[]> Rpc { get; } = new("--rpc") { Description = "JSON-RPC of the chain, in order of preference (default: the dev network's)", DefaultValueFactory = _ => [] };

    /// <summary>API.</summary>
    public static Option<string?> Api { get; } = new("--api") { Description = "Address of the API (default: the dev network's)" };

    /// <summary>Key that pays.</summary>
    public static Option<string?> Key { get; } = new("--key", "-k") { Description = "Key file of the account that sends (default: the dev network's deployer)" };

    /// <summary>Reads the manifest, of whichever kind of chain.</summary>
    public static NetworkManifest LoadManifest(ParseResult parsed) => NetworkManifest.Load(ManifestPath(parsed));

    /// <summary>Reads the manifest of a network on an EVM chain.</summary>
    /// <exception cref="DeploymentException">It is on another kind of chain.</exception>
    public static EvmNetworkManifest LoadEvmManifest(ParseResult parsed) => NetworkManifest.Load<EvmNetworkManifest>(ManifestPath(parsed));

    /// <summary>Addresses of the chain's nodes, the preferred one first.</summary>
    /// <exception cref="CliException">None is named, and the network is not the dev network's.</exception>
    public static IReadOnlyList<Uri> Urls(ParseResult parsed)
    {
        if (parsed.GetValue(Rpc) is { Length: > 0 } given) return [.. given.Select(Url)];
        if (IsDevSolana(parsed)) return [Settings().SolanaUrl];
        if (parsed.GetValue(Manifest) is not null && LoadManifest(parsed) is SolanaNetworkManifest solana)
            throw new CliException($"Network {solana.Network} is on Solana: name a node of its cluster with --rpc.", ExitCodes.Usage);
        return [Url(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Ports().Chain}"))];
    }

    /// <summary>Whether the options name the dev network's network on Solana, whose node and keys are known.</summary>
    public static bool IsDevSolana(ParseResult parsed) => Path.GetFullPath(Chosen(parsed)) == Dev().Solana.Manifest;

    /// <summary>The key of the dev network's deployer on Solana.</summary>
    public static string DevSolanaKey => Dev().Solana.In("keys", "deployer.key");

    /// <summary>A client of the chain.</summary>
    public static EvmRpc Client(ParseResult parsed) => new(new HttpClient { Timeout = Timeout.InfiniteTimeSpan }, new RpcOptions { Urls = Urls(parsed) });

    /// <summary>A client of the API, about one of the networks that it serves or about the first.</summary>
    public static DePinClient ApiOf(ParseResult parsed, NetworkId? network = null) =>
        DePinClient.Create(new DePinClientOptions { Network = network?.ToString(), BaseAddress = Url(parsed.GetValue(Api) ?? string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Ports().Api}")) });

    /// <summary>Contracts and chain together.</summary>
    /// <exception cref="CliException">The node follows another chain than the manifest's.</exception>
    public static async Task<EvmNetworkAccess> AccessAsync(ParseResult parsed, CancellationToken ct)
    {
        var manifest = LoadEvmManifest(parsed);
        var rpc = Client(parsed);
        await CheckChainAsync(rpc, manifest, ct).ConfigureAwait(false);
        return new EvmNetworkAccess(rpc, manifest);
    }

    /// <summary>Ends with a message where the node follows another chain than the manifest's: what it answers would be no answer.</summary>
    public static async Task CheckChainAsync(EvmRpc rpc, EvmNetworkManifest manifest, CancellationToken ct)
    {
        var chain = await rpc.GetChainIdAsync(ct).ConfigureAwait(false);
        var first = chain == manifest.ChainId ? await rpc.GetHeaderAsync(BlockTag.At(0), ct).ConfigureAwait(false) : null;
        if (first?.Hash.ToString() != manifest.ChainGenesisHash)
            throw new CliException($"The node follows {(first is null ? $"chain {chain}" : $"another chain {chain}, begun with block {first.Hash}")}; network {manifest.Network} is on chain {manifest.ChainId}, begun with block {manifest.ChainGenesisHash}. Name the right node with --rpc, or the right manifest with --network.");
    }

    /// <summary>The key that sends.</summary>
    public static PrivateKey Sender(ParseResult parsed)
    {
        var path = parsed.GetValue(Key) ?? Dev().In("keys", "deployer.key");
        return File.Exists(path) ? PrivateKey.Load(path, KeyType.Secp256k1) : throw new CliException($"There is no key file {path}. Name one with --key, or make one with `depin keys new`.");
    }

    /// <summary>Fees and patience for a person who waits.</summary>
    public static FeePolicy Fees { get; } = new() { PollInterval = TimeSpan.FromMilliseconds(250) };

    /// <summary>Whole path of the manifest that the options name.</summary>
    /// <exception cref="CliException">There is no such file.</exception>
    public static string ManifestPath(ParseResult parsed)
    {
        var path = Path.GetFullPath(Chosen(parsed));
        return File.Exists(path) ? path : throw new CliException($"There is no manifest {path}. Start a dev network with `depin dev up`, or name another with --network.");
    }

    private static string Chosen(ParseResult parsed) => parsed.GetValue(Manifest) switch
    {
        null => File.Exists(Dev().Manifest) || !File.Exists(Dev().Solana.Manifest) ? Dev().Manifest : Dev().Solana.Manifest,
        "evm" when !File.Exists("evm") => Dev().Manifest,
        "solana" when !File.Exists("solana") => Dev().Solana.Manifest,
        var path => path,
    };

    private static DevFolder Dev() => new(DevFolder.Default());

    private static DevPorts Ports() => Settings().Ports;

    private static DevSettings Settings() => DevSettings.Load(Dev().Settings) ?? throw new CliException("There is no dev network in this clone. Name the network's --rpc and --api, or start one with `depin dev up`.");

    private static Uri Url(string text) => Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url : throw new CliException($"'{text}' is no http address.", ExitCodes.Usage);
}
