namespace DePin.Protocol.Verification;

/// <summary>
/// Collects one layer's decisions about items. They are joined, not applied in turn: the worst judgement wins, then the smallest reason, and
/// the least quality; so the order of calls cannot matter. Safe for several threads.
/// </summary>
public sealed class VerdictWriter
{
    private readonly Entry[] _entries;
    private readonly Lock _lock = new();

    internal VerdictWriter(int items)
    {
        _entries = new Entry[items];
        Array.Fill(_entries, new Entry(Decision.None, 0, Verdict.FullQuality));
    }

    private enum Decision : byte
    {
        None = 0,
        Accept = 1,
        Inconclusive = 2,
        Reject = 3,
    }

    /// <summary>The item breaks a rule.</summary>
    public void Reject(int item, ushort reason) => Join(item, Decision.Reject, reason, Verdict.FullQuality);

    /// <summary>Nothing can be said about the item.</summary>
    public void Inconclusive(int item, ushort reason) => Join(item, Decision.Inconclusive, reason, Verdict.FullQuality);

    /// <summary>What the item waited for came: a Pending becomes Accept, everything else stays.</summary>
    public void Accept(int item) => Join(item, Decision.Accept, 0, Verdict.FullQuality);

    /// <summary>Lowers the item's quality to at most this many millionths.</summary>
    public void LimitQuality(int item, uint qualityPpm) => Join(item, Decision.None, 0, qualityPpm);

    /// <summary>Writes the joined decisions into the verdicts, never raising one.</summary>
    internal void ApplyTo(Span<Verdict> verdicts)
    {
        for (var i = 0; i < verdicts.Length; i++)
        {
            var (decision, reason, quality) = _entries[i];
            var before = verdicts[i];
            if (before.Judgement == Judgement.Reject) continue;
            verdicts[i] = decision switch
            {
                Decision.Reject => Verdict.Reject(reason),
                Decision.Inconclusive when before.Judgement != Judgement.Inconclusive => Verdict.Inconclusive(reason),
                Decision.Accept when before.Judgement == Judgement.Pending => Verdict.Accept(Math.Min(before.QualityPpm, quality)),
                _ => before with { QualityPpm = Math.Min(before.QualityPpm, quality) },
            };
        }
    }

    private void Join(int item, Decision decision, ushort reason, uint quality)
    {
        lock (_lock)
        {
            ref var entry = ref _entries[item];
            if (decision > entry.Decision) entry = new Entry(decision, reason, Math.Min(entry.Quality, quality));
            else if (decision == entry.Decision) entry = new Entry(decision, Math.Min(entry.Reason, reason), Math.Min(entry.Quality, quality));
            else entry = entry with { Quality = Math.Min(entry.Quality, quality) };
        }
    }

    private readonly record struct Entry(Decision Decision, ushort Reason, uint Quality);
}
