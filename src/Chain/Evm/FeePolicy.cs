using System.Numerics;
using DePin.Abi;

namespace DePin.Chain.Evm;

/// <summary>What a sender pays, in wei a unit of gas, and when it outbids itself.</summary>
public sealed record FeePolicy
{
    /// <summary>Never more than this.</summary>
    public UInt256 MaximumFee { get; init; } = 500_000_000_000UL;

    /// <summary>Tip at least; the node's suggestion if higher.</summary>
    public UInt256 MinimumTip { get; init; } = 1_000_000UL;

    /// <summary>Base fees that the maximum fee leaves room for: 2 lasts six full blocks.</summary>
    public int BaseFeeMultiple { get; init; } = 2;

    /// <summary>Rise of both fees of a replacement in percent; nodes ask for 10.</summary>
    public int BumpPercent { get; init; } = 15;

    /// <summary>Wall-clock time without inclusion after which a transaction is replaced.</summary>
    public TimeSpan StuckAfter { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>Wall-clock time between looks for a receipt.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Added to the estimate of gas, in percent.</summary>
    public int GasMarginPercent { get; init; } = 25;

    /// <summary>Legacy transactions, for chains without EIP-1559.</summary>
    public bool Legacy { get; init; }

    internal UInt256 Capped(BigInteger fee) => (UInt256)BigInteger.Min(fee, MaximumFee);

    internal UInt256 Bumped(UInt256 fee) => Capped((((BigInteger)fee * (100 + BumpPercent)) / 100) + 1);
}
