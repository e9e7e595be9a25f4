using Microsoft.AspNetCore.Diagnostics;
using Npgsql;

namespace DePin.Api;

/// <summary>Turns a database that went away under a request into a 503 that says when to come back: it is not the request's fault, and reading again is safe.</summary>
internal sealed class DatabaseOutage : IExceptionHandler
{
    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is not NpgsqlException { IsTransient: true }) return false;
        httpContext.Response.Headers.RetryAfter = "1";
        await Problems.DatabaseUnavailable().ExecuteAsync(httpContext);
        return true;
    }
}
