namespace DePin.Oracle.Network;

/// <summary>A token bucket in 8 bytes: full at first, refilled by wall time, taken from without a lock.</summary>
/// <param name="perSecond">Tokens that come back each second.</param>
/// <param name="burst">Most tokens held.</param>
public sealed class BucketRule(double perSecond, double burst)
{
    private readonly double _ticksPerToken = TimeSpan.TicksPerSecond / perSecond;
    private readonly long _burstTicks = (long)(burst * TimeSpan.TicksPerSecond / perSecond);

    /// <summary>How long until there is a token; zero where there is one. Takes nothing.</summary>
    public TimeSpan Wait(ref long fullAt, long now) =>
        TimeSpan.FromTicks(Math.Max(0, Math.Max(Volatile.Read(ref fullAt), now) + (long)_ticksPerToken - now - _burstTicks));

    /// <summary>Takes one token: the bucket is the time at which it would be full again, so that one number holds it all (GCRA).</summary>
    /// <param name="fullAt">The bucket, in ticks of <paramref name="now"/>; 0 = full.</param>
    /// <param name="now">Ticks of a monotone wall clock.</param>
    /// <returns>Zero where a token was there; else how long until there is one.</returns>
    public TimeSpan TryTake(ref long fullAt, long now)
    {
        var seen = Volatile.Read(ref fullAt);
        while (true)
        {
            var next = Math.Max(seen, now) + (long)_ticksPerToken;
            if (next - now > _burstTicks) return TimeSpan.FromTicks(next - now - _burstTicks);
            var before = Interlocked.CompareExchange(ref fullAt, next, seen);
            if (before == seen) return TimeSpan.Zero;
            seen = before;
        }
    }

    /// <summary>Takes tokens that are there or not; a debt is never deeper than a whole bucket, so that one is waited out in bounded time.</summary>
    public void Charge(ref long fullAt, int tokens, long now)
    {
        var seen = Volatile.Read(ref fullAt);
        while (true)
        {
            var next = Math.Min(Math.Max(seen, now) + (long)(tokens * _ticksPerToken), now + (2 * _burstTicks));
            if (next <= seen) return;
            var before = Interlocked.CompareExchange(ref fullAt, next, seen);
            if (before == seen) return;
            seen = before;
        }
    }
}
