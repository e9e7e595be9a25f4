using System.Buffers;
using System.Net.WebSockets;
using System.Text.Json;
using System.Threading.Channels;
using DePin.Abi.Solana;
using DePin.Chain.Rpc;

namespace DePin.Chain.Solana;

/// <summary>
/// Subscriptions over one WebSocket, kept through breaks: <see cref="RunAsync"/> connects, subscribes, and after a break does so again, at the next URL where there
/// are several. Nothing that is told counts as settled: notices say when to look, the node's answers what to believe.
/// </summary>
/// <param name="urls">ws or wss, in order of preference. Path, query and user info may hold keys and are never shown.</param>
/// <param name="options">How to keep them.</param>
/// <param name="time">Its clock.</param>
public sealed class SolanaSocket(IReadOnlyList<Uri> urls, SolanaSocketOptions? options = null, TimeProvider? time = null)
{
    private readonly SolanaSocketOptions _options = options ?? new SolanaSocketOptions();
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Lock _lock = new();
    private readonly HashSet<SolanaSubscription> _subscriptions = [];
    private Connection? _connection;
    private long _connections;

    /// <summary>Whether a connection stands.</summary>
    public bool IsLive
    {
        get
        {
            lock (_lock) return _connection is not null;
        }
    }

    /// <summary>Connections made so far.</summary>
    public long Connections => Interlocked.Read(ref _connections);

    /// <summary>Told why a connection ended: host and kind of the fault, nothing of the URL's path.</summary>
    public event Action<string>? Broken;

    /// <summary>Slots as they begin.</summary>
    public SolanaSubscription<SolanaSlotNotice> SubscribeToSlots() => Add("slot", null, static r =>
        new SolanaSlotNotice(r.GetProperty("slot").GetUInt64(), r.GetProperty("parent").GetUInt64(), r.GetProperty("root").GetUInt64()), ticks: true);

    /// <summary>Slots as they become final.</summary>
    public SolanaSubscription<ulong> SubscribeToRoots() => Add("root", null, static r => r.GetUInt64(), ticks: true);

    /// <summary>Transactions that name an account: a program, say.</summary>
    public SolanaSubscription<SolanaLogsNotice> SubscribeToLogs(SolanaAddress mentions, Finality finality) => Add("logs", w =>
    {
        w.WriteStartObject();
        w.WriteStartArray("mentions");
        w.WriteStringValue(mentions.ToString());
        w.WriteEndArray();
        w.WriteEndObject();
        WriteOptions(w, finality);
    }, static r => new SolanaLogsNotice(SlotOf(r), SolanaJson.Id(r.GetProperty("value").GetProperty("signature")), SolanaJson.Lines(r.GetProperty("value"), "logs") is { IsDefault: false } logs ? logs : []));

    /// <summary>An account whenever it is written.</summary>
    public SolanaSubscription<SolanaAccountNotice> SubscribeToAccount(SolanaAddress address, Finality finality) => Add("account", w =>
    {
        w.WriteStringValue(address.ToString());
        WriteOptions(w, finality, base64: true);
    }, static r => new SolanaAccountNotice(SlotOf(r), SolanaResults.OptionalAccount(r.GetProperty("value"))));

    /// <summary>A transaction once it reaches a commitment: one notice, then the subscription ends. Where it reached it before, or expires, no notice may come: ask now and then.</summary>
    public SolanaSubscription<SolanaSignatureNotice> SubscribeToSignature(TransactionId id, Finality finality) => Add("signature", w =>
    {
        w.WriteStringValue(id.Text);
        WriteOptions(w, finality);
    }, static r => new SolanaSignatureNotice(SlotOf(r)), once: true);

