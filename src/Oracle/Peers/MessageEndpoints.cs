using DePin.Oracle.Network;
using DePin.Protocol.Canonical;
using DePin.Protocol.Rounds;
using Microsoft.AspNetCore.Mvc;

namespace DePin.Oracle.Peers;

/// <summary>
/// Where peers post round messages. Nobody is trusted for who connects: a message counts by its sender's signature, which is judged before
/// anything reads its body.
/// </summary>
public static class MessageEndpoints
{
    private const string Path = "/v1/messages";

    /// <summary>
    /// Maps <c>POST /v1/messages</c>: 202 when at least one message was good, 400 for bytes that are no messages, 403 when none is by an operator of its
    /// config, 409 when no config named in it is known here, 429 with Retry-After when too many
    /// requests are being read or the address asks more than its share.
    /// </summary>
    public static IEndpointRouteBuilder MapMessages(this IEndpointRouteBuilder routes)
    {
        routes.MapPost(Path, PostAsync).WithMetadata(new RequestSizeLimitAttribute(MessageBatch.MaxSize)).For(Audience.Peers);
        return routes;
    }

    /// <summary>The address of the endpoint at an operator.</summary>
    public static Uri Under(Uri endpoint) => new(endpoint.AbsoluteUri.TrimEnd('/') + Path);

    private static async Task<IResult> PostAsync(HttpContext http, RoundInbox inbox, CancellationToken ct)
    {
        if (!inbox.TryEnter()) return RequestLimits.Refuse(TimeSpan.FromSeconds(1), "Too many requests are being read.");
        try
        {
            return await ReadAsync(http, inbox, ct);
        }
        finally
        {
            inbox.Leave();
        }
    }

    private static async Task<IResult> ReadAsync(HttpContext http, RoundInbox inbox, CancellationToken ct)
    {
        using var body = new MemoryStream((int)Math.Clamp(http.Request.ContentLength ?? 4_096, 0, MessageBatch.MaxSize));
        await http.Request.Body.CopyToAsync(body, ct);
        List<SignedMessage> messages;
        try
        {
            messages = MessageBatch.Decode(body.GetBuffer().AsSpan(0, (int)body.Length));
        }
        catch (CanonicalFormatException error)
        {
            return Results.Problem(error.Message, statusCode: StatusCodes.Status400BadRequest);
        }

        var answers = messages.ConvertAll(inbox.Take);
        if (answers.Contains(InboxAnswer.Taken)) return Results.Accepted();
        return answers.TrueForAll(static answer => answer == InboxAnswer.UnknownConfig)
            ? Results.Problem("No config named in these messages is known here (yet).", statusCode: StatusCodes.Status409Conflict)
            : Results.Problem("No message is signed by an operator of its config.", statusCode: StatusCodes.Status403Forbidden);
    }
}
