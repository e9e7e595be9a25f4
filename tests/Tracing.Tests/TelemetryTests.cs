using System.Diagnostics.Metrics;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.Hosting;
using DePin.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace DePin.Tracing.Tests;

/// <summary>What the official exporter sends, as a receiver of our own reads it; and what becomes of a host whose collector is not there.</summary>
[Collection(Listening.Name)]
public sealed class TelemetryTests : IDisposable
{
    private static readonly CancellationToken Ct = CancellationToken.None;
    private static readonly TraceIdentity Trace = TraceIdentity.OfProof(Sha256.Hash("a proof"u8));
    private readonly Tracer _tracer = new("DePin.Tests");

    public void Dispose()
    {
        _tracer.Dispose();
        ProofSampling.Ratio = 1;
    }

    [Fact]
    public async Task A_span_arrives_as_it_was_told()
    {
        await using var collector = await new OtlpReceiver().StartAsync(Ct);
        var began = DateTimeOffset.UtcNow;
        using (Start(collector.Url, ("Telemetry:ProofRatio", "0.25")))
        {
            Assert.Equal(0.25, ProofSampling.Ratio);
            _tracer.Tell(Trace, new Span("proof", began) { Id = Trace.Root, Kind = System.Diagnostics.ActivityKind.Producer, Links = [TraceIdentity.OfTransaction(Sha256.Hash("other"u8)).ToLink()] },
                (Tags.Proof, "0x12"), (Tags.Sequence, 7L));
            _tracer.Tell(Trace, new Span("proof.ingest", began) { Error = "why" });
        }

        var root = Assert.Single(collector.Spans, s => s.Name == "proof");
        Assert.Equal(("depin-test", "one", "DePin.Tests"), (root.Service, root.Instance, root.Source));
        Assert.Equal((Trace.TraceId.ToHexString(), Trace.Root.ToHexString(), ""), (root.Trace, root.Id, root.Parent));
        Assert.Equal((4, "0x12", "7"), (root.Kind, root[Tags.Proof], root[Tags.Sequence])); // PRODUCER = 4
        Assert.Equal((ulong)(began - DateTimeOffset.UnixEpoch).Ticks * 100, root.Start);
        Assert.True(root.End >= root.Start);
        var linked = TraceIdentity.OfTransaction(Sha256.Hash("other"u8));
        Assert.Equal((linked.TraceId.ToHexString(), linked.Root.ToHexString()), Assert.Single(root.Links));
        Assert.Null(root.Error);
        var child = Assert.Single(collector.Spans, s => s.Name == "proof.ingest");
        Assert.Equal((root.Trace, root.Id, "why"), (child.Trace, child.Parent, child.Error));
    }

    [Fact]
    public async Task Meters_are_exported_too_unless_they_are_turned_off()
    {
        using var meter = new Meter("depin.tests");
        var counter = meter.CreateCounter<long>("depin_tests_things");
        await using var collector = await new OtlpReceiver().StartAsync(Ct);
        using (Start(collector.Url)) counter.Add(1);
        Assert.Contains(("depin-test", "depin_tests_things"), collector.Metrics);
        await using var other = await new OtlpReceiver().StartAsync(Ct);
        using (Start(other.Url, ("Telemetry:Metrics", "false"))) counter.Add(1);
        Assert.Empty(other.Metrics);
    }

