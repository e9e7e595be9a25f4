using DePin.Cryptography;
using DePin.Protocol.Canonical;

namespace DePin.Protocol.Rewards;

/// <summary>Why an account earned what it earned: one (class, device, rule) of one epoch.</summary>
/// <param name="PayoutIndex">Whose line; not part of its bytes.</param>
/// <param name="Class">The device's class.</param>
/// <param name="Device">Which device.</param>
/// <param name="Rule">The class's rule; 0 on the line of a device that claimed nothing.</param>
/// <param name="Weight">After penalties; comparable within the class.</param>
/// <param name="Amount">Base units.</param>
/// <param name="Accepted">Proofs of the device that counted in the epoch: the same on each of its lines.</param>
/// <param name="Rejected">Proofs of it that broke a rule. Forgeries and replays, which anyone can send, are not counted.</param>
/// <param name="Inconclusive">Proofs of it about which nothing could be said.</param>
public readonly record struct RewardLine(
    uint PayoutIndex, ClassId Class, DeviceId Device, ushort Rule, UInt128 Weight, UInt128 Amount, uint Accepted, uint Rejected, uint Inconclusive)
{
    /// <summary>Bytes of a line.</summary>
    public const int Size = 94;

    /// <summary>The 94 bytes.</summary>
    public byte[] Encode() => new CanonicalWriter(Size)
        .Bytes(ProtocolTags.Line).U16(Class.Value).Word(Device.Value).U16(Rule).U128(Weight).U128(Amount).U32(Accepted).U32(Rejected).U32(Inconclusive)
        .ToArray();

    /// <summary>keccak(keccak(line)).</summary>
    public Bytes32 Hash() => Keccak256.Hash(Keccak256.Hash(Encode()).AsSpan());
}

/// <summary>The chain that ties an account's leaf to all of its lines, epoch by epoch.</summary>
public static class ItemsChain
{
    /// <summary>The root over one epoch's lines of one account, ascending by (class, device id, rule).</summary>
    public static PositionalTree LinesTree(ReadOnlySpan<RewardLine> lines)
    {
        var leaves = new Bytes32[lines.Length];
        for (var i = 0; i < lines.Length; i++) leaves[i] = lines[i].Hash();
        return PositionalTree.Build(leaves);
    }

    /// <summary>keccak(tag · previous · epoch · lines root).</summary>
    public static Bytes32 Next(in Bytes32 previous, Epoch epoch, in Bytes32 linesRoot) =>
        new CanonicalWriter(96).Bytes(ProtocolTags.Items).Word(previous).U64(epoch.Value).Word(linesRoot).Keccak();
}
