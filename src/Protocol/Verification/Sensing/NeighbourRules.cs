using DePin.Protocol.Maths;

namespace DePin.Protocol.Verification.Sensing;

/// <summary>What stations show about one another. None of it rejects: a lonely station may be the one that is right.</summary>
internal sealed class NeighbourRules(IReadOnlyList<Station> stations, SensingParameters parameters)
{
    private const ulong HourMs = 3_600_000;

    // Fewer samples make no hour.
    private const int HourSamples = 3;

    // A third of a day in common before two series are compared.
    private const int CommonSlots = 190;

    // Half width, in slots, of the running mean that is taken off to leave the fast part of a series.
    private const int FastHalfWidth = 6;

    // By parameter, device and hour: the median of what is good.
    private readonly SortedDictionary<(int Parameter, DeviceId Device, ulong Hour), long> _hours = [];

    /// <summary>Must run after the rules of single series.</summary>
    public void Judge()
    {
        foreach (var station in stations)
            for (var bit = 0; bit < Reading.ParameterCount; bit++)
                foreach (var hour in station.Series[bit].Where(sample => sample.Good).GroupBy(sample => sample.TimeMs / HourMs))
                {
                    var values = hour.Select(sample => (long)sample.Value).ToArray();
                    if (values.Length >= HourSamples) _hours[(bit, station.Device.Id, hour.Key)] = Statistics.Median(values);
                }
        // Decisions rest on the medians above only, so their order cannot matter.
        foreach (var rules in parameters.Rules)
        {
            Compare(rules);
            FindCopies(rules);
        }
        HumidAir();
    }

    private void Compare(ParameterRules rules)
    {
        if (rules.NeighbourFloor == 0) return;
        var bit = (int)rules.Parameter;
        var own = new SortedDictionary<DeviceId, long>();
        if (rules.NeighbourRelative)
            foreach (var hours in _hours.Where(entry => entry.Key.Parameter == bit).GroupBy(entry => entry.Key.Device, entry => entry.Value))
                own[hours.Key] = Statistics.Median([.. hours]);
        long? Value(Station station, ulong hour) =>
            _hours.TryGetValue((bit, station.Device.Id, hour), out var value) ? value - own.GetValueOrDefault(station.Device.Id) : null;

        foreach (var station in stations)
        {
            if (station.Neighbours.Count < parameters.NeighbourMinimum) continue;
            foreach (var hour in station.Series[bit].GroupBy(sample => sample.TimeMs / HourMs))
            {
                if (Value(station, hour.Key) is not { } value) continue;
                var others = station.Neighbours.Select(other => Value(other, hour.Key)).OfType<long>().ToArray();
                if (others.Length < parameters.NeighbourMinimum) continue;
                var median = Statistics.Median(others);
                var limit = Statistics.MedianAbsoluteDeviation(others, median) * parameters.NeighbourSpreadCenti / 100 + rules.NeighbourFloor;
                if (Math.Abs(value - median) <= limit) continue;
                foreach (var sample in hour) sample.Question(SensingReason.NeighbourDisagreement);
            }
        }
    }

