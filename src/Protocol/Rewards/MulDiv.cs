using System.Numerics;

namespace DePin.Protocol.Rewards;

/// <summary>Exact products that need more than 128 bits on the way.</summary>
public static class MulDiv
{
    /// <summary>⌊a · b / divisor⌋.</summary>
    /// <exception cref="OverflowException">The result does not fit in 128 bits.</exception>
    /// <exception cref="DivideByZeroException"><paramref name="divisor"/> is zero.</exception>
    public static UInt128 Floor(UInt128 a, UInt128 b, UInt128 divisor)
    {
        if (a <= ulong.MaxValue && b <= ulong.MaxValue) return a * b / divisor;
        return checked((UInt128)((BigInteger)a * (BigInteger)b / (BigInteger)divisor));
    }
}
