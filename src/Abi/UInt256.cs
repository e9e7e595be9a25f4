using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;
using DePin.Cryptography;

namespace DePin.Abi;

/// <summary>An unsigned 256-bit number as the EVM holds it. Anyone may put 2^256−1 into an event, so narrowing is always checked.</summary>
public readonly struct UInt256 : IEquatable<UInt256>, IComparable<UInt256>
{
    /// <summary>Number of bytes of the big-endian form.</summary>
    public const int Size = 32;

    private readonly ulong _3, _2, _1, _0; // most significant first

    /// <summary>The number with these quarters, the most significant first.</summary>
    public UInt256(ulong q3, ulong q2, ulong q1, ulong q0) => (_3, _2, _1, _0) = (q3, q2, q1, q0);

    /// <summary>Reads 32 big-endian bytes.</summary>
    public UInt256(ReadOnlySpan<byte> bigEndian)
    {
        if (bigEndian.Length != Size) throw new ArgumentException($"Expected 32 bytes, got {bigEndian.Length}.", nameof(bigEndian));
        _3 = BinaryPrimitives.ReadUInt64BigEndian(bigEndian);
        _2 = BinaryPrimitives.ReadUInt64BigEndian(bigEndian[8..]);
        _1 = BinaryPrimitives.ReadUInt64BigEndian(bigEndian[16..]);
        _0 = BinaryPrimitives.ReadUInt64BigEndian(bigEndian[24..]);
    }

    /// <summary>0.</summary>
    public static UInt256 Zero => default;

    /// <summary>2^256 − 1.</summary>
    public static UInt256 MaxValue => new(ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, ulong.MaxValue);

    /// <summary>Whether it is 0.</summary>
    public bool IsZero => (_3 | _2 | _1 | _0) == 0;

    /// <summary>Bits up to and including the highest set one; 0 for 0.</summary>
    public int BitLength => (_3, _2, _1) switch
    {
        (not 0, _, _) => 256 - BitOperations.LeadingZeroCount(_3),
        (_, not 0, _) => 192 - BitOperations.LeadingZeroCount(_2),
        (_, _, not 0) => 128 - BitOperations.LeadingZeroCount(_1),
        _ => 64 - BitOperations.LeadingZeroCount(_0),
    };

    /// <summary>The number, if it fits.</summary>
    public bool TryToUInt64(out ulong value)
    {
        value = _0;
        return (_3 | _2 | _1) == 0;
    }

    /// <summary>The number, if it fits.</summary>
    public bool TryToUInt128(out UInt128 value)
    {
        value = new UInt128(_1, _0);
        return (_3 | _2) == 0;
    }

    /// <summary>Writes 32 big-endian bytes to the start of <paramref name="destination"/>.</summary>
    public void WriteBigEndian(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, _3);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _2);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], _1);
        BinaryPrimitives.WriteUInt64BigEndian(destination[24..], _0);
    }

    /// <summary>The 32 big-endian bytes.</summary>
    public Bytes32 ToBytes32()
    {
        Span<byte> bytes = stackalloc byte[Size];
        WriteBigEndian(bytes);
        return new Bytes32(bytes);
    }

    /// <summary>Parses decimal digits, or hexadecimal ones after 0x.</summary>
    /// <exception cref="FormatException">Anything else, or more than 256 bits.</exception>
    public static UInt256 Parse(string text) =>
        TryParse(text, out var value) ? value : throw new FormatException($"'{text}' is not a number from 0 to 2^256-1 (decimal, or hexadecimal after 0x).");

    /// <summary>Parses decimal digits, or hexadecimal ones after 0x; false for anything else.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out UInt256 value)
    {
        value = default;
        if (string.IsNullOrEmpty(text)) return false;
        BigInteger number;
        if (text.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
        {
            if (text.Length is 2 or > 66 || !BigInteger.TryParse(string.Concat("0", text.AsSpan(2)), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number)) return false;
        }
        else if (text.Length > 78 || !BigInteger.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) || number.GetBitLength() > 256)
        {
            return false;
        }

        value = (UInt256)number;
        return true;
    }

    /// <inheritdoc/>
    public bool Equals(UInt256 other) => _0 == other._0 && _1 == other._1 && _2 == other._2 && _3 == other._3;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is UInt256 other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_0, _1, _2, _3);

    /// <inheritdoc/>
    public int CompareTo(UInt256 other)
    {
        if (_3 != other._3) return _3.CompareTo(other._3);
        if (_2 != other._2) return _2.CompareTo(other._2);
        return _1 != other._1 ? _1.CompareTo(other._1) : _0.CompareTo(other._0);
    }

    /// <summary>Decimal digits.</summary>
    public override string ToString() => ((BigInteger)this).ToString(CultureInfo.InvariantCulture);

    public static implicit operator UInt256(ulong value) => new(0, 0, 0, value);
    public static implicit operator UInt256(UInt128 value) => new(0, 0, (ulong)(value >> 64), (ulong)value);

    /// <exception cref="OverflowException">It does not fit.</exception>
    public static explicit operator ulong(UInt256 value) => value.TryToUInt64(out var result) ? result : throw new OverflowException($"{value} does not fit in 64 bits.");

    /// <exception cref="OverflowException">It does not fit.</exception>
    public static explicit operator UInt128(UInt256 value) => value.TryToUInt128(out var result) ? result : throw new OverflowException($"{value} does not fit in 128 bits.");

    public static implicit operator BigInteger(UInt256 value)
    {
        Span<byte> bytes = stackalloc byte[Size];
        value.WriteBigEndian(bytes);
        return new BigInteger(bytes, isUnsigned: true, isBigEndian: true);
    }

    /// <exception cref="OverflowException">It is negative or does not fit.</exception>
    public static explicit operator UInt256(BigInteger value)
    {
        if (value.Sign < 0 || value.GetBitLength() > 256) throw new OverflowException($"{value} is not from 0 to 2^256-1.");
        Span<byte> bytes = stackalloc byte[Size];
        bytes.Clear();
        var count = value.GetByteCount(isUnsigned: true);
        value.TryWriteBytes(bytes[(Size - count)..], out _, isUnsigned: true, isBigEndian: true);
        return new UInt256(bytes);
    }

    public static bool operator ==(UInt256 left, UInt256 right) => left.Equals(right);
    public static bool operator !=(UInt256 left, UInt256 right) => !left.Equals(right);
    public static bool operator <(UInt256 left, UInt256 right) => left.CompareTo(right) < 0;
    public static bool operator >(UInt256 left, UInt256 right) => left.CompareTo(right) > 0;
    public static bool operator <=(UInt256 left, UInt256 right) => left.CompareTo(right) <= 0;
    public static bool operator >=(UInt256 left, UInt256 right) => left.CompareTo(right) >= 0;
}
