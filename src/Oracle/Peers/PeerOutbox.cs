using System.Net.Http.Headers;
using System.Threading.Channels;
using DePin.Cryptography;
using DePin.Oracle.Network;
using DePin.Oracle.Round;
using DePin.Protocol.Rounds;

namespace DePin.Oracle.Peers;

/// <summary>
/// Brings round messages to peers. Each peer has a bounded queue and a loop of its own, so that one that is slow or dead holds up nobody; what does
/// not fit is dropped, because the round repeats itself. A message that waits already is not queued twice.
/// </summary>
public sealed partial class PeerOutbox(IHttpClientFactory clients, NetworkView view, RoundOptions options, ILogger<PeerOutbox> logger) : IAsyncDisposable
{
    /// <summary>Name of the HTTP client.</summary>
    public const string ClientName = "rounds";

    private const int MostBytesTogether = 256 << 10;
    private static readonly TimeSpan FirstBackOff = TimeSpan.FromMilliseconds(100);

    private readonly Lock _gate = new();
    private readonly Dictionary<Address, Peer> _peers = [];
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Queues a message that is durable (if it is an own one) for an operator.</summary>
    public void Send(Address to, SignedMessage message)
    {
        Peer peer;
        lock (_gate)
        {
            if (_stopping.IsCancellationRequested) return;
            if (!_peers.TryGetValue(to, out peer!))
            {
                _peers[to] = peer = new Peer(to, options.OutboxMessages);
                peer.Loop = Task.Run(() => RunAsync(peer, _stopping.Token));
            }
        }

        peer.Add(message);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Task[] loops;
        lock (_gate)
        {
            _stopping.Cancel();
            loops = [.. _peers.Values.Select(peer => peer.Loop)];
        }

        await Task.WhenAll(loops).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private async Task RunAsync(Peer peer, CancellationToken ct)
    {
        var backOff = FirstBackOff;
        while (!ct.IsCancellationRequested)
        {
            await peer.WaitAsync(ct);
            var batch = peer.Take(MostBytesTogether);
            if (batch.Count == 0) continue;
            if (await TrySendAsync(peer.Address, batch, ct))
            {
                backOff = FirstBackOff;
                continue;
            }

            peer.PutBack(batch);
            await Task.Delay(backOff, ct);
            backOff = backOff * 2 < options.LongestBackOff ? backOff * 2 : options.LongestBackOff;
        }
    }

    private async Task<bool> TrySendAsync(Address to, List<SignedMessage> batch, CancellationToken ct)
    {
        if (view.FindMember(to)?.Endpoint is not { } endpoint) return false;
        try
        {
            var client = clients.CreateClient(ClientName);
            using var content = new ByteArrayContent(MessageBatch.Encode(batch));
            content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
            using var response = await client.PostAsync(MessageEndpoints.Under(endpoint), content, ct);
            if (response.IsSuccessStatusCode) return true;
            LogRefused(logger, to, (int)response.StatusCode);
            // What it refuses for good is not tried again; a peer that is busy or does not know the config yet is.
            return (int)response.StatusCode is >= 400 and < 500 and not 409 and not 429;
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException && !ct.IsCancellationRequested)
        {
            LogUnreachable(logger, to, error.Message);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Operator {Peer} refused round messages with status {Status}")]
    private static partial void LogRefused(ILogger logger, Address peer, int status);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Round messages did not reach operator {Peer}: {Problem}")]
    private static partial void LogUnreachable(ILogger logger, Address peer, string problem);

    private sealed class Peer(Address address, int most)
    {
        private readonly Lock _gate = new();
        private readonly LinkedList<SignedMessage> _waiting = [];
        private readonly HashSet<Bytes32> _ids = [];
        private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

        public Address Address { get; } = address;

        public Task Loop { get; set; } = Task.CompletedTask;

        public void Add(SignedMessage message)
        {
            lock (_gate)
            {
                if (!_ids.Add(message.Id)) return;
                _waiting.AddLast(message);
                Trim();
                _signal.Writer.TryWrite(true);
            }
        }

        public async Task WaitAsync(CancellationToken ct) => await _signal.Reader.ReadAsync(ct);

        public List<SignedMessage> Take(int mostBytes)
        {
            lock (_gate)
            {
                var taken = new List<SignedMessage>();
                var bytes = 0;
                while (_waiting.First is { } next && (taken.Count == 0 || bytes + next.Value.EncodedSize <= mostBytes) && taken.Count < MessageBatch.MaxMessages)
                {
                    bytes += next.Value.EncodedSize;
                    taken.Add(next.Value);
                    _ids.Remove(next.Value.Id);
                    _waiting.RemoveFirst();
                }

                if (_waiting.Count > 0) _signal.Writer.TryWrite(true);
                return taken;
            }
        }

        public void PutBack(List<SignedMessage> messages)
        {
            lock (_gate)
            {
                for (var i = messages.Count - 1; i >= 0; i--)
                {
                    if (_ids.Add(messages[i].Id)) _waiting.AddFirst(messages[i]);
                }

                Trim();
                _signal.Writer.TryWrite(true);
            }
        }

        private void Trim()
        {
            while (_waiting.Count > most)
            {
                _ids.Remove(_waiting.First!.Value.Id);
                _waiting.RemoveFirst();
            }
        }
    }
}
