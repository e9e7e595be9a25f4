using System.Collections.Immutable;
using System.Text.Json.Serialization;
using DePin.Cryptography;

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

/// <summary>A network on an EVM chain.</summary>
public sealed class EvmNetworkManifest : NetworkManifest
{
    /// <summary>EIP-155 chain id.</summary>
    public required ulong ChainId { get; init; }

    /// <summary>The deployer's nonce of the first transaction.</summary>
    public required ulong FirstNonce { get; init; }

    /// <summary>By name.</summary>
    public required SortedDictionary<string, DeployedContract> Contracts { get; init; }

    /// <summary>What the owner has yet to send.</summary>
    public List<OwnerCall> OwnerCalls { get; init; } = [];

    /// <summary>The deployment's transactions.</summary>
    public List<DeploymentStep> Steps { get; init; } = [];

    /// <inheritdoc/>
    [JsonIgnore]
    public override ChainId Chain => DePin.Chain.ChainId.Evm(ChainId);

    /// <summary>The address of a contract.</summary>
    /// <exception cref="DeploymentException">The network has no such contract.</exception>
    public Address AddressOf(string contract) => Contracts.TryGetValue(contract, out var deployed)
        ? Address.Parse(deployed.Address)
        : throw new DeploymentException($"The manifest of network '{Network}' has no contract {contract}.");

    /// <summary>keccak(tag · kind 0 · chain 32 · report verifier 32).</summary>
    public static Protocol.NetworkId IdOf(ulong chainId, Address reportVerifier) =>
        IdOf(Protocol.ChainKind.Evm, Bytes32.FromUInt64(chainId), reportVerifier.ToBytes32());
}
