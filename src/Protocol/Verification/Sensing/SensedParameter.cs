using System.Collections.Immutable;

namespace DePin.Protocol.Verification.Sensing;

/// <summary>
/// What a sensor can measure: the bit in payloads and in a model's capabilities is 1 &lt;&lt; value. Append only.
/// </summary>
public enum SensedParameter : byte
{
    /// <summary>Air temperature in 0.001 °C.</summary>
    Temperature = 0,

    /// <summary>Relative humidity in 0.001 %.</summary>
    Humidity = 1,

    /// <summary>Air pressure at the station in 0.01 Pa.</summary>
    Pressure = 2,

    /// <summary>Particles up to 1 µm in ng/m³.</summary>
    Pm1 = 3,

    /// <summary>Particles up to 2.5 µm in ng/m³.</summary>
    Pm25 = 4,

    /// <summary>Particles up to 10 µm in ng/m³.</summary>
    Pm10 = 5,
}

/// <summary>How values of one parameter are judged. All values are in the parameter's own unit; 0 switches a rule off where said.</summary>
/// <param name="Parameter">Which.</param>
/// <param name="Low">Lowest value that the sensor can give.</param>
/// <param name="High">Highest.</param>
/// <param name="JumpStep">Greatest change within 180 s, more in proportion to the time between; 0 = off.</param>
/// <param name="JumpCap">Greatest change ever allowed between neighbouring samples.</param>
/// <param name="ConstantMinutes">A value unchanged for so long is stuck; 0 = off.</param>
/// <param name="ConstantLow">Values at or below are never stuck: the sensor's own floor.</param>
/// <param name="ConstantHigh">Values at or above are never stuck: the physical ceiling.</param>
/// <param name="NeighbourFloor">Deviation from neighbours that is always allowed, on top of 4.45 times their spread; 0 = not compared.</param>
/// <param name="NeighbourRelative">Whether each station is compared after taking off its own median of the epoch (altitude unknown).</param>
/// <param name="AlternationPpm">Least share of steps that turn back, in millionths; 0 = off.</param>
/// <param name="CopyPpm">Greatest correlation of the fast part with a neighbour's, in millionths; 0 = off.</param>
public sealed record ParameterRules(
    SensedParameter Parameter, int Low, int High, int JumpStep, int JumpCap, int ConstantMinutes, int ConstantLow, int ConstantHigh,
    int NeighbourFloor, bool NeighbourRelative, int AlternationPpm, int CopyPpm)
{
    /// <summary>The defaults; docs/classes/environment-sensing.md gives their sources.</summary>
    public static ImmutableArray<ParameterRules> Defaults { get; } =
    [
        new(SensedParameter.Temperature, -40_000, 80_000, 9_000, 15_000, 170, int.MinValue, int.MaxValue, 3_000, false, 0, 0),
        new(SensedParameter.Humidity, 0, 100_000, 30_000, 80_000, 90, int.MinValue, 95_000, 20_000, false, 150_000, 900_000),
        new(SensedParameter.Pressure, 3_000_000, 11_000_000, 24_000, 150_000, 60, int.MinValue, int.MaxValue, 20_000, true, 200_000, 0),
        new(SensedParameter.Pm1, 0, 1_000_000, 0, 0, 120, 500, int.MaxValue, 0, false, 500_000, 900_000),
        new(SensedParameter.Pm25, 0, 1_000_000, 0, 0, 120, 500, int.MaxValue, 0, false, 500_000, 900_000),
        new(SensedParameter.Pm10, 0, 2_000_000, 0, 0, 120, 500, int.MaxValue, 0, false, 550_000, 900_000),
    ];
}
