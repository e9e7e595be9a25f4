using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using DePin.TestKit.Otlp;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace DePin.TestKit;

/// <summary>A span as it came over the wire. Ids are hexadecimal; times are ns since 1970.</summary>
/// <param name="Parent">Empty where there is none.</param>
/// <param name="Links">Trace and span ids.</param>
/// <param name="Error">Null where its status is no error.</param>
public sealed record ReceivedSpan(
    string Service, string Instance, string Source, string Trace, string Id, string Parent, string Name, int Kind, ulong Start, ulong End,
    ImmutableDictionary<string, string> Attributes, ImmutableArray<(string Trace, string Span)> Links, string? Error)
{
    /// <summary>An attribute; empty where it has none of that name.</summary>
    public string this[string attribute] => Attributes.GetValueOrDefault(attribute, "");

    public override string ToString() => $"{Name} {Id} in {Parent} of {Trace} by {Service} {Instance} {Error} {string.Join(", ", Attributes.Select(a => $"{a.Key}={a.Value}"))}";
}

/// <summary>A collector: takes OTLP over HTTP with protobuf and keeps what it is asked to keep.</summary>
public sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly ConcurrentQueue<ReceivedSpan> _spans = new();
    private readonly ConcurrentDictionary<(string Service, string Metric), bool> _metrics = new();
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WebApplication? _app;
    private int _posts;

    /// <summary>Base URL, as OTEL_EXPORTER_OTLP_ENDPOINT wants it.</summary>
    public Uri Url { get; private set; } = null!;

    /// <summary>Which spans are kept; all.</summary>
    public Func<ReceivedSpan, bool> Keeps { get; set; } = static _ => true;

    /// <summary>Whether requests are taken and never answered.</summary>
    public bool Hangs { get; init; }

    /// <summary>Spans so far.</summary>
    public IReadOnlyCollection<ReceivedSpan> Spans => _spans;

    /// <summary>Services and the names of their meters' instruments so far.</summary>
    public ICollection<(string Service, string Metric)> Metrics => _metrics.Keys;

    /// <summary>Requests so far.</summary>
    public int Posts => Volatile.Read(ref _posts);

    /// <summary>Listens on a free port.</summary>
    public async Task<OtlpReceiver> StartAsync(CancellationToken ct)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Limits.MaxRequestBodySize = 64 << 20);
        _app = builder.Build();
        _app.MapPost("/v1/traces", (HttpContext http) => TakeAsync(http, Take));
        _app.MapPost("/v1/metrics", (HttpContext http) => TakeAsync(http, TakeMetrics));
        await _app.StartAsync(ct).ConfigureAwait(false);
        Url = new Uri(_app.Urls.Single());
        return this;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _end.TrySetResult();
        if (_app is not null) await _app.DisposeAsync().ConfigureAwait(false);
    }

    private async Task TakeAsync(HttpContext http, Action<byte[]> take)
    {
        Interlocked.Increment(ref _posts);
        if (Hangs) await _end.Task.ConfigureAwait(false);
        if (http.Request.ContentType != "application/x-protobuf")
        {
            http.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return;
        }

        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body, http.RequestAborted).ConfigureAwait(false);
        take(body.ToArray());
        http.Response.ContentType = "application/x-protobuf"; // an empty answer: all was taken
    }

    private void Take(byte[] body)
    {
        foreach (var resource in TraceExport.Parser.ParseFrom(body).ResourceSpans)
        {
            var (service, instance) = (Of(resource.Resource.Attributes, "service.name"), Of(resource.Resource.Attributes, "service.instance.id"));
            foreach (var scope in resource.ScopeSpans)
            {
                foreach (var span in scope.Spans)
                {
                    var received = new ReceivedSpan(
                        service, instance, scope.Scope.Name, Hex(span.TraceId), Hex(span.SpanId), Hex(span.ParentSpanId), span.Name, span.Kind, span.StartTimeUnixNano, span.EndTimeUnixNano,
                        span.Attributes.ToImmutableDictionary(a => a.Key, a => Text(a.Value)), [.. span.Links.Select(l => (Hex(l.TraceId), Hex(l.SpanId)))],
                        span.Status is { Code: 2 } status ? status.Message : null);
                    if (Keeps(received)) _spans.Enqueue(received);
                }
            }
        }
    }

    private void TakeMetrics(byte[] body)
    {
        foreach (var resource in MetricsExport.Parser.ParseFrom(body).ResourceMetrics)
        {
            foreach (var metric in resource.ScopeMetrics.SelectMany(s => s.Metrics)) _metrics[(Of(resource.Resource.Attributes, "service.name"), metric.Name)] = true;
        }
    }

    private static string Of(IEnumerable<Otlp.Attribute> attributes, string key) => attributes.FirstOrDefault(a => a.Key == key) is { } found ? Text(found.Value) : "";

    private static string Text(AnyValue value) => value.ValueCase switch
    {
        AnyValue.ValueOneofCase.StringValue => value.StringValue,
        AnyValue.ValueOneofCase.IntValue => value.IntValue.ToString(CultureInfo.InvariantCulture),
        AnyValue.ValueOneofCase.BoolValue => value.BoolValue ? "true" : "false",
        AnyValue.ValueOneofCase.DoubleValue => value.DoubleValue.ToString(CultureInfo.InvariantCulture),
        _ => throw new InvalidDataException($"An attribute of kind {value.ValueCase}."),
    };

    private static string Hex(ByteString bytes) => Convert.ToHexStringLower(bytes.Span);
}
