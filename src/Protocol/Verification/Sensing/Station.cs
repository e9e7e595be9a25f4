using DePin.Protocol.Geo;
using DePin.Protocol.Registry;

namespace DePin.Protocol.Verification.Sensing;

/// <summary>One value of one parameter in an epoch, with what was found about it.</summary>
internal sealed class Sample(int place, ulong timeMs, int value)
{
    public int Place { get; } = place;
    public ulong TimeMs { get; } = timeMs;
    public int Value { get; } = value;

    /// <summary>Smallest reason that refuses the value; 0 = none.</summary>
    public ushort Fault { get; private set; }

    /// <summary>Smallest reason for which nothing can be said; 0 = none.</summary>
    public ushort Doubt { get; private set; }

    public bool Good => Fault == 0 && Doubt == 0;

    public void Refuse(ushort reason) => Fault = Fault == 0 ? reason : Math.Min(Fault, reason);
    public void Question(ushort reason) => Doubt = Doubt == 0 ? reason : Math.Min(Doubt, reason);
}

/// <summary>A device with its samples of the epoch, by parameter and ascending in time.</summary>
internal sealed class Station
{
    public required DeviceView Device { get; init; }

    /// <summary>Where it asserts to be; null where unknown.</summary>
    public required GeoPoint? Position { get; init; }

    public required int CadenceSeconds { get; init; }

    /// <summary>By parameter; empty where not declared.</summary>
    public required List<Sample>[] Series { get; init; }

    /// <summary>Places of the device's items that passed by themselves.</summary>
    public required List<int> Places { get; init; }

    /// <summary>Stations to compare with: near, at another place, ascending by device id.</summary>
    public List<Station> Neighbours { get; } = [];

    public static List<Station> All(Population population, SensingParameters parameters)
    {
        var stations = new List<Station>();
        for (var n = 0; n < population.DeviceCount; n++)
        {
            var items = population.DeviceAt(n);
            var station = new Station
            {
                Device = items.Device,
                Position = new H3Cell(items.Device.Cell) is { IsValid: true } cell ? cell.Centre() : null,
                CadenceSeconds = items.Device.CadenceSeconds == 0 ? parameters.DefaultCadenceSeconds : (int)Math.Min(items.Device.CadenceSeconds, 86_400),
                Series = [.. Enumerable.Range(0, Reading.ParameterCount).Select(_ => new List<Sample>())],
                Places = [],
            };
            foreach (var place in items.Items)
            {
                if (RefusedAlone(population.Verdicts[place]) || !Reading.TryParse(population.Items[place].Payload, out var reading)) continue;
                station.Places.Add(place);
                for (var bit = 0; bit < Reading.ParameterCount; bit++)
                {
                    var parameter = (SensedParameter)bit;
                    if ((items.Device.Capabilities >> bit & 1) == 0 || !reading.Has(parameter)) continue;
                    var sample = new Sample(place, reading.MeasuredAtMs, reading[parameter]);
                    if (parameter == SensedParameter.Humidity && sample.Value >= parameters.SaturationMilliPercent) sample.Question(SensingReason.Saturated);
                    station.Series[bit].Add(sample);
                }
            }
            foreach (var series in station.Series) series.Sort(static (a, b) => a.TimeMs == b.TimeMs ? a.Place.CompareTo(b.Place) : a.TimeMs.CompareTo(b.TimeMs));
            stations.Add(station);
        }
        Introduce(stations, parameters);
        return stations;
    }

    // What the item layer refused is no measurement. What later layers refused is one, and the state must remember it: a stuck value goes on
    // being stuck, a replayed series being known.
    private static bool RefusedAlone(Verdict verdict) => verdict.Judgement == Judgement.Reject
        && verdict.Reason is not (SensingReason.Stuck or SensingReason.Spike or SensingReason.ReplayedSeries);

    // By cells of resolution 3 (about 60 km to the edge): who is within the radius lies in the same or a touching cell.
    private static void Introduce(List<Station> stations, SensingParameters parameters)
    {
        const int Coarse = 3;
        var byCell = new SortedDictionary<H3Cell, List<Station>>();
        foreach (var station in stations)
        {
            if (station.Position is not { } position) continue;
            var cell = H3Cell.At(position, Coarse);
            if (!byCell.TryGetValue(cell, out var there)) byCell[cell] = there = [];
            there.Add(station);
        }
        foreach (var (cell, here) in byCell)
        {
            var around = cell.Disk(parameters.NeighbourMetres > 40_000 ? 2 : 1).SelectMany(near => byCell.GetValueOrDefault(near) ?? []).OrderBy(other => other.Device.Id).ToList();
            foreach (var station in here)
                foreach (var other in around)
                {
                    // A second device at the same place is no independent witness.
                    if (other.Device.Cell == station.Device.Cell) continue;
                    if (GreatCircle.DistanceMillimetres(station.Position!.Value, other.Position!.Value) <= parameters.NeighbourMetres * 1000L)
                        station.Neighbours.Add(other);
                }
        }
    }
}
