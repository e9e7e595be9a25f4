namespace DePin.Protocol.Lanes;

/// <summary>Why bytes are not an acceptable batch. Numbered, append-only.</summary>
public enum BatchRefusal : byte
{
    None = 0,

    /// <summary>The header is not 151 bytes of the layout.</summary>
    MalformedHeader = 1,

    /// <summary>The header names another network.</summary>
    WrongNetwork = 2,

    /// <summary>Index 0, or a previous digest that is zero above index 1 or not zero at index 1.</summary>
    BadLink = 3,

    /// <summary>No proof, or more than <see cref="Batch.MaxProofs"/>.</summary>
    BadCount = 4,

    /// <summary>A body above <see cref="Batch.MaxBody"/> bytes.</summary>
    TooLarge = 5,

    /// <summary>The body is not the one that the header names.</summary>
    WrongBody = 6,

    /// <summary>A proof in the body does not parse.</summary>
    MalformedProof = 7,

    /// <summary>The proofs are not strictly ascending by id.</summary>
    NotAscending = 8,

    /// <summary>The body holds another number of proofs than the header says.</summary>
    CountMismatch = 9,

    /// <summary>A proof in the body is for another network.</summary>
    ForeignProof = 10,
}
