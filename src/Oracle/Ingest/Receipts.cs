using DePin.Cryptography;
using DePin.Oracle.Network;
using DePin.Protocol.Proofs;
using DePin.Signing;

namespace DePin.Oracle.Ingest;

/// <summary>What this operator signs for proofs that are durable here (docs/protocol.md, "Proof").</summary>
public sealed class Receipts(IOperatorSigner keys, NetworkFacts facts)
{
    /// <summary>Signs for one proof. The same arguments give the same signature: a repeated proof gets its first receipt again.</summary>
    public byte[] Sign(Bytes32 proofId, ulong receivedAt) => keys.SignProtocol(ReceiptMessage.Of(facts.Id, proofId, keys.Address, receivedAt)).ToArray();

    /// <summary>Signs for many with one signature: their ids in the order of the request, refused ones left out.</summary>
    public byte[] SignMany(IReadOnlyList<Bytes32> proofIds, ulong receivedAt) => keys.SignProtocol(ReceiptMessage.Of(facts.Id, proofIds, keys.Address, receivedAt)).ToArray();
}
