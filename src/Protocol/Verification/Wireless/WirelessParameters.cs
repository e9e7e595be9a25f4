using System.Collections.Immutable;
using System.Globalization;
using DePin.Protocol.Geo;
using DePin.Protocol.Parameters;

namespace DePin.Protocol.Verification.Wireless;

/// <summary>A regulatory region: where it is and where one may transmit there.</summary>
/// <param name="Name">For messages.</param>
/// <param name="FirstHz">Lowest allowed frequency.</param>
/// <param name="LastHz">Highest allowed frequency.</param>
/// <param name="MaxEirpDeci">Strongest allowed transmission, in 0.1 dBm EIRP: no stated power beyond it helps a claim.</param>
/// <param name="Cells">H3 cells of any resolution that make it up; empty = the whole globe.</param>
public sealed record WirelessRegion(string Name, long FirstHz, long LastHz, int MaxEirpDeci, ImmutableArray<H3Cell> Cells)
{
    /// <summary>Whether the point lies in the region.</summary>
    public bool Contains(GeoPoint point)
    {
        if (Cells.IsEmpty) return true;
        foreach (var cell in Cells)
            if (H3Cell.At(point, cell.Resolution) == cell) return true;
        return false;
    }
}

/// <summary>What a network may set for wireless coverage; docs/classes/wireless-coverage.md gives the sources of the defaults.</summary>
public sealed record WirelessParameters
{
    /// <summary>Uncertainty of a receiver's asserted position, metres: 0 to 5,000, default 530 (a geohash-6 cell's half diagonal at 45° north).</summary>
    public int ReceiverUncertaintyMetres { get; init; } = 530;

    /// <summary>Assumed gain of a receiving antenna, 0.1 dBi: 0 to 200, default 30.</summary>
    public int ReceiverGainDeci { get; init; } = 30;

    /// <summary>Slack on the free-space bound, 0.1 dB: 0 to 300, default 0.</summary>
    public int BoundSlackDeci { get; init; }

    /// <summary>Least distance in cells of resolution 11: 0 to 1,000, default 8 (about 350 m).</summary>
    public int MinimumCells { get; init; } = 8;

    /// <summary>Greatest distance in metres: 1,000 to 1,000,000, default 100,000 (HIP-58).</summary>
    public int MaximumDistanceMetres { get; init; } = 100_000;

    /// <summary>Greatest difference from the frequency that most receivers report, Hz: 0 to 1,000,000, default 100,000.</summary>
    public int FrequencyToleranceHz { get; init; } = 100_000;

    /// <summary>Greatest difference from the middle time of reception, milliseconds: 100 to 60,000, default 4,000.</summary>
    public int LagWindowMs { get; init; } = 4_000;

    /// <summary>Greatest time from reception to the proof, seconds: 1 to 86,400, default 600.</summary>
    public int ReportDelaySeconds { get; init; } = 600;

    /// <summary>Slack on the demodulation floor of the spreading factor, 0.1 dB: 0 to 200, default 60.</summary>
    public int SensitivitySlackDeci { get; init; } = 60;

    /// <summary>Most receivers rewarded for one transmission: 1 to 100, default 14.</summary>
    public int MaximumReceivers { get; init; } = 14;

    /// <summary>Of later receivers those within so many cells of resolution 11 of a selected one are skipped: 0 to 1,000, default 8 (HIP-136).</summary>
    public int RedundancyCells { get; init; } = 8;

    /// <summary>Receptions of one (transmitter, receiver) pair in an epoch that count in full: 1 to 100,000, default 4 (HIP-44).</summary>
    public int FullReceptions { get; init; } = 4;

    /// <summary>Exponential decay of each reception beyond, in millionths: 0 (off) to 10,000,000, default 80,000 (HIP-44).</summary>
    public int DecayPpm { get; init; } = 80_000;

    /// <summary>From so many receptions on a receiver's statistics are judged: 10 to 100,000, default 40; 0 = never.</summary>
    public int StatisticsMinimum { get; init; } = 40;

    /// <summary>Greatest correlation of signal strength with the logarithm of distance, in millionths: -1,000,000 to 1,000,000, default 300,000.</summary>
    public int DistanceCorrelationPpm { get; init; } = 300_000;

    /// <summary>Earlier epochs whose transmissions are remembered against replay: 0 to 30, default 2.</summary>
    public int ReplayMemoryEpochs { get; init; } = 2;

