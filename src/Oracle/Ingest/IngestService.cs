using DePin.Cryptography;
using DePin.Signing;

namespace DePin.Oracle.Ingest;

/// <summary>What became of one proof of a request.</summary>
/// <param name="Refusal">None where it is durable.</param>
/// <param name="Id">Its id; zero where the bytes were no proof.</param>
/// <param name="ReceivedAt">When it arrived first, ms; 0 when refused.</param>
/// <param name="RetryAfter">Zero, or when to try again.</param>
public readonly record struct TakenProof(IngestRefusal Refusal, Bytes32 Id, long ReceivedAt, TimeSpan RetryAfter);

/// <summary>Checks proofs on all cores and makes those that pass durable.</summary>
public sealed class IngestService(IngestChecks checks, IngestWriter writer, Receipts receipts, IOperatorSigner keys, IngestOptions options)
{
    /// <summary>When to try again after <see cref="IngestRefusal.Overloaded"/>.</summary>
    public static TimeSpan OverloadRetry { get; } = TimeSpan.FromSeconds(2);

    // Below this many, handing work to other threads costs more than it gives.
    private const int ParallelFrom = 16;

    /// <summary>This operator's name.</summary>
    public Address Operator => keys.Address;

    /// <summary>Signs receipts.</summary>
    public Receipts Receipts { get; } = receipts;

    /// <summary>Whether anything can be taken at all right now.</summary>
    public bool HasRoom => writer.Pending < options.MaxPendingProofs;

    /// <summary>Takes the proofs of one request; completes when those that passed are committed.</summary>
    /// <returns>One result for each, in order.</returns>
    public async Task<TakenProof[]> TakeAsync(IReadOnlyList<(ReadOnlyMemory<byte> Envelope, ReadOnlyMemory<byte> Signature)> proofs, CancellationToken ct)
    {
        var began = OracleTraces.Source.Begin();
        var verdicts = new CheckedProof[proofs.Count];
        if (proofs.Count < ParallelFrom)
        {
            for (var i = 0; i < verdicts.Length; i++) verdicts[i] = checks.Check(proofs[i].Envelope, proofs[i].Signature);
        }
        else
        {
            await Task.Run(() => Parallel.For(0, verdicts.Length, i => verdicts[i] = checks.Check(proofs[i].Envelope, proofs[i].Signature)), ct);
        }

        var results = Array.ConvertAll(verdicts, v => new TakenProof(v.Refusal, v.Proof?.Id ?? default, 0, v.RetryAfter));
        await StoreAsync(verdicts, results, ct);
        await RepeatReceiptsAsync(verdicts, results, ct);
        foreach (var result in results)
        {
            if (result.Refusal != IngestRefusal.None) OracleMeters.Refused.Add(1, new KeyValuePair<string, object?>("reason", result.Refusal.ToString()));
        }

        OracleTraces.Ingested(began, results, keys.Address);
        return results;
    }

    private async Task StoreAsync(CheckedProof[] verdicts, TakenProof[] results, CancellationToken ct)
    {
        var places = new List<int>(verdicts.Length);
        for (var i = 0; i < verdicts.Length; i++)
        {
            if (verdicts[i].Refusal == IngestRefusal.None) places.Add(i);
        }

        if (places.Count == 0) return;
        var receivedAt = await writer.TryWriteAsync(places.ConvertAll(i => verdicts[i].Proof!), ct);
        for (var k = 0; k < places.Count; k++)
        {
            var i = places[k];
            results[i] = receivedAt is { } times
                ? results[i] with { ReceivedAt = times[k] }
                : results[i] with { Refusal = IngestRefusal.Overloaded, RetryAfter = OverloadRetry };
        }
    }

    // A device that never saw its receipt sends again, perhaps after the cut that moved its watermark: it gets the receipt of the first time.
    private async Task RepeatReceiptsAsync(CheckedProof[] verdicts, TakenProof[] results, CancellationToken ct)
    {
        var replayed = verdicts.Where(v => v.Refusal == IngestRefusal.Replayed && v.Proof is not null).Select(v => v.Proof!.Id).ToHashSet();
        if (replayed.Count == 0) return;
        var known = await writer.FindAsync(replayed, ct);
        for (var i = 0; i < verdicts.Length; i++)
        {
            if (verdicts[i].Refusal == IngestRefusal.Replayed && known.TryGetValue(results[i].Id, out var at))
                results[i] = results[i] with { Refusal = IngestRefusal.None, ReceivedAt = at };
        }
    }
}
