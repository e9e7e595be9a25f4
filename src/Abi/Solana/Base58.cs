using System.Diagnostics.CodeAnalysis;
using DePin.Cryptography;

namespace DePin.Abi.Solana;

/// <summary>Base58 with Bitcoin's alphabet, as Solana writes addresses, signatures and hashes: a leading zero byte is a leading '1'.</summary>
public static class Base58
{
    private const string Alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    private const int LongestBytes = 1232; // a transaction; longer texts take time that grows with the square of their length

    private static readonly sbyte[] Digits = MakeDigits();

    /// <summary>The text of at most 1,232 bytes.</summary>
    /// <exception cref="ArgumentException">More bytes.</exception>
    public static string Encode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > LongestBytes) throw new ArgumentException($"Base58 is for at most {LongestBytes} bytes, not {bytes.Length}.", nameof(bytes));
        var zeros = bytes.IndexOfAnyExcept((byte)0);
        if (zeros < 0) return new string('1', bytes.Length);
        Span<byte> digits = stackalloc byte[(bytes.Length * 138 / 100) + 1]; // log 256 / log 58 < 1.38; least significant first
        var length = 0;
        foreach (var value in bytes[zeros..])
        {
            int carry = value;
            for (var i = 0; i < length; i++)
            {
                carry += digits[i] << 8;
                digits[i] = (byte)(carry % 58);
                carry /= 58;
            }

            for (; carry > 0; carry /= 58) digits[length++] = (byte)(carry % 58);
        }

        Span<char> text = stackalloc char[zeros + length];
        text[..zeros].Fill('1');
        for (var i = 0; i < length; i++) text[zeros + i] = Alphabet[digits[length - 1 - i]];
        return new string(text);
    }

    /// <summary>The bytes of a text that stands for exactly <paramref name="destination"/>'s length; false for any other text.</summary>
    public static bool TryDecode(ReadOnlySpan<char> text, Span<byte> destination)
    {
        if (text.Length > (destination.Length * 138 / 100) + 1) return false;
        destination.Clear();
        var zeros = 0;
        while (zeros < text.Length && text[zeros] == '1') zeros++;
        var length = 0; // of destination from its end that is in use
        foreach (var c in text[zeros..])
        {
            int carry = c < 128 ? Digits[c] : -1;
            if (carry < 0) return false;
            for (var i = 0; i < length || carry > 0; i++)
            {
                if (i == destination.Length) return false;
                ref var place = ref destination[^(i + 1)];
                carry += place * 58;
                place = (byte)carry;
                carry >>= 8;
                if (i >= length) length = i + 1;
            }
        }

        return zeros + length == destination.Length;
    }

    /// <summary>The bytes of a text of at most 1,232 bytes; false for any other text.</summary>
    public static bool TryDecode(ReadOnlySpan<char> text, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        if (text.Length > LongestBytes * 138 / 100) return false;
        var zeros = 0;
        while (zeros < text.Length && text[zeros] == '1') zeros++;
        Span<byte> room = stackalloc byte[text.Length - zeros];
        room.Clear();
        var length = 0;
        foreach (var c in text[zeros..])
        {
            int carry = c < 128 ? Digits[c] : -1;
            if (carry < 0) return false;
            for (var i = 0; i < length || carry > 0; i++)
            {
                carry += room[^(i + 1)] * 58;
                room[^(i + 1)] = (byte)carry;
                carry >>= 8;
                if (i >= length) length = i + 1;
            }
        }

        if (zeros + length > LongestBytes) return false;
        bytes = new byte[zeros + length];
        room[^length..].CopyTo(bytes.AsSpan(zeros));
        return true;
    }

    /// <summary>The word that a text stands for, as blockhashes are written; false for anything but 32 bytes.</summary>
    public static bool TryDecode(string? text, out Bytes32 hash)
    {
        Span<byte> bytes = stackalloc byte[Bytes32.Size];
        var decoded = text is not null && TryDecode(text, bytes);
        hash = decoded ? new Bytes32(bytes) : default;
        return decoded;
    }

    private static sbyte[] MakeDigits()
    {
        var digits = new sbyte[128];
        Array.Fill(digits, (sbyte)-1);
        for (var i = 0; i < Alphabet.Length; i++) digits[Alphabet[i]] = (sbyte)i;
        return digits;
    }
}
