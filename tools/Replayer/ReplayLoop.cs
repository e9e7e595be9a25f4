using DePin.Sdk.Proofs;

namespace DePin.Replayer;

/// <summary>Sends rows when the network's clock reaches them, as fast as the operators take them.</summary>
public sealed class ReplayLoop(Timeline timeline, IReadOnlyDictionary<(int Source, int Device), (ReplayDevice Device, int Index)> devices, Adversary adversary, ProofOutbox outbox)
{
    private readonly PriorityQueue<Sending, long> later = new();
    private long sentTo;

    /// <summary>Network time up to which rows were sent, ms.</summary>
    public long SentTo => Volatile.Read(ref sentTo);

    /// <summary>Sends from <paramref name="fromMs"/> on until cancelled. <paramref name="now"/> gives network time in ms.</summary>
    public async Task RunAsync(long fromMs, Func<CancellationToken, Task<long>> now, CancellationToken ct)
    {
        var clock = await now(ct).ConfigureAwait(false);
        foreach (var row in timeline.From(fromMs))
        {
            while (row.TimeMs > clock)
            {
                await SendDueAsync(clock, ct).ConfigureAwait(false);
                Volatile.Write(ref sentTo, clock);
                await Task.Delay(TimeSpan.FromMilliseconds(200), ct).ConfigureAwait(false);
                clock = await now(ct).ConfigureAwait(false);
            }

            if (!devices.TryGetValue((row.Source, row.Device), out var entry)) continue; // left out by a limit
            foreach (var sending in adversary.Send(entry.Device, entry.Index, row)) later.Enqueue(sending, sending.NotBeforeMs);
            await SendDueAsync(clock, ct).ConfigureAwait(false);
        }
    }

    private async Task SendDueAsync(long clock, CancellationToken ct)
    {
        while (later.TryPeek(out var next, out var at) && at <= clock)
        {
            later.Dequeue();
            await outbox.SendAsync(next.Proof, ct).ConfigureAwait(false);
        }
    }
}
