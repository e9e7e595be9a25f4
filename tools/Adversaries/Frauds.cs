using DePin.DataSets;
using DePin.Protocol;
using DePin.Protocol.Geo;
using DePin.Protocol.Verification.Sensing;
using DePin.Protocol.Verification.Wireless;

namespace DePin.Adversaries;

/// <summary>The adversaries that apply to a class. Random draws are seeded: a run repeats to the last digit.</summary>
public static class Frauds
{
    private const long HourMs = 3_600_000;

    /// <summary>Those that apply to wireless coverage.</summary>
    public static IReadOnlyList<Adversary> Wireless { get; } =
    [
        new("M2", "send the first day's receptions again every day, newly signed", null, static (cast, who, day) =>
            Again(cast, who, day)),
        new("M3", "assert a cell 5 km to the east", Move, null),
        new("M3t", "state the transmitter 5 km to the east", null, static (cast, who, day) => Receptions(cast, who, day, static (_, r) =>
            r.Position is { } p ? r with { Position = East(p) } : r)),
        new("M4", "add 40 dB to the signal strength", null, static (cast, who, day) => Receptions(cast, who, day, static (_, r) => r with { RssiDeci = (short)Math.Min(0, r.RssiDeci + 400) })),
        new("M5", "report one signal strength for everything", null, static (cast, who, day) => Receptions(cast, who, day, static (_, r) => r with { RssiDeci = -1100 })),
        new("W1", "invent weak receptions of frames that others heard (not to be told from a bad antenna)", null, Fabricate, Extra: true),
        new("W2", "report every reception three times", null, static (cast, who, day) =>
            RowsOf(cast, who, day).SelectMany(row => new[] { new Statement(row, true), new Statement(row, true) }), Extra: true),
        new("W3", "relay over the internet, 10 s late", null, static (cast, who, day) => RowsOf(cast, who, day).Select(row => new Statement(row.Moved(10_000), true))),
        new("W4", "report another channel", null, static (cast, who, day) => Receptions(cast, who, day, static (_, r) => r with { FrequencyHz = r.FrequencyHz > 867_500_000 ? r.FrequencyHz - 600_000 : r.FrequencyHz + 600_000 })),
    ];

    /// <summary>Those that apply to environment sensing.</summary>
    public static IReadOnlyList<Adversary> Sensing { get; } =
    [
        new("M2", "send the first day's readings again every day, newly signed", null, static (cast, who, day) =>
            Again(cast, who, day)),
        new("M3", "assert a cell 5 km to the east", Move, null),
        new("M6", "copy the nearest station's series with 1 % noise, as a newcomer", Arrive, static (cast, who, day) => Copy(cast, who, day, 0.01)),
        new("S1", "copy the nearest station's series exactly, as a newcomer", Arrive, static (cast, who, day) => Copy(cast, who, day, 0)),
        new("S4", "the same by devices that are no newer than their victims", null, static (cast, who, day) => Copy(cast, who, day, 0)),
        new("M7", "freeze all values for 3 h", null, Freeze),
        new("M8", "send 1-h moving averages", null, Smooth),
        new("S2", "add 15 °C, 40 % or 5 hPa, and triple the particles", null, static (cast, who, day) => Readings(cast, who, day, static (_, p, v) => p switch
        {
            SensedParameter.Temperature => v + 15_000,
            SensedParameter.Humidity => v > 50_000 ? v - 40_000 : v + 40_000,
            SensedParameter.Pressure => v + 50_000,
            _ => v * 3,
        })),
        new("S3", "invent smooth daily curves (a sine without noise)", null, static (cast, who, day) => Readings(cast, who, day, static (row, p, _) => Curve(row.TimeMs, p))),
    ];

    /// <summary>Those that concern any class: the engine alone sees sequences, signatures, keys and time.</summary>
    public static IReadOnlyList<Adversary> Engine { get; } =
    [
        new("M1", "send the same signed proofs again in the next epoch", null, static (_, _, _) => [], Extra: true, Repeats: true, Days: 2),
        new("M2t", "state a time 24 hours early", null, static (cast, who, day) => Rows(cast, who, day, static statement => Dated(statement, -1)), Days: 1),
        new("M9", "sign with another device's key", null, static (cast, who, day) => Rows(cast, who, day, static statement =>
            statement with { Key = KeyUsed.Anothers }), Signing: true, Days: 1),
        new("M10", "sign with a key that was rotated away", null, static (cast, who, day) => Rows(cast, who, day, static statement =>
            statement with { Key = KeyUsed.Revoked }), Signing: true, Days: 1),
        new("M12", "send a second, different proof under the same sequence", null, static (cast, who, day) => Rows(cast, who, day, static statement => statement)
            .SelectMany(static statement => new[] { statement, statement with { Row = statement.Row.Moved(1_000), Sequence = SequenceUsed.Again } }), Days: 1),
        new("M17", "roll the sequence back by a day, from the second day on", null, static (cast, who, day) => Rows(cast, who, day, statement =>
            day == 0 ? statement with { Altered = false } : statement with { Sequence = SequenceUsed.DayBack }), Days: 2),
        new("M18", "date proofs two days into the future", null, static (cast, who, day) => Rows(cast, who, day, static statement => Dated(statement, 2)), Days: 1),
    ];

    /// <summary>All that apply to a class.</summary>
    public static IReadOnlyList<Adversary> Of(ClassId resourceClass) => [.. resourceClass == EnvironmentSensing.ClassId ? Sensing : Wireless, .. Engine];

