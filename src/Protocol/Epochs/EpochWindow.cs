using DePin.Protocol.Reports;

namespace DePin.Protocol.Epochs;

/// <summary>Which epoch is computed, over which period, in which generation, after which report.</summary>
/// <param name="Epoch">From 1.</param>
/// <param name="Generation">How many reports were cancelled before.</param>
/// <param name="StartSeconds">First second of the period, network time.</param>
/// <param name="EndSeconds">First second after it.</param>
/// <param name="PreviousReport">The parent's digest; zero for the first epoch.</param>
public sealed record EpochWindow(Epoch Epoch, Generation Generation, ulong StartSeconds, ulong EndSeconds, ReportDigest PreviousReport)
{
    /// <summary>Length of the period in seconds; all periods of a network have the same.</summary>
    public ulong LengthSeconds => EndSeconds - StartSeconds;

    /// <summary>First millisecond of the period.</summary>
    public ulong StartMs => checked(StartSeconds * 1_000);

    /// <summary>First millisecond after the period.</summary>
    public ulong EndMs => checked(EndSeconds * 1_000);

    /// <summary>The window of an epoch whose period follows from the network's genesis time.</summary>
    public static EpochWindow At(Epoch epoch, Generation generation, ulong genesisSeconds, ulong lengthSeconds, ReportDigest previousReport)
    {
        if (epoch.Value == 0) throw new ArgumentException("Epochs are numbered from 1.", nameof(epoch));
        var start = checked(genesisSeconds + ((epoch.Value - 1) * lengthSeconds));
        return new EpochWindow(epoch, generation, start, checked(start + lengthSeconds), previousReport);
    }
}
