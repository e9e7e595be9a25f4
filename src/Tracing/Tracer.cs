using System.Diagnostics;
using System.Runtime.CompilerServices;
using DePin.Cryptography;

namespace DePin.Tracing;

/// <summary>One source of spans. Spans are told when they are over, with the time at which they began: nothing is open meanwhile, and nothing is in anybody's context.</summary>
/// <param name="name">Name of the source, as its station's meter is named.</param>
public sealed class Tracer(string name) : IDisposable
{
    private readonly ActivitySource _source = new(name);

    /// <summary>Name of the source.</summary>
    public string Name => name;

    /// <summary>Whether anybody listens. Where nobody does, nothing else here is to be called: this costs a field, everything else allocates.</summary>
    public bool IsOn => _source.HasListeners();

    /// <summary>Now where anybody listens, else nothing: the beginning of a span that may be told of.</summary>
    public DateTimeOffset? Begin() => _source.HasListeners() ? TimeProvider.System.GetUtcNow() : null;

    /// <summary>Whether anybody listens and the proof is one that is traced.</summary>
    public bool Takes(in Bytes32 proof) => _source.HasListeners() && ProofSampling.Takes(proof);

    /// <summary>A span of a command's own, open and in the context of what it does until it is disposed of; null where nobody listens.</summary>
    public Activity? Open(string span) => _source.StartActivity(span);

    /// <summary>Tells of a span that ends now.</summary>
    /// <param name="trace">Its trace.</param>
    /// <param name="span">What it is.</param>
    /// <param name="tags">Attributes; those without a value are left out. Never a key, a token, or a URL that is somebody's own.</param>
    public void Tell(in TraceIdentity trace, in Span span, params ReadOnlySpan<(string Key, object? Value)> tags)
    {
        var (end, before) = (TimeProvider.System.GetUtcNow(), Activity.Current);
        Activity.Current = null; // else a span without a parent would take the request's in which it happens to be told
        try
        {
            var parent = new ActivityContext(trace.TraceId, span.Id == trace.Root ? default : span.Parent ?? trace.Root, ActivityTraceFlags.Recorded, isRemote: true);
            using var activity = _source.StartActivity(span.Name, span.Kind, parent, tags: null, span.Links, span.Began ?? end);
            if (activity is null) return;
            if (span.Id is { } id) SpanIdOf(activity) = id.ToHexString();
            foreach (var (key, value) in tags)
            {
                if (value is not null) activity.SetTag(key, value);
            }

            if (span.Error is { } error) activity.SetStatus(ActivityStatusCode.Error, error);
            activity.SetEndTime(end.UtcDateTime);
        }
        finally
        {
            Activity.Current = before;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _source.Dispose();

    // Activities give themselves random ids, and there is no other way to a span whose id follows from what it is about. TracerTests sees it if a runtime names the field otherwise.
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_spanId")]
    private static extern ref string? SpanIdOf(Activity activity);
}

/// <summary>What a span is.</summary>
/// <param name="Name">Its name, of docs/observability.md.</param>
/// <param name="Began">When; null = it is a moment.</param>
public readonly record struct Span(string Name, DateTimeOffset? Began = null)
{
    /// <summary>Its id where others derive it, too; the trace's root has no parent. Null = a random one.</summary>
    public ActivitySpanId? Id { get; init; }

    /// <summary>The span in which it happened; null = the trace's root.</summary>
    public ActivitySpanId? Parent { get; init; }

    /// <summary>Producer, client, server, consumer, or internal.</summary>
    public ActivityKind Kind { get; init; }

    /// <summary>Traces that it has to do with.</summary>
    public IEnumerable<ActivityLink>? Links { get; init; }

    /// <summary>What went wrong; null where nothing did.</summary>
    public string? Error { get; init; }
}
