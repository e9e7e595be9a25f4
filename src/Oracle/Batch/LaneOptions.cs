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

    /// <summary>Longest wall time for which a peer that did not answer is left alone; the rest doubles up to it, from <see cref="ExchangeEvery"/>. Default 5 s.</summary>
    public TimeSpan LongestRest { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Wall time between two looks for lanes of departed operators. Default 5 s.</summary>
    public TimeSpan AdoptEvery { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Batches pushed to one peer in one go. Default 16.</summary>
    [Range(1, 1_000)]
    public int PushAtOnce { get; init; } = 16;

    /// <summary>Network time after sealing from which a batch is taken although one of its devices is unknown here. Default 30 minutes.</summary>
    public TimeSpan UnknownDevicePatience { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Requests a second that one address may make at the endpoints for peers (lanes, rounds, evidence). Default 1,000.</summary>
    [Range(0.001, 1e9)]
    public double AddressRequestsPerSecond { get; init; } = 1_000;

    /// <summary>Such requests that one address may make at once. Default 5,000.</summary>
    [Range(1, 1e12)]
    public double AddressBurst { get; init; } = 5_000;

    /// <summary>Such addresses with a limit of their own at one time; those beyond share one. Default 10,000.</summary>
    [Range(1, 10_000_000)]
    public int MaxAddresses { get; init; } = 10_000;

    /// <summary>Batches a second that one operator may push here in the long run, wherever it calls from. Default 50; a lane seals one a second unless it is busy.</summary>
    [Range(0.001, 1e9)]
    public double PushedPerSecond { get; init; } = 50;

    /// <summary>Batches that one operator may push at once. Default 2,000: what a peer gets that was away for half an hour.</summary>
    [Range(1, 1e9)]
    public double PushedBurst { get; init; } = 2_000;

    /// <summary>Wall time that a peer has to answer. Default 10 s.</summary>
    public TimeSpan PeerTimeout { get; init; } = TimeSpan.FromSeconds(10);
}
