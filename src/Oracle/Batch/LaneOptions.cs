using System.ComponentModel.DataAnnotations;

namespace DePin.Oracle.Batch;

/// <summary>Section <c>Lanes</c>.</summary>
public sealed record LaneOptions
{
    /// <summary>Wall time between two sealed batches while proofs trickle in. Default 1 s; a full batch is sealed at once.</summary>
    public TimeSpan SealEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Most proofs of a batch. Default and most 2,048.</summary>
    [Range(1, 2_048)]
    public int MaxProofs { get; init; } = 2_048;

    /// <summary>Wall time between two looks for batches to push, certify or fetch. Default 0.5 s.</summary>
    public TimeSpan ExchangeEvery { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Batches pushed to one peer in one go. Default 16.</summary>
    [Range(1, 1_000)]
    public int PushAtOnce { get; init; } = 16;

    /// <summary>Network time after sealing from which a batch is taken although one of its devices is unknown here. Default 30 minutes.</summary>
    public TimeSpan UnknownDevicePatience { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Wall time that a peer has to answer. Default 10 s.</summary>
    public TimeSpan PeerTimeout { get; init; } = TimeSpan.FromSeconds(10);
}
