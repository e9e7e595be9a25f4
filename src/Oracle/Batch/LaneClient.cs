using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using DePin.Cryptography;
using DePin.Oracle.Batch.Wire;
using DePin.Oracle.Network;
using Google.Protobuf;

namespace DePin.Oracle.Batch;

/// <summary>Speaks to another operator's lane endpoints. A peer that does not answer is an exception of the transport, which the stages take as "later".</summary>
public sealed class LaneClient(IHttpClientFactory clients)
{
    /// <summary>Name of the HTTP client.</summary>
    public const string ClientName = "peers";

    /// <summary>Name of the HTTP client for evidence bundles, which are large.</summary>
    public const string BundleClientName = "bundles";

    /// <summary>Sends a batch; the peer's answer.</summary>
    public Task<BatchAnswer> PushAsync(Member peer, Address lane, ulong index, SealedBatch batch, CancellationToken ct) =>
        SendAsync(peer, HttpMethod.Put, Path(lane, index), batch, BatchAnswer.Parser, ct)!;

    /// <summary>Fetches a batch of any lane, or null where the peer does not hold it.</summary>
    public Task<SealedBatch?> FetchAsync(Member peer, Address lane, ulong index, CancellationToken ct) =>
        SendAsync(peer, HttpMethod.Get, Path(lane, index), null, SealedBatch.Parser, ct);

    /// <summary>How far the peer holds each lane, with its highest certificates.</summary>
    public Task<Lanes> GetLanesAsync(Member peer, CancellationToken ct) => SendAsync(peer, HttpMethod.Get, "v1/lanes", null, Lanes.Parser, ct)!;

    private async Task<T?> SendAsync<T>(Member peer, HttpMethod method, string path, IMessage? body, MessageParser<T> parser, CancellationToken ct)
        where T : class, IMessage<T>
    {
        if (peer.Endpoint is null) throw new HttpRequestException($"Operator {peer.Address} has no usable endpoint on chain.");
        using var client = clients.CreateClient(ClientName);
        using var request = new HttpRequestMessage(method, new Uri(Base(peer.Endpoint), path));
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body.ToByteArray());
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(ProtobufResult.ContentType);
        }

        using var response = await client.SendAsync(request, ct);
        if (response.StatusCode == HttpStatusCode.NotFound && method == HttpMethod.Get) return null;
        response.EnsureSuccessStatusCode();
        try
        {
            return parser.ParseFrom(await response.Content.ReadAsByteArrayAsync(ct));
        }
        catch (InvalidProtocolBufferException error)
        {
            throw new HttpRequestException($"Operator {peer.Address} answered {path} with something else than {typeof(T).Name}.", error);
        }
    }

    private static Uri Base(Uri endpoint) => endpoint.AbsoluteUri.EndsWith('/') ? endpoint : new Uri(endpoint.AbsoluteUri + "/");

    private static string Path(Address lane, ulong index) => string.Create(CultureInfo.InvariantCulture, $"v1/lanes/{lane}/batches/{index}");
}
