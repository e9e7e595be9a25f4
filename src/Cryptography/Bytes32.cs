using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;

namespace DePin.Cryptography;

/// <summary>
/// A 32-byte value: a hash, a root, a left-padded account. Ordered as an unsigned big-endian number, so that
/// sorted collections of it agree on every machine. <see cref="ToString"/> gives 0x and 64 lower-case digits.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public readonly struct Bytes32 : IEquatable<Bytes32>, IComparable<Bytes32>
{
    /// <summary>Number of bytes.</summary>
    public const int Size = 32;

    // Held as they lie in memory; compared through big-endian reads.
    private readonly ulong _a, _b, _c, _d;

    /// <summary>Copies exactly 32 bytes.</summary>
    /// <exception cref="ArgumentException"><paramref name="bytes"/> is not 32 bytes long.</exception>
    public Bytes32(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size) throw new ArgumentException($"Expected 32 bytes, got {bytes.Length}.", nameof(bytes));
        this = MemoryMarshal.Read<Bytes32>(bytes);
    }

    /// <summary>All zeros.</summary>
    public static Bytes32 Zero => default;

    /// <summary>Whether every byte is zero.</summary>
    public bool IsZero => (_a | _b | _c | _d) == 0;

    /// <summary>The bytes in place: valid while the variable it was called on is.</summary>
    [UnscopedRef]
    public ReadOnlySpan<byte> AsSpan() => MemoryMarshal.AsBytes(new ReadOnlySpan<Bytes32>(in this));

    /// <summary>Writes the 32 bytes to the start of <paramref name="destination"/>.</summary>
    public void CopyTo(Span<byte> destination) => MemoryMarshal.Write(destination, in this);

    /// <summary>A fresh array of the 32 bytes.</summary>
    public byte[] ToArray() => AsSpan().ToArray();

    /// <summary>Left-pads up to 32 bytes with zeros.</summary>
    public static Bytes32 LeftPad(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > Size) throw new ArgumentException($"At most 32 bytes, got {bytes.Length}.", nameof(bytes));
        Span<byte> padded = stackalloc byte[Size];
        padded.Clear();
        bytes.CopyTo(padded[(Size - bytes.Length)..]);
        return new Bytes32(padded);
    }

    /// <summary>The value as a left-padded big-endian number.</summary>
    public static Bytes32 FromUInt64(ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        return LeftPad(bytes);
    }

    /// <summary>Parses 64 hexadecimal digits, with or without 0x.</summary>
    /// <exception cref="FormatException">Anything else.</exception>
    public static Bytes32 Parse(string text) =>
        TryParse(text, out var value) ? value : throw new FormatException($"'{text}' is not 32 bytes of hexadecimal (64 digits, 0x optional).");

    /// <summary>Parses 64 hexadecimal digits, with or without 0x; false for anything else.</summary>
    public static bool TryParse(string? text, out Bytes32 value)
    {
        value = default;
        if (text is null) return false;
        var digits = text.AsSpan();
        if (digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase)) digits = digits[2..];
        if (digits.Length != 2 * Size) return false;
        Span<byte> bytes = stackalloc byte[Size];
        if (Convert.FromHexString(digits, bytes, out _, out _) != System.Buffers.OperationStatus.Done) return false;
        value = new Bytes32(bytes);
        return true;
    }

    /// <inheritdoc/>
    public bool Equals(Bytes32 other) => _a == other._a && _b == other._b && _c == other._c && _d == other._d;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Bytes32 other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_a, _b, _c, _d);

    /// <inheritdoc/>
    public int CompareTo(Bytes32 other) => AsSpan().SequenceCompareTo(other.AsSpan());

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"0x{Convert.ToHexStringLower(AsSpan())}");

    public static bool operator ==(Bytes32 left, Bytes32 right) => left.Equals(right);
    public static bool operator !=(Bytes32 left, Bytes32 right) => !left.Equals(right);
    public static bool operator <(Bytes32 left, Bytes32 right) => left.CompareTo(right) < 0;
    public static bool operator >(Bytes32 left, Bytes32 right) => left.CompareTo(right) > 0;
    public static bool operator <=(Bytes32 left, Bytes32 right) => left.CompareTo(right) <= 0;
    public static bool operator >=(Bytes32 left, Bytes32 right) => left.CompareTo(right) >= 0;
}
