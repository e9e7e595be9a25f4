using System.Text.Json.Nodes;
using DePin.Cryptography;
using DePin.Oracle.Ingest.Wire;
using DePin.Protocol;
using DePin.Protocol.Proofs;
using DePin.TestKit;

namespace DePin.DeviceSdk.Tests;

/// <summary>The C library makes the bytes that independent tools made (contracts/vectors), and those that src/Protocol makes.</summary>
public sealed class CAgreementTests
{
    private const int Cases = 2_000;
    private static readonly int[] PayloadSizes = [0, 1, 2, 3, 55, 56, 63, 64, 4_095, 4_096];

    [Fact]
    public async Task Makes_the_golden_envelopes_ids_and_device_ids()
    {
        await using var c = await CLibrary.StartAsync();
        var vectors = Vectors("proofs");
        var network = Bytes(vectors["networkId"]!);
        Assert.NotEmpty(vectors["proofs"]!.AsArray());
        foreach (var v in vectors["proofs"]!.AsArray())
        {
            var (envelope, device) = (Bytes(v!["envelope"]!), Bytes(v["deviceId"]!));
            Assert.Equal(CLibrary.Hex(device), await c.AskAsync("device-id", v["keyType"]!.GetValue<int>(), Bytes(v["publicKey"]!)));
            var made = await c.AskAsync("envelope", network, device, v["sequence"]!.GetValue<string>(), v["class"]!.GetValue<int>(), v["schema"]!.GetValue<int>(),
                v["timeMs"]!.GetValue<ulong>(), Bytes(v["payload"]!), envelope.Length);
            Assert.Equal($"{CLibrary.Hex(envelope)} {CLibrary.Hex(Bytes(v["proofId"]!))}", made);

            var encoded = Bytes(v["encoded"]!); // length, envelope, signature
            var batch = ProofBatch.Parser.ParseFrom(CLibrary.Bytes(await c.AskAsync("batch", 8_000, 1, envelope, encoded[^64..])));
            Assert.Equal(envelope, batch.Proofs.Single().Proof.ToByteArray());
            Assert.Equal(Bytes(v["signature"]!), batch.Proofs.Single().Signature.ToByteArray());
        }
    }

    [Fact]
    public async Task Makes_the_golden_receipt_message()
    {
        await using var c = await CLibrary.StartAsync();
        var receipt = Vectors("lanes")["receipt"]!;
        var network = Vectors("network");
        var made = await c.AskAsync("message", Bytes(network["networkId"]!), Bytes(network["operators"]!["addresses"]![0]!), receipt["receivedAtMs"]!.GetValue<ulong>(), 1, Bytes(receipt["proofId"]!));
        Assert.Equal(CLibrary.Hex(Bytes(receipt["message"]!)), made.Split(' ')[0]);
    }

    [Fact]
    public async Task Makes_the_envelopes_and_ids_of_the_protocol_for_random_values()
    {
        await using var c = await CLibrary.StartAsync();
        var random = new Random(1);
        for (var i = 0; i < Cases; i++)
        {
            var proof = RandomProof(random, i < PayloadSizes.Length ? PayloadSizes[i] : null);
            var made = await c.AskAsync("envelope", proof.Network.Value, proof.Device.Value, proof.Sequence, proof.Class.Value, proof.Schema, proof.TimeMs, proof.Payload, proof.Envelope.Length);
            Assert.Equal($"{CLibrary.Hex(proof.Envelope.Span)} {CLibrary.Hex(proof.Id.Value.AsSpan())}", made);
        }
    }

    [Theory]
    [InlineData(4_097, 5_000, 2)]
    [InlineData(4_096, 4_198, 3)]
    [InlineData(0, 102, 3)]
    public async Task A_payload_too_long_and_a_buffer_too_small_are_refused(int payload, int capacity, int error)
    {
        await using var c = await CLibrary.StartAsync();
        Assert.Equal($"error {error}", await c.AskAsync("envelope", new byte[32], new byte[32], 1, 1, 1, 1, new byte[payload], capacity));
    }

    [Fact]
    public async Task Hashes_as_the_protocol_does_at_every_length_around_a_block()
    {
        await using var c = await CLibrary.StartAsync();
        var random = new Random(2);
        for (var length = 0; length < 300; length++)
        {
            var data = new byte[length];
            random.NextBytes(data);
            Assert.Equal(CLibrary.Hex(Sha256.Hash(data).AsSpan()), await c.AskAsync("sha", data));
            Assert.Equal(CLibrary.Hex(Keccak256.Hash(data).AsSpan()), await c.AskAsync("keccak", data));
        }
    }

    [Theory]
    [InlineData(KeyType.Secp256k1)]
    [InlineData(KeyType.P256)]
    [InlineData(KeyType.Ed25519)]
    public async Task Names_a_device_as_the_registry_does(KeyType type)
    {
        await using var c = await CLibrary.StartAsync();
        var key = PrivateKey.Generate(type).PublicKey;
        Assert.Equal(CLibrary.Hex(key.DeviceId.AsSpan()), await c.AskAsync("device-id", (byte)type, key.Bytes.ToArray()));
        Assert.Equal("error 1", await c.AskAsync("device-id", (byte)type, key.Bytes.ToArray()[1..]));
        Assert.Equal("error 1", await c.AskAsync("device-id", 4, key.Bytes.ToArray()));
    }

