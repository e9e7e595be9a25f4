using DePin.DataSets;

namespace DePin.Adversaries;

/// <summary>Whose key signs a statement.</summary>
public enum KeyUsed
{
    /// <summary>The device's own.</summary>
    Own,

    /// <summary>Another device's, under the own id.</summary>
    Anothers,

    /// <summary>One that no registry knows (any more), under the id that follows from it.</summary>
    Revoked,
}

/// <summary>Which sequence a statement gets.</summary>
public enum SequenceUsed
{
    /// <summary>The next.</summary>
    Next,

    /// <summary>That of the statement before it.</summary>
    Again,

    /// <summary>One of a day ago.</summary>
    DayBack,
}

/// <summary>What a device says: a row as published, or what an adversary made of it.</summary>
/// <param name="Row">Device, stated time and content; on the data set's own calendar.</param>
/// <param name="Altered">Whether an adversary had a hand in it.</param>
public sealed record Statement(DataRow Row, bool Altered)
{
    /// <summary>When it is sent, in ms, on the data set's calendar; the stated time where nothing else is said.</summary>
    public long SentMs { get; init; } = Row.TimeMs;

    /// <summary>Whose key signs it.</summary>
    public KeyUsed Key { get; init; }

    /// <summary>Which sequence it gets.</summary>
    public SequenceUsed Sequence { get; init; }

    /// <summary>Whether the same signed proof is sent once more a day later.</summary>
    public bool Repeated { get; init; }
}
