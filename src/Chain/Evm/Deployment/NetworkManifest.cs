using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using DePin.Cryptography;
using DePin.Protocol;

namespace DePin.Chain.Deployment;

/// <summary>One transaction of a deployment. <see cref="Raw"/> is stored before it is sent and dropped once all is done.</summary>
public sealed record DeploymentStep
{
    /// <summary>The contract created, or what is set up.</summary>
    public required string Name { get; init; }

    /// <summary>The deployer's nonce.</summary>
    public required ulong Nonce { get; init; }

    /// <summary>Hashes of the versions signed so far, the newest last.</summary>
    public ImmutableArray<string> Hashes { get; init; } = [];

    /// <summary>Signed bytes of those versions in hexadecimal.</summary>
    public ImmutableArray<string> Raw { get; init; } = [];

    /// <summary>Block that includes it; null while it does not.</summary>
    public ulong? Block { get; init; }
}

/// <summary>A call that the deployer may not make itself: the owner (a timelock, in production) sends it.</summary>
public sealed record OwnerCall(string What, string From, string To, string Data);

/// <summary>A contract as it was created.</summary>
public sealed record DeployedContract
{
    /// <summary>Where.</summary>
    public required string Address { get; init; }

    /// <summary>Encoded constructor arguments in hexadecimal.</summary>
    public required string Arguments { get; init; }

    /// <summary>keccak of the artifact's creation code.</summary>
    public required string CodeHash { get; init; }
}

/// <summary>
/// What everyone needs to know of a network on a chain; written by the deployer, read by every host. While a deployment runs it is also
/// its journal.
/// </summary>
public sealed class NetworkManifest
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>Layout of this file.</summary>
    public int Version { get; init; } = 1;

    /// <summary>The network's name on this machine.</summary>
    public required string Network { get; init; }

    /// <summary>keccak(tag · kind · chain · report verifier): docs/protocol.md, Keys and identities.</summary>
    public required string NetworkId { get; init; }

    /// <summary>EIP-155 chain id.</summary>
    public required ulong ChainId { get; init; }

    /// <summary>Hash of the chain's block 0: tells a restarted dev chain from the one deployed to.</summary>
    public required string ChainGenesisHash { get; init; }

    /// <summary>The profile's name.</summary>
    public required string Profile { get; init; }

    /// <summary>Who sent the transactions.</summary>
    public required string Deployer { get; init; }

    /// <summary>Nonce of the first of them.</summary>
    public required ulong FirstNonce { get; init; }

    /// <summary>keccak over all that was asked to be deployed: a manifest is resumed only by the same deployment.</summary>
    public required string DeploymentHash { get; init; }

    /// <summary>Whether every step is included and the code checked.</summary>
    public bool Complete { get; set; }

    /// <summary>The last block before the deployment: indexers start after it.</summary>
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

    /// <summary>By name.</summary>
    public required SortedDictionary<string, DeployedContract> Contracts { get; init; }

    /// <summary>What the owner has yet to send.</summary>
    public List<OwnerCall> OwnerCalls { get; init; } = [];

    /// <summary>The deployment's transactions.</summary>
    public List<DeploymentStep> Steps { get; init; } = [];

    /// <summary>The network id as a value.</summary>
    [JsonIgnore]
    public NetworkId Id => new(Bytes32.Parse(NetworkId));

    /// <summary>The parameters as values.</summary>
    [JsonIgnore]
    public NetworkParameters NetworkParameters => NetworkParameters.ParseCanonical(Encoding.UTF8.GetBytes(Parameters));

    /// <summary>The address of a contract.</summary>
    /// <exception cref="DeploymentException">The network has no such contract.</exception>
    public Address AddressOf(string contract) => Contracts.TryGetValue(contract, out var deployed)
        ? Address.Parse(deployed.Address)
        : throw new DeploymentException($"The manifest of network '{Network}' has no contract {contract}.");

    /// <summary>Where the manifest of a network lies: <c>&lt;folder&gt;/eip155-&lt;chain&gt;/&lt;network&gt;.json</c>.</summary>
    public static string PathFor(string folder, ulong chainId, string network) =>
        Path.Combine(folder, $"eip155-{chainId.ToString(CultureInfo.InvariantCulture)}", $"{network}.json");

    /// <summary>keccak(tag · kind 0 · chain 32 · report verifier 32).</summary>
    public static NetworkId IdOf(ulong chainId, Address reportVerifier)
    {
        var hash = new Keccak256();
        hash.Append(ProtocolTags.Network);
        hash.Append([0]);
        hash.Append(Bytes32.FromUInt64(chainId));
        hash.Append(reportVerifier.ToBytes32());
        return new NetworkId(hash.Finish());
    }

    /// <summary>Reads a manifest.</summary>
    /// <exception cref="DeploymentException">It is missing or damaged.</exception>
    public static NetworkManifest Load(string path)
    {
        if (!File.Exists(path)) throw new DeploymentException($"There is no network manifest '{path}'. Deploy the network first, or name the manifest's file.");
        try
        {
            return JsonSerializer.Deserialize<NetworkManifest>(File.ReadAllBytes(path), Json) ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            throw new DeploymentException($"'{path}' is not a network manifest: {e.Message}", e);
        }
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
