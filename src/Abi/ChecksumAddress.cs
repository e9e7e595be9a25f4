using System.Text;
using DePin.Cryptography;

namespace DePin.Abi;

/// <summary>EIP-55: an address whose letters' case is a checksum.</summary>
public static class ChecksumAddress
{
    /// <summary>0x and 40 digits in mixed case.</summary>
    public static string ToChecksum(this Address address)
    {
        Span<char> digits = stackalloc char[40];
        Convert.TryToHexStringLower(address.AsSpan(), digits, out _);
        Span<byte> ascii = stackalloc byte[40];
        Encoding.ASCII.GetBytes(digits, ascii);
        var hash = Keccak256.Hash(ascii);
        for (var i = 0; i < 40; i++)
        {
            var nibble = (hash.AsSpan()[i / 2] >> (i % 2 == 0 ? 4 : 0)) & 0xf;
            if (nibble >= 8) digits[i] = char.ToUpperInvariant(digits[i]);
        }

        return string.Concat("0x", digits);
    }

    /// <summary>Reads an address that a person typed: mixed case must be its checksum, one case alone is taken as it is.</summary>
    public static bool TryParse(string? text, out Address address)
    {
        if (!Address.TryParse(text, out address)) return false;
        var digits = text![^40..];
        var mixed = digits.Any(char.IsAsciiLetterLower) && digits.Any(char.IsAsciiLetterUpper);
        return !mixed || address.ToChecksum().EndsWith(digits, StringComparison.Ordinal);
    }
}
