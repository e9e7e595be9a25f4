using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using DePin.Client.Http;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Reports;

namespace DePin.Client;

/// <summary>An operator's host over HTTP. Safe for use by many at once.</summary>
public sealed class EvidenceClient : IEvidenceApi, IDisposable
{
    private const int BufferSize = 1 << 16;

    private readonly HttpClient _http;
    private readonly ApiTransport _transport;
    private readonly DePinClientOptions _options;
    private readonly TimeProvider _time;

    internal EvidenceClient(HttpClient http, DePinClientOptions options, TimeProvider time) =>
        (_http, _transport, _options, _time) = (http, new ApiTransport(http, options, time), options, time);

    /// <summary>A client for programs without dependency injection; dispose of it.</summary>
    /// <param name="options">Where the operator's host is, and how patient to be.</param>
    /// <param name="connections">Sends the requests; null for ordinary connections of its own.</param>
    /// <param name="time">Time for delays and limits; null for the system's.</param>
    /// <exception cref="ArgumentException">An option is not valid; the message says which.</exception>
    public static EvidenceClient Create(DePinClientOptions options, HttpMessageHandler? connections = null, TimeProvider? time = null)
    {
        options = options.Validated();
        time ??= TimeProvider.System;
        return new EvidenceClient(Wire.Connect(options, connections ?? Wire.Connections(options, compressed: false), time), options, time);
    }

    /// <inheritdoc/>
    public async Task<DownloadedBundle?> DownloadAsync(Epoch epoch, ReportDigest? report, Stream into, IProgress<DownloadProgress>? progress, CancellationToken ct)
    {
        if (!into.CanSeek || !into.CanWrite) throw new ArgumentException("A stream that can be written and sought is needed: a file, or memory.", nameof(into));
        var query = new Query($"v1/evidence/{epoch}").With("report", report?.ToString());
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var start = into.Position;
        var buffer = new byte[BufferSize];
        EntityTagHeaderValue? tag = null;
        for (var failures = 0; ;)
        {
            var had = into.Position - start;
            using var response = await _transport.SendAsync(query, streams: true, headers =>
            {
                if (tag is null || had == 0) return;
                headers.Range = new RangeHeaderValue(had, null);
                headers.IfRange = new RangeConditionHeaderValue(tag);
            }, ct).ConfigureAwait(false);
            if (response.StatusCode == HttpStatusCode.NotFound && response.Content.Headers.ContentType?.MediaType == "application/problem+json") return null;
            if (!response.IsSuccessStatusCode) throw await _transport.RefusalAsync(response, ct).ConfigureAwait(false);
            if (response.Headers.ETag is not { IsWeak: false } current || !Bytes32.TryParse(current.Tag.Trim('"'), out var content))
                throw ApiTransport.NotUnderstood(response, "without the entity tag that says its hash. Is this an operator's address?");
            if (response.StatusCode == HttpStatusCode.PartialContent)
            {
                if (response.Content.Headers.ContentRange?.From != had || !current.Equals(tag)) throw ApiTransport.NotUnderstood(response, "which is another part than was asked for.");
            }
            else if (had > 0)
            {
                // All of it, since it is another bundle now.
                into.Position = start;
                into.SetLength(start);
                hash.GetHashAndReset();
                had = 0;
            }

            tag = current;
            var total = response.Content.Headers.ContentRange?.Length ?? had + response.Content.Headers.ContentLength;
            Exception? broken = null;
            await using (var body = new PatientStream(await response.Content.ReadAsStreamAsync(ct).ConfigureAwait(false), _options.Silence, _time))
            {
                int read;
                while (true)
                {
                    try
                    {
                        if ((read = await body.ReadAsync(buffer, ct).ConfigureAwait(false)) == 0) break;
                    }
                    catch (Exception problem) when (problem is HttpRequestException or IOException)
                    {
                        broken = problem;
                        break;
                    }

                    if (into.Position - start + read > _options.LargestBundle)
                        throw new ApiException($"{response.RequestMessage?.RequestUri?.GetLeftPart(UriPartial.Path)} sends more than the {_options.LargestBundle} bytes that a bundle may have here.", response.StatusCode, "too-large");
                    await into.WriteAsync(buffer.AsMemory(0, read), ct).ConfigureAwait(false);
                    hash.AppendData(buffer, 0, read);
                    progress?.Report(new DownloadProgress(into.Position - start, total));
                    failures = 0;
                }
            }

            if (broken is not null)
            {
                if (++failures > _options.Retries) throw _transport.Unreachable(query, broken);
                await Task.Delay(_options.RetryDelay * failures, _time, ct).ConfigureAwait(false);
                continue;
            }

            if (hash.GetHashAndReset().AsSpan().SequenceEqual(content.AsSpan())) return new DownloadedBundle(ReportOf(response), content, into.Position - start);
            throw new ApiException($"{response.RequestMessage?.RequestUri?.GetLeftPart(UriPartial.Path)} gave bytes that do not match their hash {content}.", response.StatusCode, "wrong-content");
        }
    }

    /// <summary>Closes its connections.</summary>
    public void Dispose() => _http.Dispose();

    private static ReportDigest ReportOf(HttpResponseMessage response) =>
        response.Headers.TryGetValues("X-Report-Digest", out var values) && Bytes32.TryParse(values.FirstOrDefault(), out var digest)
            ? new ReportDigest(digest)
            : throw ApiTransport.NotUnderstood(response, "without the digest of its report.");
}
