using DePin.Cryptography;
using DePin.Protocol.Canonical;

namespace DePin.Protocol.Lanes;

/// <summary>
/// One link of an operator's lane (docs/protocol.md, "Lanes"): names the batch before it and the body that it seals.
/// </summary>
/// <param name="Network">The network whose proofs it holds.</param>
/// <param name="Operator">Report address of the operator whose lane this is.</param>
/// <param name="Index">Position in the lane, from 1.</param>
/// <param name="Previous">Digest of the batch before; zero for index 1 and only there.</param>
/// <param name="SealedAtMs">When it was sealed, in milliseconds of network time since 1970, by the operator's own account.</param>
/// <param name="Count">Number of proofs, from 1 to <see cref="Batch.MaxProofs"/>.</param>
/// <param name="BodyHash">SHA-256 of the body.</param>
public sealed record BatchHeader(NetworkId Network, Address Operator, ulong Index, Bytes32 Previous, ulong SealedAtMs, uint Count, Bytes32 BodyHash)
{
    /// <summary>Number of bytes.</summary>
    public const int Size = 151;

    private Bytes32? _digest;

    /// <summary>SHA-256 of the header's bytes: what acknowledgements and cuts name.</summary>
    public Bytes32 Digest => _digest ??= Sha256.Hash(Encode());

    /// <summary>The 151 bytes.</summary>
    public byte[] Encode() => new CanonicalWriter(Size).Bytes(ProtocolTags.Batch).Word(Network.Value).Address(Operator).U64(Index)
        .Word(Previous).U64(SealedAtMs).U32(Count).Word(BodyHash).ToArray();

    /// <summary>Reads exactly a header.</summary>
    /// <exception cref="CanonicalFormatException">Other bytes.</exception>
    public static BatchHeader Parse(ReadOnlySpan<byte> bytes)
    {
        var reader = new CanonicalReader(bytes, "batch header");
        reader.Expect(ProtocolTags.Batch);
        var header = new BatchHeader(new NetworkId(reader.Word()), reader.Address(), reader.U64(), reader.Word(), reader.U64(), reader.U32(), reader.Word());
        reader.End();
        return header;
    }

    /// <summary>Whether both name the same bytes.</summary>
    public bool Equals(BatchHeader? other) => other is not null && Digest == other.Digest;

    /// <inheritdoc/>
    public override int GetHashCode() => Digest.GetHashCode();
}
