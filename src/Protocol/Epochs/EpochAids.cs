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
        static (@class, item) => JudgeItem(@class, item));

    /// <summary>
    /// The item layer, in which a defect of the class costs the item and not the network: an exception that any operator would meet with the same
    /// bytes becomes <see cref="RejectReason.ClassDefect"/>. Hosts that keep verdicts make them with this.
    /// </summary>
    public static Verdict JudgeItem(IResourceClass @class, in ProofItem item)
    {
        try
        {
            return @class.VerifyItem(item);
        }
        catch (Exception error) when (IsDefect(error))
        {
            return Verdict.Inconclusive(RejectReason.ClassDefect);
        }
    }

    /// <summary>Whether the exception follows from the input alone. What depends on the machine (memory, files, libraries) does not, and must stop the computation.</summary>
    internal static bool IsDefect(Exception error) => error is ArithmeticException or IndexOutOfRangeException or ArgumentException
        or FormatException or InvalidCastException or NullReferenceException or KeyNotFoundException or InvalidOperationException and not ObjectDisposedException;
}
