using DePin.Cryptography;
using DePin.Oracle.Batch.Wire;
using DePin.Oracle.Network;
using DePin.Signing;
using DePin.Storage.Oracle;
using Google.Protobuf;
using Microsoft.AspNetCore.Mvc;

namespace DePin.Oracle.Batch;

/// <summary>What operators ask of one another about lanes. Nothing here trusts the caller: every message proves itself by signatures.</summary>
public static class LaneEndpoints
{
    private const int MaxBody = Protocol.Lanes.Batch.MaxSize + 1_024;

    /// <summary>Maps <c>PUT</c> and <c>GET /v1/lanes/{operator}/batches/{index}</c>, and <c>GET /v1/lanes</c>.</summary>
    public static IEndpointRouteBuilder MapLanes(this IEndpointRouteBuilder routes)
    {
        routes.MapPut("/v1/lanes/{operator}/batches/{index}", PutBatchAsync).WithMetadata(new RequestSizeLimitAttribute(MaxBody)).For(Audience.Peers);
        routes.MapGet("/v1/lanes/{operator}/batches/{index}", GetBatchAsync).For(Audience.Peers);
        routes.MapGet("/v1/lanes", GetLanesAsync).For(Audience.Peers);
        return routes;
    }

    private static async Task<IResult> PutBatchAsync(HttpContext http, LaneKeeper keeper, IOperatorSigner keys, CancellationToken ct)
    {
        if (await ReadAsync(http, SealedBatch.Parser, ct) is not { } batch) return Results.BadRequest();
        var answer = await keeper.AcceptPushedAsync(batch, ct);
        if (answer.Refusal == LaneRefusal.TooFast) return RequestLimits.Refuse(answer.RetryAfter, "This operator pushes more batches than its share. Nothing was taken: push it again after the time given.");
        return new ProtobufResult(new BatchAnswer
        {
            Sender = ByteString.CopyFrom(keys.Address.AsSpan()),
            Signature = answer.Acknowledgement is { } own ? ByteString.CopyFrom(own.Signature.ToArray()) : ByteString.Empty,
            Height = answer.Height,
            Refusal = (uint)answer.Refusal,
        });
    }

    private static async Task<IResult> GetBatchAsync(string @operator, long index, LaneStore store, CancellationToken ct)
    {
        if (!Address.TryParse(@operator, out var lane)) return Results.BadRequest();
        if (await store.FindBatchAsync(lane, index, ct) is not { } batch) return Results.NotFound();
        return await store.FindAcknowledgementAsync(lane, index, lane, ct) is { } own && own.Digest == batch.Digest
            ? new ProtobufResult(LaneMessages.ToWire(batch, own))
            : Results.NotFound();
    }

    private static async Task<IResult> GetLanesAsync(LaneStore store, IOperatorSigner keys, CancellationToken ct)
    {
        var certificates = (await store.GetCertificatesAsync(ct)).ToDictionary(c => c[0].Lane);
        var message = new Lanes { Sender = ByteString.CopyFrom(keys.Address.AsSpan()) };
        foreach (var lane in await store.GetLanesAsync(ct))
        {
            message.Lanes_.Add(new Lane
            {
                Operator = ByteString.CopyFrom(lane.Operator.AsSpan()),
                Height = (ulong)lane.Height,
                Certificate = certificates.TryGetValue(lane.Operator, out var found) ? LaneMessages.ToWire(found) : null,
            });
        }

        return new ProtobufResult(message);
    }

    private static async Task<T?> ReadAsync<T>(HttpContext http, MessageParser<T> parser, CancellationToken ct) where T : class, IMessage<T>
    {
        using var body = new MemoryStream((int)Math.Min(http.Request.ContentLength ?? 4_096, MaxBody));
        await http.Request.Body.CopyToAsync(body, ct);
        try
        {
            return parser.ParseFrom(body.GetBuffer(), 0, (int)body.Length);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }
}
