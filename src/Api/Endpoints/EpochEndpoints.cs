using System.ComponentModel.DataAnnotations;
using System.Globalization;
using DePin.Protocol.Reports;
using DePin.Storage.Evidence;
using DePin.Storage.Read;
using Microsoft.AspNetCore.Http.HttpResults;

namespace DePin.Api.Endpoints;

/// <summary>A report's fields; amounts are decimal text in base units.</summary>
public sealed record ReportView(string ConfigDigest, long Generation, long Epoch, DateTimeOffset PeriodStart, DateTimeOffset PeriodEnd, long AnchorNumber, string AnchorHash, string PreviousDigest,
    string EvidenceRoot, string StateRoot, string RewardsRoot, string MeteringRoot, long LeafCount, string CumulativeTotal, string Unallocated, string ManifestHash);

/// <summary>A whole epoch: every report accepted for it, who signed, what its evidence said.</summary>
/// <param name="Summary">The report that counts.</param>
/// <param name="Report">Its fields.</param>
/// <param name="Signers">Report keys whose signatures it carries.</param>
/// <param name="Classes">Sums by class; empty until the evidence is imported.</param>
/// <param name="Reasons">Verdicts by reason.</param>
/// <param name="Cancelled">Reports of the epoch that were cancelled.</param>
/// <param name="Evidence">Where its evidence can be downloaded, with range requests: at every operator that says where it listens, those of the newest set first. The file says itself what it is evidence of, and the audit checks it; bytes differ between operators where one holds more signatures.</param>
public sealed record EpochView(EpochRow Summary, ReportView Report, IReadOnlyList<string> Signers, IReadOnlyList<ClassTotals> Classes, IReadOnlyList<ReasonView> Reasons, IReadOnlyList<EpochRow> Cancelled,
    IReadOnlyList<Uri> Evidence);

internal static class EpochEndpoints
{
    private static readonly string[] Orders = ["newest", "oldest"];

    public static void MapEpochs(this RouteGroupBuilder api)
    {
        api.MapGet("/epochs", ListAsync).WithName("listEpochs").WithSummary("Accepted reports by epoch, cancelled ones too; filter by status and by when the epoch began").WithTags("Epochs").CacheOutput(Caching.WhileTheHeadStands);
        api.MapGet("/epochs/{epoch:long}", GetAsync).WithName("getEpoch").WithSummary("An epoch: report, signers, status, classes, reasons").WithTags("Epochs").CacheOutput(Caching.WhileTheHeadStands);
        api.MapGet("/epochs/{epoch:long}/rewards", RewardsAsync).WithName("listEpochRewards").WithSummary("Who earned in an epoch: device, rule, verdicts, amount").WithTags("Epochs").CacheOutput(Caching.WhileTheHeadStands);
    }

    private static async Task<Results<Ok<Page<EpochRow>>, ProblemHttpResult>> ListAsync(Networks networks, EpochReads reads, string? network,
        [AllowedValues("pending", "challenged", "final", "cancelled")] string? status, string? from, string? to, [AllowedValues("newest", "oldest")] string? sort, int? limit, string? cursor, CancellationToken ct)
    {
        var (found, problem) = await networks.FindAsync(network, ct);
        if (found is null) return problem!;
        if (status is not (null or "pending" or "challenged" or "final" or "cancelled")) return Problems.BadParameter("status", "pending, challenged, final or cancelled");
        if (!Periods.TryRead(found, from, to, out var epochs, out var badPeriod)) return badPeriod;
        if (!Sorting.TryRead(sort, Orders, out var order, out var badOrder)) return badOrder;
        if (!Paging.TryRead(Orders[order] + " epochs", limit, cursor, 2, out var take, out var after, out var bad)) return bad;
        (long, long)? last = null;
        if (after is not null)
        {
            if (!long.TryParse(after[0], NumberStyles.None, CultureInfo.InvariantCulture, out var epoch) || !long.TryParse(after[1], NumberStyles.None, CultureInfo.InvariantCulture, out var generation))
                return Problems.BadCursor();
            last = (epoch, generation);
        }

        var rows = await reads.ListAsync(found.Chain, status, epochs, order == 0, last, take, ct);
        return TypedResults.Ok(Paging.Cut(Orders[order] + " epochs", rows, take, r => r.In(found.Text), r => [r.Epoch.ToString(CultureInfo.InvariantCulture), r.Generation.ToString(CultureInfo.InvariantCulture)]));
    }

    private static async Task<Results<Ok<EpochView>, ProblemHttpResult>> GetAsync(
        Networks networks, EpochReads reads, ProofReads proofs, OperatorDirectory operators, Reasons reasons, long epoch, string? network, CancellationToken ct)
    {
        var (found, problem) = await networks.FindAsync(network, ct);
        if (found is null) return problem!;
        var rows = await reads.GetAsync(found.Chain, epoch, ct);
        if (rows.Count == 0) return Problems.NotFound("accepted report of epoch", epoch);
        var head = rows[0];
        var report = Report.Parse(Convert.FromHexString(head.Report.AsSpan(2)));
        var signers = new List<string>();
        if (await reads.ReportKeysAsync(found.Chain, report.Config.Value.ToArray(), ct) is { } keys)
        {
            for (var i = 0; i * 20 < keys.Length; i++)
            {
                if (((head.Signers >> i) & 1) == 1) signers.Add(Text.Hex(keys.AsSpan(i * 20, 20)));
            }
        }

        var counts = await proofs.ReasonsAsync(found.Id, epoch, ct);
        var evidence = (await operators.GetEndpointsAsync(found.Chain, ct)).Select(o => OperatorDirectory.EvidenceUrl(o, (ulong)head.Epoch, head.Digest)).OfType<Uri>().Distinct();
        return TypedResults.Ok(new EpochView(
            head.In(found.Text), View(report, found.Text), signers, await reads.ClassesAsync(found.Id, epoch, ct), [.. counts.Select(reasons.View)], [.. rows.Where(r => r.Status == "cancelled").Select(r => r.In(found.Text))], [.. evidence]));
    }

    private static async Task<Results<Ok<Page<LineView>>, ProblemHttpResult>> RewardsAsync(
        Networks networks, RewardReads reads, Reasons reasons, long epoch, string? network, int? @class, int? limit, string? cursor, CancellationToken ct)
    {
        var (found, problem) = await networks.FindAsync(network, ct);
        return found is null ? problem! : await RewardEndpoints.LinesAsync(found, reads, reasons, null, null, @class, epoch, null, null, limit, cursor, ct);
    }

    private static ReportView View(Report r, ChainText text) => new(r.Config.ToString(), (long)r.Generation.Value, (long)r.Epoch.Value, DateTimeOffset.FromUnixTimeSeconds((long)r.PeriodStart),
        DateTimeOffset.FromUnixTimeSeconds((long)r.PeriodEnd), (long)r.AnchorNumber, text.Block(r.AnchorHash.ToString()), r.Previous.ToString(), r.EvidenceRoot.ToString(), r.StateRoot.ToString(),
        r.RewardsRoot.ToString(), r.MeteringRoot.ToString(), r.LeafCount, r.CumulativeTotal.ToString(CultureInfo.InvariantCulture), r.Unallocated.ToString(CultureInfo.InvariantCulture), r.ManifestHash.ToString());
}
