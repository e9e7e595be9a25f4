using DePin.Cryptography;
using DePin.Protocol.Proofs;
using DePin.Protocol.Verification;

namespace DePin.Protocol.Epochs;

/// <summary>
/// How to do the two costly pure checks. A host that has checked a proof before may answer from what it kept; the answers must be those of
/// <see cref="Plain"/>. Called from several threads.
/// </summary>
/// <param name="VerifySignature">Whether the device's key signed the envelope.</param>
/// <param name="VerifyItem">The item layer of a class. May be kept under (proof id, device view, rules version, parameters hash).</param>
public sealed record EpochAids(Func<SignedProof, PublicKey, bool> VerifySignature, Func<IResourceClass, ProofItem, Verdict> VerifyItem)
{
    /// <summary>Checks everything anew.</summary>
    public static EpochAids Plain { get; } = new(
        static (proof, key) => key.Verify(proof.Proof.Envelope.Span, proof.Signature.Span),
        static (@class, item) => @class.VerifyItem(item));
}
