using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace DePin.Client.Http;

/// <summary>Asks, and makes answers or <see cref="ApiException"/>s of what comes.</summary>
internal sealed class ApiTransport(HttpClient http, DePinClientOptions options, TimeProvider time)
{
    private const string ProblemType = "application/problem+json";

    private readonly JsonSerializerOptions _json = options.Strict ? ApiJson.Strict : ApiJson.Options;

    public JsonSerializerOptions Json => _json;

    /// <summary>The answer.</summary>
    public async Task<T> GetAsync<T>(Query query, CancellationToken ct)
    {
        using var response = await SendAsync(query, streams: false, null, ct).ConfigureAwait(false);
        return response.IsSuccessStatusCode ? await ReadAsync<T>(response, ct).ConfigureAwait(false) : throw await RefusalAsync(response, ct).ConfigureAwait(false);
    }

    /// <summary>The answer; null where the server says that there is no such thing.</summary>
    public async Task<T?> FindAsync<T>(Query query, CancellationToken ct)
        where T : class
    {
        using var response = await SendAsync(query, streams: false, null, ct).ConfigureAwait(false);
        if (response.IsSuccessStatusCode) return await ReadAsync<T>(response, ct).ConfigureAwait(false);
        var refusal = await RefusalAsync(response, ct).ConfigureAwait(false);
        return refusal is { Status: HttpStatusCode.NotFound, Code: "not-found" } ? null : throw refusal;
    }

    /// <summary>Whatever the server answers; a stream's body has yet to come.</summary>
    /// <exception cref="ApiException">It does not answer.</exception>
    public async Task<HttpResponseMessage> SendAsync(Query query, bool streams, Action<HttpRequestHeaders>? headers, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, query.ToUri());
        if (streams) request.Options.Set(ResilienceHandler.Streams, true);
        headers?.Invoke(request.Headers);
        try
        {
            return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct).ConfigureAwait(false);
        }
        catch (Exception problem) when (problem is TimeoutRejectedException || (problem is OperationCanceledException && !ct.IsCancellationRequested))
        {
            var all = problem is TimeoutRejectedException { Timeout: var given } && given == options.Timeout;
            throw new ApiTimeoutException(string.Create(CultureInfo.InvariantCulture,
                $"{Name(query)} gave no answer within {(all ? options.Timeout : options.AttemptTimeout).TotalSeconds:0.###} s{(all ? " and all attempts" : "")}."), problem);
        }
        catch (BrokenCircuitException problem)
        {
            throw new ApiException($"{Name(query)} was not asked: {options.BaseAddress.Authority} failed again and again and is left alone for a few seconds.", null, "resting", problem) { RetryAfter = problem.RetryAfter };
        }
        catch (HttpRequestException problem) when (problem.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            throw new ApiException($"{Name(query)} answered more than the {options.LargestAnswer} bytes that this client takes.", problem.StatusCode, "not-understood", problem);
        }
        catch (Exception problem) when (problem is HttpRequestException or IOException)
        {
            throw Unreachable(query, problem);
        }
    }

    public ApiException Unreachable(Query query, Exception problem) => new($"{Name(query)} could not be asked: {Innermost(problem)}", null, "unreachable", problem);

    /// <summary>What the server's refusal says.</summary>
    public async Task<ApiException> RefusalAsync(HttpResponseMessage response, CancellationToken ct)
    {
        string? code = null, title = null, detail = null, trace = null;
        if (response.Content.Headers.ContentType?.MediaType == ProblemType)
        {
            try
            {
                using var problem = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(ct).ConfigureAwait(false));
                (code, title, detail, trace) = (Text(problem, "code"), Text(problem, "title"), Text(problem, "detail"), Text(problem, "traceId"));
            }
            catch (Exception error) when (error is JsonException or InvalidOperationException)
            {
                // Said to be a problem document, and is none: what is known without it has to do.
            }
        }

        var id = response.Headers.TryGetValues("X-Request-Id", out var ids) ? ids.FirstOrDefault() : trace;
        var said = detail ?? title ?? $"{response.ReasonPhrase} ({Kind(response)}, not the API's own words: is there a proxy in between?)";
        return new ApiException($"{said} ({(int)response.StatusCode} from {Name(response)})", response.StatusCode, code ?? "http-error")
        {
            Title = title,
            Detail = detail,
            RequestId = id,
            RetryAfter = ApiResilience.RetryAfter(response, time),
        };
    }

    /// <summary>The error for an answer that cannot be used.</summary>
    public static ApiException NotUnderstood(HttpResponseMessage response, string why, Exception? inner = null) =>
        new($"{Name(response)} answered {(int)response.StatusCode} with {Kind(response)}, {why}", response.StatusCode, "not-understood", inner);

    private async Task<T> ReadAsync<T>(HttpResponseMessage response, CancellationToken ct)
    {
        if (response.Content.Headers.ContentType?.MediaType is not { } type || !type.EndsWith("json", StringComparison.Ordinal))
            throw NotUnderstood(response, "where JSON was due. Is this the API's address, and is there a proxy in between?");
        try
        {
            var body = await response.Content.ReadAsStreamAsync(ct).ConfigureAwait(false);
            return await JsonSerializer.DeserializeAsync<T>(body, _json, ct).ConfigureAwait(false) ?? throw new JsonException("It is null.");
        }
        catch (JsonException problem)
        {
            throw NotUnderstood(response, $"which this client cannot read: {problem.Message}", problem);
        }
    }

    private string Name(Query query) => new Uri(options.BaseAddress, query.ToUri()).GetLeftPart(UriPartial.Path);

    private static string Name(HttpResponseMessage response) => response.RequestMessage?.RequestUri?.GetLeftPart(UriPartial.Path) ?? "the server";

    private static string Kind(HttpResponseMessage response) =>
        string.Create(CultureInfo.InvariantCulture, $"{response.Content.Headers.ContentType?.MediaType ?? "no type"}{(response.Content.Headers.ContentLength is { } length ? $", {length} bytes" : "")}");

    private static string Innermost(Exception problem)
    {
        while (problem.InnerException is { } inner) problem = inner;
        return problem.Message;
    }

    private static string? Text(JsonDocument document, string name) => document.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
