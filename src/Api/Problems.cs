using Microsoft.AspNetCore.Http.HttpResults;

namespace DePin.Api;

/// <summary>
/// Errors as RFC 9457 problem details with a stable <c>code</c>. Codes are part of the interface: never renamed, only added.
/// </summary>
public static class Problems
{
    /// <summary>400: a parameter is not what it must be; the text names it and says what would do.</summary>
    public static ProblemHttpResult BadParameter(string parameter, string expected) =>
        Problem(StatusCodes.Status400BadRequest, "bad-parameter", "A parameter is not valid", $"'{parameter}' must be {expected}.");

    /// <summary>400: the cursor was not made by this list.</summary>
    public static ProblemHttpResult BadCursor() =>
        Problem(StatusCodes.Status400BadRequest, "bad-cursor", "The cursor is not one of this list", "Use the 'next' value of the page before, unchanged, or leave 'cursor' out to start again.");

    /// <summary>404: no such thing in the mirror.</summary>
    public static ProblemHttpResult NotFound(string what, object id) =>
        Problem(StatusCodes.Status404NotFound, "not-found", "Nothing has this id", $"There is no {what} '{id}' in the mirror. It may be newer than the last mirrored block: see /v1/indexer.");

    /// <summary>409: known, but not in the state that the request needs.</summary>
    public static ProblemHttpResult NotYet(string code, string detail) => Problem(StatusCodes.Status409Conflict, code, "Not possible yet", detail);

    /// <summary>503: nothing mirrored yet.</summary>
    public static ProblemHttpResult NotMirrored() =>
        Problem(StatusCodes.Status503ServiceUnavailable, "not-mirrored", "The mirror is empty", "The indexer has not written its first block yet. Is it running, and does it use this database?");

    /// <summary>503: the database does not answer, or its connection broke under this request.</summary>
    public static ProblemHttpResult DatabaseUnavailable() =>
        Problem(StatusCodes.Status503ServiceUnavailable, "database-unavailable", "The database does not answer", "It is restarting or out of reach. Retry after a second.");

    private static ProblemHttpResult Problem(int status, string code, string title, string detail) =>
        TypedResults.Problem(detail, statusCode: status, title: title, type: $"urn:depin:problem:{code}", extensions: [new("code", code)]);
}
