using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using DePin.Cryptography;
using DePin.Protocol.Canonical;
using DePin.Protocol.Proofs;

namespace DePin.Protocol.Lanes;

/// <summary>
/// A sealed list of signed proofs, strictly ascending by proof id. A batch that exists here has a body that is the one its header names
/// and whose proofs all parse; the devices' signatures have not been judged.
/// </summary>
public sealed class Batch
{
    /// <summary>Most proofs of a batch.</summary>
    public const int MaxProofs = 2_048;

    /// <summary>Most bytes of a body.</summary>
    public const int MaxBody = 1 << 20;

    /// <summary>Most bytes of an encoded batch.</summary>
    public const int MaxSize = BatchHeader.Size + MaxBody;

    private Batch(BatchHeader header, ReadOnlyMemory<byte> body, ImmutableArray<SignedProof> proofs)
    {
        Header = header;
        Body = body;
        Proofs = proofs;
    }

    /// <summary>What is acknowledged.</summary>
    public BatchHeader Header { get; }

    /// <summary>The encoded proofs.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>The proofs, strictly ascending by id.</summary>
    public ImmutableArray<SignedProof> Proofs { get; }

    /// <summary>The header's digest.</summary>
    public Bytes32 Digest => Header.Digest;

    /// <summary>Header 151 · body.</summary>
    public byte[] Encode() => [.. Header.Encode(), .. Body.Span];

    /// <summary>
    /// Seals proofs as the lane's next batch. Sorts by id; of several with one id, keeps the one with the lowest signature bytes. It judges no signature: the caller has, or
    /// a forged copy with lower bytes would push a good one out.
    /// </summary>
    /// <param name="network">The network; every proof must be for it.</param>
    /// <param name="lane">Report address of the lane's operator.</param>
    /// <param name="after">Last batch of the lane, null before the first.</param>
    /// <param name="sealedAtMs">Network time in milliseconds since 1970.</param>
    /// <param name="proofs">At least one, at most <see cref="MaxProofs"/>, at most <see cref="MaxBody"/> bytes together.</param>
    /// <exception cref="ArgumentException">None, too many or too large, or a proof for another network.</exception>
    public static Batch Seal(NetworkId network, Address lane, LaneHead? after, ulong sealedAtMs, IEnumerable<SignedProof> proofs)
    {
        var sorted = proofs.ToList();
        sorted.Sort(static (a, b) => a.Id.CompareTo(b.Id) is var order and not 0 ? order : a.Signature.Span.SequenceCompareTo(b.Signature.Span));
        var kept = ImmutableArray.CreateBuilder<SignedProof>(sorted.Count);
        var writer = new CanonicalWriter(sorted.Sum(static proof => proof.EncodedSize));
        foreach (var proof in sorted)
        {
            if (kept.Count > 0 && kept[^1].Id == proof.Id) continue;
            if (proof.Proof.Network != network) throw new ArgumentException($"{proof.Proof} is for network {proof.Proof.Network}; a batch of {network} cannot hold it.", nameof(proofs));
            kept.Add(proof);
            proof.Write(writer);
        }
        if (kept.Count is 0 or > MaxProofs) throw new ArgumentException($"A batch holds 1 to {MaxProofs} proofs, not {kept.Count}.", nameof(proofs));
        if (writer.Length > MaxBody) throw new ArgumentException($"A batch body has at most {MaxBody} bytes, not {writer.Length}: seal fewer proofs.", nameof(proofs));
        var header = new BatchHeader(network, lane, (after?.Index ?? 0) + 1, after?.Digest ?? Bytes32.Zero, sealedAtMs, (uint)kept.Count, Sha256.Hash(writer.Written));
        return new Batch(header, writer.ToArray(), kept.ToImmutable());
    }

    /// <summary>Reads an encoded batch of <paramref name="network"/>; the memory is kept, not copied.</summary>
    public static bool TryParse(NetworkId network, ReadOnlyMemory<byte> encoded, [NotNullWhen(true)] out Batch? batch, out BatchRefusal refusal)
    {
        batch = null;
        refusal = BatchRefusal.MalformedHeader;
        if (encoded.Length < BatchHeader.Size) return false;
        BatchHeader header;
        try
        {
            header = BatchHeader.Parse(encoded.Span[..BatchHeader.Size]);
        }
        catch (CanonicalFormatException)
        {
            return false;
        }
        return TryOpen(network, header, encoded[BatchHeader.Size..], out batch, out refusal);
    }

    /// <summary>Reads the body that a header names; the memory is kept, not copied. Cheap checks come first.</summary>
    public static bool TryOpen(NetworkId network, BatchHeader header, ReadOnlyMemory<byte> body, [NotNullWhen(true)] out Batch? batch, out BatchRefusal refusal)
    {
        batch = null;
        refusal = CheckHeader(network, header);
        if (refusal != BatchRefusal.None) return false;
        if (body.Length > MaxBody)
        {
            refusal = BatchRefusal.TooLarge;
            return false;
        }
        if (Sha256.Hash(body.Span) != header.BodyHash)
        {
            refusal = BatchRefusal.WrongBody;
            return false;
        }
        refusal = ReadProofs(network, header.Count, body, out var proofs);
        if (refusal != BatchRefusal.None) return false;
        batch = new Batch(header, body, proofs);
        return true;
    }

    /// <summary>What can be said of a header without its body.</summary>
    public static BatchRefusal CheckHeader(NetworkId network, BatchHeader header)
    {
        if (header.Network != network) return BatchRefusal.WrongNetwork;
        if (header.Index == 0 || header.Previous.IsZero != (header.Index == 1)) return BatchRefusal.BadLink;
        return header.Count is 0 or > MaxProofs ? BatchRefusal.BadCount : BatchRefusal.None;
    }

    private static BatchRefusal ReadProofs(NetworkId network, uint count, ReadOnlyMemory<byte> body, out ImmutableArray<SignedProof> proofs)
    {
        proofs = [];
        var read = ImmutableArray.CreateBuilder<SignedProof>((int)count);
        while (body.Length > 0)
        {
            if (read.Count == count) return BatchRefusal.CountMismatch;
            if (!SignedProof.TryRead(body, out var proof, out var consumed, out _)) return BatchRefusal.MalformedProof;
            if (proof.Proof.Network != network) return BatchRefusal.ForeignProof;
            if (read.Count > 0 && read[^1].Id >= proof.Id) return BatchRefusal.NotAscending;
            read.Add(proof);
            body = body[consumed..];
        }
        if (read.Count != count) return BatchRefusal.CountMismatch;
        proofs = read.MoveToImmutable();
        return BatchRefusal.None;
    }
}
