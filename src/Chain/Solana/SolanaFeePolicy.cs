namespace DePin.Chain.Solana;

/// <summary>What a sender pays beyond the fee for signatures, and how it insists.</summary>
public sealed record SolanaFeePolicy
{
    /// <summary>Least price, in millionths of a lamport a compute unit. Default 0: what a quiet cluster asks for.</summary>
    public ulong MinimumPrice { get; init; }

    /// <summary>Highest price, in millionths of a lamport a compute unit. Default 1,000,000: 1.4 million units, the most there are, cost 0.0014 SOL.</summary>
    public ulong MaximumPrice { get; init; } = 1_000_000;

    /// <summary>Which of the recent fees for the same accounts to pay, in percent from the least to the greatest. Default 75.</summary>
    public int Percentile { get; init; } = 75;

    /// <summary>Added to the compute units that the simulation used, in percent: state moves between simulation and inclusion. Default 20.</summary>
    public int UnitMarginPercent { get; init; } = 20;

    /// <summary>Wall-clock time after which bytes that are in no block are sent again. Default 2 s: a validator keeps what it cannot include for about that long.</summary>
    public TimeSpan ResendEvery { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Wall-clock time between looks for the transaction.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The price to pay where others paid these.</summary>
    internal ulong Price(IReadOnlyList<SolanaPriorityFee> recent)
    {
        var fees = recent.Select(f => f.MicroLamports).Order().ToArray();
        var market = fees.Length == 0 ? 0 : fees[Math.Clamp(fees.Length * Percentile / 100, 0, fees.Length - 1)];
        return Math.Clamp(market, MinimumPrice, Math.Max(MinimumPrice, MaximumPrice));
    }
}
