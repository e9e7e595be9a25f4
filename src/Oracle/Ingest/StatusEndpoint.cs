using DePin.Cryptography;
using DePin.Oracle.Ingest.Wire;
using DePin.Storage.Oracle;
using Google.Protobuf;
using Npgsql;

namespace DePin.Oracle.Ingest;

/// <summary><c>POST /v1/proofs:status</c>: how far many proofs are, for senders that keep them until certified.</summary>
public static class StatusEndpoint
{
    private const int MaxIds = 2_000;
    private const int MaxBytes = MaxIds * 40;

    /// <summary>Maps the end point.</summary>
    public static IEndpointRouteBuilder MapStatus(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/proofs:status", AnswerAsync);
        return routes;
    }

    private static async Task<IResult> AnswerAsync(HttpContext http, IngestService ingest, NpgsqlDataSource dataSource, CancellationToken ct)
    {
        if (http.Request.ContentLength is not (>= 0 and <= MaxBytes))
            return Results.Problem($"State the length of the request; it may be at most {MaxBytes} bytes ({MaxIds} ids).", statusCode: StatusCodes.Status413PayloadTooLarge);
        StatusQuery query;
        try
        {
            using var body = new MemoryStream((int)http.Request.ContentLength);
            await http.Request.Body.CopyToAsync(body, ct);
            query = StatusQuery.Parser.ParseFrom(body.GetBuffer().AsSpan(0, (int)body.Length));
        }
        catch (InvalidProtocolBufferException)
        {
            return Results.Problem("The request is not a status query.", statusCode: StatusCodes.Status400BadRequest);
        }

        if (query.Ids.Count > MaxIds || query.Ids.Any(id => id.Length != Bytes32.Size))
            return Results.Problem($"A query holds at most {MaxIds} ids of 32 bytes.", statusCode: StatusCodes.Status400BadRequest);
        var ids = query.Ids.Select(id => new Bytes32(id.Span)).ToList();
        var found = await new ProofProgressStore(dataSource).FindAsync(ids, ingest.Operator, ct);
        var answer = new StatusAnswer();
        answer.Stages.AddRange(ids.Select(id => found.TryGetValue(id, out var certified) ? (certified ? 2u : 1u) : 0u));
        return new ProtobufResult(answer);
    }
}
