using System.ComponentModel.DataAnnotations;

namespace DePin.Hosting;

/// <summary>Section <c>Telemetry</c>, of every host, of <c>depin claim</c> and of the replayer. Names of OpenTelemetry's own variables, such as OTEL_EXPORTER_OTLP_HEADERS, hold besides.</summary>
public sealed record TelemetryOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Telemetry";

    /// <summary>Where a collector takes OTLP over HTTP (protobuf), without the path; empty = what OTEL_EXPORTER_OTLP_ENDPOINT says, and where that is empty too nothing is exported.</summary>
    public string Endpoint { get; init; } = "";

    /// <summary>Share of proofs that are traced, the same ones everywhere; epochs and claims always are. Default 0.01.</summary>
    [Range(0, 1)]
    public double ProofRatio { get; init; } = 0.01;

    /// <summary>Whether the meters are exported, too; <c>/metrics</c> serves them in any case. Default true.</summary>
    public bool Metrics { get; init; } = true;

    /// <summary>Whether requests that come with a recorded <c>traceparent</c> are traced as ASP.NET Core does; whoever asks decides then what is written. Default false.</summary>
    public bool Requests { get; init; }

    /// <summary>Most spans that wait for the collector; those beyond are dropped. Default 16,384.</summary>
    [Range(1, 1_000_000)]
    public int MaxQueue { get; init; } = 16_384;
}
