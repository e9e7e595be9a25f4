using DePin.DataSets;
using DePin.Protocol.Geo;
using DePin.Protocol.Verification.Sensing;
using DePin.Protocol.Verification.Wireless;

namespace DePin.ClassReport;

/// <summary>One way to cheat, applied to honest rows.</summary>
/// <param name="Name">M1 … M20 as in the published mutation list, or a class's own (W…, S…).</param>
/// <param name="Meaning">What the adversaries do.</param>
/// <param name="Prepare">Changes the registry or the keys before the first epoch; null = nothing.</param>
/// <param name="Alter">What the adversaries say on a day instead of their rows; null = their rows, all counted as altered.</param>
/// <param name="Extra">Whether they also send their honest rows, so that only the altered ones are to be caught.</param>
public sealed record Adversary(
    string Name, string Meaning, Action<Laboratory, IReadOnlySet<int>>? Prepare, Func<Laboratory, IReadOnlySet<int>, int, IEnumerable<Statement>>? Alter, bool Extra = false);

/// <summary>The adversaries that apply to a class. Random draws are seeded: a run repeats to the last digit.</summary>
public static class Adversaries
{
    private const long HourMs = 3_600_000;

    /// <summary>Those that apply to wireless coverage.</summary>
    public static IReadOnlyList<Adversary> Wireless { get; } =
    [
        new("M2", "send the first day's receptions again every day, newly signed", null, static (lab, who, day) =>
            Again(lab, who, day)),
        new("M3", "assert a cell 5 km to the east", Move, null),
        new("M3t", "state the transmitter 5 km to the east", null, static (lab, who, day) => Receptions(lab, who, day, static (_, r) =>
            r.Position is { } p ? r with { Position = East(p) } : r)),
        new("M4", "add 40 dB to the signal strength", null, static (lab, who, day) => Receptions(lab, who, day, static (_, r) => r with { RssiDeci = (short)Math.Min(0, r.RssiDeci + 400) })),
        new("M5", "report one signal strength for everything", null, static (lab, who, day) => Receptions(lab, who, day, static (_, r) => r with { RssiDeci = -1100 })),
        new("W1", "invent weak receptions of frames that others heard (not to be told from a bad antenna)", null, Fabricate, Extra: true),
        new("W2", "report every reception three times", null, static (lab, who, day) =>
            RowsOf(lab, who, day).SelectMany(row => new[] { new Statement(row.Device, row.TimeMs, row.Payload(0), true), new Statement(row.Device, row.TimeMs, row.Payload(0), true) }), Extra: true),
        new("W3", "relay over the internet, 10 s late", null, static (lab, who, day) => RowsOf(lab, who, day).Select(row => new Statement(row.Device, row.TimeMs + 10_000, row.Payload(10_000), true))),
        new("W4", "report another channel", null, static (lab, who, day) => Receptions(lab, who, day, static (_, r) => r with { FrequencyHz = r.FrequencyHz > 867_500_000 ? r.FrequencyHz - 600_000 : r.FrequencyHz + 600_000 })),
    ];

    /// <summary>Those that apply to environment sensing.</summary>
    public static IReadOnlyList<Adversary> Sensing { get; } =
    [
        new("M2", "send the first day's readings again every day, newly signed", null, static (lab, who, day) =>
            Again(lab, who, day)),
        new("M3", "assert a cell 5 km to the east", Move, null),
        new("M6", "copy the nearest station's series with 1 % noise, as a newcomer", Arrive, static (lab, who, day) => Copy(lab, who, day, 0.01)),
        new("S1", "copy the nearest station's series exactly, as a newcomer", Arrive, static (lab, who, day) => Copy(lab, who, day, 0)),
        new("S4", "the same by devices that are no newer than their victims", null, static (lab, who, day) => Copy(lab, who, day, 0)),
        new("M7", "freeze all values for 3 h", null, Freeze),
        new("M8", "send 1-h moving averages", null, Smooth),
        new("S2", "add 15 °C, 40 % or 5 hPa, and triple the particles", null, static (lab, who, day) => Readings(lab, who, day, static (_, p, v) => p switch
        {
            SensedParameter.Temperature => v + 15_000,
            SensedParameter.Humidity => v > 50_000 ? v - 40_000 : v + 40_000,
            SensedParameter.Pressure => v + 50_000,
            _ => v * 3,
        })),
        new("S3", "invent smooth daily curves (a sine without noise)", null, static (lab, who, day) => Readings(lab, who, day, static (row, p, _) => Curve(row.TimeMs, p))),
    ];

