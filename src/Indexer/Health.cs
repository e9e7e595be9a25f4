using System.Globalization;
using DePin.Hosting;
using DePin.Mirror;

namespace DePin.Indexer;

/// <summary><c>/health</c>: the process answers and is not halted. <c>/ready</c>: the mirror is near the tip. <c>/status</c>: both in full. <c>/metrics</c>.</summary>
public static class Health
{
    private const long ReadyWithin = 32;

    /// <summary>Maps the four.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health", (ChainFollower follower) => follower.Status.Halted is { } why ? Results.Problem(why, statusCode: 503, title: "The mirror is halted") : Results.Ok(new { status = "alive" }));
        routes.MapGet("/ready", (ChainFollower follower, IndexerOptions options, TimeProvider time) => NotReady(follower.Status, options, time) is { } why ? Results.Problem(why, statusCode: 503, title: "Not ready") : Results.Ok(new { status = "ready" }));
        routes.MapGet("/status", (ChainFollower follower, EvidenceImporter importer, ChainProviders providers) => Results.Ok(new
        {
            head = follower.Status.Head?.Number,
            headHash = follower.Status.Head?.Hash.ToString(),
            finalized = follower.Status.Finalized?.Number,
            tip = follower.Status.Tip?.Number,
            lag = IndexerMeters.Lag(follower.Status),
            follower.Status.Reorgs,
            follower.Status.DeepestReorg,
            doubted = follower.Reader.Suspicions,
            follower.Status.LastError,
            follower.Status.Halted,
            import = importer.Status,
            rpc = new
            {
                providers.Status.Quorum,
                providers.Status.Why,
                providers = providers.Status.Providers.Select(p => new { p.Provider, state = p.State.ToString().ToLowerInvariant(), p.Latest, p.Lag, p.LastError, p.Requests, p.Failures, p.Disagreements }),
            },
        }));
        routes.MapGet("/metrics", (PrometheusText metrics) => Results.Text(metrics.Collect(), "text/plain; version=0.0.4"));
    }

    private static string? NotReady(FollowerStatus status, IndexerOptions options, TimeProvider time) => status switch
    {
        { Halted: { } why } => why,
        { LastError: { } error } => error,
        { SteppedAt: null } => "The node has not answered yet.",
        { SteppedAt: { } at } when time.GetUtcNow() - at > TimeSpan.FromSeconds(options.StalledAfterSeconds) => string.Create(CultureInfo.InvariantCulture, $"The node or the database has not answered since {at:u}."),
        _ => IndexerMeters.Lag(status) > ReadyWithin ? $"{IndexerMeters.Lag(status)} blocks behind." : null,
    };
}
