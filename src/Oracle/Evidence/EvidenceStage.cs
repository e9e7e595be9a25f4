using DePin.Cryptography;
using DePin.Oracle.Network;
using DePin.Oracle.Running;
using DePin.Protocol.Lanes;
using DePin.Signing;
using DePin.Storage.Oracle;

namespace DePin.Oracle.Evidence;

/// <summary>Writes the bundle of every report that the chain accepted, marks it when final, and drops batches that final bundles make superfluous.</summary>
public sealed partial class EvidenceStage(
    ReportStore reports, BundleStore bundles, BundleWriter writer, ProofStore proofs, NetworkView view, EvidenceOptions options, IOperatorSigner keys,
    ILogger<EvidenceStage> logger) : IStage
{
    private const int MostAtOnce = 16;

    private long _settled; // every epoch up to here has a final bundle
    private long _from; // the last epoch of a full look
    private long _pruned;

    /// <inheritdoc/>
    public string Name => "evidence";

    /// <inheritdoc/>
    public TimeSpan Pace => options.Pace;

    /// <inheritdoc/>
    public async Task<bool> StepAsync(CancellationToken ct)
    {
        // Only what a bundle is owed for is looked at: in rest one short query that finds nothing.
        var owed = await reports.GetOwedAsync(Math.Max(_from, _settled), MostAtOnce, ct);
        _from = owed.Count == MostAtOnce ? owed[^1].Epoch : 0; // on from there, so that some that cannot be written yet hold up no others; then from the start again
        foreach (var one in owed)
        {
            if (!one.Written)
            {
                var began = OracleTraces.Source.Begin();
                if (await reports.FindAsync(one.Digest, ct) is not { } report || !await writer.WriteAsync(report, ct)) continue;
                LogWritten(logger, one.Epoch, one.Digest);
                OracleTraces.Written(began, view.Facts.Id, one.Epoch, one.Digest, keys.Address);
            }

            if (one.Final) await bundles.FinalizeAsync(one.Digest, ct);
        }

        _settled = await reports.GetSettledAsync(_settled, ct);
        await PruneAsync(ct);
        return _from > 0;
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
