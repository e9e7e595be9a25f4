using System.Collections.Concurrent;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Proofs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace DePin.DeviceSdk.Tests;

/// <summary>What is wrong with a stub's receipts.</summary>
public enum Lie
{
    None,
    AnothersKey,
    OtherProofs,
    AnothersName,
    NoSignature,
    MoreThanAsked,
}

/// <summary>An operator's two end points, hand-written in protobuf, that does as it is told.</summary>
internal sealed class StubOperator : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly PrivateKey key = PrivateKey.Generate(KeyType.Ed25519);

    private StubOperator(WebApplication app) => this.app = app;

    public OperatorEndpoint Endpoint { get; private set; } = null!;

    /// <summary>Proof ids held.</summary>
    public ConcurrentDictionary<Bytes32, bool> Held { get; } = new();

    /// <summary>Requests seen.</summary>
    public int Posts;

    /// <summary>Questions seen.</summary>
    public int Questions;

    public static NetworkId Network { get; } = new(Bytes32.FromUInt64(7));

    public Lie Lies { get; set; }

    public bool Broken { get; set; }

    public bool Certifies { get; set; } = true;

    /// <summary>Code and name of the refusal of every proof, or null.</summary>
    public string? Refuses { get; set; }

    public static async Task<StubOperator> StartAsync(byte number)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var stub = new StubOperator(app);
        app.MapPost("/v1/proofs:batch", stub.TakeAsync);
        app.MapPost("/v1/proofs:status", stub.StatusAsync);
        await app.StartAsync();
        stub.Endpoint = new OperatorEndpoint(new Address([.. new byte[19], number]), new Uri(app.Urls.First()), new Bytes32(stub.key.PublicKey.Bytes));
        return stub;
    }

    public async ValueTask DisposeAsync() => await app.DisposeAsync();

    private async Task TakeAsync(HttpContext http)
    {
        Interlocked.Increment(ref Posts);
        if (Broken)
        {
            http.Response.StatusCode = 500;
            return;
        }

        var answer = new MemoryStream();
        var index = 0;
        var durable = new List<Bytes32>();
        foreach (var proof in Fields(await ReadAsync(http), 1).Select(p => Fields(p, 1).Single()))
        {
            if (Refuses is { } reason) Field(answer, 5, [0x08, (byte)index, 0x10, 1, 0x1a, (byte)reason.Length, .. System.Text.Encoding.ASCII.GetBytes(reason)]);
            else durable.Add(Sha256.Hash(proof));
            index++;
        }

        if (Lies == Lie.None)
        {
            foreach (var id in durable) Held[id] = true;
        }

        WriteReceipt(answer, durable);

        await http.Response.Body.WriteAsync(answer.ToArray());
    }

    private void WriteReceipt(MemoryStream answer, List<Bytes32> durable)
    {
        if (durable.Count == 0) return;
        const ulong receivedAt = 1_000;
        var name = Lies == Lie.AnothersName ? new Address([.. new byte[19], 99]) : Endpoint.Address;
        var message = ReceiptMessage.Of(Network, Lies == Lie.OtherProofs ? [.. durable.Select(id => Sha256.Hash(id.AsSpan()))] : durable, name, receivedAt);
        var signature = Lies switch
        {
            Lie.NoSignature => [],
            Lie.AnothersKey => PrivateKey.Generate(KeyType.Ed25519).Sign(message),
            _ => key.Sign(message),
        };
        Field(answer, 1, name.ToArray());
        answer.Write([0x10, .. Varint((int)receivedAt)]);
        if (signature.Length > 0) Field(answer, 3, signature);
        answer.Write([0x20, .. Varint(durable.Count + (Lies == Lie.MoreThanAsked ? 1 : 0))]);
    }

    private async Task StatusAsync(HttpContext http)
    {
        Interlocked.Increment(ref Questions);
        if (Broken)
        {
            http.Response.StatusCode = 500;
            return;
        }

        var stages = Fields(await ReadAsync(http), 1).Select(id => (byte)(Held.ContainsKey(new Bytes32(id)) ? Certifies ? 2 : 1 : 0)).ToArray();
        await http.Response.Body.WriteAsync((byte[])[0x0a, .. Varint(stages.Length), .. stages]);
    }

    private static async Task<byte[]> ReadAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        return body.ToArray();
    }

    // The length-delimited fields of a number, in order.
    private static List<byte[]> Fields(byte[] message, int number)
    {
        var fields = new List<byte[]>();
        for (var at = 0; at < message.Length;)
        {
            var tag = message[at++];
            var length = 0;
            for (var shift = 0; ; shift += 7)
            {
                length |= (message[at] & 0x7f) << shift;
                if ((message[at++] & 0x80) == 0) break;
            }

            if (tag >> 3 == number) fields.Add(message[at..(at + length)]);
            at += length;
        }

        return fields;
    }

    private static void Field(MemoryStream to, int number, byte[] content) => to.Write([(byte)((number << 3) | 2), .. Varint(content.Length), .. content]);

    private static byte[] Varint(int length) => length < 128 ? [(byte)length] : [(byte)(length | 0x80), (byte)(length >> 7)];
}
