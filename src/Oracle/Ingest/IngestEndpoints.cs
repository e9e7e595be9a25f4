using System.Buffers;
using System.Text.Json;
using DePin.Cryptography;
using DePin.Oracle.Ingest.Wire;
using DePin.Oracle.Network;
using DePin.Storage.Oracle;
using Google.Protobuf;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;

namespace DePin.Oracle.Ingest;

/// <summary>A proof in JSON transport.</summary>
/// <param name="Proof">The envelope, base64.</param>
/// <param name="Signature">64 bytes, base64.</param>
public sealed record ProofRequest(byte[]? Proof, byte[]? Signature);

/// <summary>A signed receipt: the proof is durable at the operator.</summary>
/// <param name="ProofId">SHA-256 of the envelope, 0x-hex.</param>
/// <param name="Operator">Address of the operator's report key.</param>
/// <param name="ReceivedAt">ms since 1970, network time.</param>
/// <param name="Signature">Ed25519 over the receipt of docs/protocol.md, base64.</param>
public sealed record ProofReceipt(string ProofId, string Operator, ulong ReceivedAt, byte[] Signature);

/// <summary>How far a proof has come, for a device that keeps it until certified.</summary>
/// <param name="Stage">durable, sealed or certified.</param>
/// <param name="Batch">Index in the operator's lane once sealed.</param>
/// <param name="Judgement">Item-level verdict so far: accept, reject, inconclusive, pending; null until judged.</param>
/// <param name="Reason">Its reason number.</param>
public sealed record ProofProgress(string ProofId, string Operator, ulong ReceivedAt, string Stage, long? Batch, string? Judgement, int? Reason);

/// <summary>HTTP in front of ingest: 2xx with a receipt only for what is committed, problem details with stable codes for the rest.</summary>
public static class IngestEndpoints
{
    private const int MaxSingleBytes = 16 << 10;
    private const int MaxStatusBytes = 512 << 10;
    private const int IdsOfOneToken = 50;

    /// <summary>Maps <c>POST /v1/proofs</c>, <c>POST /v1/proofs:batch</c>, <c>POST /v1/proofs:status</c> and <c>GET /v1/proofs/{id}</c>.</summary>
    public static IEndpointRouteBuilder MapIngest(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/proofs", PostOneAsync).WithMetadata(new RequestSizeLimitAttribute(MaxSingleBytes)).For(Audience.Devices);
        routes.MapPost("/v1/proofs:batch", PostManyAsync).For(Audience.Devices);
        routes.MapGet("/v1/proofs/{id}", GetProgressAsync).For(Audience.Devices);
        routes.MapPost("/v1/proofs:status", GetStagesAsync).WithMetadata(new RequestSizeLimitAttribute(MaxStatusBytes)).For(Audience.Devices);
        return routes;
    }

    private static async Task<IResult> PostOneAsync(HttpContext http, IngestService ingest, CancellationToken ct)
    {
        ProofRequest? request;
        try
        {
            request = http.Request.HasJsonContentType() ? await http.Request.ReadFromJsonAsync<ProofRequest>(ct) : null;
        }
        catch (JsonException)
        {
            return Problem(IngestRefusal.Malformed, default);
        }
        catch (BadHttpRequestException error) when (error.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return Problem(IngestRefusal.Oversized, default);
        }

        if (request?.Proof is null || request.Signature is null) return Problem(IngestRefusal.Malformed, default);
        var result = (await ingest.TakeAsync([(request.Proof, request.Signature)], ct))[0];
        if (result.Refusal != IngestRefusal.None) return Problem(result.Refusal, result.RetryAfter);
        return Results.Ok(new ProofReceipt(result.Id.ToString(), ingest.Operator.ToString(), (ulong)result.ReceivedAt,
            ingest.Receipts.Sign(result.Id, (ulong)result.ReceivedAt)));
    }

    private static async Task<IResult> PostManyAsync(HttpContext http, IngestService ingest, NetworkView view, RequestLimits limits, IngestOptions options, CancellationToken ct)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = options.MaxBatchBytes;
        if (http.Request.ContentLength > options.MaxBatchBytes) return Problem(IngestRefusal.Oversized, default);
        if (!ingest.HasRoom) return Problem(IngestRefusal.Overloaded, IngestService.OverloadRetry); // before the body is read into memory

        ProofBatch batch;
        try
        {
            batch = ProofBatch.Parser.ParseFrom(new ReadOnlySequence<byte>(await ReadBodyAsync(http, options.MaxBatchBytes, ct)));
        }
        catch (InvalidProtocolBufferException)
        {
            return Problem(IngestRefusal.Malformed, default);
        }
        catch (BadHttpRequestException error) when (error.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return Problem(IngestRefusal.Oversized, default);
        }