    /// <summary>Keeps the subscriptions until cancelled. Never throws. One at a time.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        var pause = _options.FirstPause;
        for (var turn = 0; !ct.IsCancellationRequested; turn++)
        {
            var url = urls[turn % urls.Count];
            var before = Connections;
            try
            {
                await ListenAsync(url, ct).ConfigureAwait(false);
            }
            catch (Exception error) when (error is WebSocketException or OperationCanceledException or JsonException or HttpRequestException or IOException or InvalidOperationException or TransientRpcException)
            {
                if (ct.IsCancellationRequested) break;
                Broken?.Invoke($"{RpcEndPoint.LabelOf(url)}: {(error is OperationCanceledException or TimeoutException ? "silent for too long" : error.GetType().Name)}");
            }

            if (Connections > before) pause = _options.FirstPause;
            await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), _time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            pause = pause * 2 < _options.LongestPause ? pause * 2 : _options.LongestPause;
        }
    }

    internal void Remove(SolanaSubscription subscription)
    {
        lock (_lock)
        {
            _subscriptions.Remove(subscription);
            _connection?.Unsubscribe(subscription);
        }
    }

    private SolanaSubscription<T> Add<T>(string method, Action<Utf8JsonWriter>? parameters, Func<JsonElement, T> read, bool once = false, bool ticks = false)
    {
        var subscription = new SolanaSubscription<T>(this, method, parameters, read, once, ticks, _options.MaximumWaiting);
        lock (_lock)
        {
            _subscriptions.Add(subscription);
            _connection?.Subscribe(subscription);
        }

        return subscription;
    }

    private async Task ListenAsync(Uri url, CancellationToken ct)
    {
        using var socket = new ClientWebSocket();
        socket.Options.KeepAliveInterval = _options.KeepAlive;
        socket.Options.KeepAliveTimeout = _options.KeepAlive;
        using (var patience = new CancellationTokenSource(_options.ConnectWithin, _time))
        using (var both = CancellationTokenSource.CreateLinkedTokenSource(ct, patience.Token)) await socket.ConnectAsync(url, both.Token).ConfigureAwait(false);

        using var end = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var connection = new Connection(this);
        lock (_lock)
        {
            _connection = connection;
            foreach (var subscription in _subscriptions) connection.Subscribe(subscription);
        }

        Interlocked.Increment(ref _connections);
        var (sending, watching) = (connection.SendAsync(socket, end.Token), connection.WatchAsync(end));
        try
        {
            await connection.ReceiveAsync(socket, end.Token).ConfigureAwait(false);
        }
        finally
        {
            lock (_lock) _connection = null;
            await end.CancelAsync().ConfigureAwait(false);
            await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await watching.ConfigureAwait(false);
        }
    }

    private static ulong SlotOf(JsonElement result) => result.GetProperty("context").GetProperty("slot").GetUInt64();

    private static void WriteOptions(Utf8JsonWriter w, Finality finality, bool base64 = false)
    {
        w.WriteStartObject();
        if (base64) w.WriteString("encoding", "base64");
        w.WriteString("commitment", SolanaJson.Name(finality));
        w.WriteEndObject();
    }

    // What stands on one connection. Subscribe and Unsubscribe run under the socket's lock, the rest on the receiving loop.
    private sealed class Connection(SolanaSocket owner)
    {
        private readonly Channel<ReadOnlyMemory<byte>> _outbox = Channel.CreateUnbounded<ReadOnlyMemory<byte>>(new UnboundedChannelOptions { SingleReader = true });
        private readonly Dictionary<int, SolanaSubscription> _asked = [];
        private readonly Dictionary<ulong, SolanaSubscription> _standing = [];
        private int _lastId;
        private long _askedAt;
        private long _heardAt = owner._time.GetTimestamp();

        public void Subscribe(SolanaSubscription subscription)
        {
            var id = ++_lastId;
            _asked[id] = subscription;
            _askedAt = owner._time.GetTimestamp();
            _outbox.Writer.TryWrite(Call(id, $"{subscription.Method}Subscribe", subscription.Parameters));
        }

        public void Unsubscribe(SolanaSubscription subscription)
        {
            foreach (var (number, _) in _standing.Where(s => s.Value == subscription).ToArray()) Unsubscribe(subscription.Method, number);
        }

        public async Task SendAsync(ClientWebSocket socket, CancellationToken ct)
        {
            await foreach (var message in _outbox.Reader.ReadAllAsync(ct).ConfigureAwait(false))
                await socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, ct).ConfigureAwait(false);
        }

        public async Task ReceiveAsync(ClientWebSocket socket, CancellationToken ct)
        {
            var buffer = new byte[64 * 1024];
            while (true)
            {
                (buffer, var length) = await ReceiveAsync(socket, buffer, ct).ConfigureAwait(false);
                Volatile.Write(ref _heardAt, owner._time.GetTimestamp());
                Take(buffer.AsMemory(0, length));
            }
        }

        /// <summary>Ends the connection where the node is silent although it should speak.</summary>
        public async Task WatchAsync(CancellationTokenSource end)
        {
            while (!end.IsCancellationRequested)
            {
                await Task.Delay(owner._options.StuckAfter / 8, owner._time, end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (IsStuck()) await end.CancelAsync().ConfigureAwait(false);
            }
        }

        private bool IsStuck()
        {
            lock (owner._lock)
            {
                return (_standing.Values.Any(s => s.Ticks) && owner._time.GetElapsedTime(Volatile.Read(ref _heardAt)) > owner._options.StuckAfter)
                    || (_asked.Count > 0 && owner._time.GetElapsedTime(_askedAt) > owner._options.ConnectWithin);
            }
        }

        private async Task<(byte[] Buffer, int Length)> ReceiveAsync(ClientWebSocket socket, byte[] buffer, CancellationToken ct)
        {
            for (var length = 0; ;)
            {
                var part = await socket.ReceiveAsync(buffer.AsMemory(length), ct).ConfigureAwait(false);
                if (part.MessageType == WebSocketMessageType.Close) throw new WebSocketException(WebSocketError.ConnectionClosedPrematurely);
                length += part.Count;
                if (part.EndOfMessage) return (buffer, length);
                if (length < buffer.Length) continue;
                if (length >= owner._options.MaximumMessage) throw new WebSocketException(WebSocketError.HeaderError, "a message is too long");
                Array.Resize(ref buffer, Math.Min(2 * length, owner._options.MaximumMessage));
            }
        }

        private void Take(ReadOnlyMemory<byte> message)
        {
            using var json = JsonDocument.Parse(message);
            SolanaJson.Guard(json.RootElement, root =>
            {
                lock (owner._lock)
                {
                    if (root.TryGetProperty("method", out var method)) Notified(method.GetString() ?? "", root.GetProperty("params"));
                    else if (root.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.Number && _asked.Remove(id.GetInt32(), out var subscription)) Answered(subscription, root);
                }

                return true;
            });
        }

        private void Answered(SolanaSubscription subscription, JsonElement answer)
        {
            if (answer.TryGetProperty("error", out var error))
            {
                var code = error.TryGetProperty("code", out var c) && c.TryGetInt32(out var number) ? number : 0;
                var words = error.TryGetProperty("message", out var m) ? m.ToString() : "";
                var refusal = SolanaRpcErrors.Read($"{subscription.Method}Subscribe", new RpcError(code, words, null));
                if (refusal is TransientRpcException) throw refusal; // asked again on another connection
                owner._subscriptions.Remove(subscription);
                subscription.End(refusal);
                return;
            }

            var standing = answer.GetProperty("result").GetUInt64();
            if (!owner._subscriptions.Contains(subscription))
            {
                Unsubscribe(subscription.Method, standing); // given up meanwhile
                return;
            }

            _standing[standing] = subscription;
            subscription.Begun();
        }

        private void Notified(string method, JsonElement notice)
        {
            var number = notice.GetProperty("subscription").GetUInt64();
            if (!_standing.TryGetValue(number, out var subscription) || method != $"{subscription.Method}Notification") return;
            subscription.Notify(notice.GetProperty("result"));
            if (!subscription.Once) return;
            _standing.Remove(number);
            owner._subscriptions.Remove(subscription);
            subscription.End(null);
        }

        private void Unsubscribe(string method, ulong number)
        {
            _standing.Remove(number);
            _outbox.Writer.TryWrite(Call(++_lastId, $"{method}Unsubscribe", w => w.WriteNumberValue(number)));
        }

        private static ReadOnlyMemory<byte> Call(int id, string method, Action<Utf8JsonWriter>? parameters)
        {
            var buffer = new ArrayBufferWriter<byte>(256);
            using var writer = new Utf8JsonWriter(buffer);
            writer.WriteStartObject();
            writer.WriteString("jsonrpc"u8, "2.0"u8);
            writer.WriteNumber("id"u8, id);
            writer.WriteString("method"u8, method);
            writer.WriteStartArray("params"u8);
            parameters?.Invoke(writer);
            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.Flush();
            return buffer.WrittenMemory;
        }
    }
}
