using System.Globalization;
using DePin.Abi.Solana;
using DePin.Cryptography;

namespace DePin.Chain;

/// <summary>A chain by CAIP-2: "eip155:8453", "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp".</summary>
public readonly record struct ChainId(string Namespace, string Reference)
{
    /// <summary>An EVM chain by its EIP-155 number.</summary>
    public static ChainId Evm(ulong number) => new("eip155", number.ToString(CultureInfo.InvariantCulture));

    /// <summary>A Solana cluster by its genesis hash, of which CAIP-30 takes the first 32 characters.</summary>
    public static ChainId Solana(in Bytes32 genesisHash) => new("solana", Base58.Encode(genesisHash.AsSpan())[..32]);

    /// <summary>Reads "namespace:reference".</summary>
    /// <exception cref="FormatException">Anything else.</exception>
    public static ChainId Parse(string text)
    {
        var parts = text.Split(':');
        return parts.Length == 2 && parts[0].Length is >= 3 and <= 8 && parts[1].Length is >= 1 and <= 32 && parts[0].All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
            ? new ChainId(parts[0], parts[1])
            : throw new FormatException($"'{text}' is not a CAIP-2 chain id such as eip155:1.");
    }

    /// <summary>"namespace:reference".</summary>
    public override string ToString() => $"{Namespace}:{Reference}";
}
