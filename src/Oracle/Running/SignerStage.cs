using DePin.Signing;
using Microsoft.AspNetCore.Diagnostics;

namespace DePin.Oracle.Running;

/// <summary>Looks whether the signer answers and tells when that changes; everything that waits for a signature goes on by itself.</summary>
public sealed partial class SignerStage(IOperatorSigner keys, ILogger<SignerStage> logger) : IStage
{
    private bool _silent;

    /// <inheritdoc/>
    public string Name => "signer";

    /// <inheritdoc/>
    public TimeSpan Pace => TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    public async Task<bool> StepAsync(CancellationToken ct)
    {
        await Task.Run(keys.Check, ct);
        if (keys.Problem is { } problem && !_silent)
        {
            OracleMeters.Alarms.Add(1, new KeyValuePair<string, object?>("kind", "signer-unreachable"));
            LogSilent(logger, problem);
        }
        else if (_silent && keys.Problem is null)
        {
            LogBack(logger);
        }

        _silent = keys.Problem is not null;
        return false;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The signer does not answer ({Problem}); this node goes on verifying and signs nothing until it does")]
    private static partial void LogSilent(ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "The signer answers again")]
    private static partial void LogBack(ILogger logger);
}

/// <summary>What a request gets that needed a signature while the signer is silent: 503 <c>SignerUnreachable</c>, to be made again.</summary>
internal sealed class SignerSilence : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is not SignerUnreachableException) return false;
        httpContext.Response.Headers.RetryAfter = "5";
        await Results.Problem("What was sent may be kept here, but nothing can be signed at the moment.", statusCode: StatusCodes.Status503ServiceUnavailable, title: "Signer unreachable",
            type: "urn:depin:problem:SignerUnreachable").ExecuteAsync(httpContext);
        return true;
    }
}
