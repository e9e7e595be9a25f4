namespace DePin.DevTools;

/// <summary>
/// Moves a Surfpool's time on so that its slots never run back. A jump over the end of an epoch of 432,000 slots (at 100 ms a slot 12 hours) is noticed with the next slot that comes by itself, and the
/// jump after that starts at the epoch's end: what lay beyond is lost to the blocks' times for ever, and slots run back where that jump is the shorter one. So this waits for that slot, and the next jump
/// is never the shorter one. One at a time moves a runtime, and for one caller at a time.
/// </summary>
/// <param name="rpc">The runtime.</param>
public sealed class SurfpoolClock(SurfpoolRpc rpc)
{
    private const ulong EpochSlots = 432_000;
    private const long Stride = 1_440; // seconds
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(10);
    private long lost; // seconds that the last jump went over an epoch's end, at most

    /// <summary>Jumps to a unix time in seconds, by the clock that programs see; further where slots would run back, and nowhere where it is there already, to a second: time goes on by itself, too.</summary>
    public async Task MoveAsync(long seconds, CancellationToken ct)
    {
        var (slot, now) = (await rpc.SlotAsync(ct).ConfigureAwait(false), await rpc.ClockAsync(ct).ConfigureAwait(false));
        if (lost > 0) seconds = Math.Max(seconds, now + lost + 1);
        if (seconds <= now + 1) return;
        await rpc.TravelToTimeAsync(seconds, ct).ConfigureAwait(false);
        var reached = await rpc.SlotAsync(ct).ConfigureAwait(false);
        if (reached / EpochSlots == slot / EpochSlots)
        {
            lost = 0;
            return;
        }

        lost = seconds - now;
        while (await rpc.SlotAsync(ct).ConfigureAwait(false) == reached) await Task.Delay(Look, ct).ConfigureAwait(false);
    }

    /// <summary>Goes forward by hours or days to a unix time in seconds, or some minutes beyond, by strides of which little is lost.</summary>
    /// <returns>The time by the clock that programs see.</returns>
    public async Task<long> MoveFarAsync(long seconds, CancellationToken ct)
    {
        for (long now; ;)
        {
            if ((now = await rpc.ClockAsync(ct).ConfigureAwait(false)) >= seconds && lost == 0) return now;
            await MoveAsync(now + Stride, ct).ConfigureAwait(false);
        }
    }
}
