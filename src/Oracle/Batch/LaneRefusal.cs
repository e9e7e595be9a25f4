namespace DePin.Oracle.Batch;

/// <summary>Why an operator does not acknowledge a batch. The numbers are part of the interface between operators: append-only.</summary>
public enum LaneRefusal : byte
{
    /// <summary>Acknowledged.</summary>
    None = 0,

    /// <summary>Header, body or proofs are not a batch of this network.</summary>
    Malformed = 1,

    /// <summary>The lane is of no operator that this network ever had.</summary>
    Stranger = 2,

    /// <summary>The lane operator's own acknowledgement is missing or false.</summary>
    NotSigned = 3,

    /// <summary>Batches before it are missing here: send those from the height given.</summary>
    Gap = 4,

    /// <summary>Another batch was acknowledged at this index, or it does not link to the one before.</summary>
    Conflict = 5,

    /// <summary>It holds a proof whose signature is not its device's.</summary>
    BadProof = 6,

    /// <summary>It holds a proof of a device that this operator has not seen on chain yet: send it again later.</summary>
    UnknownDevice = 7,

    /// <summary>This operator does not know the network's operators yet: send it again later.</summary>
    NotReady = 8,

    /// <summary>The cut of an accepted report covers it, and this operator has it from the evidence, not from the lane: send what lies above the height given.</summary>
    Settled = 9,

    /// <summary>Its operator pushes more than its share: send it again after the time given. Comes with HTTP status 429.</summary>
    TooFast = 10,
}
