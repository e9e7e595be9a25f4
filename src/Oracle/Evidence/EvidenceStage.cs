using DePin.Cryptography;
using DePin.Oracle.Network;
using DePin.Oracle.Running;
using DePin.Protocol.Lanes;
using DePin.Storage.Oracle;

namespace DePin.Oracle.Evidence;

/// <summary>Writes the bundle of every report that the chain accepted, marks it when final, and drops batches that final bundles make superfluous.</summary>
public sealed partial class EvidenceStage(
    ReportStore reports, BundleStore bundles, BundleWriter writer, ProofStore proofs, NetworkView view, EvidenceOptions options, ILogger<EvidenceStage> logger) : IStage
{
    private static readonly string[] Standing = ["accepted", "final"];

    private long _settled; // every epoch up to here has a final bundle
    private long _pruned;

    /// <inheritdoc/>
    public string Name => "evidence";

    /// <inheritdoc/>
    public TimeSpan Pace => options.Pace;

    /// <inheritdoc/>
    public async Task<bool> StepAsync(CancellationToken ct)
    {
        var standing = await reports.GetAboveAsync(_settled, Standing, ct);
        if (_settled == 0 && standing.Count > 0) _settled = standing[0].Epoch - 1; // a node that joined late has nothing before its first
        foreach (var report in standing)
        {
            if (await bundles.FindAsync(report.Digest, ct) is null)
            {
                if (!await writer.WriteAsync(report, ct)) continue;
                LogWritten(logger, report.Epoch, report.Digest);
            }

            if (report.Status != "final") continue;
            await bundles.FinalizeAsync(report.Digest, ct);
            if (report.Epoch == _settled + 1) _settled = report.Epoch;
        }

        await PruneAsync(ct);
        return false;
    }

    private async Task PruneAsync(CancellationToken ct)
    {
        var epoch = _settled - options.KeptEpochs;
        if (epoch <= _pruned) return;
        if (await bundles.FindAsync(epoch, ct) is { Final: true } bundle && await reports.FindAsync(bundle.Digest, ct) is { } report)
        {
            var dropped = await bundles.PruneAsync(epoch, [.. Cut.Parse(report.Cut).Lanes.Select(l => (l.Operator, (long)l.Height))], ct);
            // Proofs are partitioned by the device's own time; those of this epoch may still wait for a cut if they may be late.
            var late = (long)(view.Facts.LateSeconds / view.Facts.EpochSeconds) + 2;
            if (epoch > late) await proofs.DropEpochAsync(epoch - late, ct);
            LogPruned(logger, epoch, dropped);
        }

        _pruned = epoch;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Wrote the evidence bundle of epoch {Epoch}, report {Digest}")]
    private static partial void LogWritten(ILogger logger, long epoch, Bytes32 digest);

    [LoggerMessage(Level = LogLevel.Information, Message = "Dropped {Batches} batches up to the cut of final epoch {Epoch}")]
    private static partial void LogPruned(ILogger logger, long epoch, int batches);
}
