using System.Text.Json.Serialization;
using DePin.Abi.Solana;
using DePin.Chain.Solana;
using DePin.Cryptography;

namespace DePin.Chain.Deployment;

/// <summary>A network of the settlement program on a Solana cluster. Amounts are in base units as decimal text.</summary>
public sealed class SolanaNetworkManifest : NetworkManifest
{
    /// <summary>The program, base58.</summary>
    public required string Program { get; init; }

    /// <summary>SHA-256 of the program's file in hexadecimal.</summary>
    public required string CodeHash { get; init; }

    /// <summary>The token, base58.</summary>
    public required string Mint { get; init; }

    /// <summary>The token program that owns the mint, base58. Manifests of before Token-2022 was taken do not say it, and mean SPL Token.</summary>
    public string TokenProgram { get; init; } = SolanaPrograms.Token.ToString();

    /// <summary>Who may change the network's settings, base58.</summary>
    public required string Owner { get; init; }

    /// <summary>Who may cancel challenged reports, base58.</summary>
    public required string Arbiter { get; init; }

    /// <summary>Emission of epoch 1.</summary>
    public required string EmissionBase { get; init; }

    /// <summary>Each epoch's emission in 2^-96 of the one before.</summary>
    public required string EmissionDecay { get; init; }

    /// <summary>Seconds in which the breaker drains.</summary>
    public required ulong BreakerWindow { get; init; }

    /// <summary>Least bond of an operator.</summary>
    public required string MinimumBond { get; init; }

    /// <summary>Seconds between asking for a bond and getting it.</summary>
    public required ulong BondThaw { get; init; }

    /// <summary>Arguments of what the network was made with, by instruction, in hexadecimal: <c>initialize</c>, <c>open_registry</c>, <c>open_staking</c>.</summary>
    public SortedDictionary<string, string> Arguments { get; init; } = [];

    /// <summary>What the owner, or a maker, has yet to send, in this order: a line each, "what: signer signs message" (<see cref="SolanaOwnerCall"/>).</summary>
    public List<string> OwnerCalls { get; set; } = [];

    /// <inheritdoc/>
    [JsonIgnore]
    public override ChainId Chain => ChainId.Solana(Cluster);

    /// <summary>The cluster's genesis hash.</summary>
    [JsonIgnore]
    public Bytes32 Cluster => SolanaAddress.Parse(ChainGenesisHash).ToBytes32();

    /// <summary>Where the network's accounts are.</summary>
    [JsonIgnore]
    public SolanaNetwork Accounts => new(SolanaAddress.Parse(Program), SolanaAddress.Parse(Mint), SolanaAddress.Parse(TokenProgram));

    /// <summary>keccak(tag · kind 1 · genesis hash · ledger account).</summary>
    public static Protocol.NetworkId IdOf(in Bytes32 cluster, SolanaNetwork network) =>
        IdOf(Protocol.ChainKind.Solana, cluster, network.Ledger.ToBytes32());
}