    /// <summary>A transmission heard again in a later epoch is a replay if it comes so many seconds after: 60 to 86,400, default 3,600.</summary>
    public int ReplayAfterSeconds { get; init; } = 3_600;

    /// <summary>Whether a receiver must have been heard itself, as a transmitter, within 48 hours: 0 or 1, default 0. Only for networks whose devices send beacons.</summary>
    public bool Reciprocity { get; init; }

    /// <summary>Density table of resolutions 4 to 10; default HIP-104.</summary>
    public DensityTable Density { get; init; } = DensityTable.Hip104;

    /// <summary>The regions; the default is EU868 everywhere, 863 to 870 MHz, 16.1 dBm EIRP (14 dBm ERP).</summary>
    public ImmutableArray<WirelessRegion> Regions { get; init; } = [new("EU868", 863_000_000, 870_000_000, 161, [])];

    /// <summary>Reads the class's object in the network parameters.</summary>
    /// <exception cref="ParameterException">A key is unknown or out of bounds.</exception>
    public static WirelessParameters Parse(ParameterObject source)
    {
        var d = new WirelessParameters();
        var result = new WirelessParameters
        {
            ReceiverUncertaintyMetres = (int)source.Number("receiverUncertaintyMetres", 0, 5_000, d.ReceiverUncertaintyMetres),
            ReceiverGainDeci = (int)source.Number("receiverGainDeci", 0, 200, d.ReceiverGainDeci),
            BoundSlackDeci = (int)source.Number("boundSlackDeci", 0, 300, d.BoundSlackDeci),
            MinimumCells = (int)source.Number("minimumCells", 0, 1_000, d.MinimumCells),
            MaximumDistanceMetres = (int)source.Number("maximumDistanceMetres", 1_000, 1_000_000, d.MaximumDistanceMetres),
            FrequencyToleranceHz = (int)source.Number("frequencyToleranceHz", 0, 1_000_000, d.FrequencyToleranceHz),
            LagWindowMs = (int)source.Number("lagWindowMs", 100, 60_000, d.LagWindowMs),
            ReportDelaySeconds = (int)source.Number("reportDelaySeconds", 1, 86_400, d.ReportDelaySeconds),
            SensitivitySlackDeci = (int)source.Number("sensitivitySlackDeci", 0, 200, d.SensitivitySlackDeci),
            MaximumReceivers = (int)source.Number("maximumReceivers", 1, 100, d.MaximumReceivers),
            RedundancyCells = (int)source.Number("redundancyCells", 0, 1_000, d.RedundancyCells),
            FullReceptions = (int)source.Number("fullReceptions", 1, 100_000, d.FullReceptions),
            DecayPpm = (int)source.Number("decayPpm", 0, 10_000_000, d.DecayPpm),
            StatisticsMinimum = (int)source.Number("statisticsMinimum", 0, 100_000, d.StatisticsMinimum),
            DistanceCorrelationPpm = (int)source.Number("distanceCorrelationPpm", -1_000_000, 1_000_000, d.DistanceCorrelationPpm),
            ReplayMemoryEpochs = (int)source.Number("replayMemoryEpochs", 0, 30, d.ReplayMemoryEpochs),
            ReplayAfterSeconds = (int)source.Number("replayAfterSeconds", 60, 86_400, d.ReplayAfterSeconds),
            Reciprocity = source.Number("reciprocity", 0, 1, 0) == 1,
            Regions = source.Has("regions") ? [.. source.Children("regions").Select(ReadRegion)] : d.Regions,
        };
        source.End();
        return result;
    }

    /// <summary>The first region that holds the point, or null.</summary>
    public WirelessRegion? RegionOf(GeoPoint point)
    {
        foreach (var region in Regions)
            if (region.Contains(point)) return region;
        return null;
    }

    private static WirelessRegion ReadRegion(ParameterObject source)
    {
        var first = source.Number("firstHz", 1_000_000, uint.MaxValue);
        var region = new WirelessRegion(
            source.Text("name"), first, source.Number("lastHz", first, uint.MaxValue),
            (int)source.Number("maxEirpDeci", -300, 600), [.. source.Texts("cells").Select(text => ReadCell(source, text))]);
        source.End();
        return region;
    }

    private static H3Cell ReadCell(ParameterObject source, string text)
    {
        var parsed = ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value);
        var cell = new H3Cell(value);
        return parsed && cell.IsValid ? cell : throw new ParameterException($"{source.Path}.cells", $"holds '{text}', which is not an H3 cell in hexadecimal");
    }
}
