using System.Diagnostics.Metrics;

namespace DePin.Mirror;

/// <summary>Meter <c>DePin.Rpc</c>: how a chain's providers do. Labels name hosts, never paths or keys.</summary>
public sealed class ProviderMeters : IDisposable
{
    private readonly Meter _meter = new("DePin.Rpc");

    /// <summary>Observes a chain's providers.</summary>
    public ProviderMeters(ChainProviders providers)
    {
        _meter.CreateObservableGauge("depin_rpc_quorum", () => providers.Quorum, "{provider}", "Providers that must agree.");
        _meter.CreateObservableGauge("depin_rpc_quorum_lacking", () => providers.Status.Why is null ? 0 : 1, "{flag}", "1 while too few providers agree: nothing new is taken in or signed.");
        _meter.CreateObservableGauge(
            "depin_rpc_provider_state",
            () => providers.Status.Providers.SelectMany(p => Enum.GetValues<ProviderState>().Select(s => Measure(p.State == s ? 1 : 0, p, new KeyValuePair<string, object?>("state", s.ToString().ToLowerInvariant())))),
            "{flag}", "1 for the state that a provider is in: well, resting, disagreeing.");
        _meter.CreateObservableGauge(
            "depin_rpc_provider_lag_blocks", () => providers.Status.Providers.Where(p => p.Lag is not null).Select(p => Measure((long)p.Lag!, p)), "{block}", "Blocks behind the farthest provider.");
        _meter.CreateObservableCounter("depin_rpc_provider_requests_total", () => providers.Status.Providers.Select(p => Measure(p.Requests, p)), "{request}", "Requests sent, a batch for one.");
        _meter.CreateObservableCounter("depin_rpc_provider_failures_total", () => providers.Status.Providers.Select(p => Measure(p.Failures, p)), "{request}", "Requests not answered, or not well.");
        _meter.CreateObservableCounter(
            "depin_rpc_provider_disagreements_total", () => providers.Status.Providers.Select(p => Measure(p.Disagreements, p)), "{disagreement}", "Times that a provider contradicted a quorum.");
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static Measurement<long> Measure(long value, ProviderStatus provider, params ReadOnlySpan<KeyValuePair<string, object?>> more) =>
        new(value, [new("provider", provider.Provider), .. more]);
}
