using System.Globalization;
using DePin.Storage.Read;
using Microsoft.AspNetCore.Http.HttpResults;

namespace DePin.Api.Endpoints;

/// <summary>A set of operators.</summary>
public sealed record ConfigView(long Count, long FirstEpoch, string Digest, int N, int Q, string ParametersHash, string RulesHash, IReadOnlyList<ConfigMember> Members);

/// <summary>A member of a set; bit <paramref name="Index"/> of a report's bitmap.</summary>
public sealed record ConfigMember(int Index, string ReportKey, string ProtocolKey);

/// <summary>Operators, a page at a time, and the newest 200 sets and faults.</summary>
/// <param name="Operators">Ascending by report key.</param>
/// <param name="Next">Cursor of the next page of operators; null on the last.</param>
/// <param name="Configs">Sets, newest first.</param>
/// <param name="Faults">Proven faults, newest first.</param>
public sealed record OperatorsView(IReadOnlyList<OperatorRow> Operators, string? Next, IReadOnlyList<ConfigView> Configs, IReadOnlyList<FaultRow> Faults);

/// <summary>What was minted, and who shares it.</summary>
public sealed record EmissionView(Page<EmissionRow> Epochs, IReadOnlyList<SplitView> Splits, BreakerRow? Breaker);

/// <summary>Sinks from an epoch on; what they leave goes to rewards.</summary>
public sealed record SplitView(long FirstEpoch, IReadOnlyList<SinkView> Sinks);

/// <summary>A sink's share in 1/10,000.</summary>
public sealed record SinkView(string Account, int Bps);

/// <summary>What a staker holds and thaws.</summary>
public sealed record StakerView(string Staker, IReadOnlyList<StakeRow> Stakes, IReadOnlyList<ThawRow> Thaws);

internal static class ParticipantEndpoints
{
    public static void MapParticipants(this RouteGroupBuilder api)
    {
        api.MapGet("/operators", OperatorsAsync).WithName("listOperators").WithSummary("Operators, sets, proven faults").WithTags("Operators").CacheOutput(Caching.WhileTheHeadStands);
        api.MapGet("/stakes", PoolsAsync).WithName("listStakePools").WithSummary("Providers' stake pools").WithTags("Stakes").CacheOutput(Caching.WhileTheHeadStands);
        api.MapGet("/stakes/{address}", StakerAsync).WithName("getStaker").WithSummary("What a staker holds and thaws").WithTags("Stakes");
        api.MapGet("/emission", EmissionAsync).WithName("listEmission").WithSummary("Minted epochs, splits, outflow breaker").WithTags("Emission").CacheOutput(Caching.WhileTheHeadStands);
    }

    private static async Task<Results<Ok<OperatorsView>, ProblemHttpResult>> OperatorsAsync(Networks networks, ParticipantReads reads, string? network, int? limit, string? cursor, CancellationToken ct)
    {
        var (found, problem) = await networks.FindAsync(network, ct);
        if (found is null) return problem!;
        if (!Paging.TryRead("operators", limit, cursor, 1, out var take, out var after, out var bad)) return bad;
        byte[]? last = null;
        if (after is not null && !Text.TryBytes(after[0], 20, out last)) return Problems.BadCursor();
        var page = Paging.Cut("operators", await reads.OperatorsAsync(found.Chain, last, take, ct), take, r => r.In(found.Text), r => [r.ReportKey]);
        var configs = (await reads.ConfigsAsync(found.Chain, ct)).Select(c => new ConfigView(c.ConfigCount, c.FirstEpoch, c.Digest, c.N, c.Q, c.ParametersHash, c.RulesHash,
            [.. Enumerable.Range(0, c.N).Select(i => new ConfigMember(i, Text.Hex(c.ReportKeys.AsSpan(20 * i, 20)), Text.Hex(c.ProtocolKeys.AsSpan(32 * i, 32))))]));
        return TypedResults.Ok(new OperatorsView(page.Items, page.Next, [.. configs], [.. (await reads.FaultsAsync(found.Chain, ct)).Select(f => f.In(found.Text))]));
    }

    private static async Task<Results<Ok<Page<PoolRow>>, ProblemHttpResult>> PoolsAsync(Networks networks, ParticipantReads reads, string? network, int? limit, string? cursor, CancellationToken ct)
    {
        var (found, problem) = await networks.FindAsync(network, ct);
        if (found is null) return problem!;
        if (!Paging.TryRead("pools", limit, cursor, 1, out var take, out var after, out var bad)) return bad;
        byte[]? last = null;
        if (after is not null && !Text.TryBytes(after[0], 20, out last) && !Text.TryBytes(after[0], 32, out last)) return Problems.BadCursor();
        return TypedResults.Ok(Paging.Cut("pools", await reads.PoolsAsync(found.Chain, last, take, ct), take, r => r.In(found.Text), r => [r.Provider]));
    }

    private static async Task<Results<Ok<StakerView>, ProblemHttpResult>> StakerAsync(Networks networks, ParticipantReads reads, string address, string? network, CancellationToken ct)
    {
        var (found, problem) = await networks.FindAsync(network, ct);
        if (found is null) return problem!;
        if (!found.Text.TryAccount(address, out var staker)) return Problems.BadParameter("address", found.Text.AccountForm);
        return TypedResults.Ok(new StakerView(found.Text.Account(staker), [.. (await reads.StakesAsync(found.Chain, staker, ct)).Select(s => s.In(found.Text))], [.. (await reads.ThawsAsync(found.Chain, staker, ct)).Select(t => t.In(found.Text))]));
    }

    private static async Task<Results<Ok<EmissionView>, ProblemHttpResult>> EmissionAsync(Networks networks, ParticipantReads reads, string? network, string? from, string? to, int? limit, string? cursor, CancellationToken ct)
    {
        var (found, problem) = await networks.FindAsync(network, ct);
        if (found is null) return problem!;
        if (!Periods.TryRead(found, from, to, out var epochs, out var badPeriod)) return badPeriod;
        if (!Paging.TryRead("emission", limit, cursor, 1, out var take, out var after, out var bad)) return bad;
        long? before = null;
        if (after is not null)
        {
            if (!long.TryParse(after[0], NumberStyles.None, CultureInfo.InvariantCulture, out var epoch)) return Problems.BadCursor();
            before = epoch;
        }

        var page = Paging.Cut("emission", await reads.EmissionAsync(found.Chain, epochs, before, take, ct), take, r => r, r => [r.Epoch.ToString(CultureInfo.InvariantCulture)]);
        var splits = (await reads.SplitsAsync(found.Chain, ct)).Select(s => new SplitView(s.FirstEpoch,
            [.. s.Bps.Split(',', StringSplitOptions.RemoveEmptyEntries).Select((bps, i) => new SinkView(found.Text.Account(s.Accounts.AsSpan(20 * i, 20)), int.Parse(bps, CultureInfo.InvariantCulture)))]));
        return TypedResults.Ok(new EmissionView(page, [.. splits], await reads.BreakerAsync(found.Chain, ct)));
    }
}
