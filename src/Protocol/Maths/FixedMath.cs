namespace DePin.Protocol.Maths;

/// <summary>
/// Roots, logarithms and trigonometry on <see cref="Fixed"/>. Every function is a fixed sequence of integer operations; the
/// error bounds stated are absolute, held by the tests against arbitrary-precision references, and much tighter than any rule needs.
/// </summary>
public static class FixedMath
{
    // Constants in units of 2^-64, worked out to 60 decimal digits and rounded.
    public static readonly Fixed Pi = new(new Int128(3, 0x243F6A8885A308D3));
    public static readonly Fixed HalfPi = new(new Int128(1, 0x921FB54442D1846A));
    private static readonly Fixed QuarterPi = new(new Int128(0, 0xC90FDAA22168C235));
    private static readonly Fixed Ln2 = new(new Int128(0, 0xB17217F7D1CF79AC));
    private static readonly Fixed Log2E = new(new Int128(1, 0x71547652B82FE177));
    private static readonly Fixed Log10Of2 = new(new Int128(0, 0x4D104D427DE7FBCC));
    private static readonly Fixed Sqrt2 = new(new Int128(1, 0x6A09E667F3BCC909));
    private static readonly Fixed TanEighthPi = new(new Int128(0, 0x6A09E667F3BCC908)); // sqrt 2 - 1

