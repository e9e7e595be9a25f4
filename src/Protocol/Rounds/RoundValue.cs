using DePin.Cryptography;
using DePin.Protocol.Canonical;
using DePin.Protocol.Lanes;

namespace DePin.Protocol.Rounds;

/// <summary>One agreement: it decides one value. A cancelled report is followed by the same epoch in the next generation.</summary>
public readonly record struct RoundInstance(Bytes32 ConfigDigest, Epoch Epoch, Generation Generation)
{
    /// <summary>Proposer = operators[(epoch + generation + view) mod n].</summary>
    public int Proposer(uint view, int operators) =>
        (int)(((UInt128)Epoch.Value + Generation.Value + view) % (uint)operators);

    /// <inheritdoc/>
    public override string ToString() => $"epoch {Epoch}, generation {Generation}";
}

/// <summary>What a round decides: the evidence, the block at which the chain is read, and the digest of the report that follows from both.</summary>
public sealed record RoundValue(Cut Cut, ulong AnchorNumber, Bytes32 AnchorHash, Bytes32 ReportDigest)
{
    private Bytes32? _digest;

    /// <summary>sha(tag · value).</summary>
    public Bytes32 Digest
    {
        get
        {
            if (_digest is { } known) return known;
            var writer = new CanonicalWriter(512).Bytes(ProtocolTags.Value);
            Write(writer);
            _digest = writer.Sha();
            return _digest.Value;
        }
    }

    /// <summary>Appends cut · anchor number u64 · anchor hash 32 · report digest 32.</summary>
    public void Write(CanonicalWriter writer)
    {
        Cut.Write(writer);
        writer.U64(AnchorNumber).Word(AnchorHash).Word(ReportDigest);
    }

    /// <summary>Reads a value from the reader's place.</summary>
    /// <exception cref="CanonicalFormatException">It is not canonical.</exception>
    public static RoundValue Read(ref CanonicalReader reader) => new(Cut.Read(ref reader), reader.U64(), reader.Word(), reader.Word());

    /// <summary>Whether both are the same bytes.</summary>
    public bool Equals(RoundValue? other) => other is not null && Digest == other.Digest;

    /// <inheritdoc/>
    public override int GetHashCode() => Digest.GetHashCode();
}
