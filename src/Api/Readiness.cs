using DePin.Storage.Read;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Npgsql;

namespace DePin.Api;

/// <summary><c>/ready</c>: 200 when every mirrored network is fresh, else 503 with the reason.</summary>
internal static class Readiness
{
    public static async Task<IResult> CheckAsync(Networks networks, NetworkReads reads, ChainClock clock, IOptions<ApiOptions> options, CancellationToken ct)
    {
        try
        {
            var all = await networks.ListAsync(ct);
            if (all.Count == 0) return NotReady("The mirror is empty: the indexer has not written its first block.");
            foreach (var network in all)
            {
                if (await reads.MirrorAsync(network.Chain, ct) is not { } mirror) return NotReady($"{network.Caip2}: nothing mirrored yet.");
                if (mirror.Halted is { } why) return NotReady($"{network.Caip2}: the indexer halted: {why}");
                if (clock.LagSeconds(network, mirror) is not { } lag || lag > options.Value.ReadyLagSeconds) return NotReady($"{network.Caip2}: the mirror lies behind by more than {options.Value.ReadyLagSeconds} s of chain time.");
            }

            return TypedResults.Ok(new { status = "ready" });
        }
        catch (NpgsqlException e)
        {
            return NotReady($"The database does not answer: {e.GetType().Name}.");
        }
    }

    private static JsonHttpResult<NotReadyView> NotReady(string why) => TypedResults.Json(new NotReadyView("not ready", why), statusCode: StatusCodes.Status503ServiceUnavailable);

    private sealed record NotReadyView(string Status, string Why);
}
