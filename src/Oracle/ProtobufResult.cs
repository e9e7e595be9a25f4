using Google.Protobuf;

namespace DePin.Oracle;

/// <summary>A protobuf message as an answer.</summary>
public sealed class ProtobufResult(IMessage message, int status = StatusCodes.Status200OK) : IResult
{
    /// <summary>Media type of protobuf bodies in both directions.</summary>
    public const string ContentType = "application/x-protobuf";

    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var bytes = message.ToByteArray();
        httpContext.Response.StatusCode = status;
        httpContext.Response.ContentType = ContentType;
        httpContext.Response.ContentLength = bytes.Length;
        await httpContext.Response.Body.WriteAsync(bytes, httpContext.RequestAborted);
    }
}
