using System.Diagnostics.CodeAnalysis;
using DePin.Cryptography;
using DePin.Protocol.Canonical;

namespace DePin.Protocol.Reports;

/// <summary>keccak of a report's 348 bytes: what operators attest and the chain stores. Zero means "no report".</summary>
public readonly record struct ReportDigest(Bytes32 Value)
{
    /// <summary>The parent of the first report.</summary>
    public static ReportDigest None => default;

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}

/// <summary>What an epoch came to, in the 348 bytes that the contract reads (docs/protocol.md, "Report").</summary>
public sealed record Report
{
    /// <summary>Bytes of a report.</summary>
    public const int Size = 348;

    /// <summary>Contracts, operators, parameters and rules.</summary>
    public required ConfigDigest Config { get; init; }

    /// <summary>Cancellations so far.</summary>
    public required Generation Generation { get; init; }

    /// <summary>Which epoch.</summary>
    public required Epoch Epoch { get; init; }

    /// <summary>First second of the period.</summary>
    public required ulong PeriodStart { get; init; }

    /// <summary>First second after the period.</summary>
    public required ulong PeriodEnd { get; init; }

    /// <summary>The last block with a timestamp before the period's end.</summary>
    public required ulong AnchorNumber { get; init; }

    /// <summary>Its hash.</summary>
    public required Bytes32 AnchorHash { get; init; }

    /// <summary>The parent; zero for the first.</summary>
    public required ReportDigest Previous { get; init; }

    /// <summary>keccak(tag · config digest · epoch · generation · cut).</summary>
    public required Bytes32 EvidenceRoot { get; init; }

    /// <summary>Root of the state after the epoch.</summary>
    public required Bytes32 StateRoot { get; init; }

    /// <summary>Root of the reward tree.</summary>
    public required Bytes32 RewardsRoot { get; init; }

    /// <summary>Root over usage and transfers; zero if there are none.</summary>
    public required Bytes32 MeteringRoot { get; init; }

    /// <summary>Leaves of the reward tree: payout accounts at the anchor.</summary>
    public required uint LeafCount { get; init; }

    /// <summary>Sum of all cumulatives, in base units.</summary>
    public required UInt128 CumulativeTotal { get; init; }

    /// <summary>What nobody earned of this epoch's budget, in base units.</summary>
    public required UInt128 Unallocated { get; init; }

    /// <summary>SHA-256 of the manifest.</summary>
    public required Bytes32 ManifestHash { get; init; }

    /// <summary>keccak of <see cref="Encode"/>.</summary>
    public ReportDigest Digest => new(Keccak256.Hash(Encode()));

    /// <summary>The 348 bytes.</summary>
    public byte[] Encode() => new CanonicalWriter(Size)
        .Bytes(ProtocolTags.Report).Word(Config.Value).U64(Generation.Value).U64(Epoch.Value).U64(PeriodStart).U64(PeriodEnd)
        .U64(AnchorNumber).Word(AnchorHash).Word(Previous.Value).Word(EvidenceRoot).Word(StateRoot).Word(RewardsRoot).Word(MeteringRoot)
        .U32(LeafCount).U128(CumulativeTotal).U128(Unallocated).Word(ManifestHash).ToArray();

    /// <summary>Reads exactly 348 bytes that start with the tag; false for anything else.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out Report? report)
    {
        report = null;
        if (bytes.Length != Size || !bytes.StartsWith(ProtocolTags.Report)) return false;
        var reader = new CanonicalReader(bytes, "report");
        reader.Expect(ProtocolTags.Report);
        report = new Report
        {
            Config = new ConfigDigest(reader.Word()),
            Generation = new Generation(reader.U64()),
            Epoch = new Epoch(reader.U64()),
            PeriodStart = reader.U64(),
            PeriodEnd = reader.U64(),
            AnchorNumber = reader.U64(),
            AnchorHash = reader.Word(),
            Previous = new ReportDigest(reader.Word()),
            EvidenceRoot = reader.Word(),
            StateRoot = reader.Word(),
            RewardsRoot = reader.Word(),
            MeteringRoot = reader.Word(),
            LeafCount = reader.U32(),
            CumulativeTotal = reader.U128(),
            Unallocated = reader.U128(),
            ManifestHash = reader.Word(),
        };
        return true;
    }

    /// <summary>Reads exactly 348 bytes.</summary>
    /// <exception cref="CanonicalFormatException">The bytes are not a report.</exception>
    public static Report Parse(ReadOnlySpan<byte> bytes) => TryParse(bytes, out var report)
        ? report
        : throw new CanonicalFormatException($"Invalid report: {bytes.Length} bytes do not make the {Size} of one that starts with the tag of version 1.");
}
