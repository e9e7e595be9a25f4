using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Reports;

namespace DePin.Client;

/// <summary>How far a download is.</summary>
/// <param name="Received">Bytes that are here.</param>
/// <param name="Total">Of so many; null where the operator does not say.</param>
public readonly record struct DownloadProgress(long Received, long? Total);

/// <summary>A bundle that is here, whole.</summary>
/// <param name="Report">Digest of the report that it is the evidence of, as the operator says.</param>
/// <param name="Content">SHA-256 of its bytes, checked.</param>
/// <param name="Length">In bytes.</param>
public sealed record DownloadedBundle(ReportDigest Report, Bytes32 Content, long Length);

/// <summary>What an operator's host serves to auditors. An operator is not to be believed: <c>DePin.Protocol.Evidence</c> checks what a bundle says.</summary>
public interface IEvidenceApi
{
    /// <summary>
    /// Downloads the evidence bundle of an epoch and checks it against its hash. A download that breaks off goes on where it was; one whose bundle was replaced meanwhile starts again.
    /// </summary>
    /// <param name="epoch">Which epoch.</param>
    /// <param name="report">Of which of the epoch's reports; null for the newest generation's.</param>
    /// <param name="into">Gets the bytes, from where it stands; can seek.</param>
    /// <param name="progress">Is told now and then; null for nobody.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>Null where the operator holds no such evidence: not yet, or no longer.</returns>
    /// <exception cref="ApiException">It cannot be had from this operator; <paramref name="into"/> may hold a part.</exception>
    Task<DownloadedBundle?> DownloadAsync(Epoch epoch, ReportDigest? report, Stream into, IProgress<DownloadProgress>? progress, CancellationToken ct);
}
