using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace DePin.Oracle.Tests.Faults;

/// <summary>Stands between operators and a node: passes everything on, but can hold back the transactions of one operator.</summary>
public sealed class RpcGate : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpClient _node;
    private readonly ConcurrentDictionary<int, (Func<byte[], bool> Which, TaskCompletionSource<byte[]> Held)> _held = new();

    private RpcGate(WebApplication app, Uri node)
    {
        _app = app;
        _node = new HttpClient { BaseAddress = node, Timeout = TimeSpan.FromSeconds(60) };
    }

    public static async Task<RpcGate> StartAsync(Uri node, CancellationToken ct)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var gate = new RpcGate(app, node);
        app.MapPost("/{number:int}", (int number, HttpContext http) => gate.PassAsync(number, http));
        await app.StartAsync(ct);
        return gate;
    }

    /// <summary>The node as one operator reaches it.</summary>
    public Uri UrlOf(int number) => new(string.Create(CultureInfo.InvariantCulture, $"{_app.Urls.First()}/{number}"));

    /// <summary>From here on the operator's raw transactions that <paramref name="which"/> names never reach the node; the result is the first of them.</summary>
    public Task<byte[]> Hold(int number, Func<byte[], bool> which)
    {
        var held = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        _held[number] = (which, held);
        return held.Task;
    }

    /// <summary>Lets everything pass again.</summary>
    public void Open(int number) => _held.TryRemove(number, out _);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _node.Dispose();
    }

    private async Task PassAsync(int number, HttpContext http)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body, http.RequestAborted);
        if (_held.TryGetValue(number, out var hold) && FindTransaction(body.ToArray()) is { } raw && hold.Which(raw))
        {
            hold.Held.TrySetResult(raw);
            await Task.Delay(Timeout.Infinite, http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // until the caller is gone
            return;
        }

        using var content = new ByteArrayContent(body.ToArray());
        content.Headers.ContentType = new("application/json");
        using var answer = await _node.PostAsync((Uri?)null, content, http.RequestAborted);
        http.Response.StatusCode = (int)answer.StatusCode;
        http.Response.ContentType = "application/json";
        await answer.Content.CopyToAsync(http.Response.Body, http.RequestAborted);
    }

    private static byte[]? FindTransaction(byte[] body)
    {
        var request = JsonNode.Parse(body);
        foreach (var call in request is JsonArray many ? [.. many] : new[] { request })
        {
            if (call?["method"]?.GetValue<string>() == "eth_sendRawTransaction") return Convert.FromHexString(call["params"]![0]!.GetValue<string>()[2..]);
        }

        return null;
    }
}
