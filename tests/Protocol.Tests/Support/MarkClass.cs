using System.Buffers.Binary;
using DePin.Cryptography;
using DePin.Protocol.Verification;

namespace DePin.Protocol.Tests.Support;

/// <summary>
/// A small class that exercises every seam. Payload: mark u8 · weight u32 · group u8. The mark chooses what the layers do to the item. Its state
/// counts the proofs that it ever accepted.
/// </summary>
public sealed class MarkClass(ClassId id, MarkClass.Misdeed misdeed = MarkClass.Misdeed.None) : IResourceClass
{
    public const ushort Reason = 1_000;
    public const ushort GroupReason = 1_001;
    public const ushort PopulationReason = 1_002;

    public enum Mark : byte
    {
        Good = 0,
        RejectItem = 1,
        UnsureItem = 2,
        PairedPending = 3,
        RejectInGroup = 4,
        UnsureInGroup = 5,
        HalveQuality = 6,
        RejectInPopulation = 7,
        TryToRaise = 8,
        Penalised = 9,
        ThrowInItem = 10,
        ThrowInGroup = 11,
        ThrowInPopulation = 12,
        ThrowInScore = 13,
        BreakTheMachine = 14,
    }

    public enum Misdeed
    {
        None,
        PaysTheUnaccepted,
        UnknownRule,
        UnknownDevice,
        Overflows,
        MultipliesUp,
        MetersWithoutEscrow,
        TransfersToItself,
    }

    public ClassDescriptor Descriptor { get; } = new()
    {
        Id = id,
        RulesVersion = 1,
        Name = "mark",
        Schemas = [new SchemaDescriptor(1, "mark", 6, 6)],
        Reasons = [new(Reason, "item", "The item said so."), new(GroupReason, "group", "Its group said so."), new(PopulationReason, "population", "The class said so.")],
        Rules = [new RuleDescriptor(1, "work", "Weight as stated."), new RuleDescriptor(2, "bonus", "One for each accepted proof.")],
    };

    public static byte[] Payload(Mark mark, uint weight, byte group = 0)
    {
        var payload = new byte[6];
        payload[0] = (byte)mark;
        BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan(1), weight);
        payload[5] = group;
        return payload;
    }

    public static ClassImplementation Implementation(ushort id, Misdeed misdeed = Misdeed.None) => new(new ClassId(id), 1, parameters =>
    {
        parameters.End();
        return new MarkClass(new ClassId(id), misdeed);
    });

    public Verdict VerifyItem(in ProofItem item) => MarkOf(item) switch
    {
        Mark.RejectItem => Verdict.Reject(Reason),
        Mark.TryToRaise => Verdict.Reject(Reason),
        Mark.UnsureItem => Verdict.Inconclusive(Reason),
        Mark.ThrowInItem => throw new FormatException(),
        Mark.BreakTheMachine => throw new DllNotFoundException("a native library"),
        Mark.PairedPending => Verdict.Pending(),
        _ => Verdict.Accept(),
    };

    public void KeysOf(in ProofItem item, KeyWriter keys)
    {
        keys.Add(Bytes32.FromUInt64(item.Payload[5]));
        keys.Add(Bytes32.FromUInt64(item.Payload[5]));
    }

    public void VerifyGroup(in ItemGroup group, EpochContext context, VerdictWriter verdicts)
    {
        foreach (var item in group.Items)
        {
            switch (MarkOf(group.Population.Items[item]))
            {
                case Mark.PairedPending when group.Items.Length > 1:
                    verdicts.Accept(item);
                    break;
                case Mark.RejectInGroup:
                    verdicts.Inconclusive(item, Reason);
                    verdicts.Reject(item, PopulationReason);
                    verdicts.Reject(item, GroupReason);
                    break;
                case Mark.ThrowInGroup:
                    throw new DivideByZeroException();
                case Mark.UnsureInGroup:
                    verdicts.Inconclusive(item, GroupReason);
                    break;
                case Mark.HalveQuality:
                    verdicts.LimitQuality(item, 500_000);
                    break;
                default:
                    break;
            }
        }
    }

    public void VerifyPopulation(Population population, EpochContext context, VerdictWriter verdicts)
    {
        for (var i = 0; i < population.Items.Length; i++)
        {
            var mark = MarkOf(population.Items[i]);
            if (mark == Mark.ThrowInPopulation) throw new KeyNotFoundException();
            if (mark == Mark.RejectInPopulation) verdicts.Reject(i, PopulationReason);
            if (mark is Mark.TryToRaise or Mark.UnsureItem) verdicts.Accept(i);
        }
    }

    public ReadOnlyMemory<byte> Score(Population population, EpochContext context, ClaimWriter claims)
    {
        var state = new byte[8];
        var before = context.PreviousState.IsEmpty ? 0 : BinaryPrimitives.ReadUInt64BigEndian(context.PreviousState.Span);
        for (var number = 0; number < population.DeviceCount; number++)
        {
            var device = population.DeviceAt(number);
            foreach (var at in device.Items)
            {
                var item = population.Items[at];
                var verdict = population.Verdicts[at];
                if (misdeed == Misdeed.PaysTheUnaccepted) claims.Share(device.Device.Id, 1, 1);
                if (verdict.Judgement != Judgement.Accept) continue;
                if (MarkOf(item) == Mark.ThrowInScore) throw new ArgumentException("score");
                before++;
                var weight = (UInt128)BinaryPrimitives.ReadUInt32BigEndian(item.Payload[1..]);
                claims.Share(device.Device.Id, 1, weight * verdict.QualityPpm);
                claims.Share(device.Device.Id, 2, 1);
                if (MarkOf(item) == Mark.Penalised) claims.Penalty(device.Device.Id, 250_000, item.Id, provable: false);
                Misbehave(claims, device.Device.Id, item.Id);
            }
        }
        BinaryPrimitives.WriteUInt64BigEndian(state, before);
        return state;
    }

    private void Misbehave(ClaimWriter claims, DeviceId device, ProofId proof)
    {
        switch (misdeed)
        {
            case Misdeed.UnknownRule:
                claims.Share(device, 9, 1);
                break;
            case Misdeed.UnknownDevice:
                claims.Share(new DeviceId(proof.Value), 1, 1);
                break;
            case Misdeed.Overflows:
                claims.Share(device, 1, UInt128.MaxValue);
                break;
            case Misdeed.MultipliesUp:
                claims.Penalty(device, 1_000_001, proof, provable: false);
                break;
            case Misdeed.MetersWithoutEscrow:
                claims.Usage(device, 1, Bytes32.FromUInt64(1), 10, 5);
                break;
            case Misdeed.TransfersToItself:
                claims.Transfer(device, device, 5, default);
                break;
            default:
                break;
        }
    }

    private static Mark MarkOf(in ProofItem item) => (Mark)item.Payload[0];
}