    // Optical counters take droplets for particles. Humidity from the same place if its sensor is not at its end stop, else the neighbours'.
    private void HumidAir()
    {
        if (parameters.HumidAirMilliPercent >= 100_000) return;
        const int Humidity = (int)SensedParameter.Humidity;
        var byCell = stations.ToLookup(station => station.Device.Cell);
        foreach (var station in stations)
        {
            var particles = new[] { SensedParameter.Pm1, SensedParameter.Pm25, SensedParameter.Pm10 }.SelectMany(parameter => station.Series[(int)parameter]).ToList();
            if (particles.Count == 0) continue;
            // Devices without a cell share no place with one another.
            var here = station.Position is null ? [station] : byCell[station.Device.Cell].ToList();
            foreach (var hour in particles.GroupBy(sample => sample.TimeMs / HourMs))
            {
                var local = here.Select(other => Hour(other, hour.Key)).OfType<long>().ToArray();
                if (local.Length == 0)
                {
                    local = station.Neighbours.Select(other => Hour(other, hour.Key)).OfType<long>().ToArray();
                    if (local.Length < parameters.NeighbourMinimum)
                    {
                        // Nobody near knows better than a sensor at its end stop: then the air may well be that humid.
                        var end = here.SelectMany(other => other.Series[Humidity]).Any(sample => sample.TimeMs / HourMs == hour.Key && sample.Doubt == SensingReason.Saturated);
                        local = end ? [100_000] : [];
                    }
                }
                if (local.Length == 0 || Statistics.Median(local) <= parameters.HumidAirMilliPercent) continue;
                foreach (var sample in hour) sample.Question(SensingReason.HumidAir);
            }
        }
        long? Hour(Station station, ulong hour) => _hours.TryGetValue((Humidity, station.Device.Id, hour), out var value) ? value : null;
    }

    // Real sensors side by side share the weather, not their noise.
    private void FindCopies(ParameterRules rules)
    {
        if (rules.CopyPpm == 0) return;
        var fast = new SortedDictionary<DeviceId, SortedDictionary<long, long>>();
        foreach (var station in stations) fast[station.Device.Id] = FastPart(station, (int)rules.Parameter);
        foreach (var station in stations)
            foreach (var other in station.Neighbours)
            {
                // Each pair once; the younger registration bears the doubt.
                var order = other.Device.RegisteredAt.CompareTo(station.Device.RegisteredAt);
                if (order > 0 || (order == 0 && other.Device.Id > station.Device.Id)) continue;
                for (var lag = -1; lag <= 1; lag++)
                {
                    if (CorrelationPpm(fast[station.Device.Id], fast[other.Device.Id], lag) is not { } correlation || correlation < rules.CopyPpm) continue;
                    foreach (var sample in station.Series[(int)rules.Parameter]) sample.Question(SensingReason.CopiesNeighbour);
                    break;
                }
            }
    }

    private static SortedDictionary<long, long> FastPart(Station station, int bit)
    {
        var slots = new SortedDictionary<long, long>();
        foreach (var sample in station.Series[bit].Where(sample => sample.Fault == 0 && sample.Doubt != SensingReason.Saturated))
            slots[(long)(sample.TimeMs / 1000) / station.CadenceSeconds] = sample.Value;
        var parts = new SortedDictionary<long, long>();
        foreach (var (slot, value) in slots)
        {
            var (sum, count) = (0L, 0);
            for (var near = slot - FastHalfWidth; near <= slot + FastHalfWidth; near++)
                if (slots.TryGetValue(near, out var neighbour)) (sum, count) = (sum + neighbour, count + 1);
            if (count > FastHalfWidth) parts[slot] = value * count - sum;
        }
        return parts;
    }

    /// <summary>Pearson's correlation over the common slots, in millionths; null where there are too few, or one of them is flat.</summary>
    internal static long? CorrelationPpm(SortedDictionary<long, long> a, SortedDictionary<long, long> b, long lag)
    {
        Int128 count = 0, sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0;
        foreach (var (slot, x) in a)
        {
            if (!b.TryGetValue(slot + lag, out var y)) continue;
            (count, sx, sy) = (count + 1, sx + x, sy + y);
            (sxx, syy, sxy) = (sxx + (Int128)x * x, syy + (Int128)y * y, sxy + (Int128)x * y);
        }
        if (count < CommonSlots) return null;
        var spread = (Int128)FixedMath.SqrtWhole((UInt128)(count * sxx - sx * sx)) * FixedMath.SqrtWhole((UInt128)(count * syy - sy * sy));
        return spread == 0 ? null : (long)((count * sxy - sx * sy) * 1_000_000 / spread);
    }
}
