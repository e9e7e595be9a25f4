using System.Text.Json;
using DePin.Storage.Read;
using Microsoft.AspNetCore.Http.HttpResults;

namespace DePin.Api.Endpoints;

/// <summary>A network that this API serves.</summary>
/// <param name="Id">Network id, 0x-hex.</param>
/// <param name="Chain">CAIP-2.</param>
/// <param name="Name">As deployed; null until the indexer published it.</param>
public sealed record NetworkNameView(string Id, string Chain, string? Name);

/// <summary>A network, its contracts and its numbers.</summary>
/// <param name="Id">Network id, 0x-hex.</param>
/// <param name="Chain">CAIP-2.</param>
/// <param name="Name">As deployed; null until the indexer published it.</param>
/// <param name="Contracts">Addresses by contract name.</param>
/// <param name="Totals">Counts and amounts at the mirror's head.</param>
/// <param name="Parameters">The parameter document.</param>
/// <param name="Clock">When epochs are; null until the indexer published the deployment.</param>
/// <param name="Decimals">Digits of the token after the point: an amount of 10^decimals base units is one token.</param>
public sealed record NetworkView(string Id, string Chain, string? Name, IReadOnlyDictionary<string, string> Contracts, NetworkTotals Totals, JsonElement? Parameters, EpochClock? Clock, int Decimals);

/// <summary>How far the mirror is behind and how final it is.</summary>
/// <param name="Chain">CAIP-2.</param>
/// <param name="Mirror">Checkpoint and finalized head.</param>
/// <param name="LagSeconds">Chain seconds between the newest mirrored block and now; null before the first block.</param>
/// <param name="LastAcceptedEpoch">Newest epoch with an accepted report.</param>
/// <param name="LastImportedEpoch">Newest epoch whose evidence was recomputed.</param>
/// <param name="KeptFrom">First epochs whose verdicts and reward trees are kept; sums, leaves and lines are kept for ever.</param>
public sealed record IndexerView(string Chain, MirrorRow Mirror, double? LagSeconds, long LastAcceptedEpoch, long LastImportedEpoch, KeptFrom KeptFrom);

internal static class NetworkEndpoints
{
    public static void MapNetwork(this RouteGroupBuilder api)
    {
        api.MapGet("/networks", async (Networks networks, CancellationToken ct) =>
            TypedResults.Ok((await networks.ListAsync(ct)).Select(n => new NetworkNameView(Text.Hex(n.Id), n.Caip2, n.Row.Name))))
            .WithName("listNetworks").WithSummary("Every network that this API serves").WithTags("Network");

        api.MapGet("/network", GetAsync).WithName("getNetwork").WithSummary("The network: contracts, totals, parameters").WithTags("Network").CacheOutput(Caching.Brief);
        api.MapGet("/indexer", IndexerAsync).WithName("getIndexer").WithSummary("The mirror's head, finality and lag").WithTags("Network").CacheOutput(Caching.Brief);
    }

    private static async Task<Results<Ok<NetworkView>, ProblemHttpResult>> GetAsync(Networks networks, NetworkReads reads, string? network, CancellationToken ct)
    {
        var (found, problem) = await networks.FindAsync(network, ct);
        if (found is null) return problem!;
        return TypedResults.Ok(new NetworkView(Text.Hex(found.Id), found.Caip2, found.Row.Name, found.Contracts, (await reads.TotalsAsync(found.Chain, found.Id, ct)).In(found.Text), found.Parameters, found.Clock, found.Decimals));
    }

    private static async Task<Results<Ok<IndexerView>, ProblemHttpResult>> IndexerAsync(Networks networks, NetworkReads reads, ChainClock clock, string? network, CancellationToken ct)
    {
        var (found, problem) = await networks.FindAsync(network, ct);
        if (found is null) return problem!;
        if (await reads.MirrorAsync(found.Chain, ct) is not { } mirror) return Problems.NotMirrored();
        var last = await reads.LastEpochsAsync(found.Chain, found.Id, ct);
        return TypedResults.Ok(new IndexerView(found.Caip2, mirror.In(found.Text), clock.LagSeconds(found, mirror), last.Accepted, last.Imported, await reads.KeptFromAsync(found.Id, ct)));
    }
}
