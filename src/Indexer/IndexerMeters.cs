using System.Diagnostics.Metrics;
using DePin.Mirror;

namespace DePin.Indexer;

/// <summary>Meter <c>DePin.Indexer</c>: how far mirror and import are behind.</summary>
public sealed class IndexerMeters : IDisposable
{
    private readonly Meter _meter = new("DePin.Indexer");

    /// <summary>Observes a follower and an importer.</summary>
    public IndexerMeters(ChainFollower follower, EvidenceImporter importer)
    {
        _meter.CreateObservableGauge("depin_mirror_block", () => (long)(follower.Status.Head?.Number ?? 0), "{block}", "Last mirrored block.");
        _meter.CreateObservableGauge("depin_mirror_finalized_block", () => (long)(follower.Status.Finalized?.Number ?? 0), "{block}", "Newest final block mirrored.");
        _meter.CreateObservableGauge("depin_mirror_lag_blocks", () => Lag(follower.Status), "{block}", "Blocks of the node that are not mirrored yet.");
        _meter.CreateObservableCounter("depin_mirror_reorgs_total", () => follower.Status.Reorgs, "{reorg}", "Rollbacks since the start.");
        _meter.CreateObservableGauge("depin_mirror_deepest_reorg_blocks", () => follower.Status.DeepestReorg, "{block}", "Most blocks dropped at once.");
        _meter.CreateObservableCounter("depin_mirror_doubted_answers_total", () => follower.Reader.Suspicions, "{block}", "Blocks asked again because an answer lacked logs that the block's bloom names.");
        _meter.CreateObservableGauge("depin_mirror_halted", () => follower.Status.Halted is null ? 0 : 1, "{flag}", "1 when the mirror stopped for good.");
        _meter.CreateObservableGauge("depin_evidence_epoch", () => (long)(importer.Status.Imported ?? 0), "{epoch}", "Newest imported epoch.");
        _meter.CreateObservableGauge("depin_evidence_waiting_epochs", () => importer.Status.Waiting, "{epoch}", "Final epochs that are not imported yet.");
    }

    /// <summary>Blocks of the node that are not mirrored yet.</summary>
    public static long Lag(FollowerStatus status) => Math.Max(0, (long)(status.Tip?.Number ?? 0) - (long)(status.Head?.Number ?? 0));

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
