using DePin.Signing;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using DePin.Cryptography;
using DePin.Oracle.Batch.Wire;
using DePin.Oracle.Ingest.Wire;
using DePin.Oracle.Peers;
using DePin.Oracle.Transmit;
using DePin.Protocol;
using DePin.Protocol.Lanes;
using DePin.Protocol.Rounds;
using PrivateKey = DePin.Cryptography.PrivateKey;

namespace DePin.Oracle.Tests.Faults;

/// <summary>Says what no operator may say to every endpoint for operators, without pause: noise, too much, nothing signed, signed by another.</summary>
public sealed class Garbage(FaultNetwork network, OperatorKeyRing liar, byte position) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(20) };
    private readonly List<string> _taken = [];
    private Task _speaking = Task.CompletedTask;
    private int _refused;

    /// <summary>Requests that were refused.</summary>
    public int Refused => Volatile.Read(ref _refused);

    /// <summary>Requests that were taken, or that an operator broke on.</summary>
    public IReadOnlyList<string> Taken => _taken;

    public void Start(Bytes32 config, ulong epoch) => _speaking = Task.Run(() => SpeakAsync(config, epoch));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _speaking;
        _http.Dispose();
        _stop.Dispose();
    }

    private async Task SpeakAsync(Bytes32 config, ulong epoch)
    {
        while (!_stop.IsCancellationRequested)
        {
            foreach (var one in network.Processes)
            {
                foreach (var path in (string[])["/v1/messages", $"/v1/lanes/{liar.Address}/batches/1", "/v1/attestations", "/v1/proofs", "/v1/proofs:batch"])
                {
                    await SayAsync(one, path, RandomNumberGenerator.GetBytes(RandomNumberGenerator.GetInt32(1, 2_000)));
                    await SayAsync(one, path, new byte[9 << 20]);
                }

                foreach (var messages in Messages(config, epoch)) await SayAsync(one, "/v1/messages", MessageBatch.Encode(messages));
                var report = RandomNumberGenerator.GetBytes(348);
                await SayAsync(one, "/v1/attestations", JsonContent.Create(new SignedReportRequest(report, liar.Report.SignDigest(Keccak256.Hash(report)).ToArray())));
            }

            await Task.Delay(200, CancellationToken.None);
        }
    }

    private IEnumerable<SignedMessage[]> Messages(Bytes32 config, ulong epoch)
    {
        var instance = new RoundInstance(config, new Epoch(epoch), default);
        var honest = (byte)(position == 0 ? 1 : 0);
        ProtocolSigner mine = message => new ProtocolSignature(liar.Protocol.Sign(message));
        ProtocolSigner nobodys = _ => new ProtocolSignature(RandomNumberGenerator.GetBytes(64));
        ProtocolSigner strangers = PrivateKey.Generate(KeyType.Ed25519) is var stranger ? message => new ProtocolSignature(stranger.Sign(message)) : mine;
        foreach (var kind in (MessageKind[])[MessageKind.Prepare, MessageKind.Commit])
        {
            var value = new Bytes32(RandomNumberGenerator.GetBytes(32));
            yield return [SignedMessage.Sign(instance, 0, kind, position, value, [], nobodys)]; // unsigned
            yield return [SignedMessage.Sign(instance, 0, kind, honest, value, [], mine)]; // in an honest one's name
            yield return [SignedMessage.Sign(instance, 0, kind, position, value, [], strangers)];
            yield return [SignedMessage.Sign(instance, 0, kind, 200, value, [], mine)]; // of no member
            yield return [SignedMessage.Sign(instance with { ConfigDigest = value }, 0, kind, position, value, [], mine)]; // of no config
        }
    }

    private Task SayAsync(OperatorProcess to, string path, byte[] bytes)
    {
        var type = path switch
        {
            "/v1/messages" => "application/octet-stream",
            "/v1/proofs" or "/v1/attestations" => "application/json",
            _ => "application/x-protobuf",
        };
        return SayAsync(to, path, new ByteArrayContent(bytes) { Headers = { ContentType = new MediaTypeHeaderValue(type) } });
    }

    // A batch that is none is answered by why it is not acknowledged; noise that happens to read as no proofs at all, by a receipt for none.
    private async Task<bool> HasTakenAsync(string path, HttpResponseMessage response) => path switch
    {
        "/v1/proofs:batch" => BatchReceipt.Parser.ParseFrom(await response.Content.ReadAsByteArrayAsync(_stop.Token)).Durable > 0,
        _ when path.StartsWith("/v1/lanes", StringComparison.Ordinal) => BatchAnswer.Parser.ParseFrom(await response.Content.ReadAsByteArrayAsync(_stop.Token)).Signature.Length > 0,
        _ => true,
    };

    private async Task SayAsync(OperatorProcess to, string path, HttpContent content)
    {
        var method = path.StartsWith("/v1/lanes", StringComparison.Ordinal) ? HttpMethod.Put : HttpMethod.Post;
        using var request = new HttpRequestMessage(method, new Uri(to.Http.BaseAddress!, path)) { Content = content };
        try
        {
            using var response = await _http.SendAsync(request, _stop.Token);
            var taken = response.IsSuccessStatusCode && await HasTakenAsync(path, response);
            if (taken || response.StatusCode >= HttpStatusCode.InternalServerError) _taken.Add($"{path}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync(_stop.Token)}");
            else Interlocked.Increment(ref _refused);
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
        {
            Interlocked.Increment(ref _refused); // it hung up in the midst of too much
        }
    }
}
