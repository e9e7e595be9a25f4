using System.Numerics;

namespace DePin.Protocol.Tests.Maths;

/// <summary>Slow reference functions on 256 fraction bits, by the plainest series there are.</summary>
internal static class Precise
{
    public const int Bits = 256;

    public static readonly BigInteger One = BigInteger.One << Bits;

    /// <summary>Machin's formula.</summary>
    public static readonly BigInteger Pi = 4 * (4 * AtanOfInverse(5) - AtanOfInverse(239));

    public static readonly BigInteger Ln2 = Ln(2 * One);

    /// <summary>A number of 64 fraction bits as one of 256.</summary>
    public static BigInteger Widen(Int128 raw) => (BigInteger)raw << (Bits - 64);

    public static BigInteger Ln(BigInteger x)
    {
        var halvings = 0;
        while (x > 2 * One) { x >>= 1; halvings++; }
        while (x < One) { x <<= 1; halvings--; }
        var z = ((x - One) << Bits) / (x + One);
        var square = z * z >> Bits;
        var (power, sum) = (z, z);
        for (var n = 3; !power.IsZero; n += 2)
        {
            power = power * square >> Bits;
            sum += power / n;
        }
        return 2 * sum + (halvings == 0 ? 0 : halvings * Ln2);
    }

    public static BigInteger Exp(BigInteger x)
    {
        var halvings = 0;
        while (BigInteger.Abs(x) > One >> 3) { x /= 2; halvings++; }
        var (term, sum) = (One, One);
        for (var n = 1; !term.IsZero && n < 400; n++)
        {
            term = term * x / n >> Bits;
            sum += term;
        }
        for (; halvings > 0; halvings--) sum = sum * sum >> Bits;
        return sum;
    }

    public static (BigInteger Sin, BigInteger Cos) SinCos(BigInteger x)
    {
        var (term, sin, cos) = (One, BigInteger.Zero, BigInteger.Zero);
        for (var n = 0; n < 200; n++)
        {
            switch (n % 4) { case 0: cos += term; break; case 1: sin += term; break; case 2: cos -= term; break; default: sin -= term; break; }
            term = term * x / (n + 1) / One;
        }
        return (sin, cos);
    }

    private static BigInteger AtanOfInverse(int n)
    {
        var power = One / n;
        var sum = power;
        for (var k = 3; !power.IsZero; k += 2)
        {
            power /= n * n;
            sum += k % 4 == 3 ? -(power / k) : power / k;
        }
        return sum;
    }
}
