using System.ComponentModel.DataAnnotations;
using DePin.Tracing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace DePin.Hosting;

/// <summary>
/// Exports this process's spans and meters to a collector by OTLP over HTTP with protobuf (docs/observability.md). Nothing waits for the collector: spans are queued, sent by a
/// thread of their own, and dropped where the queue is full.
/// </summary>
public sealed class Telemetry : IDisposable
{
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);
    private static readonly string[] Meters = ["DePin.*", "Npgsql*", "Quartz*", "System.Runtime", "Microsoft.AspNetCore.Hosting"];
    private readonly TracerProvider? _traces;
    private readonly MeterProvider? _meters;

    private Telemetry(TracerProvider? traces, MeterProvider? meters) => (_traces, _meters) = (traces, meters);

    /// <summary>Begins to export where the configuration, with the environment in it, names a collector; null where it does not, and then nothing runs.</summary>
    /// <param name="configuration">Section <c>Telemetry</c>, and OpenTelemetry's own names.</param>
    /// <param name="service">service.name, unless OTEL_SERVICE_NAME says another.</param>
    /// <param name="instance">service.instance.id: tells processes of one service apart.</param>
    /// <param name="starts">Whether traces begin here without one that others derive, as a command's do.</param>
    /// <exception cref="InvalidOperationException">A setting is out of bounds, or no URL; the message names it.</exception>
    public static Telemetry? Start(IConfiguration configuration, string service, string? instance = null, bool starts = false)
    {
        var options = configuration.GetSection(TelemetryOptions.Section).Get<TelemetryOptions>() ?? new TelemetryOptions();
        var problems = new List<ValidationResult>();
        if (!Validator.TryValidateObject(options, new ValidationContext(options), problems, validateAllProperties: true))
            throw new InvalidOperationException($"{TelemetryOptions.Section}: {string.Join(' ', problems)}");
        if (string.Equals(configuration["OTEL_SDK_DISABLED"], "true", StringComparison.OrdinalIgnoreCase)) return null;
        var traces = EndpointOf(configuration, options, "TRACES", "/v1/traces");
        var metrics = options.Metrics ? EndpointOf(configuration, options, "METRICS", "/v1/metrics") : null;
        if (traces is null && metrics is null) return null;

        ProofSampling.Ratio = options.ProofRatio;
        var resource = ResourceBuilder.CreateEmpty().AddService(service, "depin", serviceInstanceId: instance, autoGenerateServiceInstanceId: instance is null)
            .AddTelemetrySdk().AddEnvironmentVariableDetector();
        return new Telemetry(
            traces is null ? null : Traces(configuration, options, traces, starts).SetResourceBuilder(resource).Build(),
            metrics is null ? null : Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource).AddMeter(Meters).AddOtlpExporter(o => Set(o, metrics)).Build());
    }

    /// <summary>Sends what is still queued, but gives up on a collector that takes its time.</summary>
    public void Dispose()
    {
        var patience = (int)Farewell.TotalMilliseconds;
        Parallel.Invoke(() => _traces?.Shutdown(patience), () => _meters?.Shutdown(patience));
        _traces?.Dispose();
        _meters?.Dispose();
    }

    private static TracerProviderBuilder Traces(IConfiguration configuration, TelemetryOptions options, Uri endpoint, bool starts)
    {
        // What our own spans belong to is derived, and decided on before they are made: a parent that is recorded. Anything else is recorded only as part of something that is.
        var builder = Sdk.CreateTracerProviderBuilder().SetSampler(new ParentBasedSampler(starts ? new AlwaysOnSampler() : new AlwaysOffSampler())).AddSource("DePin.*");
        // No HttpClient source: its spans hold whole URLs, and the path of a provider's often is a key.
        if (options.Requests)
        {
            AppContext.SetSwitch("Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData", false); // method, path and status: left out by default
            builder.AddSource("Microsoft.AspNetCore");
        }

        return builder.AddOtlpExporter(exporter =>
        {
            Set(exporter, endpoint);
            exporter.BatchExportProcessorOptions.MaxQueueSize = options.MaxQueue;
        });
    }

    private static void Set(OtlpExporterOptions exporter, Uri endpoint)
    {
        exporter.Protocol = OtlpExportProtocol.HttpProtobuf;
        exporter.Endpoint = endpoint;
    }

    private static Uri? EndpointOf(IConfiguration configuration, TelemetryOptions options, string signal, string path)
    {
        if (options.Endpoint.Length > 0) return Parse($"{TelemetryOptions.Section}:{nameof(options.Endpoint)}", options.Endpoint.TrimEnd('/') + path);
        if (configuration[$"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"] is { Length: > 0 } own) return Parse($"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT", own);
        return configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is { Length: > 0 } shared ? Parse("OTEL_EXPORTER_OTLP_ENDPOINT", shared.TrimEnd('/') + path) : null;
    }

    private static Uri Parse(string name, string text) => Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
        ? url
        : throw new InvalidOperationException($"Set {name} to where a collector takes OTLP over HTTP, as http://127.0.0.1:4318; '{text}' is no such URL.");
}

/// <summary>Adds telemetry to a host.</summary>
public static class TelemetryRegistration
{
    /// <summary>Exports from now on, where the configuration names a collector, until the host has stopped.</summary>
    public static IServiceCollection AddTelemetry(this IServiceCollection services, IConfiguration configuration, string service, string? instance = null) =>
        Telemetry.Start(configuration, service, instance) is { } telemetry ? services.AddSingleton<IHostedService>(_ => new Lifetime(telemetry)) : services;

    private sealed class Lifetime(Telemetry telemetry) : IHostedService, IDisposable
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public void Dispose() => telemetry.Dispose(); // after every stage has told of what it was about
    }
}
