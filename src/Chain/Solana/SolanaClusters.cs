using DePin.Abi.Solana;
using DePin.Cryptography;

namespace DePin.Chain.Solana;

/// <summary>The public clusters, told by their genesis hashes. A validator of one's own has a genesis of its own.</summary>
public static class SolanaClusters
{
    /// <summary>Where tokens are worth something.</summary>
    public static Bytes32 MainnetBeta { get; } = HashOf("5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d");

    /// <summary>Where validators are tried.</summary>
    public static Bytes32 Testnet { get; } = HashOf("4uhcVJyU9pJkvQyS88uRDiswHXSCkY3zQawwpjk2NsNY");

    /// <summary>Where programs are tried.</summary>
    public static Bytes32 Devnet { get; } = HashOf("EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG");

    /// <summary>The name of a public cluster; null for any other.</summary>
    public static string? NameOf(in Bytes32 genesisHash) =>
        genesisHash == MainnetBeta ? "mainnet-beta" : genesisHash == Testnet ? "testnet" : genesisHash == Devnet ? "devnet" : null;

    private static Bytes32 HashOf(string base58) => SolanaAddress.Parse(base58).ToBytes32();
}
