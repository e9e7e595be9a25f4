using DePin.Hosting;
using Microsoft.AspNetCore.Http.HttpResults;

namespace DePin.Api;

/// <summary>
/// Errors as RFC 9457 problem details with a stable <c>code</c>. Codes are part of the interface: never renamed, only added.
/// </summary>
public static class Problems
{
    /// <summary>400: a parameter is not what it must be; the text names it and says what would do.</summary>
    public static ProblemHttpResult BadParameter(string parameter, string expected) =>
        CodedProblem.Of(StatusCodes.Status400BadRequest, "bad-parameter", "A parameter is not valid", $"'{parameter}' must be {expected}.");

    /// <summary>400: the cursor was not made by this list.</summary>
    public static ProblemHttpResult BadCursor() =>
        CodedProblem.Of(StatusCodes.Status400BadRequest, "bad-cursor", "The cursor is not one of this list", "Use the 'next' value of the page before, unchanged, or leave 'cursor' out to start again.");

    /// <summary>404: no such thing in the mirror.</summary>
    public static ProblemHttpResult NotFound(string what, object id) =>
        CodedProblem.Of(StatusCodes.Status404NotFound, "not-found", "Nothing has this id", $"There is no {what} '{id}' in the mirror. It may be newer than the last mirrored block: see /v1/indexer.");

    /// <summary>404: no such thing, or of an epoch whose verdicts were pruned.</summary>
    public static ProblemHttpResult NotKept(string what, object id, long from) =>
        CodedProblem.Of(StatusCodes.Status404NotFound, "not-found", "Nothing has this id",
            $"There is no {what} '{id}' in epoch {from} or later; verdicts of earlier epochs are kept only in sums. 'depin audit' judges them again from the evidence.");

    /// <summary>409: known, but not in the state that the request needs.</summary>
    public static ProblemHttpResult NotYet(string code, string detail) => CodedProblem.Of(StatusCodes.Status409Conflict, code, "Not possible yet", detail);

    /// <summary>503: nothing mirrored yet.</summary>
    public static ProblemHttpResult NotMirrored() =>
        CodedProblem.Of(StatusCodes.Status503ServiceUnavailable, "not-mirrored", "The mirror is empty", "The indexer has not written its first block yet. Is it running, and does it use this database?");

    /// <summary>Gives answers that the framework makes (binding, routing, failures) the same shape, with a code and a text that says what to do.</summary>
    public static void Complete(ProblemDetailsContext context)
    {
        var completed = CodedProblem.Complete(context, static status => status switch
        {
            StatusCodes.Status400BadRequest => ("bad-parameter", "A parameter is not valid", "A parameter in the path or the query is not of its type: /docs lists them."),
            StatusCodes.Status404NotFound => ("not-found", "There is nothing here", "No such path: /docs lists them."),
            StatusCodes.Status405MethodNotAllowed => ("read-only", "This API only reads", "Use GET. What changes the network is a transaction on its chain."),
            StatusCodes.Status413PayloadTooLarge => ("too-large", "The body is too large", "A sign-in message is shorter than that."),
            StatusCodes.Status503ServiceUnavailable => ("database-down", "The database does not answer", "The API cannot read its database at the moment. Try again in a few seconds."),
            _ => ("internal-error", "This request failed here", "The failure is in this host's log. Trying again may help."),
        });
        if (completed && context.ProblemDetails.Status == StatusCodes.Status503ServiceUnavailable) context.HttpContext.Response.Headers.RetryAfter = "2";
    }
}
