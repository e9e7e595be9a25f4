using System.Numerics;

namespace DePin.Mirror;

/// <summary>
/// EmissionController's schedule, recomputed: pure, so that operators need no call to a contract to know an epoch's budget. The two numbers are
/// immutable in the contract; <c>depin index verify</c> compares the results with it.
/// </summary>
/// <param name="Base">Emission of epoch 1, base units.</param>
/// <param name="DecayQ96">What one epoch's emission is of the one before it, in 2^-96.</param>
public sealed record EmissionSchedule(UInt128 Base, BigInteger DecayQ96)
{
    private const int WholeBps = 10_000;

    /// <summary>Emission of an epoch, all receivers together: base · decay^(epoch − 1) by squaring, every product rounded down.</summary>
    public UInt128 EmissionOf(ulong epoch)
    {
        if (epoch == 0) return 0;
        var power = BigInteger.One << 96;
        var square = DecayQ96;
        for (var exponent = epoch - 1; exponent > 0; exponent >>= 1)
        {
            if ((exponent & 1) == 1) power = (power * square) >> 96;
            square = (square * square) >> 96;
        }

        return (UInt128)(((BigInteger)Base * power) >> 96);
    }

    /// <summary>What a report may pay to leaves: emission less the sinks' shares, each rounded down.</summary>
    /// <param name="epoch">From 1.</param>
    /// <param name="sinkBps">The sinks' shares in 1/10,000.</param>
    public UInt128 BudgetOf(ulong epoch, IEnumerable<int> sinkBps)
    {
        var emission = EmissionOf(epoch);
        var budget = emission;
        foreach (var bps in sinkBps)
            budget -= (UInt128)((BigInteger)emission * bps / WholeBps);
        return budget;
    }
}
