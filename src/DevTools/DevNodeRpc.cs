using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DePin.DevTools;

/// <summary>Calls of a dev node's JSON-RPC, for tests and supervisors; the product's clients are in <c>DePin.Chain</c>.</summary>
public abstract class DevNodeRpc(Uri url) : IDisposable
{
    private readonly HttpClient http = new() { BaseAddress = url, Timeout = TimeSpan.FromSeconds(120) };
    private long nextId;

    /// <summary>Any JSON-RPC call.</summary>
    /// <exception cref="InvalidOperationException">The node answered with an error.</exception>
    public async Task<JsonNode?> CallAsync(string method, JsonArray? parameters, CancellationToken ct)
    {
        var request = new JsonObject { ["jsonrpc"] = "2.0", ["id"] = Interlocked.Increment(ref nextId), ["method"] = method, ["params"] = parameters ?? [] };
        using var response = await http.PostAsJsonAsync((Uri?)null, request, ct).ConfigureAwait(false);
        response.EnsureSuccessStatusCode();
        var answer = await response.Content.ReadFromJsonAsync<JsonObject>(JsonSerializerOptions.Default, ct).ConfigureAwait(false);
        if (answer?["error"] is { } error) throw new InvalidOperationException($"{method}: {error.ToJsonString()}");
        return answer?["result"]?.DeepClone();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        http.Dispose();
        GC.SuppressFinalize(this);
    }
}
