using System.ComponentModel.DataAnnotations;

namespace DePin.Oracle.Transmit;

/// <summary>Section <c>Transmit</c>.</summary>
public sealed record TransmitOptions
{
    /// <summary>Wall time that each operator in turn gives the one before it to land a transaction. Default 30 s.</summary>
    public TimeSpan StageDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Wall time after which a transaction that waits is replaced at a higher fee. Default 90 s.</summary>
    public TimeSpan StuckAfter { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>Wall time between two looks at chain and transmissions. Default 2 s.</summary>
    public TimeSpan Pace { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Refusals of one transaction after which this operator leaves it to the others. Default 5.</summary>
    [Range(1, 1_000)]
    public int MaxAttempts { get; init; } = 5;
}
