namespace DePin.Oracle.Network;

/// <summary>
/// The network's clock: the time of the newest block of the operator's own mirror, which only moves forward. Transport time-outs and
/// pacing use the wall clock instead.
/// </summary>
public sealed class NetworkClock : TimeProvider
{
    private long _milliseconds;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(Volatile.Read(ref _milliseconds));

    /// <summary>Whether a block was seen yet; before that the clock stands at 1970.</summary>
    public bool IsSet => Volatile.Read(ref _milliseconds) != 0;

    /// <summary>Moves the clock to a block's time unless that is in the past.</summary>
    public void Advance(DateTimeOffset blockTime)
    {
        var next = blockTime.ToUnixTimeMilliseconds();
        var seen = Volatile.Read(ref _milliseconds);
        while (next > seen)
        {
            var before = Interlocked.CompareExchange(ref _milliseconds, next, seen);
            if (before == seen) return;
            seen = before;
        }
    }
}
