using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DePin.Cli.Network;

/// <summary>Reads from the API of a network.</summary>
public sealed class ApiClient(Uri url) : IDisposable
{
    private readonly HttpClient http = new() { BaseAddress = url, Timeout = TimeSpan.FromSeconds(30) };

    /// <summary>The document at a path; null where there is none yet (404, 409, or the API is not ready).</summary>
    public async Task<JsonNode?> TryGetAsync(string path, CancellationToken ct)
    {
        try
        {
            using var response = await http.GetAsync(new Uri(path, UriKind.Relative), ct).ConfigureAwait(false);
            return response.IsSuccessStatusCode ? await ReadAsync(response, ct).ConfigureAwait(false) : null;
        }
        catch (HttpRequestException)
        {
            return null;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>The document at a path; null where there is none (404) or not yet (409).</summary>
    /// <exception cref="CliException">The API refuses otherwise.</exception>
    /// <exception cref="HttpRequestException">It cannot be reached.</exception>
    public async Task<JsonNode?> FindAsync(string path, CancellationToken ct)
    {
        using var response = await http.GetAsync(new Uri(path, UriKind.Relative), ct).ConfigureAwait(false);
        return response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Conflict ? null : await DocumentAsync(response, path, ct).ConfigureAwait(false);
    }

    /// <summary>The document at a path.</summary>
    /// <exception cref="CliException">The API refuses; its problem says what to do.</exception>
    public async Task<JsonNode> GetAsync(string path, CancellationToken ct)
    {
        using var response = await http.GetAsync(new Uri(path, UriKind.Relative), ct).ConfigureAwait(false);
        return await DocumentAsync(response, path, ct).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    private async Task<JsonNode> DocumentAsync(HttpResponseMessage response, string path, CancellationToken ct)
    {
        if (response.IsSuccessStatusCode) return await ReadAsync(response, ct).ConfigureAwait(false) ?? throw new CliException($"{url}{path} answered nothing.");
        var problem = response.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.Ordinal) == true ? await ReadAsync(response, ct).ConfigureAwait(false) : null;
        var text = problem?["detail"]?.GetValue<string>() ?? problem?["title"]?.GetValue<string>() ?? response.ReasonPhrase;
        throw new CliException($"{text} ({(int)response.StatusCode} from {url}{path})", response.StatusCode == HttpStatusCode.NotFound ? ExitCodes.Refused : ExitCodes.Environment);
    }

    private static Task<JsonNode?> ReadAsync(HttpResponseMessage response, CancellationToken ct) =>
        response.Content.ReadFromJsonAsync<JsonNode>(JsonSerializerOptions.Default, ct);
}
