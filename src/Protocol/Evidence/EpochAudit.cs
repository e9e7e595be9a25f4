using System.Collections.Immutable;
using DePin.Protocol.Epochs;
using DePin.Protocol.Reports;
using DePin.Protocol.Verification;

namespace DePin.Protocol.Evidence;

/// <summary>One field in which a recomputed report and the attested one differ.</summary>
public readonly record struct ReportDifference(string Field, string Recomputed, string Attested);

/// <summary>What an audit found.</summary>
/// <param name="Outcome">The epoch, computed anew.</param>
/// <param name="Differences">Fields in which the attested report is another; empty if it is the same to the byte.</param>
/// <param name="Attestation">Whether the bundle's signatures make the report attested.</param>
public sealed record AuditResult(EpochOutcome Outcome, ImmutableArray<ReportDifference> Differences, AttestationFault Attestation)
{
    /// <summary>Whether the recomputed report is the attested one.</summary>
    public bool Matches => Differences.IsEmpty;
}

/// <summary>
/// Recomputes an epoch from its bundle alone. What it proves: the report follows from this evidence. What the caller must still compare
/// with the chain: the report digest, the snapshot (or the config digest and the anchor), and the parent's state root.
/// </summary>
public static class EpochAudit
{
    /// <summary>Computes the epoch anew, with every signature checked, and compares.</summary>
    /// <exception cref="EpochInputException">The bundle's inputs do not fit each other.</exception>
    public static AuditResult Run(ClassCatalog catalog, EvidenceBundle bundle)
    {
        var outcome = EpochComputation.Run(catalog, bundle.PreviousState, bundle.Snapshot, bundle.Parameters, bundle.Window, bundle.Evidence);
        return new AuditResult(outcome, Compare(outcome.Report, bundle.Report.Report), bundle.Report.Check(bundle.Snapshot.Config));
    }

    /// <summary>The fields in which two reports differ, in the order of the layout.</summary>
    public static ImmutableArray<ReportDifference> Compare(Report recomputed, Report attested)
    {
        var differences = ImmutableArray.CreateBuilder<ReportDifference>();
        void Field<T>(string name, Func<Report, T> read) where T : notnull
        {
            var (left, right) = (read(recomputed), read(attested));
            if (!left.Equals(right)) differences.Add(new ReportDifference(name, left.ToString()!, right.ToString()!));
        }

        Field("config digest", static report => report.Config);
        Field("generation", static report => report.Generation);
        Field("epoch", static report => report.Epoch);
        Field("period start", static report => report.PeriodStart);
        Field("period end", static report => report.PeriodEnd);
        Field("anchor number", static report => report.AnchorNumber);
        Field("anchor hash", static report => report.AnchorHash);
        Field("previous report digest", static report => report.Previous);
        Field("evidence root", static report => report.EvidenceRoot);
        Field("state root", static report => report.StateRoot);
        Field("rewards root", static report => report.RewardsRoot);
        Field("metering root", static report => report.MeteringRoot);
        Field("leaf count", static report => report.LeafCount);
        Field("cumulative total", static report => report.CumulativeTotal);
        Field("unallocated", static report => report.Unallocated);
        Field("manifest hash", static report => report.ManifestHash);
        return differences.DrainToImmutable();
    }
}
