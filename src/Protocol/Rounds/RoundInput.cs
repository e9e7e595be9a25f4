using System.Collections.Immutable;
using DePin.Cryptography;
using DePin.Protocol.Lanes;

namespace DePin.Protocol.Rounds;

/// <summary>What the machine waits for.</summary>
public enum RoundTimer : byte
{
    /// <summary>End of the listening period at start.</summary>
    Listen = 1,

    /// <summary>No proposal could be voted for: prepare nil.</summary>
    Propose = 2,

    /// <summary>q prepares without agreement: commit nil.</summary>
    Prepare = 3,

    /// <summary>q commits without agreement: next view.</summary>
    Commit = 4,

    /// <summary>Send own messages and the best certificate again.</summary>
    Resend = 5,
}

/// <summary>Everything that can happen to a <see cref="RoundMachine"/>.</summary>
public abstract record RoundInput
{
    private RoundInput()
    {
    }

    /// <summary>
    /// The first input, once. <paramref name="Log"/> holds every record persisted for the instance, in order. <paramref name="Listen"/>: hear peers
    /// before speaking, so that a lost log or a second process with the same key is noticed; for instances that this process did not follow from
    /// their beginning.
    /// </summary>
    public sealed record Start(ImmutableArray<RoundRecord> Log, bool Listen) : RoundInput;

    /// <summary>A message whose signature has been verified with <see cref="SignedMessage.Verify"/>.</summary>
    public sealed record Received(SignedMessage Message) : RoundInput;

    /// <summary>Answer to <see cref="RoundEffect.RequestObservation"/>: for each operator in order, the highest certified batch held.</summary>
    public sealed record Observed(uint View, ImmutableArray<CertifiedLane> Lanes) : RoundInput;

    /// <summary>
    /// Answer to <see cref="RoundEffect.RequestRecomputation"/>: the digest of the report that follows from the cut; null when it cannot be had now,
    /// because a batch is missing: it will be asked for again.
    /// </summary>
    public sealed record Recomputed(Cut Cut, Bytes32? ReportDigest) : RoundInput;

    /// <summary>A timer set by <see cref="RoundEffect.SetTimer"/> fired. Late and repeated ones do no harm.</summary>
    public sealed record TimerFired(RoundTimer Timer, uint View) : RoundInput;

    /// <summary>
    /// Own signature of the decided report digest with the report key, given after the row that says so is durable.
    /// </summary>
    public sealed record ReportSigned(CompactSignature Signature) : RoundInput;
}
