using DePin.Protocol.Geo;

namespace DePin.Protocol.Tests.Geo;

public sealed class GreatCircleTests
{
    [Fact]
    public void Distances_up_to_100_km_are_within_a_centimetre_of_the_floating_point_reference()
    {
        var random = new Random(20260118);
        for (var n = 0; n < 20_000; n++)
        {
            var a = new GeoPoint(random.Next(-890_000_000, 890_000_001), random.Next(-1_800_000_000, 1_800_000_000));
            var reach = (int)Math.Pow(10, random.NextDouble() * 6.9);
            var b = new GeoPoint(a.LatitudeE7 + random.Next(-reach, reach + 1), (int)Math.Clamp(a.LongitudeE7 + (long)random.Next(-reach, reach + 1), -1_800_000_000, 1_800_000_000));
            Assert.Equal(Reference(a, b), GreatCircle.DistanceMillimetres(a, b), 10.0);
            Assert.Equal(GreatCircle.DistanceMillimetres(b, a), GreatCircle.DistanceMillimetres(a, b));
        }
    }

    [Fact]
    public void Distances_anywhere_are_within_a_centimetre_up_to_10000_km()
    {
        var random = new Random(7);
        for (var n = 0; n < 5_000; n++)
        {
            GeoPoint Any() => new(random.Next(-900_000_000, 900_000_001), random.Next(-1_800_000_000, 1_800_000_001));
            var (a, b) = (Any(), Any());
            var expected = Reference(a, b);
            if (expected < 10_000e6) Assert.Equal(expected, GreatCircle.DistanceMillimetres(a, b), 10.0);
        }
        var halfway = GreatCircle.DistanceMillimetres(new GeoPoint(0, 0), new GeoPoint(0, 1_800_000_000));
        Assert.Equal(Math.PI * 6_371e6, halfway, 20_000.0);
    }

    [Fact]
    public void A_point_is_nowhere_from_itself_and_the_date_line_divides_nothing()
    {
        var point = new GeoPoint(571_380_000, -20_770_000);
        Assert.Equal(0, GreatCircle.DistanceMillimetres(point, point));
        Assert.Equal(0, GreatCircle.DistanceMillimetres(new GeoPoint(100, 1_800_000_000), new GeoPoint(100, -1_800_000_000)));
    }

    private static double Reference(GeoPoint a, GeoPoint b)
    {
        const double Radians = Math.PI / 180 / 1e7;
        double sinLat = Math.Sin((a.LatitudeE7 - (double)b.LatitudeE7) * Radians / 2), sinLng = Math.Sin((a.LongitudeE7 - (double)b.LongitudeE7) * Radians / 2);
        var h = sinLat * sinLat + Math.Cos(a.LatitudeE7 * Radians) * Math.Cos(b.LatitudeE7 * Radians) * sinLng * sinLng;
        return 2 * 6_371e6 * Math.Asin(Math.Sqrt(h));
    }
}
