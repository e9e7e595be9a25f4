using System.ComponentModel;
using System.Globalization;
using System.Numerics;
using DePin.Abi;
using DePin.SignIn;
using DePin.Storage.Read;
using Microsoft.AspNetCore.Cors;
using Microsoft.AspNetCore.Http.HttpResults;

namespace DePin.Api.Operators;

/// <summary><c>/v1/operator</c>: what whoever runs an operator sees and can do. <see cref="SignInGate"/> stands before all of it, and nobody sees anything but its own.</summary>
internal static class OperatorEndpoints
{
    /// <summary>Reports on a page when none are asked for.</summary>
    private const int DefaultReports = 20;

    private const string KeyMeaning = "Report key of one of the signed-in account's operators: 0x and 40 hexadecimal digits.";
    private const string LimitMeaning = "Reports a page, 1 to 500; 20 where it is left out.";

    public static void MapOperators(this IEndpointRouteBuilder app)
    {
        var mine = app.MapGroup("/v1/operator").WithTags("Operator pages").RequireRateLimiting("address")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status429TooManyRequests);
        mine.WithMetadata(new DisableCorsAttribute());
        mine.MapGet("", AccountAsync).WithName("getOwnOperators").WithSummary("The signed-in account's operators: standing, bond, what to do");
        mine.MapGet("/{reportKey}/reports", ReportsAsync).WithName("listOwnReports").WithSummary("Reports as they concern one of its operators");
        mine.MapGet("/{reportKey}/process", ProcessAsync).WithName("getOwnProcess").WithSummary("Its process as this API sees it now");
        mine.MapGet("/{reportKey}/actions", ActionsAsync).WithName("listOwnActions").WithSummary("What it may do on chain, as unsigned transactions");
    }

    private static async Task<Results<Ok<OperatorAccountView>, ProblemHttpResult>> AccountAsync(Networks networks, NetworkReads mirrored, OperatorReads reads, HttpContext http, TimeProvider time, string? network, CancellationToken ct)
    {
        var (found, problem) = await networks.FindAsync(network, ct);
        if (found is null) return problem!;
        var account = SignInGate.SignedIn(http);
        var rows = await reads.OfAccountAsync(found.Chain, account, ct);
        var head = await mirrored.MirrorAsync(found.Chain, ct);
        var moment = await MomentAsync(found, head, reads, time, ct);
        var rules = OperatorRules.Of(found);
        return TypedResults.Ok(new OperatorAccountView(Text.Hex(found.Id), found.Caip2, found.EvmChainId, account.ToChecksum(), head?.BlockTime, moment.Clock is null ? null : moment.Epoch, moment.Progress.NextReport, moment.Progress.LastFinal,
            rules.MinimumBond?.ToString(CultureInfo.InvariantCulture), rules.ThawSeconds, rules.Decimals, [.. rows.Select(row => OperatorStanding.Of(row, moment).View(row, moment, rules))]));
    }

    private static async Task<Results<Ok<OwnReportsView>, ProblemHttpResult>> ReportsAsync(Networks networks, OperatorReads reads, HttpContext http, [Description(KeyMeaning)] string reportKey, string? network, [Description(LimitMeaning)] int? limit, string? cursor, CancellationToken ct)
    {
        var (found, own, problem) = await OwnAsync(networks, reads, http, reportKey, network, ct);
        if (found is null || own is null) return problem!;
        if (!Paging.TryRead("own reports", limit ?? DefaultReports, cursor, 2, out var take, out var after, out var bad)) return bad;
        (long, long)? before = null;
        if (after is not null)
        {
            if (!long.TryParse(after[0], NumberStyles.None, CultureInfo.InvariantCulture, out var epoch) || !long.TryParse(after[1], NumberStyles.None, CultureInfo.InvariantCulture, out var generation)) return Problems.BadCursor();
            before = (epoch, generation);
        }

        var rows = (await reads.ReportsAsync(found.Chain, own.ReportKey, before, take, ct)).Select(r => r.In(found.Text)).ToList();
        var minted = await reads.MintedToAsync(found.Chain, SignInGate.SignedIn(http), [.. rows.Where(r => r.Minted).Select(r => r.Epoch)], ct);
        var page = Paging.Cut("own reports", rows, take,
            r => new OwnReportView(r.Epoch, r.Generation, r.Digest, r.Status, r.Place is not null, r.HasSigned, r.Challenger, r.CancelReason, OperatorStanding.Time(r.ClaimableAt), r.AcceptedBlock, r.AcceptedAt, r.Transaction,
                r.Minted ? minted.GetValueOrDefault(r.Epoch).ToString(CultureInfo.InvariantCulture) : null),
            r => [r.Epoch.ToString(CultureInfo.InvariantCulture), r.Generation.ToString(CultureInfo.InvariantCulture)]);
        var counted = page.Items.Where(r => r.Member && r.Status != "cancelled").ToList();
        return TypedResults.Ok(new OwnReportsView(page.Items, page.Next, counted.Count, counted.Count(r => r.HasSigned), cursor is null ? OperatorNotices.Of(rows) : []));
    }

    private static async Task<Results<Ok<ProcessView>, ProblemHttpResult>> ProcessAsync(Networks networks, OperatorReads reads, EndpointLook look, HttpContext http, [Description(KeyMeaning)] string reportKey, string? network, CancellationToken ct)
    {
        var (found, own, problem) = await OwnAsync(networks, reads, http, reportKey, network, ct);
        if (found is null || own is null) return problem!;
        // Only who has a bond to lose sends this host anywhere.
        if (own.Slashed || own.Bond == "0")
            return TypedResults.Ok(new ProcessView(own.Endpoint, null, null, null, [new("info", "not-asked", "Its process is not asked", "Without a bond its end point is only what somebody once registered.", null, null)]));
        if (EndpointLook.Root(own.Endpoint) is not { } root)
            return TypedResults.Ok(new ProcessView(own.Endpoint, null, null, null, [new("bad", "endpoint", "The end point is no address", "What is registered is not http(s)://host[:port].", "Register another end point below.", "docs/alerts.md#laneuncertified")]));
        var seen = await look.AtAsync(root, OperatorRules.Of(found).IsDevelopment, ct);
        return TypedResults.Ok(new ProcessView(own.Endpoint, seen.At, seen.Health, seen.Ready, OperatorNotices.Of(Text.Hex(own.ReportKey), seen.Health, seen.Ready)));
    }

    private static async Task<Results<Ok<IReadOnlyList<OperatorActionView>>, ProblemHttpResult>> ActionsAsync(
        Networks networks, NetworkReads mirrored, OperatorReads reads, HttpContext http, TimeProvider time, [Description(KeyMeaning)] string reportKey, string? network,
        [Description("What to add to the bond, base units of the token.")] string? amount, [Description("The new end point, http(s)://host[:port].")] string? endpoint, CancellationToken ct)
    {
        var (found, own, problem) = await OwnAsync(networks, reads, http, reportKey, network, ct);
        if (found is null || own is null) return problem!;
        UInt128 value = 0;
        if (amount is not null && (!UInt128.TryParse(amount, NumberStyles.None, CultureInfo.InvariantCulture, out value) || value == 0 || BigInteger.Parse(own.Bond, CultureInfo.InvariantCulture) + (BigInteger)value > (BigInteger)UInt128.MaxValue))
            return Problems.BadParameter("amount", "base units of the token, a decimal number above 0");
        if (endpoint is not null && (endpoint.Length > OperatorActions.MaximumEndpoint || endpoint.Any(c => c is <= ' ' or > '~') || EndpointLook.Root(endpoint) is null))
            return Problems.BadParameter("endpoint", string.Create(CultureInfo.InvariantCulture, $"http(s)://host[:port] without credentials, at most {OperatorActions.MaximumEndpoint} characters of ASCII"));
        var moment = await MomentAsync(found, await mirrored.MirrorAsync(found.Chain, ct), reads, time, ct);
        return TypedResults.Ok(OperatorActions.Of(found, own, OperatorStanding.Of(own, moment), OperatorRules.Of(found), amount is null ? null : value, endpoint));
    }

    // Somebody else's operator is not there, whether or not it exists.
    private static async Task<(Network? Network, OwnOperatorRow? Own, ProblemHttpResult? Problem)> OwnAsync(Networks networks, OperatorReads reads, HttpContext http, string reportKey, string? network, CancellationToken ct)
    {
        var (found, problem) = await networks.FindAsync(network, ct);
        if (found is null) return (null, null, problem);
        if (!Text.TryBytes(reportKey, 20, out var key)) return (null, null, Problems.BadParameter("reportKey", "an address of 40 hexadecimal digits"));
        return await reads.FindAsync(found.Chain, SignInGate.SignedIn(http), key, ct) is { } own ? (found, own, null) : (null, null, Problems.NotFound("operator of yours", Text.Hex(key)));
    }

    private static async Task<OperatorMoment> MomentAsync(Network network, MirrorRow? head, OperatorReads reads, TimeProvider time, CancellationToken ct)
    {
        var now = new DateTimeOffset(DateTime.SpecifyKind(head?.BlockTime ?? time.GetUtcNow().UtcDateTime, DateTimeKind.Utc)).ToUnixTimeSeconds();
        var progress = await reads.ProgressAsync(network.Chain, ct);
        var epoch = network.Clock is { } clock ? Math.Max(1, ((now - clock.Genesis) / clock.EpochSeconds) + 1) : progress.NextReport;
        return new OperatorMoment(await reads.SetsAsync(network.Chain, ct), epoch, progress, now, network.Clock);
    }
}
