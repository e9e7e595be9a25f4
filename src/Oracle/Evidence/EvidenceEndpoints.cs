using DePin.Cryptography;
using DePin.Oracle.Network;
using DePin.Storage.Oracle;
using Microsoft.Net.Http.Headers;

namespace DePin.Oracle.Evidence;

/// <summary>Evidence for whoever wants to compute an epoch anew.</summary>
public static class EvidenceEndpoints
{
    /// <summary>
    /// Maps <c>GET /v1/evidence/{epoch}</c> (the newest generation, or <c>?report=0x…</c>): the bundle with range requests, its SHA-256 as entity tag, and the
    /// report's digest in <c>X-Report-Digest</c>.
    /// </summary>
    public static IEndpointRouteBuilder MapEvidence(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/evidence/{epoch:long}", GetAsync).For(Audience.Peers);
        return routes;
    }

    private static async Task<IResult> GetAsync(long epoch, string? report, HttpContext http, BundleStore store, CancellationToken ct)
    {
        var digest = Bytes32.Zero;
        if (report is not null && !Bytes32.TryParse(report, out digest)) return Results.Problem("A report digest is 64 hexadecimal digits.", statusCode: 400);
        var bundle = report is null ? await store.FindAsync(epoch, ct) : await store.FindAsync(digest, ct);
        if (bundle is null || bundle.Epoch != epoch) return Results.Problem("This operator holds no evidence of that report (yet, or any more).", statusCode: 404);
        http.Response.Headers["X-Report-Digest"] = bundle.Digest.ToString();
        http.Response.Headers.CacheControl = report is null ? "no-cache" : "public, max-age=31536000, immutable";
        return Results.Stream(new PieceStream(store, bundle), "application/octet-stream", $"epoch-{epoch}.evidence",
            entityTag: new EntityTagHeaderValue($"\"{bundle.Content}\""), enableRangeProcessing: true);
    }
}
