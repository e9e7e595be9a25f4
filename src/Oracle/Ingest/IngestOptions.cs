using System.ComponentModel.DataAnnotations;

namespace DePin.Oracle.Ingest;

/// <summary>Section <c>Ingest</c>.</summary>
public sealed record IngestOptions
{
    /// <summary>Proofs a second that one device may send in the long run. Default 50.</summary>
    [Range(0.001, 1e6)]
    public double DeviceProofsPerSecond { get; init; } = 50;

    /// <summary>Proofs that one device may send at once. Default 5,000: a day of a busy one after an outage.</summary>
    [Range(1, 1e9)]
    public double DeviceBurst { get; init; } = 5_000;

    /// <summary>Proofs a second that one client address may send in the long run, all its devices together; a question counts as one, too. Default 5,000.</summary>
    [Range(0.001, 1e9)]
    public double AddressProofsPerSecond { get; init; } = 5_000;

    /// <summary>Proofs that one client address may send at once. Default 100,000: a gateway after an outage.</summary>
    [Range(1, 1e12)]
    public double AddressBurst { get; init; } = 100_000;

    /// <summary>Client addresses with a limit of their own at one time; those beyond share one. Default 50,000.</summary>
    [Range(1, 10_000_000)]
    public int MaxAddresses { get; init; } = 50_000;

    /// <summary>How far a device's time may be ahead of the newest block's. Default 10 minutes.</summary>
    public TimeSpan FutureTolerance { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>After what time a device unknown here should try again. Default 30 s.</summary>
    public TimeSpan UnknownDeviceRetry { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>After what time a device should send again what waits for a report that is overdue. Default 1 minute.</summary>
    public TimeSpan AwaitsReportRetry { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Most proofs held in memory on their way to the database, in all; more are refused. Default 50,000.</summary>
    [Range(1, 10_000_000)]
    public int MaxPendingProofs { get; init; } = 50_000;

    /// <summary>Most proofs of one transaction. Default 4,000.</summary>
    [Range(1, 100_000)]
    public int MaxGroup { get; init; } = 4_000;

    /// <summary>Transactions written at once. Default 2.</summary>
    [Range(1, 64)]
    public int Writers { get; init; } = 2;

    /// <summary>Most bytes of a request with many proofs. Default 8 MiB.</summary>
    [Range(1_024, 1 << 30)]
    public int MaxBatchBytes { get; init; } = 8 << 20;
}
