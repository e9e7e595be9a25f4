using DePin.Cryptography;
using DePin.Protocol.Canonical;

namespace DePin.Protocol.Proofs;

/// <summary>The bytes under an operator's receipts (docs/protocol.md, "Proof"): what it signs with its protocol key once proofs are durable, and what a device checks.</summary>
public static class ReceiptMessage
{
    /// <summary>For one proof.</summary>
    /// <param name="network">The network.</param>
    /// <param name="proof">Proof id.</param>
    /// <param name="operator">Address of the operator's report key.</param>
    /// <param name="receivedAt">ms since 1970, network time.</param>
    public static byte[] Of(NetworkId network, Bytes32 proof, Address @operator, ulong receivedAt) => new CanonicalWriter(128)
        .Bytes(ProtocolTags.Receipt).Word(network.Value).Word(proof).Address(@operator).U64(receivedAt).ToArray();

    /// <summary>For many proofs of one request: their ids in its order, refused ones left out.</summary>
    public static byte[] Of(NetworkId network, IReadOnlyList<Bytes32> proofs, Address @operator, ulong receivedAt)
    {
        var ids = new CanonicalWriter(proofs.Count * Bytes32.Size);
        foreach (var id in proofs) ids.Word(id);
        return new CanonicalWriter(128).Bytes(ProtocolTags.Receipts).Word(network.Value).Address(@operator).U64(receivedAt)
            .U32((uint)proofs.Count).Word(ids.Sha()).ToArray();
    }
}
