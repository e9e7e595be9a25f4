using System.Collections.Immutable;
using DePin.Cryptography;
using DePin.Protocol.Canonical;
using DePin.Protocol.Reports;

namespace DePin.Protocol.Registry;

/// <summary>One operator of a config: the address that signs reports and the Ed25519 key that signs everything else.</summary>
public readonly record struct OperatorKeys(Address ReportSigner, Bytes32 ProtocolKey);

/// <summary>
/// Everything that the config digest covers: which contracts, which operators, which parameters and rules. Operators are ascending by
/// address and distinct.
/// </summary>
public sealed record NetworkConfig
{
    /// <summary>Family of chain.</summary>
    public required ChainKind Kind { get; init; }

    /// <summary>On EVM the chain id as a left-padded number.</summary>
    public required Bytes32 Chain { get; init; }

    /// <summary>The report verifier.</summary>
    public required AccountId Verifier { get; init; }

    /// <summary>The reward distributor.</summary>
    public required AccountId Distributor { get; init; }

    /// <summary>The network's token.</summary>
    public required AccountId Token { get; init; }

    /// <summary>Which config of the network this is, from 1.</summary>
    public required ulong ConfigCount { get; init; }

    /// <summary>The first epoch that it governs.</summary>
    public required Epoch FirstEpoch { get; init; }

    /// <summary>n = 3f+1 operators, ascending by address.</summary>
    public required ImmutableArray<OperatorKeys> Operators { get; init; }

    /// <summary>keccak of the network's parameter document.</summary>
    public required Bytes32 ParametersHash { get; init; }

    /// <summary>keccak over the classes and their rules versions.</summary>
    public required Bytes32 RulesHash { get; init; }

    /// <summary>q = 2f+1.</summary>
    public int Quorum => (2 * ((Operators.Length - 1) / 3)) + 1;

    /// <summary>keccak(tag · kind · chain · verifier).</summary>
    public NetworkId NetworkId =>
        new(new CanonicalWriter().Bytes(ProtocolTags.Network).U8((byte)Kind).Word(Chain).Word(Verifier.Value).Keccak());

    /// <summary>The domain of reward leaves: keccak(tag · kind · chain · distributor · token).</summary>
    public Bytes32 RewardDomain =>
        new CanonicalWriter().Bytes(ProtocolTags.Reward).U8((byte)Kind).Word(Chain).Word(Distributor.Value).Word(Token.Value).Keccak();

    /// <summary>The digest that names this config in reports and messages.</summary>
    public ConfigDigest Digest => ConfigDigest.Of(this);
}
