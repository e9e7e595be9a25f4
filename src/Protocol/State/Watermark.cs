namespace DePin.Protocol.State;

/// <summary>
/// Which sequences of a device all cuts so far held: the highest, and which of the 64 below it. A device counts upward, but its proofs travel through
/// several lanes, and a cut may take a lane that is ahead of another: what was on its way may still come, once.
/// </summary>
/// <param name="Device">Whose sequences.</param>
/// <param name="Sequence">The highest.</param>
/// <param name="Seen">Bit i: sequence − 1 − i was in a cut.</param>
public readonly record struct Watermark(DeviceId Device, ulong Sequence, ulong Seen)
{
    /// <summary>How far below the highest a sequence may still come.</summary>
    public const int Reach = 64;

    /// <summary>Whether the sequence is new: above the highest, or within reach below it and not in a cut yet.</summary>
    public bool Takes(ulong sequence)
    {
        if (sequence > Sequence) return true;
        var below = Sequence - sequence;
        return below is > 0 and <= Reach && (Seen & (1UL << (int)(below - 1))) == 0;
    }

    /// <summary>The watermark after a cut that held one more sequence. The order in which sequences are added does not matter.</summary>
    public Watermark With(ulong sequence)
    {
        if (sequence > Sequence)
        {
            var rise = sequence - Sequence;
            var seen = rise >= Reach ? 0 : Seen << (int)rise;
            return this with { Sequence = sequence, Seen = rise <= Reach ? seen | (1UL << (int)(rise - 1)) : seen };
        }

        var below = Sequence - sequence;
        return below is > 0 and <= Reach ? this with { Seen = Seen | (1UL << (int)(below - 1)) } : this;
    }

    /// <summary>The watermark of a device whose first sequence is this.</summary>
    public static Watermark First(DeviceId device, ulong sequence) => new(device, sequence, 0);
}
