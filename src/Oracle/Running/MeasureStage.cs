using System.Diagnostics.Metrics;
using DePin.Oracle.Network;
using DePin.Oracle.Round;
using DePin.Storage.Oracle;

namespace DePin.Oracle.Running;

/// <summary>What /metrics tells of the queues between the stages, of the lanes, and of how far this operator is. Counted every few seconds, not at each scrape.</summary>
public sealed class MeasureStage : IStage, IDisposable
{
    private readonly Meter _meter = new("depin.oracle.queues");
    private readonly QueueStore _queues;
    private readonly LaneStore _lanes;
    private volatile Snapshot? _last;

    private sealed record Snapshot(QueueDepths Depths, IReadOnlyList<LaneRow> Lanes);

    /// <summary>Observes; nothing is told before the first count.</summary>
    public MeasureStage(QueueStore queues, LaneStore lanes, NetworkView view, RoundStage? round = null)
    {
        _queues = queues;
        _lanes = lanes;
        Depth("depin_oracle_unsealed_proofs", d => d.Unsealed, "Proofs with a receipt that are in no batch yet");
        Depth("depin_oracle_unsealed_oldest_seconds", d => d.OldestUnsealed is { } since ? Math.Max(0, ((long)view.Now - since) / 1_000) : 0, "Network time for which the oldest of them waits");
        Depth("depin_oracle_unjudged_batches", d => d.Unjudged, "Batches of any lane without verdicts");
        Depth("depin_oracle_unlanded_reports", d => d.Unlanded, "Decided reports that are not on chain");
        Depth("depin_oracle_open_transactions", d => d.OpenTransactions, "Transactions of this operator that are not final");
        Depth("depin_oracle_unwritten_bundles", d => d.UnwrittenBundles, "Reports on chain whose evidence bundle is not written");
        Lane("depin_oracle_lane_height", l => l.Height, "Batches held of a lane");
        Lane("depin_oracle_lane_uncertified_batches", l => l.Height - l.CertifiedHeight, "Batches of a lane that are held and not certified");
        Tell("depin_oracle_chain_time_seconds", () => (long)(view.Now / 1_000), "Time of the newest block read, seconds since 1970");
        Tell("depin_oracle_epoch", () => (long)view.CurrentEpoch, "The epoch that is running by that time");
        Tell("depin_oracle_next_report_epoch", () => (long)view.NextReport, "The epoch whose report the chain expects");
        Tell("depin_oracle_round_view", () => round?.Newest?.View ?? 0, "View of the newest round: above 0, proposers were voted out");
    }

    /// <inheritdoc/>
    public string Name => "measure";

    /// <inheritdoc/>
    public TimeSpan Pace => TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public async Task<bool> StepAsync(CancellationToken ct)
    {
        _last = new Snapshot(await _queues.GetAsync(ct), await _lanes.GetLanesAsync(ct));
        return false;
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private void Depth(string name, Func<QueueDepths, long> of, string description) =>
        _meter.CreateObservableGauge(name, () => _last is { } last ? [new Measurement<long>(of(last.Depths))] : Array.Empty<Measurement<long>>(), description: description);

    private void Lane(string name, Func<LaneRow, long> of, string description) => _meter.CreateObservableGauge(
        name, () => (_last?.Lanes ?? []).Select(lane => new Measurement<long>(of(lane), new KeyValuePair<string, object?>("operator", lane.Operator.ToString()))), description: description);

    private void Tell(string name, Func<long> of, string description) => _meter.CreateObservableGauge(name, of, description: description);
}
