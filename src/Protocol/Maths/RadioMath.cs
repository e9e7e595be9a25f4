namespace DePin.Protocol.Maths;

/// <summary>Radio propagation in whole millidecibels.</summary>
public static class RadioMath
{
    /// <summary>The speed of light used by the published vectors, in m/s (2.998e8 rather than the exact figure).</summary>
    public const long SpeedOfLight = 299_800_000;

    /// <summary>
    /// Free-space path loss 20·log10(4π·d·f/c) in millidecibels, rounded to nearest; error below one millidecibel.
    /// </summary>
    /// <param name="distanceMillimetres">Distance, at least 1 mm.</param>
    /// <param name="frequencyHertz">Carrier frequency, at least 1 Hz.</param>
    public static long FreeSpaceLossMillidecibel(long distanceMillimetres, long frequencyHertz)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(distanceMillimetres, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(frequencyHertz, 1);
        // log10 of the factors one by one: their product need not fit.
        var logarithm = FixedMath.Log10(Fixed.FromInteger(distanceMillimetres)) + FixedMath.Log10(Fixed.FromInteger(frequencyHertz))
            + FourPiOverMillimetreLight;
        return logarithm.RoundScaled(20_000);
    }

    // log10(4π / (c · 1000)): the distance is in millimetres.
    private static readonly Fixed FourPiOverMillimetreLight =
        FixedMath.Log10(FixedMath.Pi.Shift(2)) - FixedMath.Log10(Fixed.FromInteger(SpeedOfLight * 1000));
}
