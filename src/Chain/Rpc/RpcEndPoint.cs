namespace DePin.Chain.Rpc;

/// <summary>
/// One JSON-RPC end point: how often it may be asked, whether it rests, and what became of the requests to it. Shared by every client that asks it, so
/// that its limit holds for all of them together. Safe to share between threads.
/// </summary>
/// <param name="url">Where it is. Path, query and user info may hold keys and are never shown.</param>
/// <param name="callsPerSecond">Most calls a second, each call of a batch for one; 0 = no limit.</param>
/// <param name="label">What to call it; null = scheme, host and port of the URL.</param>
public sealed class RpcEndPoint(Uri url, double callsPerSecond = 0, string? label = null)
{
    private static readonly TimeSpan LongestRest = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();
    private readonly double _most = Math.Max(1, callsPerSecond);
    private double _tokens = Math.Max(1, callsPerSecond);
    private long _filledAt = long.MinValue;
    private long _penaltyUntil = long.MinValue;
    private long _restUntil = long.MinValue;
    private int _inARow;
    private long _requests, _failures;
    private string? _lastError;

    /// <summary>Its name in logs, health and metrics.</summary>
    public string Label { get; } = label ?? LabelOf(url);

    /// <summary>Most calls a second; 0 = no limit.</summary>
    public double CallsPerSecond { get; } = callsPerSecond;

    /// <summary>Requests so far, a batch for one.</summary>
    public long Requests => Interlocked.Read(ref _requests);

    /// <summary>Requests that were not answered, or not well.</summary>
    public long Failures => Interlocked.Read(ref _failures);

    /// <summary>The kind of what went wrong last, never the node's own words, which may hold a key; kept after it is well again.</summary>
    public string? LastError => Volatile.Read(ref _lastError);

    internal Uri Url { get; } = url;

    /// <summary>Scheme, host and port: all of a URL that is no secret.</summary>
    public static string LabelOf(Uri url) => url.GetComponents(UriComponents.Scheme | UriComponents.Host | UriComponents.StrongPort, UriFormat.Unescaped);

    /// <summary>Whether it is passed over now: it asked to be left alone for a while, or failed just now.</summary>
    public bool IsResting(TimeProvider time)
    {
        var now = time.GetTimestamp();
        lock (_lock) return _restUntil > now || _penaltyUntil > now;
    }

    /// <summary>Until when it asked to be left alone, a timestamp.</summary>
    internal long RestUntil
    {
        get
        {
            lock (_lock) return _restUntil;
        }
    }

    /// <summary>Until when it is passed over for its last failure, a timestamp.</summary>
    internal long PenaltyUntil
    {
        get
        {
            lock (_lock) return _penaltyUntil;
        }
    }

    /// <summary>Takes a token for each call; zero where they were there, else how long until they are. More calls than the bucket holds wait for a full one.</summary>
    internal TimeSpan TryTake(int calls, TimeProvider time)
    {
        if (CallsPerSecond <= 0) return TimeSpan.Zero;
        lock (_lock)
        {
            var now = time.GetTimestamp();
            if (_filledAt != long.MinValue) _tokens = Math.Min(_most, _tokens + ((now - _filledAt) * CallsPerSecond / time.TimestampFrequency));
            _filledAt = now;
            var wanted = Math.Min(calls, _most);
            if (_tokens < wanted) return TimeSpan.FromSeconds((wanted - _tokens) / CallsPerSecond) + TimeSpan.FromMilliseconds(1);
            _tokens -= calls;
            return TimeSpan.Zero;
        }
    }

    internal void Asked() => Interlocked.Increment(ref _requests);

    internal void Well()
    {
        lock (_lock) (_inARow, _penaltyUntil) = (0, long.MinValue);
    }

    internal void Failed(string why, TimeSpan penalty, TimeSpan? askedToWait, TimeProvider time)
    {
        Interlocked.Increment(ref _failures);
        Volatile.Write(ref _lastError, why);
        lock (_lock)
        {
            var now = time.GetTimestamp();
            _inARow++;
            _penaltyUntil = now + Ticks(penalty * (1 << Math.Min(_inARow - 1, 4)), time);
            if (askedToWait is { } asked && asked > TimeSpan.Zero)
                _restUntil = Math.Max(_restUntil, now + Ticks(asked < LongestRest ? asked : LongestRest, time));
        }
    }

    private static long Ticks(TimeSpan span, TimeProvider time) => (long)(span.TotalSeconds * time.TimestampFrequency);
}