        limits.Charge(http, Audience.Devices, batch.Proofs.Count - 1); // the first was paid at the door
        var results = await ingest.TakeAsync([.. batch.Proofs.Select(p => (p.Proof.Memory, p.Signature.Memory))], ct);
        if (results.Length > 0 && results.All(r => r.Refusal == IngestRefusal.Overloaded)) return Problem(IngestRefusal.Overloaded, IngestService.OverloadRetry);
        return new ProtobufResult(ToReceipt(results, ingest, view.Now));
    }

    private static async Task<IResult> GetProgressAsync(string id, IngestService ingest, ProofStore store, CancellationToken ct)
    {
        if (!Bytes32.TryParse(id, out var proofId)) return Results.Problem("A proof id is 64 hexadecimal digits, 0x optional.", statusCode: 400);
        if (await store.GetStatusAsync(proofId, ingest.Operator, ct) is not { } status)
            return Results.Problem("This operator does not hold the proof: send it.", statusCode: 404);
        var stage = status.Certified ? "certified" : status.BatchIndex is null ? "durable" : "sealed";
        var judgement = status.Judgement is { } j ? ((Protocol.Verification.Judgement)j).ToString().ToLowerInvariant() : null;
        return Results.Ok(new ProofProgress(proofId.ToString(), ingest.Operator.ToString(), (ulong)status.ReceivedAt, stage, status.BatchIndex, judgement, status.Reason));
    }

    private static async Task<IResult> GetStagesAsync(HttpContext http, IngestService ingest, ProofStore store, RequestLimits limits, CancellationToken ct)
    {
        StatusQuery query;
        try
        {
            query = StatusQuery.Parser.ParseFrom(new ReadOnlySequence<byte>(await ReadBodyAsync(http, MaxStatusBytes, ct)));
        }
        catch (InvalidProtocolBufferException)
        {
            return Problem(IngestRefusal.Malformed, default);
        }

        limits.Charge(http, Audience.Devices, query.Ids.Count / IdsOfOneToken);
        if (query.Ids.Any(id => id.Length != Bytes32.Size)) return Problem(IngestRefusal.Malformed, default);
        var ids = query.Ids.Select(id => new Bytes32(id.Span)).ToList();
        var stages = await store.GetStagesAsync(ids, ingest.Operator, ct);
        var answer = new StatusAnswer();
        answer.Stages.AddRange(ids.Select(id => !stages.TryGetValue(id, out var certified) ? 0u : certified ? 2u : 1u));
        return new ProtobufResult(answer);
    }

    private static BatchReceipt ToReceipt(TakenProof[] results, IngestService ingest, ulong now)
    {
        var receipt = new BatchReceipt { Operator = ByteString.CopyFrom(ingest.Operator.AsSpan()), ReceivedAt = now };
        var durable = new List<Bytes32>(results.Length);
        for (var i = 0; i < results.Length; i++)
        {
            if (results[i].Refusal == IngestRefusal.None)
                durable.Add(results[i].Id);
            else
                receipt.Refusals.Add(new Refusal
                {
                    Index = (uint)i,
                    Code = (uint)results[i].Refusal,
                    Reason = results[i].Refusal.ToString(),
                    RetryAfterMs = (uint)results[i].RetryAfter.TotalMilliseconds,
                });
        }

        receipt.Durable = (uint)durable.Count;
        if (durable.Count > 0) receipt.Signature = ByteString.CopyFrom(ingest.Receipts.SignMany(durable, now));
        return receipt;
    }

    private static async Task<ReadOnlyMemory<byte>> ReadBodyAsync(HttpContext http, int max, CancellationToken ct)
    {
        using var body = new MemoryStream((int)Math.Min(http.Request.ContentLength ?? 65_536, max));
        await http.Request.Body.CopyToAsync(body, ct);
        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }

    internal static IResult Problem(IngestRefusal refusal, TimeSpan retryAfter)
    {
        var (status, detail) = Describe(refusal);
        var problem = Results.Problem(new ProblemDetails
        {
            Type = "urn:depin:problem:" + refusal,
            Title = refusal.ToString(),
            Status = status,
            Detail = detail,
            Extensions = { ["code"] = (int)refusal },
        });
        return retryAfter > TimeSpan.Zero ? RequestLimits.WithRetry(problem, retryAfter) : problem;
    }

    private static (int Status, string Detail) Describe(IngestRefusal refusal) => refusal switch
    {
        IngestRefusal.Malformed => (400, "The request is not a proof envelope of version 1 and a 64-byte signature."),
        IngestRefusal.Oversized => (413, "The proof or the request is longer than allowed."),
        IngestRefusal.WrongNetwork => (422, "The proof is signed for another network."),
        IngestRefusal.UnknownClass => (422, "This network has no such resource class or payload schema."),
        IngestRefusal.BadPayload => (422, "The payload's length is not one that its class and schema allow."),
        IngestRefusal.UnknownDevice => (404, "The device is not registered as far as this operator has read the chain, or too lately for the report that comes next. Register it, or try again later."),
        IngestRefusal.InactiveDevice => (409, "The device is suspended or retired, or its key was replaced."),
        IngestRefusal.WrongClass => (422, "The device's model proves for another resource class."),
        IngestRefusal.TooFarAhead => (422, "The device's clock is ahead of the network's by more than the tolerance."),
        IngestRefusal.TooOld => (422, "The proof is older than anything that still counts."),
        IngestRefusal.Replayed => (409, "An earlier epoch took this sequence or one too far above it."),
        IngestRefusal.RateLimited => (429, "The device sends more than its limit."),
        IngestRefusal.AwaitsReport => (503, "The network's reports are a period late and the next would reject the proof as from the future. Keep it and try again later."),
        IngestRefusal.BadSignature => (422, "The signature is not the device's."),
        _ => (503, "This operator cannot store more at the moment. Try again later, or another operator."),
    };
}
