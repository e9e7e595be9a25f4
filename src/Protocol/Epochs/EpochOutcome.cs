using System.Collections.Immutable;
using DePin.Cryptography;
using DePin.Protocol.Reports;
using DePin.Protocol.Rewards;
using DePin.Protocol.State;
using DePin.Protocol.Verification;

namespace DePin.Protocol.Epochs;

/// <summary>A proof of the agreed evidence and what became of it.</summary>
public readonly record struct JudgedProof(ProofId Proof, DeviceId Device, ClassId Class, ulong Sequence, Verdict Verdict);

/// <summary>A class broke a rule of the engine; its claims of the epoch are void, its pool is unallocated, its state stays.</summary>
public readonly record struct ClassFault(ClassId Class, string Problem);

/// <summary>Everything that an epoch came to. Equal inputs give equal outcomes, on every machine.</summary>
public sealed record EpochOutcome
{
    /// <summary>Which epoch.</summary>
    public required EpochWindow Window { get; init; }

    /// <summary>Every distinct proof of the evidence and every proof that had waited for this epoch, except those that wait now; ascending by proof id.</summary>
    public required ImmutableArray<JudgedProof> Verdicts { get; init; }

    /// <summary>Why each account earned what it earned; ascending by (payout index, class, device id, rule).</summary>
    public required ImmutableArray<RewardLine> Lines { get; init; }

    /// <summary>The state that the next epoch starts from.</summary>
    public required NetworkState State { get; init; }

    /// <summary>The reward tree over the new ledger.</summary>
    public required RewardTree Tree { get; init; }

    /// <summary>What the epoch could allocate, in base units.</summary>
    public required UInt128 Budget { get; init; }

    /// <summary>What it did allocate; budget − this is unallocated.</summary>
    public required UInt128 Allocated { get; init; }

    /// <summary>Metered pay and transfers, which settle against the metering root; ascending by their bytes.</summary>
    public required ImmutableArray<ReadOnlyMemory<byte>> Metering { get; init; }

    /// <summary>Penalties that classes set, ascending by (class, device id, multiplier, evidence).</summary>
    public required ImmutableArray<(ClassId Class, PenaltyClaim Penalty)> Penalties { get; init; }

    /// <summary>Classes whose claims were void.</summary>
    public required ImmutableArray<ClassFault> Faults { get; init; }

    /// <summary>What the epoch's challenges are drawn from.</summary>
    public required Bytes32 Seed { get; init; }

    /// <summary>The bytes that the manifest hash covers.</summary>
    public required ReadOnlyMemory<byte> Manifest { get; init; }

    /// <summary>The bytes for the contract.</summary>
    public required Report Report { get; init; }

    /// <summary>Budget − allocated.</summary>
    public UInt128 Unallocated => Budget - Allocated;

    /// <summary>The lines of one account.</summary>
    public ReadOnlySpan<RewardLine> LinesOf(uint payoutIndex)
    {
        var first = LowerBound(payoutIndex);
        var end = first;
        while (end < Lines.Length && Lines[end].PayoutIndex == payoutIndex) end++;
        return Lines.AsSpan()[first..end];
    }

    private int LowerBound(uint payoutIndex)
    {
        var (low, high) = (0, Lines.Length);
        while (low < high)
        {
            var middle = (int)(((uint)low + (uint)high) >> 1);
            if (Lines[middle].PayoutIndex < payoutIndex) low = middle + 1;
            else high = middle;
        }
        return low;
    }
}
