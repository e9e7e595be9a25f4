using System.Globalization;
using DePin.Hosting;
using DePin.Mirror;
using DePin.Oracle.Network;
using DePin.Signing;
using DePin.Storage.Oracle;

namespace DePin.Oracle;

/// <summary>What a supervisor asks.</summary>
public static class Health
{
    /// <summary>Maps <c>/health</c> (the process answers; whether it signs, and how its chain's providers are), <c>/ready</c> (it can take proofs) and <c>/metrics</c>.</summary>
    public static IEndpointRouteBuilder MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health", GetHealth);
        routes.MapGet("/ready", GetReadyAsync);
        routes.MapGet("/metrics", (PrometheusText metrics) => Results.Text(metrics.Collect(), "text/plain; version=0.0.4"));
        return routes;
    }

    // Always 200: nothing of this is mended by a restart.
    private static IResult GetHealth(IServiceProvider services)
    {
        var follower = services.GetService<ChainFollower>()?.Status;
        var providers = services.GetService<ChainProviders>()?.Status;
        var signer = services.GetRequiredService<IOperatorSigner>().Problem;
        return Results.Ok(new
        {
            status = follower?.Halted is not null ? "halted" : signer is not null ? "signer unreachable" : providers?.Why is not null ? "no quorum" : "ok",
            why = follower?.Halted ?? (signer is not null ? "Nothing is signed, receipts included, until the signer answers. " + signer : null) ?? (providers?.Why is { } lack ? "Nothing new is signed until enough JSON-RPC providers agree. " + lack : null),
            rpc = providers is null ? null : new
            {
                quorum = providers.Quorum,
                providers = providers.Providers.Select(p => new { p.Provider, state = p.State.ToString().ToLowerInvariant(), p.Latest, p.Lag, p.LastError, p.Requests, p.Failures, p.Disagreements }),
            },
        });
    }

    private static async Task<IResult> GetReadyAsync(ChainView chain, NetworkView view, NetworkClock clock, DeviceDirectory devices, IOperatorSigner keys, CancellationToken ct)
    {
        ChainHead? head;
        try
        {
            head = await chain.GetHeadAsync(ct);
        }
        catch (Npgsql.NpgsqlException error)
        {
            return NotReady("The database does not answer: " + error.Message);
        }

        if (head?.Halted is { } halted) return NotReady("The chain follower halted: " + halted);
        if (head is null || !clock.IsSet) return NotReady("The chain has not been read yet.");
        if (view.Current is not { } roster) return NotReady("The chain has no operator set yet.");
        return Results.Ok(new
        {
            @operator = keys.Address.ToString(),
            member = roster.Find(keys.Address) is not null,
            epoch = view.CurrentEpoch,
            nextReport = view.NextReport,
            block = head.Number,
            finalized = head.FinalizedNumber,
            time = head.Time.ToString("O", CultureInfo.InvariantCulture),
            devices = devices.Count,
        });
    }

    private static IResult NotReady(string why) => Results.Problem(why, statusCode: StatusCodes.Status503ServiceUnavailable, title: "Not ready");
}
