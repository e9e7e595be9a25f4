using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace DePin.Cryptography;

/// <summary>
/// A number modulo 2^255 − 19 in five limbs of 51 bits, for public values only: nothing here hides from a stopwatch what it computes on. Limbs of a result stay
/// below 2^52, so that sums of two may be multiplied without carrying.
/// </summary>
internal readonly struct Curve25519Field
{
    private const ulong Mask = (1UL << 51) - 1;

    private readonly ulong _0, _1, _2, _3, _4;

    private Curve25519Field(ulong l0, ulong l1, ulong l2, ulong l3, ulong l4) => (_0, _1, _2, _3, _4) = (l0, l1, l2, l3, l4);

    public static Curve25519Field One => new(1, 0, 0, 0, 0);

    /// <summary>32 bytes, least significant first; the topmost bit is left out and what is not below the modulus is reduced.</summary>
    public static Curve25519Field Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(bytes) & Mask,
        (BinaryPrimitives.ReadUInt64LittleEndian(bytes[6..]) >> 3) & Mask,
        (BinaryPrimitives.ReadUInt64LittleEndian(bytes[12..]) >> 6) & Mask,
        (BinaryPrimitives.ReadUInt64LittleEndian(bytes[19..]) >> 1) & Mask,
        (BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]) >> 12) & Mask);

    public static Curve25519Field operator +(in Curve25519Field a, in Curve25519Field b) => new(a._0 + b._0, a._1 + b._1, a._2 + b._2, a._3 + b._3, a._4 + b._4);

    // Four times the modulus is added first, so that no limb falls below zero.
    public static Curve25519Field operator -(in Curve25519Field a, in Curve25519Field b) => Carry(
        a._0 + 0x1FFFFFFFFFFFB4 - b._0, a._1 + 0x1FFFFFFFFFFFFC - b._1, a._2 + 0x1FFFFFFFFFFFFC - b._2, a._3 + 0x1FFFFFFFFFFFFC - b._3, a._4 + 0x1FFFFFFFFFFFFC - b._4);

    public static Curve25519Field operator *(in Curve25519Field a, in Curve25519Field b)
    {
        // 2^255 = 19: what overflows the fifth limb comes back times 19.
        var (b1, b2, b3, b4) = (19 * b._1, 19 * b._2, 19 * b._3, 19 * b._4);
        var r0 = Wide(a._0, b._0) + Wide(a._1, b4) + Wide(a._2, b3) + Wide(a._3, b2) + Wide(a._4, b1);
        var r1 = Wide(a._0, b._1) + Wide(a._1, b._0) + Wide(a._2, b4) + Wide(a._3, b3) + Wide(a._4, b2);
        var r2 = Wide(a._0, b._2) + Wide(a._1, b._1) + Wide(a._2, b._0) + Wide(a._3, b4) + Wide(a._4, b3);
        var r3 = Wide(a._0, b._3) + Wide(a._1, b._2) + Wide(a._2, b._1) + Wide(a._3, b._0) + Wide(a._4, b4);
        var r4 = Wide(a._0, b._4) + Wide(a._1, b._3) + Wide(a._2, b._2) + Wide(a._3, b._1) + Wide(a._4, b._0);
        r1 += (ulong)(r0 >> 51);
        r2 += (ulong)(r1 >> 51);
        r3 += (ulong)(r2 >> 51);
        r4 += (ulong)(r3 >> 51);
        var l0 = ((ulong)r0 & Mask) + (19 * (ulong)(r4 >> 51));
        return new(l0 & Mask, ((ulong)r1 & Mask) + (l0 >> 51), (ulong)r2 & Mask, (ulong)r3 & Mask, (ulong)r4 & Mask);
    }

    /// <summary>
    /// Whether it is a square or zero: Euler's criterion, x^((p − 1)/2) is 1, 0 or −1, and (p − 1)/2 = 2^254 − 10 = 16 · (2^250 − 1) + 6.
    /// </summary>
    public bool IsSquareOrZero()
    {
        var x2 = this * this;
        var x3 = x2 * this;
        var e5 = Times(Times(x3, 2) * x3, 1) * this; // e5 is x^(2^5 − 1), and so on
        var e10 = Times(e5, 5) * e5;
        var e20 = Times(e10, 10) * e10;
        var e40 = Times(e20, 20) * e20;
        var e50 = Times(e40, 10) * e10;
        var e100 = Times(e50, 50) * e50;
        var e200 = Times(e100, 100) * e100;
        var e250 = Times(e200, 50) * e50;
        var power = Times(e250, 4) * x2 * x2 * x2;
        return !(power + One).IsZero();
    }

    /// <summary>Whether it is a multiple of the modulus.</summary>
    public bool IsZero()
    {
        var r = Carry(_0, _1, _2, _3, _4);
        r = Carry(r._0, r._1, r._2, r._3, r._4); // now below 2^255: zero is 0 or the modulus
        return (r._0 | r._1 | r._2 | r._3 | r._4) == 0 || (r._0 == Mask - 18 && (r._1 & r._2 & r._3 & r._4) == Mask);
    }

    private static Curve25519Field Times(Curve25519Field x, int squarings)
    {
        for (var i = 0; i < squarings; i++) x *= x;
        return x;
    }

    private static Curve25519Field Carry(ulong l0, ulong l1, ulong l2, ulong l3, ulong l4)
    {
        l1 += l0 >> 51;
        l2 += l1 >> 51;
        l3 += l2 >> 51;
        l4 += l3 >> 51;
        l0 = (l0 & Mask) + (19 * (l4 >> 51));
        return new(l0 & Mask, (l1 & Mask) + (l0 >> 51), l2 & Mask, l3 & Mask, l4 & Mask);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static UInt128 Wide(ulong a, ulong b)
    {
        var high = Math.BigMul(a, b, out var low);
        return new UInt128(high, low);
    }
}
