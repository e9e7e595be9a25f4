using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using DePin.Abi;
using DePin.Cryptography;

namespace DePin.Chain.Evm;

/// <summary>
/// Reads JSON-RPC's hexadecimal strings where they lie. What is not as it should be is a <see cref="JsonException"/>: a broken answer,
/// which the client asks for again.
/// </summary>
internal static class JsonHex
{
    public static ulong Number(ref Utf8JsonReader reader)
    {
        var digits = Digits(ref reader);
        if (digits.Length is > 0 and <= 16 && Utf8Parser.TryParse(digits, out ulong value, out var used, 'x') && used == digits.Length) return value;
        throw new JsonException("a quantity of at most 64 bits was expected");
    }

    public static UInt256 Number256(ref Utf8JsonReader reader)
    {
        var digits = Digits(ref reader);
        Span<byte> padded = stackalloc byte[64];
        padded.Fill((byte)'0');
        if (digits.Length is 0 or > 64) throw new JsonException("a quantity of at most 256 bits was expected");
        digits.CopyTo(padded[(64 - digits.Length)..]);
        Span<byte> bytes = stackalloc byte[32];
        Decode(padded, bytes);
        return new UInt256(bytes);
    }

    public static Bytes32 Word(ref Utf8JsonReader reader)
    {
        Span<byte> bytes = stackalloc byte[32];
        Decode(Digits(ref reader), bytes);
        return new Bytes32(bytes);
    }

    public static Address Address(ref Utf8JsonReader reader)
    {
        Span<byte> bytes = stackalloc byte[20];
        Decode(Digits(ref reader), bytes);
        return new Address(bytes);
    }

    public static byte[] Bytes(ref Utf8JsonReader reader)
    {
        var digits = Digits(ref reader);
        var bytes = new byte[digits.Length / 2];
        Decode(digits, bytes);
        return bytes;
    }

    // The digits after 0x, in the reader's own buffer.
    public static ReadOnlySpan<byte> Digits(scoped ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String || reader.HasValueSequence || reader.ValueIsEscaped) throw new JsonException("a hexadecimal string was expected");
        var text = reader.ValueSpan;
        return text.StartsWith("0x"u8) ? text[2..] : throw new JsonException("a hexadecimal string must start with 0x");
    }

    public static void Decode(ReadOnlySpan<byte> digits, Span<byte> bytes)
    {
        if (digits.Length != 2 * bytes.Length || Convert.FromHexString(digits, bytes, out _, out _) != OperationStatus.Done)
            throw new JsonException($"{bytes.Length} bytes in hexadecimal were expected");
    }
}
