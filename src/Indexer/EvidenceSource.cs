using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using DePin.Mirror;
using DePin.Storage.Evidence;

namespace DePin.Indexer;

/// <summary>One operator's answer.</summary>
/// <param name="From">Its end point.</param>
/// <param name="Bytes">The bundle, or null.</param>
/// <param name="Problem">Why there is none.</param>
public sealed record EvidenceCandidate(string From, byte[]? Bytes, string? Problem);

/// <summary>Where bundles come from: operators over HTTP, or files in tests.</summary>
public interface IEvidenceSource
{
    /// <summary>Bundles of a report, one after another; the reader stops at the first good one.</summary>
    IAsyncEnumerable<EvidenceCandidate> FetchAsync(MirroredReport report, CancellationToken ct);
}

/// <summary>Asks the operators of the mirror, in turn: any operator's bundle will do, since it is checked and not believed.</summary>
public sealed class OperatorEvidenceSource(OperatorDirectory operators, HttpClient http, IndexerOptions options) : IEvidenceSource
{
    /// <inheritdoc/>
    public async IAsyncEnumerable<EvidenceCandidate> FetchAsync(MirroredReport report, [EnumeratorCancellation] CancellationToken ct)
    {
        foreach (var endpoint in await operators.GetEndpointsAsync(options.ChainId, ct))
            yield return await FetchAsync(endpoint, report, ct);
    }

    private async Task<EvidenceCandidate> FetchAsync(string endpoint, MirroredReport report, CancellationToken ct)
    {
        // Whoever registers chooses this text: only plain HTTP addresses are asked, and no redirects followed.
        if (OperatorDirectory.EvidenceUrl(endpoint, report.Epoch.Value, report.Digest.ToString()) is not { } url)
            return new EvidenceCandidate(endpoint, null, "its registered end point is no HTTP address");
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(ct);
        timeout.CancelAfter(TimeSpan.FromSeconds(options.DownloadSeconds));
        try
        {
            using var response = await http.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, timeout.Token);
            if (response.StatusCode != HttpStatusCode.OK) return new EvidenceCandidate(endpoint, null, string.Create(CultureInfo.InvariantCulture, $"HTTP {(int)response.StatusCode}"));
            await using var body = await response.Content.ReadAsStreamAsync(timeout.Token);
            using var buffer = new MemoryStream((int)Math.Min(response.Content.Headers.ContentLength ?? 0, options.MaximumBundleBytes));
            var piece = new byte[1 << 16];
            for (int read; (read = await body.ReadAsync(piece, timeout.Token)) > 0;)
            {
                if (buffer.Length + read > options.MaximumBundleBytes) return new EvidenceCandidate(endpoint, null, $"its bundle is larger than {options.MaximumBundleBytes} bytes");
                buffer.Write(piece, 0, read);
            }

            return new EvidenceCandidate(endpoint, buffer.ToArray(), null);
        }
        catch (Exception error) when (error is HttpRequestException or IOException || (error is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return new EvidenceCandidate(endpoint, null, error is OperationCanceledException ? "it did not answer in time" : error.Message);
        }
    }
}
