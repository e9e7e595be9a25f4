using System.Net;

namespace DePin.Client;

/// <summary>There is no answer to give: the server refused, could not be reached, or was not understood. The message says which, of what, and never holds a query.</summary>
public class ApiException : Exception
{
    /// <summary>With what is known of it.</summary>
    public ApiException(string message, HttpStatusCode? status, string code, Exception? inner = null)
        : base(message, inner) => (Status, Code) = (status, code);

    /// <summary>Of the answer; null where none arrived.</summary>
    public HttpStatusCode? Status { get; }

    /// <summary>
    /// Stable: the server's own (<c>bad-parameter</c>, <c>not-found</c>, …), or <c>http-error</c> for a refusal that carries none, <c>not-understood</c> for an answer that is no JSON or
    /// lacks something, <c>wrong-content</c> for evidence that does not match its hash, <c>too-large</c> for more of it than is allowed, <c>timeout</c>, <c>unreachable</c>, <c>resting</c> while a failing server is left alone.
    /// </summary>
    public string Code { get; }

    /// <summary>What went wrong, the same for each such refusal; null where the server did not say.</summary>
    public string? Title { get; init; }

    /// <summary>This case, and what to do; null where the server did not say.</summary>
    public string? Detail { get; init; }

    /// <summary>By which the server's log names the request; null where it has none.</summary>
    public string? RequestId { get; init; }

    /// <summary>How long the server asks to be left alone; null where it does not.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>409: known, but not in the state that the request needs; later it may be.</summary>
    public bool IsNotYet => Status == HttpStatusCode.Conflict;

    /// <summary>Whether the same request may be answered later: the failure was on the way or the server's.</summary>
    public bool IsTransient => Status is { } status ? Http.ApiResilience.IsTransient(status) : Code is not "not-understood";
}

/// <summary>No answer came in time. Not thrown for the caller's own cancellation.</summary>
public sealed class ApiTimeoutException(string message, Exception? inner = null) : ApiException(message, null, "timeout", inner);
