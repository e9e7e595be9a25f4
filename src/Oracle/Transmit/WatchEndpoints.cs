using DePin.Cryptography;
using DePin.Oracle.Network;
using DePin.Oracle.Report;
using DePin.Protocol.Rewards;
using DePin.Protocol.Rounds;
using DePin.Protocol.State;
using DePin.Storage.Oracle;
using Microsoft.AspNetCore.Mvc;

namespace DePin.Oracle.Transmit;

/// <summary>A signed report, handed in by anyone: evidence if its signer signed another of the instance.</summary>
/// <param name="Report">348 bytes, base64.</param>
/// <param name="Signature">Compact EIP-2098 signature of its digest, base64.</param>
public sealed record SignedReportRequest(byte[]? Report, byte[]? Signature);

/// <summary>What watchers give and take. Both prove themselves: a signature by its signer, leaves by the root on chain.</summary>
public static class WatchEndpoints
{
    /// <summary>Maps <c>POST /v1/attestations</c> and <c>GET /v1/leaves/{digest}</c>.</summary>
    public static IEndpointRouteBuilder MapWatch(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/attestations", PostAsync).WithMetadata(new RequestSizeLimitAttribute(4_096)).For(Audience.Peers);
        routes.MapGet("/v1/leaves/{digest}", GetLeavesAsync).For(Audience.Peers);
        return routes;
    }

    private static async Task<IResult> PostAsync(SignedReportRequest request, ReportSigner signer, NetworkView view, CancellationToken ct)
    {
        if (!Protocol.Reports.Report.TryParse(request.Report, out var report) || request.Signature is not { Length: CompactSignature.Size } signature)
            return Results.Problem("A report of 348 bytes and a signature of 64 are expected.", statusCode: 400);
        var digest = report.Digest.Value;
        if (view.ForDigest(report.Config.Value) is not { } roster || !Secp256k1.TryRecover(digest, signature, out Address who) || roster.Find(who) is null)
            return Results.Problem("The signature is not of an operator of the report's config.", statusCode: 422);
        var instance = new RoundInstance(report.Config.Value, report.Epoch, report.Generation);
        await signer.KeepAttestationAsync(instance, who, digest, new CompactSignature(signature), request.Report, ct);
        return Results.NoContent();
    }

    private static async Task<IResult> GetLeavesAsync(string digest, ReportStore reports, NetworkRewards rewards, CancellationToken ct)
    {
        if (!Bytes32.TryParse(digest, out var wanted)) return Results.Problem("A report digest is 64 hexadecimal digits.", statusCode: 400);
        if (await reports.FindAsync(wanted, ct) is not { } report) return Results.Problem("This operator did not compute that report.", statusCode: 404);
        if (await rewards.FindDomainAsync(ct) is not { } domain) return Results.Problem("The chain has not been read yet.", statusCode: 503);
        var tree = RewardTree.Build(domain, NetworkState.Parse(report.State).Ledger);
        return Results.Bytes(LeafBytes.Encode(tree), "application/octet-stream");
    }
}
