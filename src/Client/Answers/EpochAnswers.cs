using System.Text.Json.Serialization;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Reports;
using DePin.Protocol.Verification;

namespace DePin.Client;

/// <summary>How far a report has come.</summary>
public enum ReportStatus
{
    /// <summary>Accepted on chain, open to challenge.</summary>
    Pending,

    /// <summary>Somebody put a bond against it.</summary>
    Challenged,

    /// <summary>It counts: rewards can be claimed.</summary>
    Final,

    /// <summary>It is void.</summary>
    Cancelled,
}

/// <summary>A report as the chain has it, with what its recomputation said; that part is null until the evidence is imported.</summary>
/// <param name="Epoch">Of which epoch.</param>
/// <param name="Generation">After how many cancellations.</param>
/// <param name="Digest">What was signed.</param>
/// <param name="Report">Its bytes.</param>
/// <param name="Status">How far it has come.</param>
/// <param name="Signers">Bitmap of the configuration's members that signed.</param>
/// <param name="ClaimableAt">Chain seconds since 1970 from which it can become final.</param>
/// <param name="Challenger">Who challenges it; null where nobody does.</param>
/// <param name="ChallengeBond">The challenger's bond.</param>
/// <param name="CancelReason">Why it is void, by the contract's number.</param>
/// <param name="AcceptedBlock">Where it was accepted.</param>
/// <param name="AcceptedTransaction">By which transaction.</param>
/// <param name="BundleSha256">Hash of the evidence bundle.</param>
/// <param name="BundleBytes">Its length.</param>
/// <param name="Accounts">Accounts that have earned so far.</param>
/// <param name="Devices">Devices with judged proofs.</param>
/// <param name="Accepted">Proofs that count.</param>
/// <param name="Rejected">Proofs that break a rule.</param>
/// <param name="Inconclusive">Proofs of which nothing can be said.</param>
/// <param name="Pending">Proofs left for a later epoch.</param>
/// <param name="Budget">What there was to give.</param>
/// <param name="Allocated">What was given.</param>
/// <param name="Unallocated">The rest.</param>
public sealed record EpochSummary(Epoch Epoch, Generation Generation, ReportDigest Digest, ReadOnlyMemory<byte> Report, ReportStatus Status, long Signers, long ClaimableAt, ChainAddress? Challenger,
    TokenAmount? ChallengeBond, int? CancelReason, long AcceptedBlock, TransactionName AcceptedTransaction, Bytes32? BundleSha256, long? BundleBytes, int? Accounts, int? Devices, long? Accepted, long? Rejected,
    long? Inconclusive, long? Pending, TokenAmount? Budget, TokenAmount? Allocated, TokenAmount? Unallocated);

/// <summary>A whole epoch.</summary>
/// <param name="Summary">The report that counts.</param>
/// <param name="Report">Its fields.</param>
/// <param name="Signers">Report keys whose signatures it carries.</param>
/// <param name="Classes">Sums by class; empty until the evidence is imported.</param>
/// <param name="Reasons">Verdicts by reason; the same.</param>
/// <param name="Cancelled">Reports of the epoch that were cancelled.</param>
/// <param name="Evidence">Where its evidence can be downloaded, with range requests, from whom does not matter: an audit checks what it says. Bytes differ between operators where one holds more signatures.</param>
public sealed record EpochDetail(EpochSummary Summary, ReportFields Report, IReadOnlyList<Address> Signers, IReadOnlyList<ClassTotals> Classes, IReadOnlyList<ReasonTotals> Reasons, IReadOnlyList<EpochSummary> Cancelled,
    IReadOnlyList<Uri> Evidence);

/// <summary>A report's fields (docs/protocol.md, "Report").</summary>
public sealed record ReportFields(ConfigDigest ConfigDigest, Generation Generation, Epoch Epoch, DateTimeOffset PeriodStart, DateTimeOffset PeriodEnd, long AnchorNumber, [property: JsonConverter(typeof(BlockHashConverter))] Bytes32 AnchorHash, ReportDigest PreviousDigest,
    Bytes32 EvidenceRoot, Bytes32 StateRoot, Bytes32 RewardsRoot, Bytes32 MeteringRoot, long LeafCount, TokenAmount CumulativeTotal, TokenAmount Unallocated, Bytes32 ManifestHash);

/// <summary>One class of one epoch in sums.</summary>
public sealed record ClassTotals(ClassId Class, long Devices, long Accounts, long Accepted, long Rejected, long Inconclusive, TokenAmount Amount);

/// <summary>How many proofs of an epoch came out so.</summary>
public sealed record ReasonTotals(ClassId Class, string ClassName, Judgement Judgement, int Reason, string ReasonName, string Meaning, long Proofs);
