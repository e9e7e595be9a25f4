using DePin.Protocol.Rounds;

namespace DePin.Oracle.Round;

/// <summary>Section <c>Round</c>: wall times of the agreement and bounds of its transport.</summary>
public sealed record RoundOptions
{
    /// <summary>Time for a proposal and the recomputation of its report in view 0; grows with the view. Default 20 s.</summary>
    public TimeSpan Propose { get; init; } = RoundTimings.Default.Propose;

    /// <summary>Time for the votes that are missing once there are q; grows with the view. Default 4 s.</summary>
    public TimeSpan Vote { get; init; } = RoundTimings.Default.Vote;

    /// <summary>The longest of these waits. Default 10 minutes.</summary>
    public TimeSpan Ceiling { get; init; } = RoundTimings.Default.Ceiling;

    /// <summary>Time between repetitions of what peers may have missed. Default 5 s.</summary>
    public TimeSpan Resend { get; init; } = RoundTimings.Default.Resend;

    /// <summary>Silence before the first instance of a process; at least two repetitions of the peers. Default 12 s.</summary>
    public TimeSpan Listen { get; init; } = RoundTimings.Default.Listen;

    /// <summary>How long a recomputation waits for missing batches before the answer is "not now". Default 15 s.</summary>
    public TimeSpan EvidencePatience { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Messages waiting for one peer; the oldest is dropped beyond, as it will be repeated. Default 1,024.</summary>
    public int OutboxMessages { get; init; } = 1_024;

    /// <summary>Messages of one sender waiting to be taken; the oldest is dropped beyond. Default 512.</summary>
    public int InboxMessages { get; init; } = 512;

    /// <summary>Bytes of one sender waiting to be taken. Default 8 MiB.</summary>
    public int InboxBytes { get; init; } = 8 << 20;

    /// <summary>Requests read at once; more are told to come back. Default 32.</summary>
    public int InboxRequests { get; init; } = 32;

    /// <summary>Longest pause before an unreachable peer is tried again. Default 5 s.</summary>
    public TimeSpan LongestBackOff { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The waits as the machine takes them.</summary>
    public RoundTimings Timings => new(Propose, Vote, Ceiling, Resend, Listen);
}
