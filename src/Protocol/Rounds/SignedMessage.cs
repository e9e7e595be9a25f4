using System.Diagnostics.CodeAnalysis;
using DePin.Cryptography;
using DePin.Protocol.Canonical;
using DePin.Protocol.Lanes;

namespace DePin.Protocol.Rounds;

/// <summary>Kinds of round messages as docs/protocol.md numbers them.</summary>
public enum MessageKind : byte
{
    Observation = 1,
    Proposal = 2,
    Prepare = 3,
    Commit = 4,
    Attestation = 5,
    Decision = 6,
}

/// <summary>
/// A round message as its sender signed it. The header has been read; the body has not, and the signature counts for nothing until
/// <see cref="Verify"/> said so: check it before anything reads the body.
/// </summary>
public sealed class SignedMessage : IEquatable<SignedMessage>
{
    /// <summary>Bytes before the body.</summary>
    public const int HeaderSize = 105;

    /// <summary>Most bytes of a message without its signature; a proposal of 31 operators with 31 full lanes stays below.</summary>
    public const int MaxSize = 1 << 20;

    private readonly ReadOnlyMemory<byte> _bytes;
    private Bytes32? _id;

    private SignedMessage(ReadOnlyMemory<byte> bytes, ProtocolSignature signature, RoundInstance instance, uint view, MessageKind kind, byte sender, Bytes32 valueDigest)
    {
        _bytes = bytes;
        Signature = signature;
        Instance = instance;
        View = view;
        Kind = kind;
        Sender = sender;
        ValueDigest = valueDigest;
    }

    /// <summary>Which agreement it belongs to.</summary>
    public RoundInstance Instance { get; }

    /// <summary>The try within the instance, from 0. Always 0 for attestations.</summary>
    public uint View { get; }

    /// <summary>What it says.</summary>
    public MessageKind Kind { get; }

    /// <summary>Position of the sender in the config's operators.</summary>
    public byte Sender { get; }

    /// <summary>The value that it is about; zero for nil and for observations.</summary>
    public Bytes32 ValueDigest { get; }

    /// <summary>By the sender's protocol key over <see cref="Bytes"/>.</summary>
    public ProtocolSignature Signature { get; }

    /// <summary>What was signed: header and body.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>The part that depends on the kind.</summary>
    public ReadOnlyMemory<byte> Body => _bytes[HeaderSize..];

    /// <summary>SHA-256 of the signed bytes: names the message.</summary>
    public Bytes32 Id => _id ??= Sha256.Hash(_bytes.Span);

    /// <summary>Bytes of the encoding.</summary>
    public int EncodedSize => 4 + _bytes.Length + ProtocolSignature.Size;

    /// <summary>Signs a message.</summary>
    public static SignedMessage Sign(RoundInstance instance, uint view, MessageKind kind, byte sender, Bytes32 valueDigest, ReadOnlySpan<byte> body, ProtocolSigner sign)
    {
        var bytes = new CanonicalWriter(HeaderSize + body.Length).Bytes(ProtocolTags.Round).Word(instance.ConfigDigest).U64(instance.Epoch.Value)
            .U64(instance.Generation.Value).U32(view).U8((byte)kind).U8(sender).Word(valueDigest).Sized(body).ToArray();
        if (bytes.Length > MaxSize) throw new ArgumentException($"A round message has at most {MaxSize} bytes, not {bytes.Length}.", nameof(body));
        return new SignedMessage(bytes, sign(bytes), instance, view, kind, sender, valueDigest);
    }

    /// <summary>Whether the sender is an operator of the set and signed exactly these bytes.</summary>
    public bool Verify(OperatorSet operators, ProtocolSignatureVerifier verify) =>
        Instance.ConfigDigest == operators.ConfigDigest && Sender < operators.Count && verify(operators[Sender].ProtocolKey, _bytes.Span, Signature);

    /// <summary>Message length u32 · message · signature 64, in transport and inside other messages.</summary>
    public byte[] Encode()
    {
        var writer = new CanonicalWriter(EncodedSize);
        Write(writer);
        return writer.ToArray();
    }

    /// <summary>Appends the encoding.</summary>
    public void Write(CanonicalWriter writer) => writer.Sized(_bytes.Span).Bytes(Signature.ToArray());

    /// <summary>Reads exactly one signed message: the header only.</summary>
    public static bool TryParse(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out SignedMessage? message)
    {
        message = null;
        try
        {
            var reader = new CanonicalReader(encoded, "round message");
            var read = Read(ref reader);
            reader.End();
            message = read;
            return true;
        }
        catch (CanonicalFormatException)
        {
            return false;
        }
    }

    /// <summary>Reads a signed message from the reader's place; the bytes are copied.</summary>
    /// <exception cref="CanonicalFormatException">It is not canonical.</exception>
    public static SignedMessage Read(ref CanonicalReader reader)
    {
        var bytes = reader.Sized(MaxSize).ToArray();
        var signature = new ProtocolSignature(reader.Bytes(ProtocolSignature.Size));
        var header = new CanonicalReader(bytes, "round message");
        header.Expect(ProtocolTags.Round);
        var instance = new RoundInstance(header.Word(), new Epoch(header.U64()), new Generation(header.U64()));
        var view = header.U32();
        var kind = (MessageKind)header.U8();
        if (kind is < MessageKind.Observation or > MessageKind.Decision) throw header.Wrong($"{(byte)kind} is no kind of message");
        var sender = header.U8();
        var digest = header.Word();
        var body = header.U32();
        if (body != header.Remaining) throw header.Wrong($"the body has {header.Remaining} bytes, not the {body} stated");
        if (body > MaxBody(kind)) throw header.Wrong($"a {kind} has at most {MaxBody(kind)} bytes of body, not {body}");
        if (kind is MessageKind.Observation && !digest.IsZero) throw header.Wrong("an observation names no value");
        if (kind is MessageKind.Proposal or MessageKind.Attestation or MessageKind.Decision && digest.IsZero) throw header.Wrong("it names no value");
        if (kind is MessageKind.Attestation && view != 0) throw header.Wrong("an attestation belongs to no view");
        return new SignedMessage(bytes, signature, instance, view, kind, sender, digest);
    }

    // Of 31 operators: what each kind can come to at most, so that nobody can make others keep more.
    private static int MaxBody(MessageKind kind) => kind switch
    {
        MessageKind.Proposal => MaxSize - HeaderSize,
        MessageKind.Observation => 45_000,
        MessageKind.Decision => 8_000,
        MessageKind.Attestation => 64,
        _ => 0,
    };

    /// <inheritdoc/>
    public bool Equals(SignedMessage? other) => other is not null && _bytes.Span.SequenceEqual(other._bytes.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as SignedMessage);

    /// <inheritdoc/>
    public override int GetHashCode() => Id.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => $"{Kind} of operator {Sender}, {Instance}, view {View}, value {(ValueDigest.IsZero ? "nil" : ValueDigest.ToString()[..10])}";
}
