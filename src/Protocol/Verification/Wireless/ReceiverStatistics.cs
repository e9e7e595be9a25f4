using DePin.Protocol.Geo;
using DePin.Protocol.Maths;

namespace DePin.Protocol.Verification.Wireless;

/// <summary>What many receptions of one receiver give away. Statistics lower trust only: they never reject.</summary>
internal static class ReceiverStatistics
{
    // Correlation says nothing where all transmitters are about equally far away.
    private const int LeastDistanceRatio = 4;

    // Fading moves even a fixed link by a decibel or more.
    private const int LeastSpreadDeci = 10;

    public static void Judge(Population population, in DeviceItems device, WirelessParameters parameters, VerdictWriter verdicts)
    {
        var places = new List<int>();
        var samples = new List<(long Distance, long Rssi)>();
        if (WirelessCoverage.PositionOf(device.Device) is not { } receiver) return;
        foreach (var place in device.Items)
        {
            if (population.Verdicts[place].Judgement != Judgement.Accept || !Reception.TryParse(population.Items[place].Payload, out var r)) continue;
            places.Add(place);
            samples.Add((Math.Max(GreatCircle.DistanceMillimetres(r.Position!.Value, receiver), 1_000), r.RssiDeci));
        }
        if (samples.Count < parameters.StatisticsMinimum) return;
        ushort reason = 0;
        if (samples.Max(sample => sample.Rssi) - samples.Min(sample => sample.Rssi) < LeastSpreadDeci) reason = WirelessReason.ConstantSignal;
        else if (samples.Max(sample => sample.Distance) >= LeastDistanceRatio * samples.Min(sample => sample.Distance)
            && CorrelationPpm(samples) > parameters.DistanceCorrelationPpm) reason = WirelessReason.DistanceInsensitive;
        if (reason == 0) return;
        foreach (var place in places) verdicts.Inconclusive(place, reason);
    }

    /// <summary>Pearson's correlation of signal strength with the logarithm of distance, in millionths; 0 where one of them does not vary.</summary>
    internal static long CorrelationPpm(IReadOnlyList<(long Distance, long Rssi)> samples)
    {
        Int128 count = samples.Count, sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0;
        foreach (var (distance, rssi) in samples)
        {
            Int128 x = FixedMath.Log10(Fixed.FromInteger(distance)).RoundScaled(10_000), y = rssi;
            (sx, sy, sxx, syy, sxy) = (sx + x, sy + y, sxx + x * x, syy + y * y, sxy + x * y);
        }
        Int128 covariance = count * sxy - sx * sy;
        var spread = (Int128)FixedMath.SqrtWhole((UInt128)(count * sxx - sx * sx)) * FixedMath.SqrtWhole((UInt128)(count * syy - sy * sy));
        return spread == 0 ? 0 : (long)(covariance * 1_000_000 / spread);
    }
}
