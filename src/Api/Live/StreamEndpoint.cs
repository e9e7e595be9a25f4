using System.Globalization;
using Microsoft.Extensions.Options;

namespace DePin.Api.Live;

/// <summary><c>GET /v1/stream</c>: server-sent events of a network.</summary>
internal static class StreamEndpoint
{
    private static readonly string[] Optional = ["report", "claim", "device", "evidence"];
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    public static void MapStream(this IEndpointRouteBuilder api) => api.MapGet("/stream", StreamAsync).WithName("stream").RequireRateLimiting("streams").WithTags("Live").WithSummary("Server-sent events: reports, claims, devices, evidence, heads")
        .WithDescription(
            """
            One event a change: `report` (accepted, challenged, cancelled, final), `claim`, `device` (registered or changed) and `evidence` (an epoch was recomputed here), each with its block, then
            `head` with the mirror's block, whose id a reconnecting client sends as Last-Event-ID to go on without a gap. `reorg` says that blocks above `kept` are void; `reset` says to load
            everything anew, after which the stream goes on. `events=report,claim` leaves the others out; head, reorg and reset always come.
            """)
        .Produces<string>(contentType: "text/event-stream");

    private static async Task<IResult> StreamAsync(
        HttpContext http, Networks networks, ChangeFeed feed, IOptions<ApiOptions> options, IHostApplicationLifetime lifetime, string? network, string? events, CancellationToken ct)
    {
        var (found, problem) = await networks.FindAsync(network, ct);
        if (found is null) return problem!;
        var wanted = events?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? Optional;
        if (wanted.Except(Optional, StringComparer.Ordinal).Any()) return Problems.BadParameter("events", "a list of report, claim, device and evidence, with commas between");

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct, lifetime.ApplicationStopping);
        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers["X-Accel-Buffering"] = "no"; // a proxy that collects the answer would hold every event back
        try
        {
            await WriteAsync(http, feed.Of(found.Chain), wanted, ending.Token);
        }
        catch (OperationCanceledException)
        {
            // The client left, or the host stops.
        }

        return Results.Empty;
    }

    private static async Task WriteAsync(HttpContext http, FeedLog log, string[] wanted, CancellationToken ct)
    {
        var resumes = http.Request.Headers["Last-Event-ID"].ToString() is { Length: > 0 } id ? id : null;
        if (!log.TryFind(resumes, out var position)) await SendAsync(http, ChangeFeed.Reset("This feed does not go back as far as the last event that you had."), ct);
        while (true)
        {
            if (log.Read(ref position, out var more, out var lost) is { } one)
            {
                if (one.Kind is "head" or "reorg" or "reset" || wanted.Contains(one.Kind, StringComparer.Ordinal)) await SendAsync(http, one, ct);
            }
            else if (lost)
            {
                await SendAsync(http, ChangeFeed.Reset("You read more slowly than this feed remembers."), ct);
            }
            else
            {
                await http.Response.Body.FlushAsync(ct);
                await more!.WaitAsync(KeepAlive, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                ct.ThrowIfCancellationRequested();
                if (!more!.IsCompleted) await http.Response.WriteAsync(": alive\n\n", ct);
            }
        }
    }

    private static Task SendAsync(HttpContext http, FeedEvent one, CancellationToken ct) =>
        http.Response.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"event: {one.Kind}\ndata: {one.Data}\n{(one.Id is { } id ? $"id: {id}\n" : "")}\n"), ct);
}
