using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using DePin.Cryptography;
using DePin.Oracle.Batch;
using DePin.Oracle.Ingest;

namespace DePin.Oracle.Network;

/// <summary>Who is expected at an endpoint, and so which limit it has.</summary>
public enum Audience
{
    /// <summary>Devices: section <c>Ingest</c>.</summary>
    Devices,

    /// <summary>Other operators, indexers and auditors: section <c>Lanes</c>.</summary>
    Peers,
}

/// <summary>What one client address, and what one operator, may ask. Nobody is known by their connection, so the address is all there is before a signature is judged.</summary>
public sealed class RequestLimits(IngestOptions ingest, LaneOptions lanes)
{
    private readonly AddressLimiter _devices = new(new BucketRule(ingest.AddressProofsPerSecond, ingest.AddressBurst), ingest.MaxAddresses);
    private readonly AddressLimiter _peers = new(new BucketRule(lanes.AddressRequestsPerSecond, lanes.AddressBurst), lanes.MaxAddresses);
    private readonly BucketRule _lane = new(lanes.PushedPerSecond, lanes.PushedBurst);
    private readonly ConcurrentDictionary<Address, StrongBox<long>> _pushed = new();

    private static long Now => Environment.TickCount64 * TimeSpan.TicksPerMillisecond;

    /// <summary>Takes one token of the request's address. Zero, or how long it must wait.</summary>
    public TimeSpan Enter(HttpContext http, Audience audience) => Of(audience).TryTake(http.Connection.RemoteIpAddress, Now);

    /// <summary>Takes tokens for what a request turned out to hold.</summary>
    public void Charge(HttpContext http, Audience audience, int tokens) => Of(audience).Charge(http.Connection.RemoteIpAddress, tokens, Now);

    /// <summary>Takes one token of an operator that has signed the batch it pushes: each has its own, wherever it calls from. Only for operators of the network, which are few.</summary>
    public TimeSpan EnterLane(Address lane) => _lane.TryTake(ref _pushed.GetOrAdd(lane, static _ => new StrongBox<long>()).Value, Now);

    /// <summary>429 with <c>Retry-After</c>, as problem details.</summary>
    public static IResult Refuse(TimeSpan wait, string detail) => new Later(Results.Problem(detail, statusCode: StatusCodes.Status429TooManyRequests, title: "Too many requests",
        type: "urn:depin:problem:" + nameof(IngestRefusal.RateLimited), extensions: new Dictionary<string, object?>(StringComparer.Ordinal) { ["code"] = (int)IngestRefusal.RateLimited }), wait);

    /// <summary>An answer with <c>Retry-After</c> in whole seconds, at least one.</summary>
    public static IResult WithRetry(IResult inner, TimeSpan wait) => new Later(inner, wait);

    private AddressLimiter Of(Audience audience) => audience == Audience.Devices ? _devices : _peers;

    private sealed class Later(IResult inner, TimeSpan wait) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
            return inner.ExecuteAsync(httpContext);
        }
    }
}

/// <summary>Applies the limits before an endpoint reads anything of a request's body.</summary>
public static class RequestLimiting
{
    /// <summary>Says who an endpoint is for. One without this is not limited.</summary>
    public static TBuilder For<TBuilder>(this TBuilder endpoint, Audience audience) where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new Limited(audience));

    /// <summary>Refuses with 429 what is too much. Goes after routing.</summary>
    public static IApplicationBuilder UseRequestLimits(this IApplicationBuilder app) => app.Use(static async (http, next) =>
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<Limited>() is { } limited
            && http.RequestServices.GetRequiredService<RequestLimits>().Enter(http, limited.Audience) is var wait && wait > TimeSpan.Zero)
        {
            OracleMeters.TurnedAway.Add(1, new KeyValuePair<string, object?>("audience", limited.Audience.ToString()));
            await RequestLimits.Refuse(wait, "This address asks more than its share. Nothing of the request was read: send it again after the time given.").ExecuteAsync(http);
            return;
        }

        await next(http);
    });

    private sealed record Limited(Audience Audience);
}
