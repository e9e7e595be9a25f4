using DePin.Protocol.Proofs;

namespace DePin.Replayer;

/// <summary>Sends what is said when the network's clock reaches it, as fast as the operators take it.</summary>
/// <param name="timeline">What is said.</param>
/// <param name="devices">By set and index in it: who says it.</param>
/// <param name="mail">How it is sent.</param>
/// <param name="pause">Between looks at the clock while nothing is due.</param>
public sealed class ReplayLoop(Timeline timeline, IReadOnlyList<IReadOnlyList<ReplayDevice>> devices, Mail mail, TimeSpan pause)
{
    private const long DayMs = 86_400_000;
    private readonly PriorityQueue<(SignedProof Proof, string? Adversary), long> later = new();
    private long sentTo;

    /// <summary>Network time up to which everything was sent, ms.</summary>
    public long SentTo => Volatile.Read(ref sentTo);

    /// <summary>Sends from <paramref name="fromMs"/> on until cancelled. <paramref name="now"/> gives network time in ms.</summary>
    public async Task RunAsync(long fromMs, Func<CancellationToken, Task<long>> now, CancellationToken ct)
    {
        var clock = await now(ct).ConfigureAwait(false);
        foreach (var row in timeline.From(fromMs))
        {
            while (row.SentMs > clock)
            {
                await SendDueAsync(clock, ct).ConfigureAwait(false);
                Volatile.Write(ref sentTo, clock);
                await Task.Delay(pause, ct).ConfigureAwait(false);
                clock = await now(ct).ConfigureAwait(false);
            }

            var proof = devices[row.Source][row.Statement.Row.Device].Speaker.Sign(row.Statement, row.ShiftMs);
            var adversary = mail.AdversaryOf(row.Source, row.Statement.Row.Device);
            later.Enqueue((proof, adversary), row.SentMs);
            if (row.Statement.Repeated) later.Enqueue((proof, adversary), row.SentMs + DayMs);
            await SendDueAsync(clock, ct).ConfigureAwait(false);
        }
    }

    private async Task SendDueAsync(long clock, CancellationToken ct)
    {
        while (later.TryPeek(out var next, out var at) && at <= clock)
        {
            later.Dequeue();
            await mail.SendAsync(next.Proof, next.Adversary, ct).ConfigureAwait(false);
        }
    }
}
