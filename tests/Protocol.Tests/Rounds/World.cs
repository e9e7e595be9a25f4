using System.Collections.Immutable;
using DePin.Cryptography;
using DePin.Protocol.Lanes;
using DePin.Protocol.Rounds;

namespace DePin.Protocol.Tests.Rounds;

/// <summary>
/// A network of n operators with cheap stand-in signatures (a hash under the public key), so that a simulation can judge millions. Whoever plays
/// an operator gets only that operator's signer; nobody forges.
/// </summary>
internal sealed class World
{
    public static readonly NetworkId Network = new(Sha256.Hash("network"u8));
    private readonly ulong[] _certifiedAtStart;

    public World(int n, ulong epoch = 7, ulong generation = 0)
    {
        var members = Enumerable.Range(0, n).Select(i => new OperatorIdentity(
            new Address(Sha256.Hash([1, (byte)n, (byte)i]).AsSpan()[..20]), Sha256.Hash([2, (byte)n, (byte)i]))).OrderBy(member => member.Address);
        Operators = new OperatorSet(Sha256.Hash([3, (byte)n]), [.. members]);
        Instance = new RoundInstance(Operators.ConfigDigest, new Epoch(epoch), new Generation(generation));
        AnchorNumber = 1234;
        AnchorHash = Sha256.Hash("anchor"u8);
        _certifiedAtStart = [.. Enumerable.Range(0, n).Select(i => (ulong)(3 + (i % 4)))];
        PreviousCut = new Cut([.. Operators.Operators.Select((member, i) => new LaneHeight(member.Address, (ulong)(i % 3), Digest(i, (ulong)(i % 3))))]);
    }

    public OperatorSet Operators { get; }

    public RoundInstance Instance { get; }

    public ulong AnchorNumber { get; }

    public Bytes32 AnchorHash { get; }

    public Cut PreviousCut { get; }

    public int N => Operators.Count;

    public int F => Operators.Quorum.Faulty;

    public int Q => Operators.Quorum.Size;

    /// <summary>What is certified anywhere when the instance starts, per lane; honest operators may know less.</summary>
    public ulong CertifiedAtStart(int lane) => _certifiedAtStart[lane];

    public static bool Verify(Bytes32 key, ReadOnlySpan<byte> message, ProtocolSignature signature) => SignatureOf(key, message) == signature;

    public ProtocolSigner Signer(int member)
    {
        var key = Operators[member].ProtocolKey;
        return message => SignatureOf(key, message);
    }

    public static CompactSignature SignReport(Address signer, Bytes32 digest)
    {
        var hash = Sha256.Hash(signer.AsSpan(), digest.AsSpan());
        return new CompactSignature(hash, hash);
    }

    /// <summary>The digest of the batch at an index of a lane; zero at 0.</summary>
    public static Bytes32 Digest(int lane, ulong index) => index == 0 ? Bytes32.Zero : Sha256.Hash([4, (byte)lane, .. BitConverter.GetBytes(index)]);

    /// <summary>A certificate of the true batch at an index, by the q operators that follow <paramref name="first"/>.</summary>
    public Certificate Certify(int lane, ulong index, int first)
    {
        var head = new LaneHead(index, Digest(lane, index));
        var message = Acknowledgement.Message(Network, Operators[lane].Address, head.Index, head.Digest);
        var senders = Enumerable.Range(first, Q).Select(i => i % N).Order();
        return new Certificate(Operators[lane].Address, head,
            [.. senders.Select(sender => new CertificateSignature((byte)sender, SignatureOf(Operators[sender].ProtocolKey, message)))]);
    }

    public ImmutableArray<CertifiedLane> Lanes(IReadOnlyList<ulong> heights, int first) =>
        [.. Operators.Operators.Select((member, lane) => new CertifiedLane(member.Address, heights[lane] == 0 ? null : Certify(lane, heights[lane], first)))];

    /// <summary>The one honest recomputation.</summary>
    public Bytes32 Report(Cut cut) => Sha256.Hash(cut.Encode(), AnchorHash.AsSpan());

    public RoundValue Value(Cut cut) => new(cut, AnchorNumber, AnchorHash, Report(cut));

    public RoundContext Context(int member, RoundTimings timings) => new()
    {
        Instance = Instance,
        Network = Network,
        Operators = Operators,
        Self = (byte)member,
        PreviousCut = PreviousCut,
        AnchorNumber = AnchorNumber,
        AnchorHash = AnchorHash,
        Timings = timings,
        Sign = Signer(member),
        Verify = Verify,
        VerifyReport = static (signer, digest, signature) => SignReport(signer, digest) == signature,
    };

    public SignedMessage Message(int sender, uint view, MessageKind kind, Bytes32 value, ReadOnlySpan<byte> body = default) =>
        SignedMessage.Sign(Instance, kind == MessageKind.Attestation ? 0 : view, kind, (byte)sender, value, body, Signer(sender));

    private static ProtocolSignature SignatureOf(Bytes32 key, ReadOnlySpan<byte> message)
    {
        Span<byte> bytes = stackalloc byte[64];
        var hash = Sha256.Hash(key.AsSpan(), message);
        hash.CopyTo(bytes);
        hash.CopyTo(bytes[32..]);
        return new ProtocolSignature(bytes);
    }
}
