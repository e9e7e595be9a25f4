using System.Collections.Immutable;
using DePin.Cryptography;
using DePin.Protocol.Lanes;

namespace DePin.Protocol.Rounds;

/// <summary>A message to one operator, or to all others.</summary>
/// <param name="Message">What to send.</param>
/// <param name="To">Position of the receiver; null for every other operator.</param>
public readonly record struct Outgoing(SignedMessage Message, int? To);

/// <summary>What the operator should look at. Numbered, append-only.</summary>
public enum RoundAlarm : byte
{
    /// <summary>A peer shows a message of this operator that its log does not have: the log was lost or the key is used twice.</summary>
    OwnMessageUnknown = 1,

    /// <summary>A proposal names another anchor block than this operator reads: a follower is on another branch or behind.</summary>
    AnchorDiffers = 2,

    /// <summary>A proposal for a known cut claims another report digest than was recomputed here: someone lies or computes differently.</summary>
    RecomputationDiffers = 3,

    /// <summary>The decided report is not the one that was recomputed here.</summary>
    DecidedOtherwise = 4,
}

/// <summary>What the host must do, in the order given.</summary>
public abstract record RoundEffect
{
    private RoundEffect()
    {
    }

    /// <summary>
    /// Write the records in one transaction that is durable on return; only then send. If writing fails, nothing may be sent and the machine must be
    /// made again from the log.
    /// </summary>
    public sealed record Persist(ImmutableArray<RoundRecord> Records, ImmutableArray<Outgoing> ThenSend) : RoundEffect;

    /// <summary>Send something that is durable or not one's own.</summary>
    public sealed record Send(ImmutableArray<Outgoing> Messages) : RoundEffect;

    /// <summary>Give <see cref="RoundInput.TimerFired"/> after this time.</summary>
    public sealed record SetTimer(RoundTimer Timer, uint View, TimeSpan After) : RoundEffect;

    /// <summary>Give <see cref="RoundInput.Observed"/> with what is certified now.</summary>
    public sealed record RequestObservation(uint View) : RoundEffect;

    /// <summary>
    /// Make every batch of the cut durable, compute the report from it and give <see cref="RoundInput.Recomputed"/>. At most one request per cut is open.
    /// </summary>
    public sealed record RequestRecomputation(Cut Cut) : RoundEffect;

    /// <summary>
    /// The instance decided. With <paramref name="MaySign"/>: store the unique row for (key, config, epoch, generation), sign its digest
    /// and give <see cref="RoundInput.ReportSigned"/>. Comes again after a restart.
    /// </summary>
    public sealed record Decided(RoundValue Value, ImmutableArray<SignedMessage> Commits, bool MaySign) : RoundEffect;

    /// <summary>q operators signed the report.</summary>
    /// <param name="Value">The decided value.</param>
    /// <param name="Signatures">Exactly q, ascending by signer.</param>
    public sealed record ReportAttested(RoundValue Value, ImmutableArray<ReportSignature> Signatures) : RoundEffect;

    /// <summary>Another operator's signature of the report, after the first q: nothing waits for it, but should its signer sign another report too, it is half the proof.</summary>
    public sealed record SignatureAdded(RoundValue Value, ReportSignature Signature) : RoundEffect;

    /// <summary>One sender signed two different messages for one slot: keep both.</summary>
    public sealed record Equivocation(SignedMessage First, SignedMessage Second) : RoundEffect;

    /// <summary>Tell the operator.</summary>
    public sealed record Alarm(RoundAlarm Kind, string Text) : RoundEffect;
}

/// <summary>One operator's signature of the report digest.</summary>
/// <param name="Signer">Position in the config's operators, the bit in the report's bitmap.</param>
/// <param name="Signature">EIP-2098, low s.</param>
public readonly record struct ReportSignature(byte Signer, CompactSignature Signature);
