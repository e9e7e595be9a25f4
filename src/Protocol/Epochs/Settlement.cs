using System.Collections.Immutable;
using DePin.Cryptography;
using DePin.Protocol.Canonical;
using DePin.Protocol.Registry;
using DePin.Protocol.Rewards;
using DePin.Protocol.Verification;

namespace DePin.Protocol.Epochs;

/// <summary>A claimed share with what it pays.</summary>
internal readonly record struct PaidShare(int Device, ushort Rule, UInt128 Weight, UInt128 Amount);

/// <summary>
/// Turns the claims of one class into amounts and holds it to conservation: shares never exceed the pool, usage never exceeds its escrow,
/// a transfer takes what it gives, and nobody earns without an accepted proof. A class that breaks a rule gets nothing at all.
/// </summary>
internal sealed class Settlement(RegistrySnapshot snapshot, Standing standing, IResourceClass @class, Func<Bytes32, UInt128> escrowOf)
{
    /// <summary>What shares pay, ascending by (device, rule).</summary>
    public List<PaidShare> Shares { get; } = [];

    /// <summary>Usage and transfer lines.</summary>
    public List<ReadOnlyMemory<byte>> Metering { get; } = [];

    /// <summary>Pays the claims out of <paramref name="pool"/>; null, or what rule they break.</summary>
    /// <param name="claims">What the class wrote.</param>
    /// <param name="pool">Base units for the class's shares.</param>
    /// <param name="acceptedByDevice">For each device of the snapshot, how many of its proofs were accepted.</param>
    public string? Settle(ClaimWriter claims, UInt128 pool, ReadOnlySpan<uint> acceptedByDevice)
    {
        try
        {
            var multipliers = Multipliers(claims.Penalties);
            SettleShares(claims.Shares, multipliers, pool, acceptedByDevice);
            SettleUsage(claims.Usages);
            SettleTransfers(claims.Transfers);
            return null;
        }
        catch (ClaimException error)
        {
            Shares.Clear();
            Metering.Clear();
            return error.Message;
        }
        catch (OverflowException)
        {
            Shares.Clear();
            Metering.Clear();
            return "the claims sum to 2^128 or more";
        }
    }

    private SortedDictionary<int, uint> Multipliers(List<PenaltyClaim> penalties)
    {
        var multipliers = new SortedDictionary<int, uint>();
        foreach (var penalty in penalties)
        {
            if (penalty.MultiplierPpm > Verdict.FullQuality) throw new ClaimException($"a penalty of device {penalty.Device} multiplies by more than 1");
            var device = DeviceOf(penalty.Device);
            multipliers[device] = Math.Min(penalty.MultiplierPpm, multipliers.GetValueOrDefault(device, Verdict.FullQuality));
        }
        return multipliers;
    }

    private void SettleShares(List<ShareClaim> claims, SortedDictionary<int, uint> multipliers, UInt128 pool, ReadOnlySpan<uint> accepted)
    {
        var weights = new List<(int Device, ushort Rule, UInt128 Weight)>(claims.Count);
        foreach (var claim in claims)
        {
            var device = DeviceOf(claim.Device);
            CheckRule(claim.Rule);
            if (claim.Weight != 0 && accepted[device] == 0) throw new ClaimException($"device {claim.Device} claims a share without an accepted proof");
            if (claim.Weight != 0 && standing.FaultOf(device) != RejectReason.None) throw new ClaimException($"device {claim.Device} claims a share but may not earn");
            weights.Add((device, claim.Rule, claim.Weight));
        }
        weights.Sort(static (a, b) => a.Device == b.Device ? a.Rule.CompareTo(b.Rule) : a.Device.CompareTo(b.Device));

        UInt128 total = 0;
        for (var first = 0; first < weights.Count;)
        {
            UInt128 weight = 0;
            var end = first;
            for (; end < weights.Count && weights[end].Device == weights[first].Device && weights[end].Rule == weights[first].Rule; end++)
                weight = checked(weight + weights[end].Weight);
            weight = MulDiv.Floor(weight, multipliers.GetValueOrDefault(weights[first].Device, Verdict.FullQuality), Verdict.FullQuality);
            total = checked(total + weight);
            Shares.Add(new PaidShare(weights[first].Device, weights[first].Rule, weight, 0));
            first = end;
        }

        UInt128 paid = 0;
        for (var i = 0; i < Shares.Count && total != 0; i++)
        {
            var amount = MulDiv.Floor(pool, Shares[i].Weight, total);
            paid = checked(paid + amount);
            Shares[i] = Shares[i] with { Amount = amount };
        }
        if (paid > pool) throw new ClaimException("the shares pay more than the pool");
    }

    private void SettleUsage(List<UsageClaim> claims)
    {
        var sorted = claims.ToArray();
        Array.Sort(sorted, static (a, b) => a.Escrow.CompareTo(b.Escrow));
        for (var first = 0; first < sorted.Length;)
        {
            UInt128 asked = 0;
            var end = first;
            for (; end < sorted.Length && sorted[end].Escrow == sorted[first].Escrow; end++) asked = checked(asked + (sorted[end].Units * sorted[end].UnitPrice));
            // Where an escrow holds less than was served, everyone gets the same part of it.
            var available = UInt128.Min(asked, escrowOf(sorted[first].Escrow));
            for (var i = first; i < end; i++)
            {
                var claim = sorted[i];
                _ = DeviceOf(claim.Device);
                CheckRule(claim.Rule);
                var amount = asked == 0 ? 0 : MulDiv.Floor(available, checked(claim.Units * claim.UnitPrice), asked);
                Metering.Add(new CanonicalWriter(160).Bytes(ProtocolTags.Usage).U16(@class.Descriptor.Id.Value).Word(claim.Device.Value).U16(claim.Rule)
                    .Word(claim.Escrow).U128(claim.Units).U128(claim.UnitPrice).U128(amount).ToArray());
            }
            first = end;
        }
    }

    private void SettleTransfers(List<TransferClaim> claims)
    {
        foreach (var claim in claims)
        {
            _ = DeviceOf(claim.From);
            _ = DeviceOf(claim.To);
            if (claim.From == claim.To) throw new ClaimException($"device {claim.From} transfers to itself");
            Metering.Add(new CanonicalWriter(160).Bytes(ProtocolTags.Transfer).U16(@class.Descriptor.Id.Value).Word(claim.From.Value).Word(claim.To.Value)
                .U128(claim.Amount).Word(claim.Reference).ToArray());
        }
    }

    private int DeviceOf(DeviceId id)
    {
        var device = snapshot.IndexOfDevice(id);
        if (device < 0) throw new ClaimException($"device {id} is not registered");
        return snapshot.Devices[device].View.Class == @class.Descriptor.Id ? device : throw new ClaimException($"device {id} is of another class");
    }

    private void CheckRule(ushort rule)
    {
        foreach (var known in @class.Descriptor.Rules)
        {
            if (known.Id == rule && rule != 0) return;
        }
        throw new ClaimException($"rule {rule} is not declared");
    }

    private sealed class ClaimException(string message) : Exception(message);
}
