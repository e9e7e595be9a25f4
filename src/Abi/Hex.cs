using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace DePin.Abi;

/// <summary>Bytes as 0x and hexadecimal digits, as JSON-RPC writes them.</summary>
public static class Hex
{
    /// <summary>0x and lower-case digits.</summary>
    public static string ToString(ReadOnlySpan<byte> bytes) => string.Concat("0x", Convert.ToHexStringLower(bytes));

    /// <summary>Digits with or without 0x; false for anything else.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        if (text is null) return false;
        var digits = text.AsSpan();
        if (digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase)) digits = digits[2..];
        if (digits.Length % 2 != 0) return false;
        var result = new byte[digits.Length / 2];
        if (Convert.FromHexString(digits, result, out _, out _) != OperationStatus.Done) return false;
        bytes = result;
        return true;
    }

    /// <summary>Digits with or without 0x.</summary>
    /// <exception cref="FormatException">Anything else.</exception>
    public static byte[] Parse(string text) =>
        TryParse(text, out var bytes) ? bytes : throw new FormatException($"'{(text.Length > 80 ? text[..80] + "…" : text)}' is not hexadecimal.");
}
