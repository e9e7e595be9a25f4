using DePin.Hosting;
using Microsoft.Extensions.Configuration;

namespace DePin.Cli;

/// <summary>Export of what a command tells, where the environment names a collector (docs/observability.md).</summary>
internal static class CliTelemetry
{
    /// <summary>Begins; null where there is none. What is queued is sent when it is disposed of.</summary>
    public static Telemetry? Start() => Telemetry.Start(new ConfigurationBuilder().AddEnvironmentVariables().Build(), "depin-cli", starts: true);
}
