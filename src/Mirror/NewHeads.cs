using System.Net.WebSockets;
using System.Text.Json;
using DePin.Chain.Rpc;
using DePin.Protocol;
using Microsoft.Extensions.Logging;

namespace DePin.Mirror;

/// <summary>
/// Subscribes to new heads over a WebSocket (<c>eth_subscribe</c>, on Solana <c>slotSubscribe</c>: a slot is told of before it is confirmed), only to wake the follower: nothing that is said there is believed or even read. While
/// no subscription stands, the follower polls as ever; connections that end are made anew, at the next URL where there are several.
/// </summary>
public sealed partial class NewHeads(IReadOnlyList<Uri> urls, ChainKind kind, TimeProvider time, ILogger<NewHeads> logger)
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private readonly byte[] _subscribe = kind == ChainKind.Solana
        ? """{"jsonrpc":"2.0","id":1,"method":"slotSubscribe"}"""u8.ToArray()
        : """{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["newHeads"]}"""u8.ToArray();

    private volatile bool _isLive;
    private long _heard;

    /// <summary>Whether a subscription stands.</summary>
    public bool IsLive => _isLive;

    /// <summary>Heads told of so far.</summary>
    public long Heard => Interlocked.Read(ref _heard);

    /// <summary>Keeps a subscription until cancelled. Never throws.</summary>
    /// <param name="wake">Called for each head, and when a subscription begins or ends.</param>
    /// <param name="ct">Ends it.</param>
    public async Task RunAsync(Action wake, CancellationToken ct)
    {
        var pause = FirstPause;
        for (var turn = 0; !ct.IsCancellationRequested; turn++)
        {
            var url = urls[turn % urls.Count];
            var label = RpcEndPoint.LabelOf(url);
            try
            {
                await ListenAsync(url, label, wake, ct);
            }
            catch (Exception error) when (error is WebSocketException or OperationCanceledException or JsonException or HttpRequestException or IOException or InvalidOperationException)
            {
                if (ct.IsCancellationRequested) return;
                if (_isLive) pause = FirstPause;
                LogEnded(label, error.GetType().Name, pause.TotalSeconds); // not its text, which may hold the URL
            }
            finally
            {
                _isLive = false;
                wake();
            }

            await Task.Delay(pause, time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    private async Task ListenAsync(Uri url, string label, Action wake, CancellationToken ct)
    {
        using var socket = new ClientWebSocket();
        socket.Options.KeepAliveInterval = KeepAlive;
        socket.Options.KeepAliveTimeout = KeepAlive;
        var buffer = new byte[64 * 1024];
        using (var patience = new CancellationTokenSource(ConnectWithin, time))
        using (var both = CancellationTokenSource.CreateLinkedTokenSource(ct, patience.Token))
        {
            await socket.ConnectAsync(url, both.Token);
            await socket.SendAsync(_subscribe, WebSocketMessageType.Text, endOfMessage: true, both.Token);
            var length = await ReceiveAsync(socket, buffer, both.Token);
            using var answer = JsonDocument.Parse(buffer.AsMemory(0, length));
            if (answer.RootElement.ValueKind != JsonValueKind.Object || !answer.RootElement.TryGetProperty("result", out _)) throw new JsonException("The node refuses the subscription.");
        }

        _isLive = true;
        wake();
        LogLive(label);
        while (true)
        {
            await ReceiveAsync(socket, buffer, ct);
            Interlocked.Increment(ref _heard);
            wake();
        }
    }

    /// <summary>One message; what is longer than the buffer is dropped, for nobody reads it.</summary>
    private static async Task<int> ReceiveAsync(ClientWebSocket socket, byte[] buffer, CancellationToken ct)
    {
        for (var length = 0; ;)
        {
            var part = await socket.ReceiveAsync(buffer.AsMemory(length == buffer.Length ? 0 : length), ct);
            if (part.MessageType == WebSocketMessageType.Close) throw new WebSocketException(WebSocketError.ConnectionClosedPrematurely);
            length = Math.Min(buffer.Length, length + part.Count);
            if (part.EndOfMessage) return length;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Told of new heads by {Provider}")]
    private partial void LogLive(string provider);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No subscription to new heads of {Provider} ({Why}): the tip is polled; trying again in {Seconds} s")]
    private partial void LogEnded(string provider, string why, double seconds);
}
