using DePin.Protocol.Geo;
using DePin.Protocol.Registry;

namespace DePin.Protocol.Verification.Sensing;

/// <summary>
/// Class 2, environment sensing: weather and air quality. A sensor is a device, one report is one proof; a device's capabilities are the bits
/// of the parameters that its model declares, and only those are scored. Rules, sources, limits and measured figures:
/// docs/classes/environment-sensing.md.
/// </summary>
public sealed class EnvironmentSensing(SensingParameters parameters) : IResourceClass
{
    /// <summary>The class number.</summary>
    public static readonly ClassId ClassId = new(2);

    /// <summary>The version of these rules.</summary>
    public const ushort RulesVersion = 1;

    /// <summary>Payload layout of a reading.</summary>
    public const ushort ReadingSchema = 1;

    /// <summary>The rule that pays the day's data quality.</summary>
    public const ushort QualityRule = 1;

    private const ulong ClockSkewMs = 5_000;

    /// <summary>What the catalog binds.</summary>
    public static ClassImplementation Implementation { get; } =
        new(ClassId, RulesVersion, static source => new EnvironmentSensing(SensingParameters.Parse(source)));

    /// <inheritdoc/>
    public ClassDescriptor Descriptor { get; } = new()
    {
        Id = ClassId,
        RulesVersion = RulesVersion,
        Name = "environment-sensing",
        Schemas = [new SchemaDescriptor(ReadingSchema, "reading", Reading.HeaderSize + 4, Reading.HeaderSize + 4 * Reading.ParameterCount)],
        Reasons = SensingReason.All,
        Rules = [new RuleDescriptor(QualityRule, "data quality", "Mean over the period's hours of the share of slots with good data, in millionths, shared within a crowded cell.")],
    };

    /// <inheritdoc/>
    public Verdict VerifyItem(in ProofItem item)
    {
        if (!Reading.TryParse(item.Payload, out var reading)) return Verdict.Reject(SensingReason.Malformed);
        if (reading.MeasuredAtMs > item.TimeMs + ClockSkewMs || item.TimeMs > reading.MeasuredAtMs + (ulong)parameters.ReportDelaySeconds * 1000)
            return Verdict.Reject(SensingReason.MeasuredAtMismatch);
        foreach (var rules in parameters.Rules)
            if (reading.Has(rules.Parameter) && (reading[rules.Parameter] < rules.Low || reading[rules.Parameter] > rules.High))
                return Verdict.Reject(SensingReason.OutOfBounds);
        if (!InOrder(reading)) return Verdict.Reject(SensingReason.ParticleOrder);
        var declared = reading.Mask & item.Device.Capabilities;
        if (declared == 0) return Verdict.Inconclusive(SensingReason.NothingDeclared);
        var saturated = reading.Has(SensedParameter.Humidity) && reading[SensedParameter.Humidity] >= parameters.SaturationMilliPercent;
        if (saturated && declared == 1 << (int)SensedParameter.Humidity) return Verdict.Inconclusive(SensingReason.Saturated);
        return Verdict.Accept();
    }

    /// <inheritdoc/>
    /// <remarks>Everything is compared over whole series, in the population layer.</remarks>
    public void KeysOf(in ProofItem item, KeyWriter keys)
    {
    }

    /// <inheritdoc/>
    public void VerifyGroup(in ItemGroup group, EpochContext context, VerdictWriter verdicts)
    {
    }

