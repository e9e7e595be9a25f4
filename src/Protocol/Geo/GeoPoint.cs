using System.Globalization;

namespace DePin.Protocol.Geo;

/// <summary>A place on the globe in units of 10^-7 degree: latitude in ±900,000,000 (north positive), longitude in ±1,800,000,000 (east positive).</summary>
public readonly record struct GeoPoint(int LatitudeE7, int LongitudeE7)
{
    /// <summary>The largest latitude, 90 degrees.</summary>
    public const int MaxLatitudeE7 = 900_000_000;

    /// <summary>The largest longitude, 180 degrees.</summary>
    public const int MaxLongitudeE7 = 1_800_000_000;

    /// <summary>Whether both coordinates lie in their ranges.</summary>
    public bool IsValid => LatitudeE7 is >= -MaxLatitudeE7 and <= MaxLatitudeE7 && LongitudeE7 is >= -MaxLongitudeE7 and <= MaxLongitudeE7;

    /// <inheritdoc/>
    public override string ToString()
    {
        static string Degrees(int e7)
        {
            var magnitude = Math.Abs((long)e7);
            return string.Create(CultureInfo.InvariantCulture, $"{(e7 < 0 ? "-" : "")}{magnitude / 10_000_000}.{magnitude % 10_000_000:D7}");
        }

        return $"{Degrees(LatitudeE7)},{Degrees(LongitudeE7)}";
    }
}