    [Fact]
    public async Task OpenTelemetrys_own_variables_name_the_collector_and_the_service()
    {
        await using var collector = await new OtlpReceiver().StartAsync(Ct);
        Environment.SetEnvironmentVariable("OTEL_SERVICE_NAME", "my-operator");
        try
        {
            using (Start(null, ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Url.ToString()))) _tracer.Tell(Trace, new Span("by the shared name"));
            using (Start(null, ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", new Uri(collector.Url, "/v1/traces").ToString()))) _tracer.Tell(Trace, new Span("by the traces' own"));
        }
        finally
        {
            Environment.SetEnvironmentVariable("OTEL_SERVICE_NAME", null);
        }

        Assert.Equal(["by the shared name", "by the traces' own"], collector.Spans.Select(s => s.Name));
        Assert.All(collector.Spans, s => Assert.Equal("my-operator", s.Service));
    }

    [Fact]
    public void Without_a_collector_nothing_runs_and_nobody_listens()
    {
        Assert.Null(Start(null));
        Assert.Null(Start(new Uri("http://127.0.0.1:1"), ("OTEL_SDK_DISABLED", "true")));
        Assert.False(_tracer.IsOn);
        Assert.Null(_tracer.Begin());
    }

    [Theory]
    [InlineData("Telemetry:Endpoint", "collector:4318")]
    [InlineData("Telemetry:ProofRatio", "1.5")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "somewhere")]
    public void A_setting_that_cannot_be_meant_is_named(string name, string value)
    {
        var problem = Assert.Throws<InvalidOperationException>(() => Start(null, (name, value)));
        Assert.Contains(name.Split(':')[^1], problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_collector_that_hangs_or_is_gone_holds_up_nobody()
    {
        await using var hanging = await new OtlpReceiver { Hangs = true }.StartAsync(Ct);
        foreach (var url in (Uri[])[hanging.Url, new Uri($"http://127.0.0.1:{LoopbackPort.Free()}")])
        {
            var telemetry = Start(url, ("Telemetry:MaxQueue", "600"));
            // More than is queued: the rest is dropped. Whoever waited for the collector would never come back from here.
            var telling = Task.Run(() =>
            {
                for (var i = 0; i < 20_000; i++) _tracer.Tell(Trace, new Span("one of many"));
            }, Ct);
            await telling.WaitAsync(TimeSpan.FromMinutes(2), Ct);
            if (url == hanging.Url) await Eventually.HoldsAsync(() => Task.FromResult(hanging.Posts > 0), "the exporter has asked the collector", Ct);
            await Task.Run(() => telemetry!.Dispose(), Ct).WaitAsync(TimeSpan.FromMinutes(1), Ct);
        }

        Assert.False(_tracer.IsOn);
    }

    [Theory]
    [InlineData(true, true, 1)]
    [InlineData(true, false, 0)] // it came with a context that is not recorded
    [InlineData(false, true, 0)] // not asked for
    public async Task A_request_is_traced_where_that_is_asked_for_and_it_came_with_a_recorded_context(bool wanted, bool recorded, int spans)
    {
        await using var collector = await new OtlpReceiver().StartAsync(Ct);
        using (Start(collector.Url, ("Telemetry:Requests", wanted ? "true" : "false")))
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            await using var app = builder.Build();
            app.MapGet("/claim", () => Results.Ok());
            await app.StartAsync(Ct);
            using var http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
            using var plain = await http.GetAsync(new Uri("/claim", UriKind.Relative), Ct);
            using var request = new HttpRequestMessage(HttpMethod.Get, "/claim");
            request.Headers.Add("traceparent", $"00-{Trace.TraceId}-{Trace.Root}-0{(recorded ? 1 : 0)}");
            using var traced = await http.SendAsync(request, Ct);
            await app.StopAsync(Ct);
        }

        Assert.Equal(spans, collector.Spans.Count);
        Assert.All(collector.Spans, s => Assert.Equal((Trace.TraceId.ToHexString(), Trace.Root.ToHexString(), "Microsoft.AspNetCore", "/claim"), (s.Trace, s.Parent, s.Source, s["url.path"])));
    }

    private static Telemetry? Start(Uri? collector, params IEnumerable<(string Key, string Value)> settings) => Telemetry.Start(
        new ConfigurationBuilder().AddInMemoryCollection(
            [.. settings.Append((Key: "Telemetry:Endpoint", Value: collector?.ToString() ?? "")).DistinctBy(s => s.Key).Select(s => KeyValuePair.Create<string, string?>(s.Key, s.Value))]).Build(), "depin-test", "one");
}
