using System.Numerics;
using DePin.Protocol.Maths;

namespace DePin.Protocol.Verification.Wireless;

/// <summary>How one transmission and its receptions share (HIP-15 with N = 4, r = 0.8), and how repetition pays less (HIP-44).</summary>
public static class RewardUnits
{
    /// <summary>One in the unit of these figures: four decimals.</summary>
    public const int One = 10_000;

    /// <summary>Receivers up to which each is worth a full unit.</summary>
    public const int FullReceivers = 4;

    /// <summary>Units of the transmitter heard by <paramref name="receivers"/>, in ten-thousandths: w/4 up to four, then 2 − 0.8^(w−4).</summary>
    public static int Transmitter(int receivers)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(receivers);
        if (receivers <= FullReceivers) return receivers * One / FullReceivers;
        var (four, five) = Powers(receivers);
        return Round(One * (2 * five - four), five);
    }

    /// <summary>Units of each of <paramref name="receivers"/>, in ten-thousandths: 1 up to four, then (4 − (1 − 0.8^(w−4))) / w.</summary>
    public static int Receiver(int receivers)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(receivers, 1);
        if (receivers <= FullReceivers) return One;
        var (four, five) = Powers(receivers);
        return Round(One * (3 * five + four), five * receivers);
    }

    /// <summary>What the <paramref name="ordinal"/>-th (from 1) event of a pair counts, in millionths: full up to a count, then e^(−decay · (ordinal − full)).</summary>
    public static int Repetition(int ordinal, int full, int decayPpm)
    {
        if (ordinal <= full || decayPpm == 0) return 1_000_000;
        var exponent = (long)decayPpm * (ordinal - full);
        return exponent >= 40_000_000 ? 0 : (int)FixedMath.Exp(Fixed.Ratio(-exponent, 1_000_000)).RoundScaled(1_000_000);
    }

    private static (BigInteger Four, BigInteger Five) Powers(int receivers) =>
        (BigInteger.Pow(4, receivers - FullReceivers), BigInteger.Pow(5, receivers - FullReceivers));

    private static int Round(BigInteger numerator, BigInteger denominator) => (int)((2 * numerator + denominator) / (2 * denominator));
}
