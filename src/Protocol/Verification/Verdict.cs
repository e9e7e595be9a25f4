namespace DePin.Protocol.Verification;

/// <summary>What became of a proof.</summary>
public enum Judgement : byte
{
    /// <summary>It counts.</summary>
    Accept = 0,

    /// <summary>It breaks a rule; it earns nothing and counts against the device. Final: no later layer raises it.</summary>
    Reject = 1,

    /// <summary>Nothing can be said; it earns nothing and is no fault.</summary>
    Inconclusive = 2,

    /// <summary>It waits for another proof of the same epoch. What is still pending after all layers becomes Inconclusive.</summary>
    Pending = 3,
}

/// <summary>One judged proof.</summary>
/// <param name="Judgement">What became of it.</param>
/// <param name="Reason">0 for a plain Accept; below 1,000 a <see cref="RejectReason"/>; from 1,000 one of its class's reason table.</param>
/// <param name="QualityPpm">How good it is, in millionths; classes define what they mean by it.</param>
public readonly record struct Verdict(Judgement Judgement, ushort Reason, uint QualityPpm)
{
    /// <summary>The best quality.</summary>
    public const uint FullQuality = 1_000_000;

    /// <summary>It counts, with this quality.</summary>
    public static Verdict Accept(uint qualityPpm = FullQuality) => new(Judgement.Accept, 0, Math.Min(qualityPpm, FullQuality));

    /// <summary>It breaks a rule of its class.</summary>
    public static Verdict Reject(ushort reason) => new(Judgement.Reject, reason, 0);

    /// <summary>It breaks a rule of the engine.</summary>
    public static Verdict Reject(RejectReason reason) => new(Judgement.Reject, (ushort)reason, 0);

    /// <summary>Nothing can be said about it.</summary>
    public static Verdict Inconclusive(ushort reason) => new(Judgement.Inconclusive, reason, 0);

    /// <summary>Nothing can be said about it, by a rule of the engine.</summary>
    public static Verdict Inconclusive(RejectReason reason) => new(Judgement.Inconclusive, (ushort)reason, 0);

    /// <summary>It waits for another proof of the epoch.</summary>
    public static Verdict Pending(ushort reason = 0, uint qualityPpm = FullQuality) => new(Judgement.Pending, reason, Math.Min(qualityPpm, FullQuality));
}

/// <summary>
/// The engine's reasons, the same for every class. Numbers are part of what operators agree on: append only, never reuse. Class
/// reasons start at <see cref="RejectReasons.FirstOfClass"/>.
/// </summary>
public enum RejectReason : ushort
{
    None = 0,

    /// <summary>Not a proof envelope. Only at ingest: no batch may hold one.</summary>
    Malformed = 1,

    /// <summary>Signed for another network. Not counted against the device.</summary>
    WrongNetwork = 2,

    /// <summary>No device of this id at the anchor: never registered, or its key was rotated.</summary>
    UnknownDevice = 3,

    /// <summary>No copy of the proof carries a valid signature of the device. Not counted against it: anyone can forge one.</summary>
    BadSignature = 4,

    /// <summary>Its sequence was in an earlier cut, or lies more than 64 below the device's highest.</summary>
    Replayed = 5,

    /// <summary>The device signed different contents under one sequence; all of them are refused.</summary>
    SequenceConflict = 6,

    /// <summary>The device is suspended or retired at the anchor.</summary>
    DeviceInactive = 7,

    /// <summary>The provider's stake does not reach as far as this device: older ones of it are covered first.</summary>
    NotStaked = 8,

    /// <summary>The owner has no payout index at the anchor.</summary>
    NoPayoutAccount = 9,

    /// <summary>The network does not reward this class.</summary>
    UnknownClass = 10,

    /// <summary>The device's model is of another class.</summary>
    WrongClass = 11,

    /// <summary>The class has no such payload layout.</summary>
    UnknownSchema = 12,

    /// <summary>The payload's length is not one that its layout allows.</summary>
    BadPayloadLength = 13,

    /// <summary>Its time lies a whole period or more past the period's end.</summary>
    FromTheFuture = 14,

    /// <summary>Its time lies further before the period's start than late proofs may.</summary>
    TooLate = 15,

    /// <summary>The device sent more than an epoch judges; the lowest sequences were.</summary>
    OverLimit = 16,

    /// <summary>It waited for another proof that did not come (Inconclusive).</summary>
    Unpaired = 17,

    /// <summary>Its group holds more proofs than are compared; the lowest ids were (Inconclusive).</summary>
    GroupFull = 18,

    /// <summary>The class's item rules failed on it, which is a defect of the class (Inconclusive).</summary>
    ClassDefect = 19,
}

/// <summary>Bounds of the reason numbers.</summary>
public static class RejectReasons
{
    /// <summary>The lowest reason that a class may define.</summary>
    public const ushort FirstOfClass = 1_000;
}
