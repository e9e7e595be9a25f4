using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace DePin.Hosting;

/// <summary>
/// Collects this process's meters and writes them as Prometheus text (version 0.0.4). Counters are cumulative since the start; histograms take
/// their bounds from <see cref="InstrumentAdvice{T}"/>, else <see cref="DefaultBounds"/>; observable instruments are asked at each scrape,
/// and one that throws is left out and counted in <c>depin_scrape_failures_total</c>.
/// </summary>
public sealed class PrometheusText : IDisposable
{
    /// <summary>Histogram bounds in seconds, from a fast query to a slow round.</summary>
    public static IReadOnlyList<double> DefaultBounds { get; } = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

    private readonly MeterListener listener = new();
    private readonly ConcurrentDictionary<(Instrument Instrument, string Labels), Series> series = new();
    private readonly Lock scrape = new();
    private long failures;

    /// <summary>Listens to every meter whose name starts with one of <paramref name="prefixes"/>.</summary>
    public PrometheusText(params IReadOnlyList<string> prefixes)
    {
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (prefixes.Any(p => instrument.Meter.Name.StartsWith(p, StringComparison.Ordinal))) l.EnableMeasurementEvents(instrument, new Family(instrument));
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, family) => Record(family, value, tags));
        listener.SetMeasurementEventCallback<int>((_, value, tags, family) => Record(family, value, tags));
        listener.SetMeasurementEventCallback<double>((_, value, tags, family) => Record(family, value, tags));
        listener.Start();
    }

    /// <summary>The text of one scrape, ordered by name and labels.</summary>
    public string Collect()
    {
        lock (scrape)
        {
            try
            {
                listener.RecordObservableInstruments();
            }
            catch (AggregateException e) // of the instruments that could not answer; the others have
            {
                failures += e.InnerExceptions.Count;
            }

            var text = new StringBuilder();
            string? last = null;
            // A copy first: to order the dictionary itself breaks when a series is added meanwhile.
            foreach (var ((instrument, labels), s) in series.ToArray().OrderBy(p => p.Key.Instrument.Name, StringComparer.Ordinal).ThenBy(p => p.Key.Labels, StringComparer.Ordinal))
            {
                var name = NameOf(instrument);
                if (name != last)
                {
                    if (instrument.Description is { Length: > 0 } help) text.Append("# HELP ").Append(name).Append(' ').Append(help.ReplaceLineEndings(" ")).Append('\n');
                    text.Append("# TYPE ").Append(name).Append(' ').Append(KindOf(instrument)).Append('\n');
                    last = name;
                }

                s.Write(text, name, labels);
            }

            if (failures > 0) text.Append("# TYPE depin_scrape_failures_total counter\n").Append(CultureInfo.InvariantCulture, $"depin_scrape_failures_total {failures}\n");
            return text.ToString();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => listener.Dispose();

    // Runs several times for every request of a host: labels are spelled out once for each combination of tags.
    private void Record(object? state, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var family = (Family)state!;
        if (!family.ByTags.GetAlternateLookup<ReadOnlySpan<KeyValuePair<string, object?>>>().TryGetValue(tags, out var s))
        {
            s = series.GetOrAdd((family.Instrument, Labels(tags)), static key => new Series(key.Instrument));
            family.ByTags.TryAdd(tags.ToArray(), s);
        }

        s.Add(value);
    }

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty) return "";
        var ordered = tags.ToArray().OrderBy(t => t.Key, StringComparer.Ordinal);
        return string.Join(',', ordered.Select(t => string.Create(CultureInfo.InvariantCulture, $"{Clean(t.Key)}=\"{Escape(Convert.ToString(t.Value, CultureInfo.InvariantCulture) ?? "")}\"")));
    }

    private static string Escape(string value) =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static string Clean(string name) => string.Create(name.Length, name, static (span, n) =>
    {
        for (var i = 0; i < n.Length; i++) span[i] = char.IsAsciiLetterOrDigit(n[i]) ? n[i] : '_';
    });

    private static string NameOf(Instrument instrument)
    {
        var name = Clean(instrument.Name);
        return KindOf(instrument) == "counter" && !name.EndsWith("_total", StringComparison.Ordinal) ? name + "_total" : name;
    }

    private static string KindOf(Instrument instrument) => instrument.GetType().Name switch
    {
        var n when n.StartsWith("Histogram", StringComparison.Ordinal) => "histogram",
        var n when n.StartsWith("Counter", StringComparison.Ordinal) || n.StartsWith("ObservableCounter", StringComparison.Ordinal) => "counter",
        _ => "gauge",
    };

    /// <summary>An instrument and its series by the tags as they are given; in another order they lead to the same one.</summary>
    private sealed class Family(Instrument instrument)
    {
        public Instrument Instrument { get; } = instrument;

        public ConcurrentDictionary<KeyValuePair<string, object?>[], Series> ByTags { get; } = new(TagComparer.Instance);
    }

    private sealed class TagComparer : IEqualityComparer<KeyValuePair<string, object?>[]>, IAlternateEqualityComparer<ReadOnlySpan<KeyValuePair<string, object?>>, KeyValuePair<string, object?>[]>
    {
        public static readonly TagComparer Instance = new();

        public bool Equals(KeyValuePair<string, object?>[]? x, KeyValuePair<string, object?>[]? y) => x is not null && y is not null && Equals(x.AsSpan(), y);

        public int GetHashCode(KeyValuePair<string, object?>[] obj) => GetHashCode(obj.AsSpan());

        public bool Equals(ReadOnlySpan<KeyValuePair<string, object?>> alternate, KeyValuePair<string, object?>[] other)
        {
            if (alternate.Length != other.Length) return false;
            for (var i = 0; i < other.Length; i++)
            {
                if (!string.Equals(alternate[i].Key, other[i].Key, StringComparison.Ordinal) || !Equals(alternate[i].Value, other[i].Value)) return false;
            }

            return true;
        }

        public int GetHashCode(ReadOnlySpan<KeyValuePair<string, object?>> alternate)
        {
            var hash = new HashCode();
            foreach (var (key, value) in alternate)
            {
                hash.Add(key.Length); // keys of an instrument hardly differ
                hash.Add(value);
            }

            return hash.ToHashCode();
        }

        public KeyValuePair<string, object?>[] Create(ReadOnlySpan<KeyValuePair<string, object?>> alternate) => alternate.ToArray();
    }

    private sealed class Series
    {
        private readonly bool sums;
        private readonly double[]? bounds;
        private readonly long[] buckets = [];
        private readonly Lock gate = new();
        private double value;
        private long count;

        public Series(Instrument instrument)
        {
            var type = instrument.GetType().Name;
            sums = type.StartsWith("Counter", StringComparison.Ordinal) || type.StartsWith("UpDownCounter", StringComparison.Ordinal);
            if (KindOf(instrument) != "histogram") return;
            bounds = [.. (instrument as Histogram<double>)?.Advice?.HistogramBucketBoundaries ?? DefaultBounds];
            buckets = new long[bounds.Length + 1];
        }

        public void Add(double measurement)
        {
            lock (gate)
            {
                if (bounds is null)
                {
                    value = sums ? value + measurement : measurement;
                    return;
                }

                value += measurement;
                count++;
                var i = 0;
                while (i < bounds.Length && measurement > bounds[i]) i++;
                buckets[i]++;
            }
        }

        public void Write(StringBuilder text, string name, string labels)
        {
            lock (gate)
            {
                if (bounds is null)
                {
                    Line(text, name, labels, value);
                    return;
                }

                var separator = labels.Length == 0 ? "" : ",";
                long cumulative = 0;
                for (var i = 0; i < buckets.Length; i++)
                {
                    cumulative += buckets[i];
                    var le = i < bounds.Length ? bounds[i].ToString("R", CultureInfo.InvariantCulture) : "+Inf";
                    Line(text, name + "_bucket", string.Create(CultureInfo.InvariantCulture, $"{labels}{separator}le=\"{le}\""), cumulative);
                }

                Line(text, name + "_sum", labels, value);
                Line(text, name + "_count", labels, count);
            }
        }

        private static void Line(StringBuilder text, string name, string labels, double number)
        {
            text.Append(name);
            if (labels.Length > 0) text.Append('{').Append(labels).Append('}');
            text.Append(' ').Append(number.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
        }
    }
}
