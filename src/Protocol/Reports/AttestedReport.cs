using System.Collections.Immutable;
using System.Numerics;
using DePin.Cryptography;
using DePin.Protocol.Canonical;
using DePin.Protocol.Registry;

namespace DePin.Protocol.Reports;

/// <summary>Why signatures do not make a report attested. Numbered, append-only.</summary>
public enum AttestationFault : byte
{
    None = 0,

    /// <summary>The report names another config.</summary>
    WrongConfig = 1,

    /// <summary>The bitmap has not exactly q bits, or there are not as many signatures as bits.</summary>
    WrongSignerCount = 2,

    /// <summary>A bit of the bitmap is beyond the last operator.</summary>
    UnknownSigner = 3,

    /// <summary>A signature is not that of the operator whose bit it stands for.</summary>
    BadSignature = 4,
}

/// <summary>A report with q compact (EIP-2098) signatures, ascending by signer; bit i of the bitmap is operator i of the config.</summary>
public sealed record AttestedReport(Report Report, uint Bitmap, ImmutableArray<CompactSignature> Signatures)
{
    /// <summary>Puts signatures, keyed by the operator's place in the config, into the contract's order; the q lowest places are taken.</summary>
    public static AttestedReport From(Report report, NetworkConfig config, IEnumerable<KeyValuePair<int, CompactSignature>> signatures)
    {
        var chosen = new SortedDictionary<int, CompactSignature>();
        foreach (var (signer, signature) in signatures) chosen[signer] = signature;
        var taken = chosen.Take(config.Quorum).ToArray();
        var bitmap = 0u;
        foreach (var (signer, _) in taken) bitmap |= 1u << signer;
        return new AttestedReport(report, bitmap, [.. taken.Select(static entry => entry.Value)]);
    }

    /// <summary>The same judgement as the contract's.</summary>
    public AttestationFault Check(NetworkConfig config)
    {
        if (Report.Config != config.Digest) return AttestationFault.WrongConfig;
        if (BitOperations.PopCount(Bitmap) != config.Quorum || Signatures.Length != config.Quorum) return AttestationFault.WrongSignerCount;
        var digest = Report.Digest.Value;
        var next = 0;
        Span<byte> compact = stackalloc byte[CompactSignature.Size];
        for (var bit = 0; bit < 32; bit++)
        {
            if ((Bitmap & (1u << bit)) == 0) continue;
            if (bit >= config.Operators.Length) return AttestationFault.UnknownSigner;
            Signatures[next++].CopyTo(compact);
            if (!Secp256k1.TryRecover(digest, compact, out Address signer) || signer != config.Operators[bit].ReportSigner) return AttestationFault.BadSignature;
        }
        return AttestationFault.None;
    }

    /// <summary>Report 348 · bitmap u32 · signatures 64 each.</summary>
    public byte[] Encode()
    {
        var writer = new CanonicalWriter(Report.Size + 4 + (Signatures.Length * CompactSignature.Size)).Bytes(Report.Encode()).U32(Bitmap);
        foreach (var signature in Signatures) writer.Bytes(signature.ToArray());
        return writer.ToArray();
    }

    /// <summary>Reads exactly the encoding: as many signatures as the bitmap has bits.</summary>
    /// <exception cref="CanonicalFormatException">Other bytes.</exception>
    public static AttestedReport Parse(ReadOnlySpan<byte> bytes)
    {
        var reader = new CanonicalReader(bytes, "attested report");
        var report = Report.Parse(reader.Bytes(Report.Size));
        var bitmap = reader.U32();
        var signatures = ImmutableArray.CreateBuilder<CompactSignature>(BitOperations.PopCount(bitmap));
        for (var i = signatures.Capacity; i > 0; i--) signatures.Add(new CompactSignature(reader.Bytes(CompactSignature.Size)));
        reader.End();
        return new AttestedReport(report, bitmap, signatures.MoveToImmutable());
    }
}
