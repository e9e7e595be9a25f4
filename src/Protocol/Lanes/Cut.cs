using System.Collections.Immutable;
using DePin.Cryptography;
using DePin.Protocol.Canonical;

namespace DePin.Protocol.Lanes;

/// <summary>The last batch of a lane: its index, from 1, and digest.</summary>
public readonly record struct LaneHead(ulong Index, Bytes32 Digest);

/// <summary>How far a lane counts: the height is the index of its last batch, 0 with a zero digest for none.</summary>
public readonly record struct LaneHeight(Address Operator, ulong Height, Bytes32 Digest)
{
    /// <summary>Number of bytes.</summary>
    public const int Size = 60;
}

/// <summary>
/// One height per operator of the config, ascending by address: the evidence up to there (docs/protocol.md, "Lanes"). Equal when the
/// bytes are.
/// </summary>
public sealed class Cut : IEquatable<Cut>
{
    /// <summary>Most lanes.</summary>
    public const int MaxLanes = 31;

    /// <summary>Takes lanes that must be strictly ascending by address, with a zero digest exactly at height 0.</summary>
    /// <exception cref="ArgumentException">They are not, or there are none or more than 31.</exception>
    public Cut(ImmutableArray<LaneHeight> lanes)
    {
        if (Fault(lanes.AsSpan()) is { } fault) throw new ArgumentException(fault, nameof(lanes));
        Lanes = lanes;
    }

    /// <summary>Ascending by address.</summary>
    public ImmutableArray<LaneHeight> Lanes { get; }

    /// <summary>The cut of a network that has accepted no report: height 0 for every operator.</summary>
    public static Cut Empty(IEnumerable<Address> operators) =>
        new([.. operators.Order().Select(static address => new LaneHeight(address, 0, Bytes32.Zero))]);

    /// <summary>The height of an operator's lane; height 0 where the cut does not name it.</summary>
    public LaneHeight Of(Address lane)
    {
        foreach (var height in Lanes)
        {
            if (height.Operator == lane) return height;
        }
        return new LaneHeight(lane, 0, Bytes32.Zero);
    }

    /// <summary>This cut over another set of operators: lanes that it does not name are at height 0, others are left out.</summary>
    public Cut Over(IEnumerable<Address> operators) => new([.. operators.Order().Select(Of)]);

    /// <summary>
    /// Lane by lane the higher of the two. Both must name the same operators; where heights are equal, this cut's digest stays.
    /// </summary>
    public Cut Max(Cut other)
    {
        if (!SameLanes(other)) throw new ArgumentException("Cuts over different operators have no union.", nameof(other));
        var lanes = Lanes.ToBuilder();
        for (var i = 0; i < lanes.Count; i++)
        {
            if (other.Lanes[i].Height > lanes[i].Height) lanes[i] = other.Lanes[i];
        }
        return new Cut(lanes.MoveToImmutable());
    }

    /// <summary>Whether it names the same operators and is nowhere lower than <paramref name="other"/>.</summary>
    public bool Covers(Cut other)
    {
        if (!SameLanes(other)) return false;
        for (var i = 0; i < Lanes.Length; i++)
        {
            if (Lanes[i].Height < other.Lanes[i].Height) return false;
        }
        return true;
    }

    /// <summary>Whether both are over the same operators.</summary>
    public bool SameLanes(Cut other)
    {
        if (Lanes.Length != other.Lanes.Length) return false;
        for (var i = 0; i < Lanes.Length; i++)
        {
            if (Lanes[i].Operator != other.Lanes[i].Operator) return false;
        }
        return true;
    }

    /// <summary>keccak(tag · config digest · epoch · generation · cut).</summary>
    public Bytes32 EvidenceRoot(Bytes32 configDigest, Epoch epoch, Generation generation)
    {
        var writer = new CanonicalWriter(512).Bytes(ProtocolTags.Evidence).Word(configDigest).U64(epoch.Value).U64(generation.Value);
        Write(writer);
        return writer.Keccak();
    }

    /// <summary>count u8 · (address 20 · height u64 · digest 32) for each lane.</summary>
    public byte[] Encode()
    {
        var writer = new CanonicalWriter(1 + (Lanes.Length * LaneHeight.Size));
        Write(writer);
        return writer.ToArray();
    }

    /// <summary>Appends the encoding.</summary>
    public void Write(CanonicalWriter writer)
    {
        writer.U8((byte)Lanes.Length);
        foreach (var lane in Lanes) writer.Address(lane.Operator).U64(lane.Height).Word(lane.Digest);
    }

    /// <summary>Reads exactly a cut.</summary>
    /// <exception cref="CanonicalFormatException">Other bytes.</exception>
    public static Cut Parse(ReadOnlySpan<byte> bytes)
    {
        var reader = new CanonicalReader(bytes, "cut");
        var cut = Read(ref reader);
        reader.End();
        return cut;
    }

    /// <summary>Reads a cut from the reader's place.</summary>
    /// <exception cref="CanonicalFormatException">It is not canonical.</exception>
    public static Cut Read(ref CanonicalReader reader)
    {
        var count = reader.U8();
        if (count is 0 or > MaxLanes) throw reader.Wrong($"a cut has 1 to {MaxLanes} lanes, not {count}");
        var lanes = ImmutableArray.CreateBuilder<LaneHeight>(count);
        for (var i = 0; i < count; i++) lanes.Add(new LaneHeight(reader.Address(), reader.U64(), reader.Word()));
        var read = lanes.MoveToImmutable();
        return Fault(read.AsSpan()) is { } fault ? throw reader.Wrong(fault) : new Cut(read);
    }

    /// <inheritdoc/>
    public bool Equals(Cut? other) => other is not null && Lanes.AsSpan().SequenceEqual(other.Lanes.AsSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Cut);

    /// <inheritdoc/>
    public override int GetHashCode() => Lanes[^1].Digest.GetHashCode() ^ Lanes[0].Digest.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => string.Join(' ', Lanes.Select(static lane => $"{lane.Operator.ToString()[..8]}:{lane.Height}"));

    private static string? Fault(ReadOnlySpan<LaneHeight> lanes)
    {
        if (lanes.Length is 0 or > MaxLanes) return $"a cut has 1 to {MaxLanes} lanes, not {lanes.Length}";
        for (var i = 0; i < lanes.Length; i++)
        {
            if (i > 0 && lanes[i - 1].Operator >= lanes[i].Operator) return "the lanes are not strictly ascending by address";
            if (lanes[i].Digest.IsZero != (lanes[i].Height == 0)) return "a digest is zero exactly at height 0";
        }
        return null;
    }
}
