using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace DePin.Chain.Tests;

/// <summary>A JSON-RPC server on a free port that answers as a test says.</summary>
internal sealed class StubNode : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _requests;

    private StubNode(WebApplication app) => _app = app;

    /// <summary>What it does with a request.</summary>
    public Func<HttpContext, JsonNode, Task> Answer { get; set; } = ResultAsync;

    /// <summary>Requests so far.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>With a path and query as hosted nodes have them, which hold keys.</summary>
    public Uri Url => new($"{_app.Urls.First()}/v2/secret-key?token=hidden");

    public static async Task<StubNode> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var node = new StubNode(app);
        app.MapPost("/{**path}", async context =>
        {
            Interlocked.Increment(ref node._requests);
            var request = await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
            await node.Answer(context, request!);
        });
        await app.StartAsync();
        return node;
    }

    /// <summary>A proper answer to every call of the request.</summary>
    public static Task ResultAsync(HttpContext context, JsonNode request) => TextAsync(context, request is JsonArray calls
        ? $"[{string.Join(',', calls.Select(c => One(c!)).Reverse())}]"
        : One(request), 200);

    public static Task TextAsync(HttpContext context, string text, int status)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), context.RequestAborted).AsTask();
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    // The id of a call as its result, so that a mix-up shows.
    private static string One(JsonNode call) => $$"""{"jsonrpc":"2.0","result":"0x{{call["id"]!.GetValue<int>():x}}","id":{{call["id"]!.GetValue<int>()}}}""";
}
