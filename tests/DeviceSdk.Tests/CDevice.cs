using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using DePin.Cryptography;
using DePin.Oracle.Ingest.Wire;
using DePin.Protocol;
using DePin.Protocol.Proofs;
using Google.Protobuf;
using SignedProof = DePin.Protocol.Proofs.SignedProof;

namespace DePin.DeviceSdk.Tests;

/// <summary>What is wrong with an operator's receipts.</summary>
public enum FalseReceipt
{
    None,
    AnothersKey,
    OtherProof,
    AnothersName,
    NoSignature,
    OtherTime,
}

/// <summary>An operator that answers the C device's requests, as it is told.</summary>
internal sealed class SimulatedOperator(NetworkId network)
{
    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web);
    private readonly PrivateKey stranger = PrivateKey.Generate(KeyType.Ed25519);

    public Address Address { get; } = new(Guid.NewGuid().ToByteArray().Concat(Guid.NewGuid().ToByteArray()).Take(20).ToArray());

    public PrivateKey Key { get; } = PrivateKey.Generate(KeyType.Ed25519);

    /// <summary>Sequences by proof id.</summary>
    public Dictionary<Bytes32, ulong> Held { get; } = [];

    /// <summary>Sequences as they came first.</summary>
    public List<ulong> Arrivals { get; } = [];

    public bool Silent { get; set; }

    /// <summary>Requests that it does not answer from now on.</summary>
    public int SilentFor { get; set; }

    /// <summary>A sequence that it tells to come again, always, while it takes all others of a batch.</summary>
    public ulong PutsOff { get; set; }

    public FalseReceipt Gives { get; set; }

    /// <summary>Number of the refusal of every proof; 0 = taken.</summary>
    public int Refuses { get; set; }

    public uint RetryMs { get; set; }

    /// <summary>What it says of proofs that it holds: 1 durable, 2 certified.</summary>
    public uint Stage { get; set; } = 2;

    /// <summary>Given: does at each request something else that it should not.</summary>
    public Random? Hostile { get; set; }

    public (int Status, uint RetrySeconds, byte[] Body) Answer(string path, byte[] body)
    {
        if (Hostile is { } whim)
        {
            (Silent, Gives, Refuses, RetryMs, Stage) = (whim.Next(6) == 0, (FalseReceipt)whim.Next(6), whim.Next(3) == 0 ? whim.Next(1, 15) : 0, whim.Next(2) == 0 ? 0u : uint.MaxValue, (uint)whim.Next(3));
            if (whim.Next(5) == 0) return (200, 0, CAgreementTests.RandomBytes(whim, whim.Next(300)));
        }

        if (Silent || SilentFor-- > 0) return (0, 0, []);
        return path switch
        {
            "/v1/proofs" => AnswerOne(body),
            "/v1/proofs:batch" => (200, 0, AnswerMany(body)),
            _ => (200, 0, Stages(body)),
        };
    }

    private (int, uint, byte[]) AnswerOne(byte[] body)
    {
        var request = JsonNode.Parse(body)!;
        var proof = Read(request["proof"]!.Deserialize<byte[]>()!, request["signature"]!.Deserialize<byte[]>()!);
        if (Refuses != 0) return (422, (RetryMs + 999) / 1_000, Encoding.UTF8.GetBytes(JsonSerializer.Serialize(new { title = "refused", code = Refuses })));
        if (Gives == FalseReceipt.None) Take(proof);
        var id = Gives == FalseReceipt.OtherProof ? Bytes32.FromUInt64(9) : proof.Id.Value;
        var signature = Sign(ReceiptMessage.Of(network, id, Name, 77));
        return (200, 0, Encoding.UTF8.GetBytes(JsonSerializer.Serialize(new { ProofId = id.ToString(), Operator = Name.ToString(), ReceivedAt = Gives == FalseReceipt.OtherTime ? 78UL : 77UL, signature }, Web)));
    }

    private byte[] AnswerMany(byte[] body)
    {
        var proofs = ProofBatch.Parser.ParseFrom(body).Proofs.Select(p => Read(p.Proof.ToByteArray(), p.Signature.ToByteArray())).ToList();
        var receipt = new BatchReceipt { Operator = ByteString.CopyFrom(Name.AsSpan()), ReceivedAt = Gives == FalseReceipt.OtherTime ? 78UL : 77UL };
        if (Refuses != 0)
        {
            for (var i = 0; i < proofs.Count; i++) receipt.Refusals.Add(new Refusal { Index = (uint)i, Code = (uint)Refuses, Reason = "refused", RetryAfterMs = RetryMs });
            return receipt.ToByteArray();
        }

        if (proofs.FindIndex(p => p.Proof.Sequence == PutsOff) is >= 0 and var late)
        {
            receipt.Refusals.Add(new Refusal { Index = (uint)late, Code = 6, RetryAfterMs = RetryMs });
            proofs.RemoveAt(late);
            if (proofs.Count == 0) return receipt.ToByteArray();
        }

        if (Gives == FalseReceipt.None) proofs.ForEach(Take);
        receipt.Durable = (uint)proofs.Count;
        receipt.Signature = ByteString.CopyFrom(Sign(ReceiptMessage.Of(network, [.. proofs.Select(p => Gives == FalseReceipt.OtherProof ? Bytes32.FromUInt64(9) : p.Id.Value)], Name, 77)));
        return receipt.ToByteArray();
    }

    private byte[] Stages(byte[] body)
    {
        var answer = new StatusAnswer();
        answer.Stages.AddRange(StatusQuery.Parser.ParseFrom(body).Ids.Select(id => Hostile is not null ? Stage : Held.ContainsKey(new Bytes32(id.Span)) ? Stage : 0));
        return answer.ToByteArray();
    }

    private Address Name => Gives == FalseReceipt.AnothersName ? new Address(new byte[20]) : Address;

    private byte[] Sign(byte[] message) => Gives switch
    {
        FalseReceipt.NoSignature => new byte[64],
        FalseReceipt.AnothersKey => stranger.Sign(message),
        _ => Key.Sign(message),
    };

    private void Take(SignedProof proof)
    {
        if (Held.TryAdd(proof.Id.Value, proof.Proof.Sequence)) Arrivals.Add(proof.Proof.Sequence);
    }

    private static SignedProof Read(byte[] envelope, byte[] signature)
    {
        Assert.True(DeviceProof.TryParse(envelope, out var proof, out _));
        return new SignedProof(proof, signature);
    }
}

