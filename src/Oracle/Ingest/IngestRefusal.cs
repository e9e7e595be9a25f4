namespace DePin.Oracle.Ingest;

/// <summary>
/// Why a proof is not taken. Only what can never count is refused for good; whatever depends on the chain at the cut is taken and judged
/// there. The numbers and names are part of the HTTP interface: append-only.
/// </summary>
public enum IngestRefusal : byte
{
    /// <summary>Taken.</summary>
    None = 0,

    /// <summary>The bytes are not a proof envelope of version 1 with a 64-byte signature.</summary>
    Malformed = 1,

    /// <summary>The envelope is longer than the protocol allows.</summary>
    Oversized = 2,

    /// <summary>It is for another network.</summary>
    WrongNetwork = 3,

    /// <summary>No such resource class or payload schema in this network's parameters.</summary>
    UnknownClass = 4,

    /// <summary>The payload is not laid out as its class and schema say.</summary>
    BadPayload = 5,

    /// <summary>
    /// Not registered as far as this operator's mirror is, or registered after the end of a period whose report is still to come: try again once the
    /// registration is a few blocks old and that report is in.
    /// </summary>
    UnknownDevice = 6,

    /// <summary>Suspended, retired, or its key was replaced.</summary>
    InactiveDevice = 7,

    /// <summary>The device proves for another class.</summary>
    WrongClass = 8,

    /// <summary>The device's time is further ahead of the network's than the tolerance.</summary>
    TooFarAhead = 9,

    /// <summary>The device's time is older than any cut still to come may hold.</summary>
    TooOld = 10,

    /// <summary>An earlier cut took the sequence or has left it behind, or it is above 2^63 − 1; a proof that is durable here gets its receipt again instead.</summary>
    Replayed = 11,

    /// <summary>The device, or the address it sends from, sends more than its limit: try again after the time given.</summary>
    RateLimited = 12,

    /// <summary>The signature is not the device's.</summary>
    BadSignature = 13,

    /// <summary>This operator cannot store more at the moment: try again after the time given, or another operator.</summary>
    Overloaded = 14,

    /// <summary>A report is overdue, and its cut would reject the proof as from the future: try again after the time given, until that report is in.</summary>
    AwaitsReport = 15,
}