    [Fact]
    public async Task Bodies_are_read_back_by_the_operators_parsers()
    {
        await using var c = await CLibrary.StartAsync();
        var random = new Random(3);
        for (var i = 0; i < Cases / 10; i++)
        {
            var proofs = Enumerable.Range(0, random.Next(1, 17)).Select(_ => (RandomProof(random).Envelope.ToArray(), Signature: RandomBytes(random, 64))).ToList();
            var flat = proofs.SelectMany(p => new object[] { p.Item1, p.Signature }).ToArray();
            var size = proofs.Sum(p => p.Item1.Length - 103 + 103 + 64 + 9); // DEPIN_BATCH_BYTES
            var batch = ProofBatch.Parser.ParseFrom(CLibrary.Bytes(await c.AskAsync(["batch", size, proofs.Count, .. flat])));
            Assert.Equal(proofs.Select(p => CLibrary.Hex(p.Item1)), batch.Proofs.Select(p => CLibrary.Hex(p.Proof.Span)));
            Assert.Equal(proofs.Select(p => CLibrary.Hex(p.Signature)), batch.Proofs.Select(p => CLibrary.Hex(p.Signature.Span)));

            var exact = (((proofs[0].Item1.Length + 2) / 3) * 4) + 115; // DEPIN_JSON_BYTES
            var one = JsonNode.Parse(CLibrary.Bytes(await c.AskAsync("json", exact, 1, flat[0], flat[1])))!;
            Assert.Equal(proofs[0].Item1, Convert.FromBase64String(one["proof"]!.GetValue<string>()));
            Assert.Equal(proofs[0].Signature, Convert.FromBase64String(one["signature"]!.GetValue<string>()));
            Assert.Equal("error 3", await c.AskAsync("json", exact - 1, 1, flat[0], flat[1]));
            Assert.Equal("error 3", await c.AskAsync(["batch", batch.CalculateSize() - 1, proofs.Count, .. flat]));
        }
    }

    [Fact]
    public async Task Lays_out_receipts_as_the_operators_sign_them()
    {
        await using var c = await CLibrary.StartAsync();
        var random = new Random(4);
        for (var i = 0; i < Cases / 10; i++)
        {
            var network = new NetworkId(new Bytes32(RandomBytes(random, 32)));
            var address = new Address(RandomBytes(random, 20));
            var at = (ulong)random.NextInt64();
            var ids = Enumerable.Range(0, random.Next(1, 17)).Select(_ => new Bytes32(RandomBytes(random, 32))).ToList();
            var made = (await c.AskAsync(["message", network.Value, address, at, ids.Count, .. ids.Cast<object>()])).Split(' ');
            Assert.Equal(CLibrary.Hex(ReceiptMessage.Of(network, ids[0], address, at)), made[0]);
            Assert.Equal(CLibrary.Hex(ReceiptMessage.Of(network, ids, address, at)), made[1]);
        }
    }

    [Fact]
    public async Task Orders_the_operators_as_every_device_does()
    {
        await using var c = await CLibrary.StartAsync();
        var random = new Random(5);
        foreach (var count in new[] { 1, 4, 7, 31 })
        {
            var device = new Bytes32(RandomBytes(random, 32));
            var operators = Enumerable.Range(0, count).Select(_ => new OperatorEndpoint(new Address(RandomBytes(random, 20)), new Uri("http://localhost"), default)).ToList();
            var made = await c.AskAsync(["route", device, count, .. operators.Select(o => (object)o.Address)]);
            Assert.Equal(OperatorRoute.For(device, operators).Select(o => CLibrary.Hex(o.Address.AsSpan())), made.Split(' '));
        }
    }

    internal static byte[] RandomBytes(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    private static DeviceProof RandomProof(Random random, int? payload = null) => DeviceProof.Create(
        new NetworkId(new Bytes32(RandomBytes(random, 32))), new ClassId((ushort)random.Next(65_536)), (ushort)random.Next(65_536), new DeviceId(new Bytes32(RandomBytes(random, 32))),
        RandomNumber(random), RandomNumber(random), RandomBytes(random, payload ?? (random.Next(4) == 0 ? random.Next(4_097) : random.Next(200))));

    // Of every width: few random numbers of 64 bits have a high byte of zero.
    private static ulong RandomNumber(Random random) => unchecked((ulong)random.NextInt64(long.MinValue, long.MaxValue)) >> random.Next(64);

    private static JsonNode Vectors(string name) => JsonNode.Parse(File.ReadAllText(Path.Combine(CProgram.Root, "contracts", "vectors", $"{name}.json")))!;

    private static byte[] Bytes(JsonNode hex) => Convert.FromHexString(hex.GetValue<string>().AsSpan(2));
}
