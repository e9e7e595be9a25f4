using DePin.Cryptography;
using DePin.Oracle.Batch;
using DePin.Oracle.Network;
using DePin.Oracle.Running;
using DePin.Protocol.Evidence;
using DePin.Protocol.Verification;
using DePin.Signing;
using DePin.Storage.Oracle;

namespace DePin.Oracle.Evidence;

/// <summary>
/// Brings a node back that missed epochs: for every report from the newest final one on that it did not compute, the newest first, it fetches the
/// bundle from a peer, computes the epoch anew, and keeps state and cut only if the digest is the one that the chain accepted. Nothing of a peer is
/// believed. The newest is enough to go on; the others are what is built on should a challenge cancel it.
/// </summary>
public sealed partial class RecoveryStage(
    ChainView chain, ReportStore reports, BundleStore bundles, LaneStore lanes, NetworkView view, IOperatorSigner keys, ClassCatalog catalog, EvidenceOptions options,
    IHttpClientFactory clients, ILogger<RecoveryStage> logger) : IStage
{
    /// <inheritdoc/>
    public string Name => "recovery";

    /// <inheritdoc/>
    public TimeSpan Pace => options.Pace;

    /// <inheritdoc/>
    public async Task<bool> StepAsync(CancellationToken ct)
    {
        if (view.Current is not { } roster) return false;
        var recovered = false;
        foreach (var missed in await chain.GetMissedReportsAsync(ct)) recovered |= await RecoverAsync(missed, roster, ct);
        return recovered;
    }

    private async Task<bool> RecoverAsync(AcceptedReport report, OperatorRoster roster, CancellationToken ct)
    {
        foreach (var peer in roster.Members.Where(m => m.Address != keys.Address && m.Endpoint is not null))
        {
            try
            {
                if (await FetchAsync(peer, report, ct) is not { } file) continue;
                var bundle = EvidenceBundle.Parse(file);
                var audit = await Task.Run(() => EpochAudit.Run(catalog, bundle), ct);
                if (audit.Outcome.Report.Digest.Value != report.Digest)
                {
                    LogDiffers(logger, peer.Address, report.Epoch, audit.Outcome.Report.Digest.Value, report.Digest);
                    continue;
                }

                await KeepAsync(report, file, bundle, audit, ct);
                LogRecovered(logger, report.Epoch, peer.Address);
                return true;
            }
            catch (Exception error) when (error is HttpRequestException or IOException or TaskCanceledException or FormatException or InvalidOperationException && !ct.IsCancellationRequested)
            {
                LogUnusable(logger, peer.Address, report.Epoch, error.Message);
            }
        }

        return false;
    }

    private async Task<byte[]?> FetchAsync(Member peer, AcceptedReport report, CancellationToken ct)
    {
        using var client = clients.CreateClient(LaneClient.BundleClientName);
        using var response = await client.GetAsync(new Uri(peer.Endpoint!, $"/v1/evidence/{report.Epoch}?report={report.Digest}"), HttpCompletionOption.ResponseHeadersRead, ct);
        if (!response.IsSuccessStatusCode) return null;
        if (response.Content.Headers.ContentLength is not { } length || length > options.MaxBundleBytes)
            throw new HttpRequestException($"A bundle of {response.Content.Headers.ContentLength} bytes is more than {options.MaxBundleBytes}.");
        var bytes = new byte[length];
        await using var body = await response.Content.ReadAsStreamAsync(ct);
        await body.ReadExactlyAsync(bytes, ct);
        return bytes;
    }

    private async Task KeepAsync(AcceptedReport report, byte[] file, EvidenceBundle bundle, AuditResult audit, CancellationToken ct)
    {
        await bundles.AddAsync(report.Digest, report.Epoch, report.Generation, Cutter.Cut([file], BundleStore.PieceSize), () => (Sha256.Hash(file), file.Length), ct);
        foreach (var lane in bundle.Cut.Lanes.Where(l => l.Height > 0)) await lanes.AdoptAsync(lane, ct);
        await reports.AddAsync(
            new ReportRow(report.Digest, audit.Outcome.Report.Config.Value, report.Epoch, report.Generation, report.Report, bundle.Cut.Encode(),
                audit.Outcome.Manifest.ToArray(), audit.Outcome.State.ToBytes(), report.Status == "final" ? "final" : "accepted"), ct);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Took over epoch {Epoch} from the evidence of {Peer}: computed anew, the digest is the chain's")]
    private static partial void LogRecovered(ILogger logger, long epoch, Address peer);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The evidence of {Peer} for epoch {Epoch} comes to {Computed}, the chain accepted {Accepted}")]
    private static partial void LogDiffers(ILogger logger, Address peer, long epoch, Bytes32 computed, Bytes32 accepted);

    [LoggerMessage(Level = LogLevel.Information, Message = "No usable evidence of epoch {Epoch} from {Peer}: {Problem}")]
    private static partial void LogUnusable(ILogger logger, Address peer, long epoch, string problem);
}