    private static IEnumerable<DataRow> RowsOf(Laboratory lab, IReadOnlySet<int> who, int day) => lab.Set.Day(day).Where(row => who.Contains(row.Device));

    private static IEnumerable<Statement> Again(Laboratory lab, IReadOnlySet<int> who, int day) =>
        RowsOf(lab, who, 0).Select(row => new Statement(row.Device, row.TimeMs + day * DataSet.DayMs, row.Payload(day * DataSet.DayMs), day > 0));

    private static void Arrive(Laboratory lab, IReadOnlySet<int> who) => lab.Newcomers.UnionWith(who);

    private static void Move(Laboratory lab, IReadOnlySet<int> who)
    {
        foreach (var device in who)
            if (lab.Set.Devices[device].Cell is var cell and not 0)
                lab.AssertedCells[device] = H3Cell.At(East(new H3Cell(cell).Centre()), 12).Value;
    }

    // 5 km east at the latitude of the point.
    private static GeoPoint East(GeoPoint point) =>
        point with { LongitudeE7 = point.LongitudeE7 + (int)(5_000 / (111_195 * Math.Cos(point.LatitudeE7 * Math.PI / 180e7)) * 1e7) };

    private static IEnumerable<Statement> Receptions(Laboratory lab, IReadOnlySet<int> who, int day, Func<DataRow, Reception, Reception> change) =>
        RowsOf(lab, who, day).Cast<ReceptionRow>().Select(row => new Statement(row.Device, row.TimeMs, (row with { Reception = change(row, row.Reception) }).Payload(0), true));

    private static IEnumerable<Statement> Readings(Laboratory lab, IReadOnlySet<int> who, int day, Func<ReadingRow, SensedParameter, int, int> change) =>
        RowsOf(lab, who, day).Cast<ReadingRow>().Select(row => new Statement(row.Device, row.TimeMs, With(row, change).Payload(0), true));

    private static ReadingRow With(ReadingRow row, Func<ReadingRow, SensedParameter, int, int> change) =>
        row with { Values = [.. row.Values.Select(value => (value.Parameter, change(row, value.Parameter, value.Value)))] };

    private static IEnumerable<Statement> Fabricate(Laboratory lab, IReadOnlySet<int> who, int day)
    {
        var random = new Random(day + 1);
        var liars = who.Order().ToList();
        var rows = lab.Set.Day(day).Cast<ReceptionRow>().ToList();
        var heard = rows.Select(row => (row.Device, row.Reception.Transmission)).ToHashSet();
        foreach (var row in rows.Where(row => !who.Contains(row.Device)))
        {
            var liar = liars[random.Next(liars.Count)];
            if (!heard.Add((liar, row.Reception.Transmission))) continue;
            var invented = row.Reception with { RssiDeci = (short)(-1250 + random.Next(200)), SnrDeci = (short)(-60 + random.Next(80)) };
            yield return new Statement(liar, row.TimeMs + random.Next(200), (row with { Reception = invented }).Payload(0), true);
        }
    }

