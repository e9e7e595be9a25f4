using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text.Json;

namespace DePin.Chain.Rpc;

/// <summary>How to reach a chain's nodes.</summary>
public sealed record RpcOptions
{
    /// <summary>End points in order of preference. The first is used whenever it is well. Empty where the client is given end points themselves.</summary>
    public IReadOnlyList<Uri> Urls { get; init; } = [];

    /// <summary>Wall-clock time for one attempt, answer included.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Attempts in all, over all end points, before giving up.</summary>
    public int Attempts { get; init; } = 8;

    /// <summary>Wait after every end point has failed once; doubles each time, with jitter.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Longest wait between attempts.</summary>
    public TimeSpan MaximumDelay { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long an end point that failed is passed over; doubles while it keeps failing, up to sixteen times.</summary>
    public TimeSpan Penalty { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Most calls in one request.</summary>
    public int MaximumBatch { get; init; } = 100;

    /// <summary>Most bytes of one answer.</summary>
    public int MaximumAnswer { get; init; } = 512 * 1024 * 1024;
}

/// <summary>
/// Posts requests to the best end point that is well, retries what is transient on the next, and comes back to the first when its
/// penalty is over. An end point that asked to be left alone (429 with Retry-After) is not asked before its rest is over, and none more often than its
/// limit. An answer counts only once <c>read</c> has taken it whole: a truncated one is transient too.
/// </summary>
internal sealed class RpcTransport(HttpClient http, IReadOnlyList<RpcEndPoint> endPoints, RpcOptions options, TimeProvider time)
{
    private readonly RpcEndPoint[] _endPoints = endPoints.Count > 0
        ? [.. endPoints]
        : throw new ArgumentException("At least one JSON-RPC URL is needed.", nameof(endPoints));

    /// <summary>Reads an answer; throws <see cref="JsonException"/> for a broken one and <see cref="TransientRpcException"/> to be asked again.</summary>
    public delegate T AnswerReader<T>(ReadOnlySpan<byte> answer);

    public async Task<T> PostAsync<T>(ReadOnlyMemory<byte> body, int calls, AnswerReader<T> read, CancellationToken ct)
    {
        var failures = new List<string>();
        Exception? last = null;
        var tried = new HashSet<RpcEndPoint>();
        var delay = options.FirstDelay;
        for (var attempt = 1; ; attempt++)
        {
            TimeSpan? askedToWait = null;
            if (await ChooseAsync(tried, calls, ct).ConfigureAwait(false) is { } endPoint)
            {
                try
                {
                    var result = await AttemptAsync(endPoint, body, read, ct).ConfigureAwait(false);
                    endPoint.Well();
                    return result;
                }
                catch (RpcException)
                {
                    endPoint.Well(); // it answered, if only to refuse
                    throw;
                }
                catch (Exception e) when (Describe(e, ct) is { } why)
                {
                    askedToWait = (e as TransientRpcException)?.RetryAfter;
                    endPoint.Failed((e as TransientRpcException)?.Kind ?? why, options.Penalty, askedToWait, time);
                    last = e;
                    if (failures.Count < 12) failures.Add($"{endPoint.Label}: {why}");
                }

                tried.Add(endPoint);
            }
            else if (failures.Count < 12)
            {
                failures.AddRange(_endPoints.Except(tried).Select(e => $"{e.Label}: rests as it asked"));
            }

            if (attempt >= options.Attempts) throw new RpcUnavailableException($"No JSON-RPC end point answered after {attempt} attempts. {string.Join("; ", failures.Distinct(StringComparer.Ordinal))}", last is JsonException ? null : Safe(last));
            if (_endPoints.Any(e => !tried.Contains(e) && !Rests(e))) continue; // another one may be well: no need to wait
            tried.Clear();
            var wait = delay * (0.5 + Random.Shared.NextDouble());
            if (askedToWait is { } asked && asked > wait) wait = asked;
            await Task.Delay(wait < options.MaximumDelay ? wait : options.MaximumDelay, time, ct).ConfigureAwait(false);
            delay = delay * 2 < options.MaximumDelay ? delay * 2 : options.MaximumDelay;
        }
    }

    private async Task<T> AttemptAsync<T>(RpcEndPoint endPoint, ReadOnlyMemory<byte> body, AnswerReader<T> read, CancellationToken ct)
    {
        endPoint.Asked();
        using var timeout = new CancellationTokenSource(options.Timeout, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
        using var request = new HttpRequestMessage(HttpMethod.Post, endPoint.Url);
        request.Content = new ReadOnlyMemoryContent(body);
        request.Content.Headers.ContentType = new("application/json");
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, linked.Token).ConfigureAwait(false);
        var (buffer, length) = await ReadBodyAsync(response.Content, linked.Token).ConfigureAwait(false);
        try
        {
            if (response.IsSuccessStatusCode) return read(buffer.AsSpan(0, length));
            if (response.StatusCode == HttpStatusCode.TooManyRequests)
            {
                var after = response.Headers.RetryAfter;
                throw new TransientRpcException("HTTP 429, asked too often", after?.Delta ?? (after?.Date - time.GetUtcNow()));
            }

            // Some nodes send a JSON-RPC error with an HTTP error status.
            if (length > 0 && buffer[0] is (byte)'{' or (byte)'[') return read(buffer.AsSpan(0, length));
            throw new TransientRpcException($"HTTP {((int)response.StatusCode).ToString(CultureInfo.InvariantCulture)}", null);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task<(byte[] Buffer, int Length)> ReadBodyAsync(HttpContent content, CancellationToken ct)
    {
        var expected = content.Headers.ContentLength ?? 16 * 1024;
        if (expected > options.MaximumAnswer) throw new TransientRpcException("the answer is too large", null);
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Max(expected + 1, 1024));
        var length = 0;
        try
        {
            var stream = await content.ReadAsStreamAsync(ct).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
            {
                while (true)
                {
                    if (length == buffer.Length)
                    {
                        if (length >= options.MaximumAnswer) throw new TransientRpcException("the answer is too large", null);
                        var larger = ArrayPool<byte>.Shared.Rent(2 * length);
                        buffer.CopyTo(larger, 0);
                        ArrayPool<byte>.Shared.Return(buffer);
                        buffer = larger;
                    }

                    var got = await stream.ReadAsync(buffer.AsMemory(length), ct).ConfigureAwait(false);
                    if (got == 0) return (buffer, length);
                    length += got;
                }
            }
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }
    }

    // The first in order that is well, may be asked now and was not tried in this pass; else the untried one whose penalty ends first. Where only limits stand
    // in the way, the soonest is waited for. Null where all that are left rest.
    private async Task<RpcEndPoint?> ChooseAsync(HashSet<RpcEndPoint> tried, int calls, CancellationToken ct)
    {
        while (true)
        {
            TimeSpan? soonest = null;
            var now = time.GetTimestamp();
            var open = _endPoints.Where(e => !tried.Contains(e) && !Rests(e)).Select(e => (EndPoint: e, Penalty: e.PenaltyUntil)).ToList();
            foreach (var (endPoint, _) in open.Where(e => e.Penalty <= now).Concat(open.Where(e => e.Penalty > now).OrderBy(e => e.Penalty)))
            {
                var wait = endPoint.TryTake(calls, time);
                if (wait == TimeSpan.Zero) return endPoint;
                if (soonest is null || wait < soonest) soonest = wait;
            }

            if (soonest is not { } pause) return null;
            await Task.Delay(pause, time, ct).ConfigureAwait(false);
        }
    }

    private bool Rests(RpcEndPoint endPoint) => endPoint.RestUntil > time.GetTimestamp();

    // Null = not transient. Never the exception's own text where that may hold the URL.
    private static string? Describe(Exception e, CancellationToken ct) => e switch
    {
        TransientRpcException => e.Message,
        JsonException => "broken or truncated answer",
        OperationCanceledException when ct.IsCancellationRequested => null,
        OperationCanceledException => "no answer in time",
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } => "cannot connect",
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => "unknown host",
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => "TLS failed",
        HttpRequestException or IOException => "connection broken",
        _ => null,
    };

    // HttpRequestException may repeat the host, never the path; anything that knows the URL stays out of the chain of causes.
    private static Exception? Safe(Exception? e) => e is TransientRpcException transient ? transient.Refusal ?? e : null;
}

/// <summary>The end point failed in a way that may pass.</summary>
internal sealed class TransientRpcException(string message, TimeSpan? retryAfter, string? kind = null, RpcException? refusal = null) : Exception(message)
{
    /// <summary>What happened, without the node's own words.</summary>
    public string Kind { get; } = kind ?? message;

    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <summary>What the node answered, if it did: the cause to name when nobody answers better.</summary>
    public RpcException? Refusal { get; } = refusal;
}
