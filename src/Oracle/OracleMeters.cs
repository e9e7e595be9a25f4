using System.Diagnostics.Metrics;

namespace DePin.Oracle;

/// <summary>What /metrics counts of this process. Names are <c>depin_oracle_*</c>.</summary>
public static class OracleMeters
{
    private static readonly Meter Meter = new("depin.oracle");

    /// <summary>Proofs made durable.</summary>
    public static Counter<long> Stored { get; } = Meter.CreateCounter<long>("depin_oracle_proofs_stored", description: "Proofs made durable, repeats included");

    /// <summary>Proofs refused, by reason.</summary>
    public static Counter<long> Refused { get; } = Meter.CreateCounter<long>("depin_oracle_proofs_refused", description: "Proofs refused at ingest, by reason");

    /// <summary>Requests answered with 429 before they were read.</summary>
    public static Counter<long> TurnedAway { get; } = Meter.CreateCounter<long>("depin_oracle_requests_turned_away", description: "Requests above an address's share, by audience");

    /// <summary>Own batches sealed.</summary>
    public static Counter<long> Sealed { get; } = Meter.CreateCounter<long>("depin_oracle_batches_sealed", description: "Batches sealed in the own lane");

    /// <summary>Peers' batches acknowledged.</summary>
    public static Counter<long> Acknowledged { get; } = Meter.CreateCounter<long>("depin_oracle_batches_acknowledged", description: "Batches of other lanes acknowledged");

    /// <summary>Stage steps that failed, by stage.</summary>
    public static Counter<long> StepFailures { get; } = Meter.CreateCounter<long>("depin_oracle_step_failures", description: "Stage steps that failed and were tried again");

    /// <summary>Things somebody must look at, by kind.</summary>
    public static Counter<long> Alarms { get; } = Meter.CreateCounter<long>("depin_oracle_alarms", description: "Conditions that need a human");
}
