using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace DePin.Chain.Tests.Solana;

/// <summary>A WebSocket server of a Solana node's kind. It grants every subscription, with the number of the call and 100 times that of the connection, unless told otherwise.</summary>
internal sealed class StubSocket : IAsyncDisposable
{
    private readonly WebApplication _app;
    private WebSocket? _current;
    private int _connections;

    private StubSocket(WebApplication app) => _app = app;

    public Func<JsonNode, ulong, string?> Answer { get; set; } = static (call, number) => $$"""{"jsonrpc":"2.0","result":{{number}},"id":{{call["id"]}}}""";

    public ConcurrentQueue<string> Calls { get; } = [];

    public int Connections => Volatile.Read(ref _connections);

    public Uri Url => new(_app.Urls.First().Replace("http", "ws", StringComparison.Ordinal) + "/v2/secret-key");

    public static async Task<StubSocket> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var stub = new StubSocket(app);
        app.UseWebSockets();
        app.Run(async context =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            var connection = Interlocked.Increment(ref stub._connections);
            stub._current = socket;
            var buffer = new byte[64 * 1024];
            try
            {
                while (true)
                {
                    var got = await socket.ReceiveAsync(buffer, context.RequestAborted);
                    if (got.MessageType == WebSocketMessageType.Close) return;
                    var call = JsonNode.Parse(buffer.AsSpan(0, got.Count))!;
                    stub.Calls.Enqueue($"{call["method"]}{call["params"]!.ToJsonString()}");
                    if (stub.Answer(call, (ulong)((100 * connection) + call["id"]!.GetValue<int>())) is { } text) await stub.SendAsync(text);
                }
            }
            catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
            {
                // The client is gone, or Break was called.
            }
        });
        await app.StartAsync();
        return stub;
    }

    public Task SendAsync(string text) => _current!.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);

    public Task NotifyAsync(string kind, ulong number, string result) =>
        SendAsync($$"""{"jsonrpc":"2.0","method":"{{kind}}Notification","params":{"result":{{result}},"subscription":{{number}} } }""");

    /// <summary>Cuts the connection.</summary>
    public void Break() => _current!.Abort();

    public async ValueTask DisposeAsync()
    {
        _current?.Abort();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _app.StopAsync(patience.Token);
        await _app.DisposeAsync();
    }
}
