using DePin.Signing;
using System.Collections.Immutable;
using DePin.Cryptography;
using DePin.Oracle.Network;
using DePin.Oracle.Round;
using DePin.Protocol;
using DePin.Protocol.Lanes;
using DePin.Protocol.Rounds;

namespace DePin.Oracle.Tests.Round;

/// <summary>n operators with real keys, and evidence of which every one has the certificates.</summary>
public sealed class RoundNetwork
{
    private readonly Dictionary<Address, Uri> _endpoints = [];
    private readonly Func<Cut, Bytes32> _report = static cut => Keccak256.Hash(cut.Encode());

    public RoundNetwork(int n = 4)
    {
        Operators = [.. Enumerable.Range(0, n)
            .Select(_ => new OperatorKeyRing(PrivateKey.Generate(KeyType.Secp256k1), PrivateKey.Generate(KeyType.Ed25519), PrivateKey.Generate(KeyType.Secp256k1)))
            .OrderBy(keys => keys.Address)];
        Facts = new NetworkFacts(new NetworkId(Keccak256.Hash(Guid.NewGuid().ToByteArray())), 1_700_006_400, 86_400, 172_800, 600);
        Set = new OperatorSet(Keccak256.Hash(Facts.Id.Value.AsSpan()),
            [.. Operators.Select(keys => new OperatorIdentity(keys.Address, new Bytes32(keys.Protocol.PublicKey.Bytes)))]);
        Instance = new RoundInstance(Set.ConfigDigest, new Epoch(3), new Generation(0));
    }

    /// <summary>Quick enough for a test, slow enough for a busy machine.</summary>
    public static RoundOptions Options { get; } = new()
    {
        Propose = TimeSpan.FromSeconds(3),
        Vote = TimeSpan.FromSeconds(1),
        Resend = TimeSpan.FromMilliseconds(500),
        Listen = TimeSpan.FromSeconds(3),
        LongestBackOff = TimeSpan.FromSeconds(1),
    };

    public NetworkFacts Facts { get; }

    /// <summary>How long an operator takes for a report.</summary>
    public TimeSpan ComputationTime { get; set; }

    public OperatorSet Set { get; }

    public RoundInstance Instance { get; set; }

    public ImmutableArray<OperatorKeyRing> Operators { get; }

    public int Proposer(uint view = 0) => Instance.Proposer(view, Set.Count);

    public void SetEndpoint(int member, Uri? endpoint)
    {
        if (endpoint is null) _endpoints.Remove(Operators[member].Address);
        else _endpoints[Operators[member].Address] = endpoint;
    }

    public OperatorRoster Roster => new(1, 1, Set, [.. Set.Operators.Select((member, i) =>
        new Member(i, member.Address, member.ProtocolKey, _endpoints.GetValueOrDefault(member.Address)))]);

    public Bytes32 Report(Cut cut) => _report(cut);

    public ImmutableArray<CertifiedLane> Lanes { get => field.IsDefault ? field = MakeLanes() : field; private set; }

    public RoundContext Context(int member) => new()
    {
        Instance = Instance,
        Network = Facts.Id,
        Operators = Set,
        Self = (byte)member,
        PreviousCut = Cut.Empty(Set.Addresses),
        AnchorNumber = 100,
        AnchorHash = Keccak256.Hash("anchor"u8),
        Timings = Options.Timings,
        Sign = message => new ProtocolSignature(Operators[member].Protocol.Sign(message)),
    };

    public SignedMessage Message(int sender, uint view, MessageKind kind, Bytes32 value, ReadOnlySpan<byte> body = default) =>
        SignedMessage.Sign(Instance, view, kind, (byte)sender, value, body, Context(sender).Sign);

    private ImmutableArray<CertifiedLane> MakeLanes() =>
    [
        .. Set.Addresses.Select((lane, i) =>
        {
            if (i == 1) return new CertifiedLane(lane, null);
            var head = new LaneHead((ulong)i + 1, Keccak256.Hash([(byte)i]));
            var message = Acknowledgement.Message(Facts.Id, lane, head.Index, head.Digest);
            return new CertifiedLane(lane, new Certificate(lane, head,
                [.. Enumerable.Range(0, Set.Quorum.Size).Select(sender => new CertificateSignature((byte)sender, new ProtocolSignature(Operators[sender].Protocol.Sign(message))))]));
        }),
    ];
}
