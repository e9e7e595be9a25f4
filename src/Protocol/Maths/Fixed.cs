using System.Globalization;

namespace DePin.Protocol.Maths;

/// <summary>
/// A binary fixed-point number: 64 fraction bits in an <see cref="Int128"/>, so about 1.08e-19 fine and up to ±9.2e18.
/// Every operation is integer arithmetic and gives the same bits on every machine. Products and quotients are cut
/// towards zero (error below one unit of 2^-64); what does not fit throws <see cref="OverflowException"/>.
/// </summary>
public readonly record struct Fixed(Int128 Raw) : IComparable<Fixed>
{
    /// <summary>Fraction bits.</summary>
    public const int FractionBits = 64;

    public static Fixed Zero => default;
    public static Fixed One => new(Int128.One << FractionBits);

    /// <summary>The whole number <paramref name="value"/>.</summary>
    public static Fixed FromInteger(long value) => new((Int128)value << FractionBits);

    /// <summary><paramref name="numerator"/> / <paramref name="denominator"/>, cut towards zero.</summary>
    public static Fixed Ratio(long numerator, long denominator) =>
        new(((Int128)numerator << FractionBits) / denominator);

    public static Fixed operator +(Fixed a, Fixed b) => new(checked(a.Raw + b.Raw));
    public static Fixed operator -(Fixed a, Fixed b) => new(checked(a.Raw - b.Raw));
    public static Fixed operator -(Fixed a) => new(checked(-a.Raw));
    public static bool operator <(Fixed a, Fixed b) => a.Raw < b.Raw;
    public static bool operator >(Fixed a, Fixed b) => a.Raw > b.Raw;
    public static bool operator <=(Fixed a, Fixed b) => a.Raw <= b.Raw;
    public static bool operator >=(Fixed a, Fixed b) => a.Raw >= b.Raw;

    public static Fixed operator *(Fixed a, Fixed b)
    {
        var x = Magnitude(a.Raw);
        var y = Magnitude(b.Raw);
        ulong xh = (ulong)(x >> 64), xl = (ulong)x, yh = (ulong)(y >> 64), yl = (ulong)y;
        var high = Math.BigMul(xh, yh, out var top);
        if (high != 0 || top >> 63 != 0) throw new OverflowException("A fixed-point product does not fit in 63 integer bits.");
        var low = (UInt128)Math.BigMul(xl, yl, out _);
        var sum = checked(((UInt128)top << 64) + Wide(xh, yl) + Wide(xl, yh) + low);
        return Signed(sum, (a.Raw < 0) ^ (b.Raw < 0));
    }

    public static Fixed operator /(Fixed a, Fixed b)
    {
        if (b.Raw == 0) throw new DivideByZeroException("A fixed-point number was divided by zero.");
        var divisor = Magnitude(b.Raw);
        var (quotient, remainder) = UInt128.DivRem(Magnitude(a.Raw), divisor);
        if (quotient >> 63 != 0) throw new OverflowException("A fixed-point quotient does not fit in 63 integer bits.");
        // The 64 fraction bits: in as large steps as the divisor leaves room for, at worst one bit at a time.
        var room = Math.Max(1, (int)UInt128.LeadingZeroCount(divisor));
        for (var left = FractionBits; left > 0;)
        {
            var step = Math.Min(room, left);
            (var digits, remainder) = UInt128.DivRem(remainder << step, divisor);
            quotient = (quotient << step) | digits;
            left -= step;
        }
        return Signed(quotient, (a.Raw < 0) ^ (b.Raw < 0));
    }

    /// <summary>The absolute value.</summary>
    public Fixed Abs() => Raw < 0 ? -this : this;

    /// <summary>Twice this number to the power <paramref name="bits"/>; negative powers cut towards minus infinity.</summary>
    public Fixed Shift(int bits) => new(bits >= 0 ? checked(Raw * (Int128.One << bits)) : Raw >> Math.Min(-bits, 127));

    /// <summary>The nearest whole number; halves go up.</summary>
    public Int128 Round() => (Raw + (Int128.One << (FractionBits - 1))) >> FractionBits;

    /// <summary>This number times <paramref name="scale"/>, as the nearest whole number; halves go up.</summary>
    public long RoundScaled(long scale) => checked((long)(this * FromInteger(scale)).Round());

    /// <inheritdoc/>
    public int CompareTo(Fixed other) => Raw.CompareTo(other.Raw);

    /// <summary>Decimal digits, for people: ten after the point, cut.</summary>
    public override string ToString()
    {
        var magnitude = Magnitude(Raw);
        var fraction = (ulong)(((magnitude & ulong.MaxValue) * 10_000_000_000) >> 64);
        return string.Create(CultureInfo.InvariantCulture, $"{(Raw < 0 ? "-" : "")}{magnitude >> 64}.{fraction:D10}");
    }

    private static UInt128 Magnitude(Int128 value) => value < 0 ? (UInt128)(-value) : (UInt128)value;

    private static UInt128 Wide(ulong a, ulong b)
    {
        var high = Math.BigMul(a, b, out var low);
        return new UInt128(high, low);
    }

    private static Fixed Signed(UInt128 magnitude, bool negative)
    {
        if (magnitude >> 127 != 0) throw new OverflowException("A fixed-point result does not fit in 63 integer bits.");
        return new Fixed(negative ? -(Int128)magnitude : (Int128)magnitude);
    }
}
