using DePin.Protocol.Maths;

namespace DePin.Protocol.Geo;

/// <summary>Distances along the surface of a sphere of radius 6,371,000 m, the mean Earth radius that the published distance vectors use.</summary>
public static class GreatCircle
{
    /// <summary>The sphere's radius in metres.</summary>
    public const long RadiusMetres = 6_371_000;

    /// <summary>
    /// Distance in millimetres by the haversine formula; symmetric, zero for equal points. Error below 10 mm up to 10,000 km, and below
    /// 20 m near the antipode. (The sphere itself differs from the Earth's shape by up to 0.6 %.)
    /// </summary>
    public static long DistanceMillimetres(GeoPoint a, GeoPoint b)
    {
        var (sinLat, _) = FixedMath.SinCosDegreesE7Half(a.LatitudeE7 - (long)b.LatitudeE7);
        var (sinLng, _) = FixedMath.SinCosDegreesE7Half(a.LongitudeE7 - (long)b.LongitudeE7);
        var (_, cosA) = FixedMath.SinCosDegreesE7(a.LatitudeE7);
        var (_, cosB) = FixedMath.SinCosDegreesE7(b.LatitudeE7);
        var h = sinLat * sinLat + sinLng * sinLng * (cosA * cosB);
        var half = FixedMath.Sqrt(h < Fixed.One ? h : Fixed.One);
        return FixedMath.Asin(half).RoundScaled(2 * RadiusMetres * 1000);
    }
}
