using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DePin.Cryptography;

/// <summary>
/// A 20-byte EVM address: the last 20 bytes of Keccak-256 over an uncompressed secp256k1 public key (x ‖ y). Ordered as an
/// unsigned big-endian number. <see cref="ToString"/> gives lower case; the EIP-55 form is the ABI layer's.
/// </summary>
[InlineArray(Size)]
public struct Address : IEquatable<Address>, IComparable<Address>
{
    /// <summary>Number of bytes.</summary>
    public const int Size = 20;

    private byte _first;

    /// <summary>Copies exactly 20 bytes.</summary>
    /// <exception cref="ArgumentException"><paramref name="bytes"/> is not 20 bytes long.</exception>
    public Address(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size) throw new ArgumentException($"Expected 20 bytes, got {bytes.Length}.", nameof(bytes));
        this = MemoryMarshal.Read<Address>(bytes);
    }

    /// <summary>The zero address.</summary>
    public static Address Zero => default;

    /// <summary>Whether this is the zero address.</summary>
    public readonly bool IsZero => AsSpan().IndexOfAnyExcept((byte)0) < 0;

    /// <summary>The bytes in place: valid while the variable it was called on is.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> AsSpan() => MemoryMarshal.AsBytes(new ReadOnlySpan<Address>(in this));

    /// <summary>Writes the 20 bytes to the start of <paramref name="destination"/>.</summary>
    public readonly void CopyTo(Span<byte> destination) => MemoryMarshal.Write(destination, in this);

    /// <summary>A fresh array of the 20 bytes.</summary>
    public readonly byte[] ToArray() => AsSpan().ToArray();

    /// <summary>The address left-padded to 32 bytes.</summary>
    public readonly Bytes32 ToBytes32() => Bytes32.LeftPad(AsSpan());

    /// <summary>The last 20 of 32 bytes, which must be preceded by zeros.</summary>
    /// <exception cref="ArgumentException">A leading byte is not zero.</exception>
    public static Address FromBytes32(Bytes32 value)
    {
        var bytes = value.AsSpan();
        if (bytes[..12].IndexOfAnyExcept((byte)0) >= 0) throw new ArgumentException($"{value} is not a left-padded address.", nameof(value));
        return new Address(bytes[12..]);
    }

    /// <summary>Parses 40 hexadecimal digits, with or without 0x, of any case.</summary>
    /// <exception cref="FormatException">Anything else.</exception>
    public static Address Parse(string text) =>
        TryParse(text, out var value) ? value : throw new FormatException($"'{text}' is not an address (40 hexadecimal digits, 0x optional).");

    /// <summary>Parses 40 hexadecimal digits, with or without 0x; false for anything else.</summary>
    public static bool TryParse(string? text, out Address value)
    {
        value = default;
        if (text is null) return false;
        var digits = text.AsSpan();
        if (digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase)) digits = digits[2..];
        if (digits.Length != 2 * Size) return false;
        Span<byte> bytes = stackalloc byte[Size];
        if (Convert.FromHexString(digits, bytes, out _, out _) != System.Buffers.OperationStatus.Done) return false;
        value = new Address(bytes);
        return true;
    }

    /// <inheritdoc/>
    public readonly bool Equals(Address other) => AsSpan().SequenceEqual(other.AsSpan());

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is Address other && Equals(other);

    /// <inheritdoc/>
    public override readonly int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(AsSpan());
        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public readonly int CompareTo(Address other) => AsSpan().SequenceCompareTo(other.AsSpan());

    /// <inheritdoc/>
    public override readonly string ToString() => string.Create(CultureInfo.InvariantCulture, $"0x{Convert.ToHexStringLower(AsSpan())}");

    public static bool operator ==(Address left, Address right) => left.Equals(right);
    public static bool operator !=(Address left, Address right) => !left.Equals(right);
    public static bool operator <(Address left, Address right) => left.CompareTo(right) < 0;
    public static bool operator >(Address left, Address right) => left.CompareTo(right) > 0;
    public static bool operator <=(Address left, Address right) => left.CompareTo(right) <= 0;
    public static bool operator >=(Address left, Address right) => left.CompareTo(right) >= 0;
}
