using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using DePin.Cryptography;
using DePin.Protocol;

namespace DePin.Chain.Deployment;

/// <summary>
/// What everyone needs to know of a network on a chain; written by the deployer, read by every host. While a deployment runs it is also
/// its journal. What only one kind of chain has stands in the kind's own manifest.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = KindProperty)]
[JsonDerivedType(typeof(EvmNetworkManifest), EvmKind)]
[JsonDerivedType(typeof(SolanaNetworkManifest), "solana")]
public abstract class NetworkManifest
{
    private const string KindProperty = "kind";
    private const string EvmKind = "evm";
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, AllowOutOfOrderMetadataProperties = true };

    /// <summary>Layout of this file.</summary>
    public int Version { get; init; } = 1;

    /// <summary>The network's name on this machine.</summary>
    public required string Network { get; init; }

    /// <summary>keccak(tag · kind · chain · report verifier): docs/protocol.md, Keys and identities.</summary>
    public required string NetworkId { get; init; }

    /// <summary>Tells a restarted dev chain from the one deployed to: hash of an EVM chain's block 0 in hexadecimal, a Solana cluster's genesis hash in base58.</summary>
    public required string ChainGenesisHash { get; init; }

    /// <summary>The profile's name.</summary>
    public required string Profile { get; init; }

    /// <summary>Who sent the transactions.</summary>
    public required string Deployer { get; init; }

    /// <summary>keccak over all that was asked to be deployed: a manifest is resumed only by the same deployment.</summary>
    public required string DeploymentHash { get; init; }

    /// <summary>Whether every step is included and the code checked.</summary>
    public bool Complete { get; set; }

    /// <summary>The last block, or slot, before the deployment: indexers start after it.</summary>
    public required ulong DeployBlock { get; init; }

    /// <summary>Unix seconds at which epoch 1 starts.</summary>
    public required ulong Genesis { get; init; }

    /// <summary>Seconds.</summary>
    public required ulong EpochLength { get; init; }

    /// <summary>Seconds.</summary>
    public required ulong ChallengeWindow { get; init; }

    /// <summary>keccak of the canonical parameter document.</summary>
    public required string ParametersHash { get; init; }

    /// <summary>keccak of the rules: docs/protocol.md, Report.</summary>
    public required string RulesHash { get; init; }

    /// <summary>The canonical parameter document as text.</summary>
    public required string Parameters { get; init; }

    /// <summary>Digits of the token after the point.</summary>
    public byte Decimals { get; init; } = 18;

    /// <summary>The kind of the chain.</summary>
    [JsonIgnore]
    public ChainKind Kind => this is SolanaNetworkManifest ? ChainKind.Solana : ChainKind.Evm;

    /// <summary>The chain by CAIP-2.</summary>
    [JsonIgnore]
    public abstract ChainId Chain { get; }

    /// <summary>The network id as a value.</summary>
    [JsonIgnore]
    public NetworkId Id => new(Bytes32.Parse(NetworkId));

    /// <summary>The parameters as values.</summary>
    [JsonIgnore]
    public NetworkParameters NetworkParameters => NetworkParameters.ParseCanonical(Encoding.UTF8.GetBytes(Parameters));

    /// <summary>Where the manifest of a network lies: <c>&lt;folder&gt;/&lt;chain, as eip155-31337&gt;/&lt;network&gt;.json</c>.</summary>
    public static string PathFor(string folder, ChainId chain, string network) => Path.Combine(folder, $"{chain.Namespace}-{chain.Reference}", $"{network}.json");

    /// <summary>keccak(tag · kind · chain 32 · report verifier 32).</summary>
    public static NetworkId IdOf(ChainKind kind, in Bytes32 chain, in Bytes32 reportVerifier)
    {
        var hash = new Keccak256();
        hash.Append(ProtocolTags.Network);
        hash.Append([(byte)kind]);
        hash.Append(chain);
        hash.Append(reportVerifier);
        return new NetworkId(hash.Finish());
    }

    /// <summary>Reads a manifest.</summary>
    /// <exception cref="DeploymentException">It is missing or damaged.</exception>
    public static NetworkManifest Load(string path)
    {
        if (!File.Exists(path)) throw new DeploymentException($"There is no network manifest '{path}'. Deploy the network first, or name the manifest's file.");
        try
        {
            var root = JsonNode.Parse(File.ReadAllBytes(path))?.AsObject() ?? throw new JsonException("it is null");
            root.TryAdd(KindProperty, EvmKind); // files from when there was no other
            return root.Deserialize<NetworkManifest>(Json) ?? throw new JsonException("it is null");
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or InvalidOperationException)
        {
            throw new DeploymentException($"'{path}' is not a network manifest: {e.Message}", e);
        }
    }

    /// <summary>Reads a manifest of one kind of chain.</summary>
    /// <exception cref="DeploymentException">It is missing, damaged, or of another kind.</exception>
    public static T Load<T>(string path)
        where T : NetworkManifest
    {
        var manifest = Load(path);
        return manifest as T ?? throw new DeploymentException($"Network '{manifest.Network}' is on {manifest.Chain}, where this cannot be done.");
    }

    /// <summary>Writes it whole or not at all.</summary>
    public void Save(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var temporary = $"{path}.{Environment.ProcessId}.tmp";
        using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            JsonSerializer.Serialize(stream, this, Json);
            stream.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }
}