    private static IEnumerable<Statement> Copy(Laboratory lab, IReadOnlySet<int> who, int day, double noise)
    {
        var random = new Random(day + 1);
        var devices = lab.Set.Devices;
        foreach (var thief in who.Order())
        {
            var victim = Enumerable.Range(0, devices.Count)
                .Where(n => !who.Contains(n) && devices[n].Model == devices[thief].Model && devices[n].Cell != devices[thief].Cell)
                .OrderBy(n => GreatCircle.DistanceMillimetres(new H3Cell(devices[n].Cell).Centre(), new H3Cell(devices[thief].Cell).Centre()))
                .FirstOrDefault(-1);
            if (victim < 0) continue;
            foreach (var row in lab.Set.Day(day).Where(row => row.Device == victim).Cast<ReadingRow>())
            {
                var copy = With(row, (_, _, value) => (int)Math.Round(value * (1 + noise * Gaussian(random))));
                yield return new Statement(thief, row.TimeMs, Ordered(copy).Payload(0), true);
            }
        }
    }

    // Noise must not give the game away by breaking the order of particle sizes or the humidity's end stop.
    private static ReadingRow Ordered(ReadingRow row)
    {
        var small = row.Values.FirstOrDefault(value => value.Parameter == SensedParameter.Pm25);
        return row with
        {
            Values = [.. row.Values.Select(value => value.Parameter switch
            {
                SensedParameter.Pm10 => (value.Parameter, Math.Max(value.Value, small.Value)),
                SensedParameter.Humidity => (value.Parameter, Math.Min(value.Value, 100_000)),
                _ => value,
            })],
        };
    }

    private static IEnumerable<Statement> Freeze(Laboratory lab, IReadOnlySet<int> who, int day)
    {
        var start = lab.Set.FirstDayMs + day * DataSet.DayMs + 12 * HourMs;
        var frozen = new Dictionary<int, ReadingRow>();
        foreach (var row in RowsOf(lab, who, day).Cast<ReadingRow>())
        {
            var within = row.TimeMs >= start && row.TimeMs < start + 3 * HourMs;
            if (within) frozen.TryAdd(row.Device, row);
            yield return new Statement(row.Device, row.TimeMs, (within ? row with { Values = frozen[row.Device].Values } : row).Payload(0), within);
        }
    }

    private static IEnumerable<Statement> Smooth(Laboratory lab, IReadOnlySet<int> who, int day)
    {
        foreach (var device in who.Order())
        {
            var recent = new Queue<ReadingRow>();
            foreach (var row in lab.Set.Day(day).Where(row => row.Device == device).Cast<ReadingRow>())
            {
                recent.Enqueue(row);
                while (row.TimeMs - recent.Peek().TimeMs > HourMs) recent.Dequeue();
                var mean = With(row, (_, parameter, _) =>
                {
                    // To the sensor's own resolution, so that digits do not give it away.
                    var step = parameter switch { SensedParameter.Temperature or SensedParameter.Humidity => 100, SensedParameter.Pressure => 1, _ => 10 };
                    var values = recent.SelectMany(other => other.Values).Where(value => value.Parameter == parameter).Select(value => (double)value.Value).ToList();
                    return (int)(Math.Round(values.Average() / step) * step);
                });
                yield return new Statement(device, row.TimeMs, mean.Payload(0), true);
            }
        }
    }

    private static int Curve(long timeMs, SensedParameter parameter)
    {
        var phase = Math.Sin(timeMs % DataSet.DayMs / (double)DataSet.DayMs * 2 * Math.PI);
        return parameter switch
        {
            SensedParameter.Temperature => (int)(Math.Round((8 - 3 * phase) * 10) * 100),
            SensedParameter.Humidity => (int)(Math.Round((75 + 10 * phase) * 10) * 100),
            SensedParameter.Pressure => (int)(10_100_000 + 30_000 * phase),
            SensedParameter.Pm10 => (int)(Math.Round((12 + 4 * phase) * 100) * 10),
            _ => (int)(Math.Round((6 + 2 * phase) * 100) * 10),
        };
    }

    private static double Gaussian(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
