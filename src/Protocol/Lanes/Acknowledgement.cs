using DePin.Cryptography;
using DePin.Protocol.Canonical;

namespace DePin.Protocol.Lanes;

/// <summary>
/// An operator's word that a batch, and with it every earlier batch of its lane, is durable with it. The lane's own operator gives one too:
/// it stands for its signature of the batch.
/// </summary>
/// <param name="Lane">Report address of the lane's operator.</param>
/// <param name="Index">The batch's index, from 1.</param>
/// <param name="Digest">The batch's digest.</param>
/// <param name="Signer">Report address of the operator that gives it.</param>
/// <param name="Signature">By the signer's protocol key.</param>
public readonly record struct Acknowledgement(Address Lane, ulong Index, Bytes32 Digest, Address Signer, ProtocolSignature Signature)
{
    /// <summary>Bytes in transport: lane 20 · index u64 · digest 32 · signer 20 · signature 64.</summary>
    public const int Size = 144;

    /// <summary>The bytes that are signed.</summary>
    public static byte[] Message(NetworkId network, Address lane, ulong index, Bytes32 digest) =>
        new CanonicalWriter(128).Bytes(ProtocolTags.Acknowledgement).Word(network.Value).Address(lane).U64(index).Word(digest).ToArray();

    /// <summary>Signs for a batch. Only for one that is durable and, in its lane, the first with its index.</summary>
    public static Acknowledgement Sign(NetworkId network, Address lane, LaneHead head, Address signer, ProtocolSigner sign) =>
        new(lane, head.Index, head.Digest, signer, sign(Message(network, lane, head.Index, head.Digest)));

    /// <summary>Whether the signature is by the key.</summary>
    public bool Verify(NetworkId network, Bytes32 protocolKey, ProtocolSignatureVerifier verify) =>
        verify(protocolKey, Message(network, Lane, Index, Digest), Signature);

    /// <summary>The 144 bytes.</summary>
    public byte[] Encode() => new CanonicalWriter(Size).Address(Lane).U64(Index).Word(Digest).Address(Signer).Bytes(Signature.ToArray()).ToArray();

    /// <summary>Reads exactly an acknowledgement.</summary>
    /// <exception cref="CanonicalFormatException">Other bytes.</exception>
    public static Acknowledgement Parse(ReadOnlySpan<byte> bytes)
    {
        var reader = new CanonicalReader(bytes, "acknowledgement");
        var read = new Acknowledgement(reader.Address(), reader.U64(), reader.Word(), reader.Address(), new ProtocolSignature(reader.Bytes(ProtocolSignature.Size)));
        reader.End();
        return read;
    }
}
