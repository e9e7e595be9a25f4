using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Headers;
using DePin.Cryptography;
using DePin.Oracle.Batch;
using DePin.Oracle.Batch.Wire;
using DePin.Oracle.Peers;
using DePin.Protocol.Lanes;
using DePin.Protocol.Rounds;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Acknowledgement = DePin.Protocol.Lanes.Acknowledgement;
using Certificate = DePin.Protocol.Lanes.Certificate;

namespace DePin.Oracle.Tests.Faults;

/// <summary>What a <see cref="LyingOperator"/> lies about.</summary>
[Flags]
public enum Lies
{
    None = 0,

    /// <summary>Two branches of its lane: one operator gets another batch than the rest.</summary>
    Lanes = 1,

    /// <summary>Proposals of false reports and of cuts that do not follow, another to each operator; observations of batches that nobody certified, or of none.</summary>
    Values = 2,

    /// <summary>Prepares and commits, of one kind to the one and another to the other, and both to the first.</summary>
    Votes = 4,
}

/// <summary>
/// A liar with all it could have: its keys, and the whole truth, since it is the product's own node, with all that it says changed on the way out
/// and signed anew.
/// </summary>
public sealed class LyingOperator : IAsyncDisposable
{
    private readonly ChainNetwork _network;
    private readonly ProtocolSigner _sign;
    private readonly ConcurrentDictionary<ulong, TaskCompletionSource> _forked = new();
    private readonly ConcurrentDictionary<Lies, int> _told = new();
    private int _lies;
    private int _proposed;

    private LyingOperator(ChainNetwork network, int number)
    {
        _network = network;
        Number = number;
        _sign = message => new ProtocolSignature(network.Operators[number].Protocol.Sign(message));
    }

    public int Number { get; }

    public ChainOperator Node { get; private set; } = null!;

    /// <summary>What it lies about now.</summary>
    public Lies Lies
    {
        get => (Lies)Volatile.Read(ref _lies);
        set => Volatile.Write(ref _lies, (int)value);
    }

    public static async Task<LyingOperator> StartAsync(ChainNetwork network, int number, CancellationToken ct)
    {
        var liar = new LyingOperator(network, number);
        liar.Node = await network.CreateOperatorAsync(number, ct, services: liar.Add, inbound: liar.Add);
        await liar.Node.StartAsync(ct);
        return liar;
    }

    /// <summary>How many false proposals peers took in.</summary>
    public int Proposed => Volatile.Read(ref _proposed);

    /// <summary>How often it told a lie that a peer took in.</summary>
    public int Told(Lies lie) => _told.GetValueOrDefault(lie);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Node.DisposeAsync();

    private void Add(IServiceCollection services)
    {
        services.AddHttpClient(PeerOutbox.ClientName).AddHttpMessageHandler(() => new Mouth(this, ChangeMessagesAsync));
        services.AddHttpClient(LaneClient.ClientName).AddHttpMessageHandler(() => new Mouth(this, ForkAsync));
    }

    private void Add(IApplicationBuilder app) => app.Use(async (http, next) =>
    {
        // Who could fetch its batches would see one branch only.
        if (Lies.HasFlag(Lies.Lanes) && http.Request.Method == HttpMethod.Get.Method && http.Request.Path.StartsWithSegments($"/v1/lanes/{Node.Keys.Address}", StringComparison.OrdinalIgnoreCase))
        {
            http.Response.StatusCode = 404;
            return;
        }

        // It does not want to be told what it said: an honest node would fall silent.
        if (http.Request.Path == "/v1/messages") await ForgetOwnAsync(http.Request);
        await next(http);
    });

