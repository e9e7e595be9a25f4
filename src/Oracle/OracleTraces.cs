using System.Diagnostics;
using DePin.Cryptography;
using DePin.Oracle.Ingest;
using DePin.Protocol;
using DePin.Protocol.Epochs;
using DePin.Protocol.Proofs;
using DePin.Storage.Oracle;
using DePin.Tracing;

namespace DePin.Oracle;

/// <summary>What an operator tells of the proofs that are traced (docs/observability.md); a round tells of itself in <see cref="Round.RoundTrace"/>.</summary>
public static class OracleTraces
{
    /// <summary>Source <c>depin.oracle</c>.</summary>
    public static Tracer Source { get; } = new("depin.oracle");

    /// <summary>Proofs of one request: those that are durable now. Refused ones are the sender's to tell of: anybody may send what is refused.</summary>
    public static void Ingested(DateTimeOffset? began, ReadOnlySpan<TakenProof> results, Address by)
    {
        if (began is null) return;
        foreach (var result in results)
        {
            if (result.Refusal != IngestRefusal.None || !ProofSampling.Takes(result.Id)) continue;
            var trace = TraceIdentity.OfProof(result.Id);
            Source.Tell(trace, new Span("proof.ingest", began) { Parent = trace.PartOf(by), Kind = ActivityKind.Server }, (Tags.Proof, result.Id.ToString()), (Tags.Operator, by.ToString()));
        }
    }

    /// <summary>Proofs of one batch of the own lane.</summary>
    public static void Sealed(DateTimeOffset? began, IReadOnlyList<SignedProof> proofs, ulong batch, Address by)
    {
        if (began is null) return;
        foreach (var proof in proofs)
        {
            if (!ProofSampling.Takes(proof.Id.Value)) continue;
            var trace = TraceIdentity.OfProof(proof.Id.Value);
            Source.Tell(trace, new Span("proof.seal", began) { Parent = trace.PartOf(by) }, (Tags.Proof, proof.Id.ToString()), (Tags.Operator, by.ToString()), (Tags.Batch, (long)batch));
        }
    }

    /// <summary>First verdicts on the proofs of a batch, of any lane.</summary>
    public static void Verified(DateTimeOffset? began, IReadOnlyList<VerdictRow> verdicts, Address by)
    {
        if (began is null) return;
        foreach (var verdict in verdicts)
        {
            if (!ProofSampling.Takes(verdict.ProofId)) continue;
            Source.Tell(TraceIdentity.OfProof(verdict.ProofId), new Span("proof.verify", began), (Tags.Proof, verdict.ProofId.ToString()), (Tags.Operator, by.ToString()),
                (Tags.Judgement, ((Protocol.Verification.Judgement)verdict.Judgement).ToString()), (Tags.Reason, Reason(verdict.Reason)));
        }
    }

    /// <summary>What an epoch's judgement, kept by this operator, says of each.</summary>
    public static void Judged(DateTimeOffset? began, NetworkId network, EpochOutcome outcome, Address by)
    {
        if (began is null) return;
        ActivityLink[] links = [TraceIdentity.OfEpoch(network, outcome.Window.Epoch).ToLink()];
        foreach (var judged in outcome.Verdicts)
        {
            if (!ProofSampling.Takes(judged.Proof.Value)) continue;
            Source.Tell(TraceIdentity.OfProof(judged.Proof.Value), new Span("proof.judge", began) { Links = links }, (Tags.Proof, judged.Proof.ToString()), (Tags.Operator, by.ToString()),
                (Tags.Epoch, (long)outcome.Window.Epoch.Value), (Tags.Judgement, judged.Verdict.Judgement.ToString()), (Tags.Reason, Reason(judged.Verdict.Reason)));
        }
    }

    /// <summary>A transaction for an epoch that left the pool: where it ended.</summary>
    public static void Transacted(NetworkId network, TransmissionRow row, DateTimeOffset? began, string status, ulong? gas, Address by)
    {
        var trace = TraceIdentity.OfEpoch(network, new Epoch((ulong)row.Epoch));
        Source.Tell(trace, new Span("epoch.transaction", began) { Kind = ActivityKind.Client, Error = status is "reverted" or "expired" ? status : null },
            (Tags.Epoch, row.Epoch), (Tags.Generation, row.Generation), (Tags.Operator, by.ToString()), (Tags.Purpose, row.Purpose), (Tags.Transaction, row.TransactionId),
            (Tags.Result, status), (Tags.Gas, (long?)gas));
    }

    /// <summary>The evidence bundle of an accepted report was written.</summary>
    public static void Written(DateTimeOffset? began, NetworkId network, long epoch, Bytes32 report, Address by)
    {
        if (began is null) return;
        Source.Tell(TraceIdentity.OfEpoch(network, new Epoch((ulong)epoch)), new Span("epoch.evidence", began), (Tags.Epoch, epoch), (Tags.Operator, by.ToString()), (Tags.Report, report.ToString()));
    }

    private static long? Reason(int reason) => reason == 0 ? null : (long)reason;
}
