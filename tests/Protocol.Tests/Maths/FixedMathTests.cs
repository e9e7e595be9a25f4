using System.Numerics;
using DePin.Protocol.Maths;

namespace DePin.Protocol.Tests.Maths;

public sealed class FixedMathTests
{
    private readonly Random _random = new(20260118);

    [Fact]
    public void Multiplies_and_divides_as_whole_numbers_of_any_size_do()
    {
        for (var n = 0; n < 20_000; n++)
        {
            Int128 a = Any(), b = Any();
            var product = BigInteger.Divide((BigInteger)a * b, BigInteger.One << 64);
            if (BigInteger.Abs(product) < BigInteger.One << 126) Assert.Equal(product, (BigInteger)(new Fixed(a) * new Fixed(b)).Raw);
            if (b == 0) continue;
            var quotient = BigInteger.Divide((BigInteger)a << 64, b);
            if (BigInteger.Abs(quotient) < BigInteger.One << 126) Assert.Equal(quotient, (BigInteger)(new Fixed(a) / new Fixed(b)).Raw);
        }
    }

    [Fact]
    public void Refuses_results_that_do_not_fit()
    {
        var large = new Fixed(Int128.One << 100);
        Assert.Throws<OverflowException>(() => large * large);
        Assert.Throws<OverflowException>(() => large / new Fixed(1));
        Assert.Throws<DivideByZeroException>(() => large / Fixed.Zero);
        Assert.Throws<ArgumentOutOfRangeException>(() => FixedMath.Log2(Fixed.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => FixedMath.Sqrt(-Fixed.One));
    }

    [Fact]
    public void Square_roots_are_exact_to_the_last_bit()
    {
        for (var n = 0; n < 5_000; n++)
        {
            var x = Int128.Abs(Any());
            var root = (BigInteger)FixedMath.Sqrt(new Fixed(x)).Raw;
            var square = (BigInteger)x << 64;
            Assert.True(root * root <= square && (root + 1) * (root + 1) > square, $"The root of {x} is not {root}.");
            var whole = (BigInteger)FixedMath.SqrtWhole((UInt128)x);
            Assert.True(whole * whole <= x && (whole + 1) * (whole + 1) > x);
        }
    }

    [Fact]
    public void Logarithms_stay_within_their_bounds()
    {
        for (var n = 0; n < 1_000; n++)
        {
            var x = Int128.Abs(Any()) + 1;
            var ln = Precise.Ln(Precise.Widen(x));
            Within(58, FixedMath.Log2(new Fixed(x)), (ln << Precise.Bits) / Precise.Ln2);
            Within(59, FixedMath.Log10(new Fixed(x)), (ln << Precise.Bits) / Precise.Ln(10 * Precise.One));
        }
    }

    [Fact]
    public void Powers_of_two_stay_within_their_bounds()
    {
        for (var n = 0; n < 1_000; n++)
        {
            var x = -(Int128)(_random.NextDouble() * 70 * Math.Pow(2, 64));
            Within(60, FixedMath.Exp2(new Fixed(x)), Precise.Exp(Precise.Widen(x) * Precise.Ln2 >> Precise.Bits));
            var y = (Int128)(_random.NextDouble() * 61 * Math.Pow(2, 64));
            var expected = Precise.Exp(Precise.Widen(y) * Precise.Ln2 >> Precise.Bits);
            var error = BigInteger.Abs(Precise.Widen(FixedMath.Exp2(new Fixed(y)).Raw) - expected);
            Assert.True(error < expected >> 58, $"2^{new Fixed(y)} is off.");
        }
    }

    [Fact]
    public void Sines_and_cosines_stay_within_their_bounds_in_every_quadrant()
    {
        for (var n = 0; n < 1_000; n++)
        {
            var angle = _random.NextInt64(-3_600_000_000, 3_600_000_001);
            if (n < 17) angle = (n - 8) * 450_000_000L;
            var (sin, cos) = Precise.SinCos(angle * Precise.Pi / 1_800_000_000);
            var (s, c) = FixedMath.SinCosDegreesE7(angle);
            Within(60, s, sin);
            Within(60, c, cos);
            var (sinHalf, cosHalf) = Precise.SinCos(angle * Precise.Pi / 3_600_000_000);
            (s, c) = FixedMath.SinCosDegreesE7Half(angle);
            Within(60, s, sinHalf);
            Within(60, c, cosHalf);
        }
    }

    [Fact]
    public void Arcs_lead_back_to_the_point_they_came_from()
    {
        for (var n = 0; n < 1_000; n++)
        {
            Fixed x = new((Int128)((_random.NextDouble() * 8 - 4) * Math.Pow(2, 64))), y = new((Int128)((_random.NextDouble() * 8 - 4) * Math.Pow(2, 64)));
            if (n < 9) (x, y) = (Fixed.FromInteger(n % 3 - 1), Fixed.FromInteger(n / 3 - 1));
            var angle = FixedMath.Atan2(y, x);
            if (x.Raw == 0 && y.Raw == 0) { Assert.Equal(Fixed.Zero, angle); continue; }
            // The reference sine and cosine of the arc, turned against the point, leave the error of the arc itself.
            var (sin, cos) = Precise.SinCos(Precise.Widen(angle.Raw));
            BigInteger px = Precise.Widen(x.Raw), py = Precise.Widen(y.Raw);
            var length = Root(px * px + py * py);
            var error = BigInteger.Abs(cos * py - sin * px) / length;
            Assert.True(error < Precise.One >> 58, $"The arc of ({x}, {y}) is off.");
            Assert.True(cos * px + sin * py > 0);
            Assert.InRange(angle.Raw, -FixedMath.Pi.Raw, FixedMath.Pi.Raw);

            var sine = new Fixed((Int128)((_random.NextDouble() * 1.98 - 0.99) * Math.Pow(2, 64)));
            Within(57, sine, Precise.SinCos(Precise.Widen(FixedMath.Asin(sine).Raw)).Sin);
        }
        Assert.Equal(FixedMath.HalfPi, FixedMath.Asin(Fixed.One));
    }

    [Fact]
    public void Free_space_loss_is_within_a_millidecibel()
    {
        for (var n = 0; n < 5_000; n++)
        {
            long millimetres = (long)Math.Pow(10, _random.NextDouble() * 9), hertz = (long)Math.Pow(10, 6 + _random.NextDouble() * 5);
            var expected = 20 * Math.Log10(4 * Math.PI * (millimetres / 1000.0) * hertz / 2.998e8);
            Assert.Equal(expected * 1000, RadioMath.FreeSpaceLossMillidecibel(millimetres, hertz), 0.51);
        }
    }

    [Fact]
    public void Free_space_loss_gives_the_published_expected_signal()
    {
        // 12 dBm, gains of 8.1 and 8.3 dBi cut to whole decibels, 508 m at 867,900,024 Hz: -57.334232963418515 dBm.
        var expected = 12_000 + 81 / 10 * 1000 + 83 / 10 * 1000 - RadioMath.FreeSpaceLossMillidecibel(508_000, 867_900_024);
        Assert.Equal(-57_334, expected);
    }

    [Fact]
    public void Medians_do_not_depend_on_order_and_round_down()
    {
        Assert.Equal(3, Statistics.Median([5, 1, 3]));
        Assert.Equal(2, Statistics.Median([4, 1]));
        Assert.Equal(-3, Statistics.Median([-4, -1]));
        Assert.Equal(long.MaxValue, Statistics.Median([long.MaxValue, long.MaxValue]));
        Assert.Equal(1, Statistics.MedianAbsoluteDeviation([1, 2, 3, 4, 100], 3));
        Assert.Throws<ArgumentException>(() => Statistics.Median([]));
        for (var n = 0; n < 200; n++)
        {
            var samples = Enumerable.Range(0, 1 + _random.Next(40)).Select(_ => _random.NextInt64(-1000, 1000)).ToArray();
            var sorted = samples.Order().ToArray();
            var expected = (long)Math.Floor((sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2.0);
            Assert.Equal(expected, Statistics.Median(samples));
        }
    }

    private Int128 Any()
    {
        var value = ((Int128)_random.NextInt64(long.MinValue, long.MaxValue) << 63) ^ _random.NextInt64();
        return value >> _random.Next(110);
    }

    private static void Within(int bits, Fixed actual, BigInteger expected) =>
        Assert.True(BigInteger.Abs(Precise.Widen(actual.Raw) - expected) < Precise.One >> bits, $"{actual} is off by more than 2^-{bits}.");

    private static BigInteger Root(BigInteger n)
    {
        var root = BigInteger.One << (int)((n.GetBitLength() + 1) / 2);
        while (true)
        {
            var next = (root + n / root) >> 1;
            if (next >= root) return root;
            root = next;
        }
    }
}
