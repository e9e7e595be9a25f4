using System.Diagnostics;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Epochs;
using DePin.Tracing;

namespace DePin.Indexer;

/// <summary>What the indexer tells of an epoch that it imported: once in the epoch's trace, and in that of every traced proof of it (docs/observability.md).</summary>
internal static class ImportTraces
{
    /// <summary>Source <c>DePin.Indexer</c>.</summary>
    public static Tracer Source { get; } = new("DePin.Indexer");

    /// <summary>The epoch is in <c>evidence.*</c>: from now on the API tells of it.</summary>
    public static void Imported(DateTimeOffset? began, NetworkId network, Bytes32 report, EpochOutcome outcome)
    {
        if (began is null) return;
        var (trace, epoch) = (TraceIdentity.OfEpoch(network, outcome.Window.Epoch), (long)outcome.Window.Epoch.Value);
        Source.Tell(trace, new Span("epoch.import", began) { Kind = ActivityKind.Consumer }, (Tags.Epoch, epoch), (Tags.Report, report.ToString()), (Tags.Proofs, (long)outcome.Verdicts.Length));
        ActivityLink[] links = [trace.ToLink()];
        foreach (var judged in outcome.Verdicts)
        {
            if (!ProofSampling.Takes(judged.Proof.Value)) continue;
            Source.Tell(TraceIdentity.OfProof(judged.Proof.Value), new Span("proof.import", began) { Kind = ActivityKind.Consumer, Links = links }, (Tags.Proof, judged.Proof.ToString()),
                (Tags.Epoch, epoch), (Tags.Judgement, judged.Verdict.Judgement.ToString()), (Tags.Reason, judged.Verdict.Reason == 0 ? null : (long)judged.Verdict.Reason));
        }
    }
}
