using DePin.Cryptography;

namespace DePin.Protocol.Verification;

/// <summary>A part of the class's pool in proportion to a weight: pays ⌊pool · weight / all weights⌋.</summary>
/// <param name="Device">Who did the work.</param>
/// <param name="Rule">Which of the class's rules.</param>
/// <param name="Weight">In units that only compare within the class.</param>
public readonly record struct ShareClaim(DeviceId Device, ushort Rule, UInt128 Weight);

/// <summary>Metered units at a price, funded by a customer's escrow and settled against the metering root: never emission.</summary>
/// <param name="Device">Who served.</param>
/// <param name="Rule">Which of the class's rules.</param>
/// <param name="Escrow">The lease that pays.</param>
/// <param name="Units">How much was served.</param>
/// <param name="UnitPrice">Base units for each.</param>
public readonly record struct UsageClaim(DeviceId Device, ushort Rule, Bytes32 Escrow, UInt128 Units, UInt128 UnitPrice);

/// <summary>An exact movement between two devices' accounts: what one gets, the other gives.</summary>
public readonly record struct TransferClaim(DeviceId From, DeviceId To, UInt128 Amount, Bytes32 Reference);

/// <summary>Less pay for a device. Its weights in the class are multiplied by the least multiplier, in millionths, that the class set.</summary>
/// <param name="Device">Whose weights.</param>
/// <param name="MultiplierPpm">From 0 to 1,000,000.</param>
/// <param name="Evidence">The proof that shows it.</param>
/// <param name="Provable">Whether the evidence alone proves the fault, so that stake may be slashed for it.</param>
public readonly record struct PenaltyClaim(DeviceId Device, uint MultiplierPpm, ProofId Evidence, bool Provable);

/// <summary>Collects the claims of one class in one epoch. The engine, not the class, turns them into amounts.</summary>
public sealed class ClaimWriter
{
    internal List<ShareClaim> Shares { get; } = [];

    internal List<UsageClaim> Usages { get; } = [];

    internal List<TransferClaim> Transfers { get; } = [];

    internal List<PenaltyClaim> Penalties { get; } = [];

    /// <summary>Claims a share of the pool. Several claims of one (device, rule) add up.</summary>
    public void Share(DeviceId device, ushort rule, UInt128 weight) => Shares.Add(new ShareClaim(device, rule, weight));

    /// <summary>Claims metered pay from an escrow.</summary>
    public void Usage(DeviceId device, ushort rule, in Bytes32 escrow, UInt128 units, UInt128 unitPrice) =>
        Usages.Add(new UsageClaim(device, rule, escrow, units, unitPrice));

    /// <summary>Moves an amount from one device's account to another's.</summary>
    public void Transfer(DeviceId from, DeviceId to, UInt128 amount, in Bytes32 reference) => Transfers.Add(new TransferClaim(from, to, amount, reference));

    /// <summary>Multiplies a device's weights by at most 1.</summary>
    public void Penalty(DeviceId device, uint multiplierPpm, ProofId evidence, bool provable) =>
        Penalties.Add(new PenaltyClaim(device, multiplierPpm, evidence, provable));
}