    /// <summary>The square root. Error below 2^-63.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="x"/> is negative.</exception>
    public static Fixed Sqrt(Fixed x)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(x.Raw, nameof(x));
        if (x.Raw == 0) return Fixed.Zero;
        // sqrt(raw · 2^64): 96 bits, bit by bit over two bits of the operand at a time.
        var raw = (UInt128)x.Raw;
        UInt128 root = 0, remainder = 0;
        for (var bit = 190; bit >= 0; bit -= 2)
        {
            var pair = bit >= 64 ? (raw >> (bit - 64)) & 3 : 0;
            remainder = (remainder << 2) | pair;
            var trial = (root << 2) | 1;
            root <<= 1;
            if (remainder < trial) continue;
            remainder -= trial;
            root |= 1;
        }
        return new Fixed((Int128)root);
    }

    /// <summary>The logarithm to base 2. Error below 2^-58.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="x"/> is zero or negative.</exception>
    public static Fixed Log2(Fixed x)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(x.Raw, nameof(x));
        var exponent = 127 - (int)Int128.LeadingZeroCount(x.Raw) - Fixed.FractionBits;
        var mantissa = exponent >= 0 ? new Fixed(x.Raw >> exponent) : new Fixed(x.Raw << -exponent);
        if (mantissa > Sqrt2) { mantissa = new Fixed(mantissa.Raw >> 1); exponent++; }
        // ln m = 2 artanh((m - 1) / (m + 1)), |z| < 0.1716: thirteen odd terms reach 2^-66.
        var z = (mantissa - Fixed.One) / (mantissa + Fixed.One);
        var square = z * z;
        var power = z;
        var sum = z;
        for (var n = 3; n <= 25; n += 2)
        {
            power *= square;
            sum += new Fixed(power.Raw / n);
        }
        return Fixed.FromInteger(exponent) + new Fixed(sum.Raw << 1) * Log2E;
    }

    /// <summary>The logarithm to base 10. Error below 2^-59.</summary>
    public static Fixed Log10(Fixed x) => Log2(x) * Log10Of2;

    /// <summary>
    /// 2 to the power <paramref name="x"/>, for x below 62; 0 below -66. Error below 2^-60 for x ≤ 0, and relative to
    /// the result below 2^-58 above.
    /// </summary>
    public static Fixed Exp2(Fixed x)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(x, Fixed.FromInteger(62));
        var whole = (int)Int128.Max(x.Round(), -128);
        if (whole < -66) return Fixed.Zero;
        var y = (x - Fixed.FromInteger(whole)) * Ln2;
        var term = Fixed.One;
        var sum = Fixed.One;
        for (var n = 1; n <= 18; n++)
        {
            term = new Fixed((term * y).Raw / n);
            sum += term;
        }
        return sum.Shift(whole);
    }

    /// <summary>e to the power <paramref name="x"/>, as <see cref="Exp2"/> of x log2 e.</summary>
    public static Fixed Exp(Fixed x) => Exp2(x * Log2E);

    /// <summary>Sine and cosine of an angle in units of 10^-7 degree. Error below 2^-60 each.</summary>
    public static (Fixed Sin, Fixed Cos) SinCosDegreesE7(long angle) => SinCos(2 * (angle % 3_600_000_000));

    /// <summary>Sine and cosine of half an angle in units of 10^-7 degree. Error below 2^-60 each.</summary>
    public static (Fixed Sin, Fixed Cos) SinCosDegreesE7Half(long angle) => SinCos(angle % 7_200_000_000);

    // The angle in units of 5·10^-8 degree.
    private static (Fixed Sin, Fixed Cos) SinCos(long angle)
    {
        const long Turn = 7_200_000_000, Quarter = 1_800_000_000, Eighth = 900_000_000;
        if (angle < 0) angle += Turn;
        var (quadrant, rest) = Math.DivRem(angle, Quarter);
        // Within an eighth of a turn the series is short; degrees become radians by one product with 56 guard bits.
        var mirrored = rest > Eighth;
        if (mirrored) rest = Quarter - rest;
        var radians = new Fixed(((Int128)rest * RadiansPerDegreeE7Q120) >> 57);
        var (s, c) = SmallSinCos(radians);
        if (mirrored) (s, c) = (c, s);
        return quadrant switch { 0 => (s, c), 1 => (c, -s), 2 => (-s, -c), _ => (-c, s) };
    }

    // pi / 180 / 10^7 in units of 2^-120: 91 bits, so 9e8 (30 bits) times it stays below 2^120.
    private static readonly Int128 RadiansPerDegreeE7Q120 = new(0x77F0282, 0xB3E5F88B7D66AD34);

    /// <summary>The angle of the point (x, y) in (-π, π], 0 for the origin. Error below 2^-58 where |x| or |y| is at least 2^-4.</summary>
    public static Fixed Atan2(Fixed y, Fixed x)
    {
        if (x.Raw == 0 && y.Raw == 0) return Fixed.Zero;
        Fixed ax = x.Abs(), ay = y.Abs();
        var angle = ay <= ax ? AtanUnit(ay / ax) : HalfPi - AtanUnit(ax / ay);
        if (x.Raw < 0) angle = Pi - angle;
        return y.Raw < 0 ? -angle : angle;
    }

    /// <summary>The angle in [-π/2, π/2] whose sine is <paramref name="x"/>. Error below 2^-57 for |x| ≤ 0.99, below 2^-31 at the ends.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="x"/> lies outside [-1, 1].</exception>
    public static Fixed Asin(Fixed x)
    {
        if (x.Abs() > Fixed.One) throw new ArgumentOutOfRangeException(nameof(x), "A sine lies in [-1, 1].");
        return Atan2(x, Sqrt((Fixed.One - x) * (Fixed.One + x)));
    }

    /// <summary>The square root of a whole number, cut.</summary>
    public static ulong SqrtWhole(UInt128 value)
    {
        UInt128 root = 0;
        for (var bit = 63; bit >= 0; bit--)
        {
            var trial = root | (UInt128.One << bit);
            if (trial * trial <= value) root = trial;
        }
        return (ulong)root;
    }

    private static (Fixed Sin, Fixed Cos) SmallSinCos(Fixed x)
    {
        var square = x * x;
        Fixed sine = x, cosine = Fixed.One, odd = x, even = Fixed.One;
        for (var n = 1; n <= 10; n++)
        {
            even = new Fixed((even * square).Raw / ((2 * n - 1) * (2 * n)));
            odd = new Fixed((odd * square).Raw / ((2 * n) * (2 * n + 1)));
            if ((n & 1) == 1) { cosine -= even; sine -= odd; }
            else { cosine += even; sine += odd; }
        }
        return (sine, cosine);
    }

    // 0 ≤ t ≤ 1. Above tan(π/8) turned down by π/4, then halved once: |t| < 0.1990, fourteen odd terms reach 2^-66.
    private static Fixed AtanUnit(Fixed t)
    {
        var shifted = t > TanEighthPi;
        if (shifted) t = (t - Fixed.One) / (t + Fixed.One);
        t /= Fixed.One + Sqrt(Fixed.One + t * t);
        var square = t * t;
        var power = t;
        var sum = t;
        for (var n = 3; n <= 29; n += 2)
        {
            power *= square;
            var term = new Fixed(power.Raw / n);
            sum = (n & 2) != 0 ? sum - term : sum + term;
        }
        sum = new Fixed(sum.Raw << 1);
        return shifted ? QuarterPi + sum : sum;
    }
}
