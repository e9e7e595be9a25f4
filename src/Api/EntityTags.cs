using System.Security.Cryptography;
using DePin.Api.Operators;
using Microsoft.Net.Http.Headers;

namespace DePin.Api;

/// <summary>
/// Gives every answer of <c>/v1</c> the hash of its content as entity tag, and answers 304 to who has it already. Answers are bounded, so that one is held in
/// memory while it is hashed; the live stream is not one of them, nor is what one signed-in person sees.
/// </summary>
internal sealed class EntityTags(RequestDelegate next)
{
    public async Task InvokeAsync(HttpContext http)
    {
        var request = http.Request;
        if (!HttpMethods.IsGet(request.Method) || !request.Path.StartsWithSegments("/v1", out var rest) || rest == "/stream" || OperatorSetup.IsGuarded(request.Path))
        {
            await next(http);
            return;
        }

        var response = http.Response;
        var body = response.Body;
        using var content = new MemoryStream(8_192); // most answers
        response.Body = content;
        try
        {
            await next(http);
        }
        finally
        {
            response.Body = body;
        }

        var bytes = content.GetBuffer().AsMemory(0, (int)content.Length);
        if (response.StatusCode == StatusCodes.Status200OK)
        {
            var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(bytes.Span).AsSpan(0, 16))}\"");
            response.Headers.ETag = tag.ToString();
            response.Headers.CacheControl = "no-cache"; // keep it, and ask whether it is still so
            if (request.GetTypedHeaders().IfNoneMatch.Any(one => one.Compare(tag, useStrongComparison: false) || one.Equals(EntityTagHeaderValue.Any)))
            {
                response.StatusCode = StatusCodes.Status304NotModified;
                response.ContentLength = null;
                response.Headers.ContentType = default;
                return;
            }
        }

        if (bytes.Length == 0) return;
        response.ContentLength = bytes.Length;
        await body.WriteAsync(bytes, http.RequestAborted);
    }
}
