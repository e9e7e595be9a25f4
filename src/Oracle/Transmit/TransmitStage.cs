using DePin.Chain;
using DePin.Cryptography;
using DePin.Oracle.Network;
using DePin.Oracle.Running;
using DePin.Storage.Oracle;

namespace DePin.Oracle.Transmit;

/// <summary>Lands attested reports and makes final what its window has let pass, when this operator's turn has come; settles what was sent.</summary>
public sealed partial class TransmitStage(
    ReportStore reports, ChainView chain, NetworkView view, Transmitter transmitter, IVerifierTransactions transactions, Turn turn, TransmitOptions options,
    ILogger<TransmitStage> logger) : IStage
{
    private static readonly string[] Unlanded = ["attested"];
    private static readonly string[] Landed = ["attested", "accepted"];
    private static readonly string[] Open = ["pending", "challenged"];

    /// <inheritdoc/>
    public string Name => "transmit";

    /// <inheritdoc/>
    public TimeSpan Pace => options.Pace;

    /// <inheritdoc/>
    public async Task<bool> StepAsync(CancellationToken ct)
    {
        if (await chain.IsHaltedAsync(ct)) return false;
        await transmitter.SettleAsync(ct);
        await FollowAsync(ct);
        await AttestAsync(ct);
        await FinalizeAsync(ct);
        return false;
    }

    // What the chain says of the own reports.
    private async Task FollowAsync(CancellationToken ct)
    {
        var generation = await chain.GetGenerationAsync(ct);
        foreach (var report in await reports.GetAsync(["decided", .. Landed], ct))
        {
            var onChain = await chain.FindReportAsync(report.Digest, ct);
            var to = onChain?.Status switch
            {
                "pending" or "challenged" => "accepted",
                "final" => "final",
                "cancelled" => "cancelled",
                null when report.Status == "accepted" => "attested", // a reorg undid its block: it is sent again
                _ => report.Generation < generation ? "cancelled" : report.Status,
            };
            if (to == report.Status || !await reports.MoveAsync(report.Digest, report.Status, to, ct)) continue;
            LogMoved(logger, report.Epoch, report.Digest, to);
            turn.Done("attest", report.Digest);
        }
    }

    private async Task AttestAsync(CancellationToken ct)
    {
        foreach (var report in await reports.GetAsync(Unlanded, ct))
        {
            if ((ulong)report.Epoch != view.NextReport || view.ForDigest(report.ConfigDigest) is not { } roster) continue;
            if (!turn.HasCome("attest", report.Digest, roster, (ulong)report.Epoch, (ulong)report.Generation)) continue;
            if (await AssembleAsync(report, roster, ct) is not { } attested) continue;
            await transmitter.SendAsync("attest", (ulong)report.Epoch, (ulong)report.Generation, report.Digest, token => transactions.PrepareAsync(attested, token), ct);
        }
    }

    private async Task FinalizeAsync(CancellationToken ct)
    {
        // In order: only the oldest that is not final can be made so.
        if (await chain.GetReportsAsync(Open, ct) is not [var report, ..] || (ulong)report.ClaimableAt * 1_000 > view.Now) return;
        if (view.Current is not { } roster || !turn.HasCome("finalize", report.Digest, roster, (ulong)report.Epoch, (ulong)report.Generation)) return;
        var epoch = (ulong)report.Epoch;
        await transmitter.SendAsync("finalize", epoch, (ulong)report.Generation, report.Digest, token => transactions.PrepareFinalizeAsync(epoch, token), ct);
    }

    private async Task<AttestedReport?> AssembleAsync(ReportRow report, OperatorRoster roster, CancellationToken ct) =>
        Assemble(report, roster, await reports.GetAttestationsAsync(report.Digest, ct));

    /// <summary>
    /// A report with q of its signatures, ascending by signer as the contract wants them; null while there are fewer. Of more than q, those are taken whose
    /// turn it is in the order of <see cref="Turn.PlaceOf"/>: who signs is seen on chain as often as everybody else.
    /// </summary>
    public static AttestedReport? Assemble(ReportRow report, OperatorRoster roster, IEnumerable<AttestationRow> attestations)
    {
        var signed = attestations.Select(a => (Member: roster.Find(a.Signer), a.Signature)).Where(a => a.Member is not null)
            .OrderBy(a => Turn.PlaceOf(roster, a.Member!.Address, (ulong)report.Epoch, (ulong)report.Generation)).Take(roster.Quorum)
            .OrderBy(a => a.Member!.Index).ToList();
        if (signed.Count < roster.Quorum) return null;
        var bitmap = signed.Aggregate(0u, (bits, a) => bits | (1u << a.Member!.Index));
        return new AttestedReport(report.Report, bitmap, signed.SelectMany(a => a.Signature).ToArray());
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Report {Digest} of epoch {Epoch} is {Status}")]
    private static partial void LogMoved(ILogger logger, long epoch, Bytes32 digest, string status);
}