    /// <summary>All, each name once, in the order of their numbers.</summary>
    public static IReadOnlyList<Adversary> All { get; } =
        [.. Engine.Concat(Wireless).Concat(Sensing).DistinctBy(adversary => adversary.Name).OrderBy(adversary => adversary.Name[0]).ThenBy(adversary => adversary.Name.Length).ThenBy(adversary => adversary.Name, StringComparer.Ordinal)];

    private static IEnumerable<Statement> Rows(Cast cast, IReadOnlySet<int> who, int day, Func<Statement, Statement> change) =>
        RowsOf(cast, who, day).Select(row => change(new Statement(row, true)));

    // Another time on the envelope, sent when it would have been.
    private static Statement Dated(Statement statement, int days) =>
        statement with { Row = statement.Row with { TimeMs = statement.Row.TimeMs + days * DataSet.DayMs }, SentMs = statement.Row.TimeMs };

    private static IEnumerable<DataRow> RowsOf(Cast cast, IReadOnlySet<int> who, int day) => cast.Set.Day(day).Where(row => who.Contains(row.Device));

    private static IEnumerable<Statement> Again(Cast cast, IReadOnlySet<int> who, int day) =>
        RowsOf(cast, who, 0).Select(row => new Statement(row.Moved(day * DataSet.DayMs), day > 0));

    private static void Arrive(Cast cast, IReadOnlySet<int> who) => cast.Newcomers.UnionWith(who);

    private static void Move(Cast cast, IReadOnlySet<int> who)
    {
        foreach (var device in who)
            if (cast.Set.Devices[device].Cell is var cell and not 0)
                cast.AssertedCells[device] = H3Cell.At(East(new H3Cell(cell).Centre()), 12).Value;
    }

    // 5 km east at the latitude of the point.
    private static GeoPoint East(GeoPoint point) =>
        point with { LongitudeE7 = point.LongitudeE7 + (int)(5_000 / (111_195 * Math.Cos(point.LatitudeE7 * Math.PI / 180e7)) * 1e7) };

    private static IEnumerable<Statement> Receptions(Cast cast, IReadOnlySet<int> who, int day, Func<DataRow, Reception, Reception> change) =>
        RowsOf(cast, who, day).Cast<ReceptionRow>().Select(row => new Statement(row with { Reception = change(row, row.Reception) }, true));

    private static IEnumerable<Statement> Readings(Cast cast, IReadOnlySet<int> who, int day, Func<ReadingRow, SensedParameter, int, int> change) =>
        RowsOf(cast, who, day).Cast<ReadingRow>().Select(row => new Statement(With(row, change), true));

    private static ReadingRow With(ReadingRow row, Func<ReadingRow, SensedParameter, int, int> change) =>
        row with { Values = [.. row.Values.Select(value => (value.Parameter, change(row, value.Parameter, value.Value)))] };

    private static IEnumerable<Statement> Fabricate(Cast cast, IReadOnlySet<int> who, int day)
    {
        var random = new Random(day + 1);
        var liars = who.Order().ToList();
        var rows = cast.Set.Day(day).Cast<ReceptionRow>().ToList();
        var heard = rows.Select(row => (row.Device, row.Reception.Transmission)).ToHashSet();
        foreach (var row in rows.Where(row => !who.Contains(row.Device)))
        {
            var liar = liars[random.Next(liars.Count)];
            if (!heard.Add((liar, row.Reception.Transmission))) continue;
            var invented = row.Reception with { RssiDeci = (short)(-1250 + random.Next(200)), SnrDeci = (short)(-60 + random.Next(80)) };
            yield return new Statement(row with { Device = liar, TimeMs = row.TimeMs + random.Next(200), Reception = invented }, true);
        }
    }

    private static IEnumerable<Statement> Copy(Cast cast, IReadOnlySet<int> who, int day, double noise)
    {
        var random = new Random(day + 1);
        var devices = cast.Set.Devices;
        foreach (var thief in who.Order())
        {
            var victim = Enumerable.Range(0, devices.Count)
                .Where(n => !who.Contains(n) && devices[n].Model == devices[thief].Model && devices[n].Cell != devices[thief].Cell)
                .OrderBy(n => GreatCircle.DistanceMillimetres(new H3Cell(devices[n].Cell).Centre(), new H3Cell(devices[thief].Cell).Centre()))
                .FirstOrDefault(-1);
            if (victim < 0) continue;
            foreach (var row in cast.Set.Day(day).Where(row => row.Device == victim).Cast<ReadingRow>())
            {
                var copy = With(row, (_, _, value) => (int)Math.Round(value * (1 + noise * Gaussian(random))));
                yield return new Statement(Ordered(copy) with { Device = thief }, true);
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

    private static IEnumerable<Statement> Freeze(Cast cast, IReadOnlySet<int> who, int day)
    {
        var start = cast.Set.FirstDayMs + day * DataSet.DayMs + 12 * HourMs;
        var frozen = new Dictionary<int, ReadingRow>();
        foreach (var row in RowsOf(cast, who, day).Cast<ReadingRow>())
        {
            var within = row.TimeMs >= start && row.TimeMs < start + 3 * HourMs;
            if (within) frozen.TryAdd(row.Device, row);
            yield return new Statement(within ? row with { Values = frozen[row.Device].Values } : row, within);
        }
    }

    private static IEnumerable<Statement> Smooth(Cast cast, IReadOnlySet<int> who, int day)
    {
        foreach (var device in who.Order())
        {
            var recent = new Queue<ReadingRow>();
            foreach (var row in cast.Set.Day(day).Where(row => row.Device == device).Cast<ReadingRow>())
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
                yield return new Statement(mean, true);
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
