using DePin.Cryptography;
using DePin.Oracle.Network;
using DePin.Protocol;
using DePin.Protocol.Canonical;

namespace DePin.Oracle.Ingest;

/// <summary>What this operator signs for proofs that are durable here (docs/protocol.md, "Proof").</summary>
public sealed class Receipts(OperatorKeyRing keys, NetworkFacts facts)
{
    /// <summary>Signs for one proof. The same arguments give the same signature: a repeated proof gets its first receipt again.</summary>
    public byte[] Sign(Bytes32 proofId, ulong receivedAt) => keys.Protocol.Sign(Message(facts.Id, proofId, keys.Address, receivedAt));

    /// <summary>Signs for many with one signature: their ids in the order of the request, refused ones left out.</summary>
    public byte[] SignMany(IReadOnlyList<Bytes32> proofIds, ulong receivedAt) => keys.Protocol.Sign(Message(facts.Id, proofIds, keys.Address, receivedAt));

    /// <summary>The bytes under a receipt.</summary>
    public static byte[] Message(NetworkId network, Bytes32 proofId, Address @operator, ulong receivedAt) => new CanonicalWriter(128)
        .Bytes(ProtocolTags.Receipt).Word(network.Value).Word(proofId).Address(@operator).U64(receivedAt).ToArray();

    /// <summary>The bytes under a receipt for many.</summary>
    public static byte[] Message(NetworkId network, IReadOnlyList<Bytes32> proofIds, Address @operator, ulong receivedAt)
    {
        var ids = new CanonicalWriter(proofIds.Count * Bytes32.Size);
        foreach (var id in proofIds) ids.Word(id);
        return new CanonicalWriter(128).Bytes(ProtocolTags.Receipts).Word(network.Value).Address(@operator).U64(receivedAt)
            .U32((uint)proofIds.Count).Word(ids.Sha()).ToArray();
    }
}