    /// <inheritdoc/>
    public void VerifyPopulation(Population population, EpochContext context, VerdictWriter verdicts)
    {
        var memory = SeriesMemory.Parse(context.PreviousState.Span);
        var stations = Station.All(population, parameters);
        foreach (var station in stations)
            foreach (var rules in parameters.Rules)
            {
                SeriesRules.Constancy(station, rules, parameters, memory.RunOf(station.Device.Id, (int)rules.Parameter));
                SeriesRules.Jumps(station, rules, parameters);
                SeriesRules.Smoothness(station, rules, parameters);
            }
        FindReplays(stations, population, memory);
        new NeighbourRules(stations, parameters).Judge();
        foreach (var station in stations) Conclude(station, verdicts);
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Score(Population population, EpochContext context, ClaimWriter claims)
    {
        var memory = SeriesMemory.Parse(context.PreviousState.Span);
        var stations = Station.All(population, parameters);
        var crowd = new SortedDictionary<(H3Cell Cell, int Bit), int>();
        var scores = new List<(DeviceView Device, H3Cell? Cell, long Ppm)>();
        for (var n = 0; n < population.DeviceCount; n++)
        {
            var items = population.DeviceAt(n);
            var ppm = DayPpm(population, items, context);
            if (ppm == 0) continue;
            H3Cell? cell = new H3Cell(items.Device.Cell) is { IsValid: true } own
                ? own.Resolution > parameters.CapacityResolution ? own.Parent(parameters.CapacityResolution) : own
                : null;
            scores.Add((items.Device, cell, ppm));
            if (cell is not { } known) continue;
            for (var bit = 0; bit < Reading.ParameterCount; bit++)
                if ((items.Device.Capabilities >> bit & 1) != 0) crowd[(known, bit)] = crowd.GetValueOrDefault((known, bit)) + 1;
        }
        foreach (var (device, cell, ppm) in scores)
        {
            var most = parameters.CapacityPerCell;
            for (var bit = 0; bit < Reading.ParameterCount && cell is not null; bit++)
                if ((device.Capabilities >> bit & 1) != 0) most = Math.Max(most, crowd[(cell.Value, bit)]);
            var weight = ppm * parameters.CapacityPerCell / most;
            if (weight > 0) claims.Share(device.Id, QualityRule, (UInt128)weight);
        }

        foreach (var station in stations)
        {
            foreach (var rules in parameters.Rules)
            {
                var bit = (int)rules.Parameter;
                memory.SetRun(station.Device.Id, bit, SeriesRules.LastRun(station, rules, parameters, memory.RunOf(station.Device.Id, bit)));
            }
            if (parameters.ReplayMemoryEpochs > 0) memory.Remember(context.Window.Epoch, SeriesMemory.Marks(station, population));
        }
        memory.Keep(device => context.FindDevice(device) is not null);
        return memory.ToBytes(context.Window.Epoch, parameters.ReplayMemoryEpochs);
    }

    private static bool InOrder(in Reading reading)
    {
        var last = int.MinValue;
        foreach (var parameter in (ReadOnlySpan<SensedParameter>)[SensedParameter.Pm1, SensedParameter.Pm25, SensedParameter.Pm10])
        {
            if (!reading.Has(parameter)) continue;
            if (reading[parameter] < last) return false;
            last = reading[parameter];
        }
        return true;
    }

    // One signed statement: a wrong value spoils it; doubtful and missing values lower its quality.
    private static void Conclude(Station station, VerdictWriter verdicts)
    {
        var declared = 0;
        for (var bit = 0; bit < Reading.ParameterCount; bit++) declared += (int)(station.Device.Capabilities >> bit) & 1;
        var found = new SortedDictionary<int, (ushort Fault, ushort Doubt, int Good)>();
        foreach (var series in station.Series)
            foreach (var sample in series)
            {
                var (fault, doubt, good) = found.GetValueOrDefault(sample.Place);
                found[sample.Place] = (Least(fault, sample.Fault), Least(doubt, sample.Doubt), good + (sample.Good ? 1 : 0));
            }
        foreach (var (place, (fault, doubt, good)) in found)
        {
            if (fault != 0) verdicts.Reject(place, fault);
            else if (good == 0) verdicts.Inconclusive(place, doubt);
            else if (good < declared) verdicts.LimitQuality(place, (uint)(Verdict.FullQuality * (long)good / declared));
        }

        static ushort Least(ushort a, ushort b) => a == 0 ? b : b == 0 ? a : Math.Min(a, b);
    }

    // Before neighbours are compared: what is not a station's own is no evidence about others.
    private void FindReplays(List<Station> stations, Population population, SeriesMemory memory)
    {
        if (parameters.ReplayMemoryEpochs == 0) return;
        var holders = new SortedDictionary<ulong, List<int>>();
        var marks = stations.ConvertAll(station => SeriesMemory.Marks(station, population));
        for (var n = 0; n < stations.Count; n++)
        {
            if (marks[n].Count >= 4 && memory.Known(marks[n]) * 1_000_000L >= marks[n].Count * (long)parameters.ReplaySharePpm)
                foreach (var sample in stations[n].Series.SelectMany(series => series)) sample.Refuse(SensingReason.ReplayedSeries);
            foreach (var mark in marks[n])
            {
                if (!holders.TryGetValue(mark, out var list)) holders[mark] = list = [];
                list.Add(n);
            }
        }
        // The same readings from two devices in one epoch: the older registration keeps them.
        for (var n = 0; n < stations.Count; n++)
        {
            if (marks[n].Count < 4) continue;
            var shared = marks[n].Count(mark => holders[mark].Exists(other => Older(stations[other].Device, stations[n].Device)));
            if (shared * 1_000_000L < marks[n].Count * (long)parameters.ReplaySharePpm) continue;
            foreach (var sample in stations[n].Series.SelectMany(series => series)) sample.Question(SensingReason.CopiesNeighbour);
        }

        static bool Older(DeviceView a, DeviceView b) => a.RegisteredAt == b.RegisteredAt ? a.Id < b.Id : a.RegisteredAt < b.RegisteredAt;
    }

    // Best item of each slot; an hour that is full enough counts in full; the mean over the period's hours.
    private long DayPpm(Population population, in DeviceItems items, EpochContext context)
    {
        var cadence = items.Device.CadenceSeconds == 0 ? (uint)parameters.DefaultCadenceSeconds : items.Device.CadenceSeconds;
        var slots = new SortedDictionary<ulong, long>();
        foreach (var place in items.Items)
        {
            var verdict = population.Verdicts[place];
            var time = population.Items[place].TimeMs;
            if (verdict.Judgement != Judgement.Accept || time < context.Window.StartMs || time >= context.Window.EndMs) continue;
            var slot = (time - context.Window.StartMs) / 1000 / cadence;
            slots[slot] = Math.Max(slots.GetValueOrDefault(slot), verdict.QualityPpm);
        }
        var hours = Math.Max(1, context.Window.LengthSeconds / 3600);
        var perHour = Math.Max(1, 3600 / cadence);
        var sums = new SortedDictionary<ulong, (long Sum, int Count)>();
        foreach (var (slot, quality) in slots)
        {
            var hour = Math.Min(slot * cadence / 3600, hours - 1);
            var (sum, count) = sums.GetValueOrDefault(hour);
            sums[hour] = (sum + quality, count + 1);
        }
        long total = 0;
        foreach (var (sum, count) in sums.Values)
        {
            // The share of slots filled, and within them the mean quality.
            var share = Math.Min(1_000_000, count * 1_000_000L / perHour);
            if (share >= parameters.FullHourPpm) share = 1_000_000;
            total += share * (sum / count) / 1_000_000;
        }
        return total / (long)hours;
    }
}