/// <summary>The C queue, driven as a firmware's main loop drives it, against simulated operators and a clock of its own.</summary>
internal sealed class CDevice : IAsyncDisposable
{
    private readonly NetworkId network;
    private readonly byte[] seed;
    private readonly int slots;
    private ulong now = 1_000;

    private CDevice(CLibrary c, NetworkId network, byte[] seed, List<SimulatedOperator> operators, int slots)
    {
        (C, this.network, this.seed, this.slots) = (c, network, seed, slots);
        Id = PrivateKey.FromBytes(KeyType.Ed25519, seed).PublicKey.DeviceId;
        var endpoints = operators.Select(o => new OperatorEndpoint(o.Address, new Uri("http://localhost"), default));
        Route = [.. OperatorRoute.For(Id, endpoints).Select(e => operators.Single(o => o.Address == e.Address))];
    }

    public CLibrary C { get; }

    public Bytes32 Id { get; }

    /// <summary>The operators in the device's order.</summary>
    public SimulatedOperator[] Route { get; }

    /// <summary>Numbers of the errors that answers gave.</summary>
    public List<int> Errors { get; } = [];

    /// <summary>Ids of the proofs made.</summary>
    public List<Bytes32> Proved { get; } = [];

    public int Kept { get; set; }

    public int Certified { get; private set; }

    public int Requests { get; private set; }

    public int BodyBytes { get; set; } = 100_000;

    /// <summary>Given: a fifth of the requests and of the answers is lost.</summary>
    public Random? Loss { get; set; }

    public static async Task<CDevice> StartAsync(int operators, int slots = 64, int seed = 0)
    {
        var network = new NetworkId(Bytes32.FromUInt64((ulong)seed + 7));
        var device = new CDevice(await CLibrary.StartAsync(), network, RandomNumberGenerator.GetBytes(32), [.. Enumerable.Range(0, operators).Select(_ => new SimulatedOperator(network))], slots);
        Assert.Equal(CLibrary.Hex(device.Id.AsSpan()), await device.OpenAsync());
        return device;
    }

    /// <summary>Opens the queue, again after a restart.</summary>
    public Task<string> OpenAsync() =>
        C.AskAsync(["open", network.Value, seed, slots, 1, Route.Length, .. Route.SelectMany(o => new object[] { o.Address, o.Key.PublicKey.Bytes.ToArray() })]);

    public async Task ProveAsync(int payload = 4) => Assert.Equal(64, (await TryProveAsync(payload)).Length);

    public async Task<string> TryProveAsync(int payload)
    {
        var id = await C.AskAsync("prove", 1, 1, 1_700_000_000_000, new byte[payload]);
        if (id.Length == 64) Proved.Add(Bytes32.Parse(id));
        return id;
    }

    /// <summary>Does what is to be done until nothing is, or the time has passed.</summary>
    public async Task RunAsync(int most, TimeSpan span)
    {
        for (var end = now + (ulong)span.TotalMilliseconds; now < end;)
        {
            var work = (await C.AskAsync("next", now, most, BodyBytes)).Split(' ');
            if (work[0] == "wait")
            {
                var wait = ulong.Parse(work[1], CultureInfo.InvariantCulture);
                if (wait == ulong.MaxValue) break;
                now += Math.Max(1, Math.Min(wait, end - now));
                continue;
            }

            Requests++;
            now += 10;
            var whom = Route.Single(o => CLibrary.Hex(o.Address.AsSpan()) == work[0]);
            Assert.Equal(work[1] == "/v1/proofs" ? "application/json" : "application/x-protobuf", work[2]);
            var (status, retry, body) = Loss?.Next(5) == 0 ? (0, 0u, []) : whom.Answer(work[1], CLibrary.Bytes(work[3]));
            if (Loss?.Next(5) == 0) (status, retry, body) = (0, 0, []);
            Errors.Add(int.Parse(await C.AskAsync("answer", now, status, retry, body), CultureInfo.InvariantCulture));
        }

        var counts = (await CountsAsync()).Split(' ').Select(n => int.Parse(n, CultureInfo.InvariantCulture)).ToList();
        (Kept, Certified) = (counts[0], counts[1]);
    }

    public void Pass(TimeSpan span) => now += (ulong)span.TotalMilliseconds;

    /// <summary>Kept, certified, given up, dropped, last refusal.</summary>
    public Task<string> CountsAsync() => C.AskAsync("counts");

    public async Task<int> KeptAsync() => int.Parse((await CountsAsync()).Split(' ')[0], CultureInfo.InvariantCulture);

    public ValueTask DisposeAsync() => C.DisposeAsync();
}
