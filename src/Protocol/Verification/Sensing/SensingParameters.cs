using System.Collections.Immutable;
using DePin.Protocol.Parameters;

namespace DePin.Protocol.Verification.Sensing;

/// <summary>What a network may set for environment sensing; docs/classes/environment-sensing.md gives the sources of the defaults.</summary>
public sealed record SensingParameters
{
    /// <summary>Greatest time from measurement to the proof, seconds: 1 to 86,400, default 900.</summary>
    public int ReportDelaySeconds { get; init; } = 900;

    /// <summary>Humidity from which a sensor counts as saturated, 0.001 %: 50,000 to 100,000, default 99,900.</summary>
    public int SaturationMilliPercent { get; init; } = 99_900;

    /// <summary>Humidity above which particle values are inconclusive, 0.001 %: 50,000 to 100,000, default 90,000; 100,000 = off.</summary>
    public int HumidAirMilliPercent { get; init; } = 90_000;

    /// <summary>A pause of more than so many cadences ends a run and a jump: 1 to 100, default 4.</summary>
    public int GapCadences { get; init; } = 4;

    /// <summary>Cadence of a model that states none, seconds: 10 to 3,600, default 150.</summary>
    public int DefaultCadenceSeconds { get; init; } = 150;

    /// <summary>Stations within so many metres are neighbours: 0 to 100,000, default 20,000.</summary>
    public int NeighbourMetres { get; init; } = 20_000;

    /// <summary>Fewest neighbours for a comparison: 2 to 100, default 3.</summary>
    public int NeighbourMinimum { get; init; } = 3;

    /// <summary>Allowed deviation in spreads (median absolute deviations) of the neighbours, hundredths: 100 to 10,000, default 445.</summary>
    public int NeighbourSpreadCenti { get; init; } = 445;

    /// <summary>Share of an hour's slots from which it counts in full, millionths: 0 to 1,000,000, default 900,000.</summary>
    public int FullHourPpm { get; init; } = 900_000;

    /// <summary>Resolution of the cells in which devices share: 0 to 15, default 10.</summary>
    public int CapacityResolution { get; init; } = 10;

    /// <summary>Devices of a capability that one such cell pays in full: 1 to 1,000, default 1.</summary>
    public int CapacityPerCell { get; init; } = 1;

    /// <summary>Earlier epochs whose series are remembered against replay: 0 to 30, default 3.</summary>
    public int ReplayMemoryEpochs { get; init; } = 3;

    /// <summary>Share of a remembered series' marks that must reappear to call it a replay, millionths: 1 to 1,000,000, default 500,000.</summary>
    public int ReplaySharePpm { get; init; } = 500_000;

    /// <summary>The rules of each parameter, in the order of the bits.</summary>
    public ImmutableArray<ParameterRules> Rules { get; init; } = ParameterRules.Defaults;

    /// <summary>Reads the class's object in the network parameters; "parameters" in it holds one object per changed parameter, by lower-case name.</summary>
    /// <exception cref="ParameterException">A key is unknown or out of bounds.</exception>
    public static SensingParameters Parse(ParameterObject source)
    {
        var d = new SensingParameters();
        var changed = source.ChildOrEmpty("parameters");
        var result = new SensingParameters
        {
            ReportDelaySeconds = (int)source.Number("reportDelaySeconds", 1, 86_400, d.ReportDelaySeconds),
            SaturationMilliPercent = (int)source.Number("saturationMilliPercent", 50_000, 100_000, d.SaturationMilliPercent),
            HumidAirMilliPercent = (int)source.Number("humidAirMilliPercent", 50_000, 100_000, d.HumidAirMilliPercent),
            GapCadences = (int)source.Number("gapCadences", 1, 100, d.GapCadences),
            DefaultCadenceSeconds = (int)source.Number("defaultCadenceSeconds", 10, 3_600, d.DefaultCadenceSeconds),
            NeighbourMetres = (int)source.Number("neighbourMetres", 0, 100_000, d.NeighbourMetres),
            NeighbourMinimum = (int)source.Number("neighbourMinimum", 2, 100, d.NeighbourMinimum),
            NeighbourSpreadCenti = (int)source.Number("neighbourSpreadCenti", 100, 10_000, d.NeighbourSpreadCenti),
            FullHourPpm = (int)source.Number("fullHourPpm", 0, 1_000_000, d.FullHourPpm),
            CapacityResolution = (int)source.Number("capacityResolution", 0, 15, d.CapacityResolution),
            CapacityPerCell = (int)source.Number("capacityPerCell", 1, 1_000, d.CapacityPerCell),
            ReplayMemoryEpochs = (int)source.Number("replayMemoryEpochs", 0, 30, d.ReplayMemoryEpochs),
            ReplaySharePpm = (int)source.Number("replaySharePpm", 1, 1_000_000, d.ReplaySharePpm),
            Rules = [.. d.Rules.Select(rules => Read(changed, rules))],
        };
        if (source.Has("parameters")) changed.End();
        source.End();
        return result;
    }

    private static ParameterRules Read(ParameterObject all, ParameterRules d)
    {
#pragma warning disable CA1308 // names in the document are lower case
        var name = d.Parameter.ToString().ToLowerInvariant();
#pragma warning restore CA1308
        if (!all.Has(name)) return d;
        var source = all.Child(name);
        var low = (int)source.Number("low", int.MinValue, int.MaxValue, d.Low);
        var rules = new ParameterRules(
            d.Parameter, low,
            (int)source.Number("high", low, int.MaxValue, Math.Max(low, d.High)),
            (int)source.Number("jumpStep", 0, int.MaxValue, d.JumpStep),
            (int)source.Number("jumpCap", 0, int.MaxValue, d.JumpCap),
            (int)source.Number("constantMinutes", 0, 10_000, d.ConstantMinutes),
            (int)source.Number("constantLow", int.MinValue, int.MaxValue, d.ConstantLow),
            (int)source.Number("constantHigh", int.MinValue, int.MaxValue, d.ConstantHigh),
            (int)source.Number("neighbourFloor", 0, int.MaxValue, d.NeighbourFloor),
            source.Number("neighbourRelative", 0, 1, d.NeighbourRelative ? 1 : 0) == 1,
            (int)source.Number("alternationPpm", 0, 1_000_000, d.AlternationPpm),
            (int)source.Number("copyPpm", 0, 1_000_000, d.CopyPpm));
        source.End();
        return rules;
    }
}