    private async Task ForgetOwnAsync(HttpRequest request)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        var heard = MessageBatch.Decode(body.ToArray());
        var others = heard.FindAll(message => message.Sender != Number);
        var bytes = others.Count > 0 ? MessageBatch.Encode(others) : new byte[2]; // none is refused
        request.Body = new MemoryStream(bytes);
        request.ContentLength = bytes.Length;
    }

    private async Task<HttpResponseMessage> ChangeMessagesAsync(HttpRequestMessage request, int peer, Func<HttpRequestMessage, Task<HttpResponseMessage>> send, CancellationToken ct)
    {
        var lies = Lies & (Lies.Values | Lies.Votes);
        if (lies == Lies.None) return await send(request);
        var said = new List<SignedMessage>();
        var (told, proposed) = (Lies.None, 0);
        foreach (var message in MessageBatch.Decode(await request.Content!.ReadAsByteArrayAsync(ct)))
        {
            List<SignedMessage> instead = message.Sender != Number ? [message] : [.. Change(message, peer, lies)];
            if (instead.Exists(one => !one.Equals(message))) told |= message.Kind is MessageKind.Proposal or MessageKind.Observation ? Lies.Values : Lies.Votes;
            proposed += instead.Count(one => one.Kind == MessageKind.Proposal && !one.Equals(message));
            said.AddRange(instead);
        }

        var response = await send(With(request, MessageBatch.Encode(said), "application/octet-stream"));
        if (!response.IsSuccessStatusCode) return response;
        Count(told);
        Interlocked.Add(ref _proposed, proposed);
        return response;
    }

    private IEnumerable<SignedMessage> Change(SignedMessage message, int peer, Lies lies)
    {
        switch (message.Kind)
        {
            case MessageKind.Proposal when lies.HasFlag(Lies.Values):
                return [Propose(message, peer)];
            case MessageKind.Observation when lies.HasFlag(Lies.Values):
                return [Observe(message, peer)];
            case MessageKind.Prepare or MessageKind.Commit when lies.HasFlag(Lies.Votes):
                var other = Sign(message, message.ValueDigest.IsZero ? Keccak256.Hash(message.Bytes.Span) : Bytes32.Zero, []);
                return peer == FirstPeer ? [message, other] : [peer % 2 == 0 ? message : other];
            default:
                return [message];
        }
    }

    private int FirstPeer => Number == 0 ? 1 : 0;

    private SignedMessage Propose(SignedMessage proposal, int peer)
    {
        var body = ProposalBody.Parse(proposal.Body.Span);
        var value = body.Value;
        var lanes = value.Cut.Lanes;
        var at = peer % lanes.Length;
        value = (peer % 3) switch
        {
            0 => value with { ReportDigest = Keccak256.Hash(value.ReportDigest.AsSpan(), "more for me"u8) },
            1 => value with { Cut = new Cut(lanes.SetItem(at, new LaneHeight(lanes[at].Operator, 0, Bytes32.Zero))) },
            _ => value with { Cut = new Cut(lanes.SetItem(at, new LaneHeight(lanes[at].Operator, lanes[at].Height + 7, Keccak256.Hash("nobody has it"u8)))) },
        };
        return Sign(proposal, value.Digest, (body with { Value = value }).Encode());
    }

    private SignedMessage Observe(SignedMessage observation, int peer)
    {
        var lanes = ObservationBody.Parse(observation.Body.Span).Lanes;
        for (var i = 0; i < lanes.Length; i++)
        {
            // A height of its own making under signatures of another batch, or nothing seen at all.
            lanes = lanes.SetItem(i, new CertifiedLane(lanes[i].Operator, peer % 2 == 0 && lanes[i].Certificate is { } good
                ? new Certificate(good.Lane, new LaneHead(good.Head.Index + 7, Keccak256.Hash("nobody has it"u8)), good.Signatures)
                : null));
        }

        return Sign(observation, Bytes32.Zero, new ObservationBody(lanes).Encode());
    }

    private SignedMessage Sign(SignedMessage like, Bytes32 value, ReadOnlySpan<byte> body) => SignedMessage.Sign(like.Instance, like.View, like.Kind, like.Sender, value, body, _sign);

    // One operator gets a batch that nobody else will see; only when it has it, the others get the one that this node itself holds.
    private async Task<HttpResponseMessage> ForkAsync(HttpRequestMessage request, int peer, Func<HttpRequestMessage, Task<HttpResponseMessage>> send, CancellationToken ct)
    {
        if (request.Method != HttpMethod.Put || !Lies.HasFlag(Lies.Lanes)) return await send(request);
        var bytes = await request.Content!.ReadAsByteArrayAsync(ct);
        var sealedBatch = SealedBatch.Parser.ParseFrom(bytes);
        var header = BatchHeader.Parse(sealedBatch.Header.Span);
        var forked = _forked.GetOrAdd(header.Index, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        if (peer != FirstPeer)
        {
            await Task.WhenAny(forked.Task, Task.Delay(TimeSpan.FromSeconds(5), ct));
            return await send(request);
        }

        var uri = request.RequestUri;
        using var fork = await send(With(request, Fork(header, sealedBatch), "application/x-protobuf"));
        if (BatchAnswer.Parser.ParseFrom(await fork.Content.ReadAsByteArrayAsync(ct)).Signature.Length > 0) Count(Lies.Lanes);
        forked.TrySetResult();
        return await send(With(new HttpRequestMessage(HttpMethod.Put, uri), bytes, "application/x-protobuf"));
    }

    private byte[] Fork(BatchHeader header, SealedBatch original)
    {
        if (!Protocol.Lanes.Batch.TryOpen(header.Network, header, original.Body.Memory, out var batch, out var refusal)) throw new InvalidOperationException(refusal.ToString());
        var proofs = batch.Proofs.Length > 1 ? batch.Proofs[1..] : batch.Proofs;
        var after = header.Index == 1 ? (LaneHead?)null : new LaneHead(header.Index - 1, header.Previous);
        var fork = Protocol.Lanes.Batch.Seal(header.Network, header.Operator, after, header.SealedAtMs + 1, proofs);
        var own = Acknowledgement.Sign(header.Network, header.Operator, new LaneHead(header.Index, fork.Digest), header.Operator, _sign);
        return new SealedBatch
        {
            Header = ByteString.CopyFrom(fork.Header.Encode()),
            Body = ByteString.CopyFrom(fork.Body.Span),
            Signature = ByteString.CopyFrom(own.Signature.ToArray()),
        }.ToByteArray();
    }

    private void Count(Lies told)
    {
        foreach (var lie in Enum.GetValues<Lies>())
        {
            if (lie != Lies.None && told.HasFlag(lie)) _told.AddOrUpdate(lie, 1, static (_, n) => n + 1);
        }
    }

    private static HttpRequestMessage With(HttpRequestMessage request, byte[] content, string type)
    {
        request.Content = new ByteArrayContent(content) { Headers = { ContentType = new MediaTypeHeaderValue(type) } };
        return request;
    }

    private delegate Task<HttpResponseMessage> Lie(HttpRequestMessage request, int peer, Func<HttpRequestMessage, Task<HttpResponseMessage>> send, CancellationToken ct);

    private sealed class Mouth(LyingOperator liar, Lie lie) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var port = string.Create(CultureInfo.InvariantCulture, $":{request.RequestUri!.Port}");
            var peer = Enumerable.Range(0, liar._network.Operators.Count).First(i => liar._network.EndpointOf(i).EndsWith(port, StringComparison.Ordinal));
            return lie(request, peer, changed => base.SendAsync(changed, cancellationToken), cancellationToken);
        }
    }
}
