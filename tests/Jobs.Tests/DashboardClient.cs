using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using DePin.TestKit;

namespace DePin.Jobs.Tests;

/// <summary>Asks a job host as the page does: with its cookies, its header, and its origin.</summary>
internal sealed class DashboardClient : IDisposable
{
    private readonly HttpClient http;
    private readonly CookieContainer cookies = new();

    public DashboardClient(Uri root)
    {
        Root = root;
        http = new HttpClient(new HttpClientHandler { CookieContainer = cookies }) { BaseAddress = root, Timeout = TimeSpan.FromMinutes(1) };
    }

    public Uri Root { get; }

    /// <summary>The cookies a browser would send to this host.</summary>
    public string Cookies
    {
        get => cookies.GetCookieHeader(Root);
        set => cookies.SetCookies(Root, value);
    }

    public async Task<(HttpStatusCode Status, JsonNode? Body)> SendAsync(HttpMethod method, string path, object? body = null, string? origin = null, bool header = true, string? fetchSite = null)
    {
        var (status, answer, _) = await SendForHeadersAsync(method, path, body, origin, header, fetchSite);
        return (status, answer);
    }

    public async Task<(HttpStatusCode Status, JsonNode? Body, HttpResponseMessage Response)> SendForHeadersAsync(HttpMethod method, string path, object? body = null, string? origin = null, bool header = true, string? fetchSite = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        if (header) request.Headers.Add("X-Depin-Jobs", "1");
        if (origin is not null) request.Headers.Add("Origin", origin);
        if (fetchSite is not null) request.Headers.Add("Sec-Fetch-Site", fetchSite);
        if (body is not null) request.Content = body is string raw ? new StringContent(raw, Encoding.UTF8, "application/json") : JsonContent.Create(body, options: JsonSerializerOptions.Web);
        var response = await http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return (response.StatusCode, text.Length > 0 && text[0] is '{' or '[' ? JsonNode.Parse(text) : null, response);
    }

    public async Task<JsonNode> GetAsync(string path)
    {
        var (status, body) = await SendAsync(HttpMethod.Get, path);
        Assert.True(status == HttpStatusCode.OK, $"{path}: {status} {body}");
        return body!;
    }

    public Task<(HttpStatusCode Status, JsonNode? Body)> PostAsync(string path, object? body = null) => SendAsync(HttpMethod.Post, path, body);

    /// <summary>The message that the page would have signed now.</summary>
    public async Task<SignInText> ChallengeAsync(TestWallet wallet)
    {
        var challenge = await GetAsync("/v1/session/nonce");
        return new SignInText(wallet.Address, (string)challenge["nonce"]!, DateTimeOffset.Parse((string)challenge["issuedAt"]!, System.Globalization.CultureInfo.InvariantCulture).ToUniversalTime())
        {
            Domain = Root.Authority,
            Uri = Root.ToString(),
        };
    }

    public Task<(HttpStatusCode Status, JsonNode? Body)> EnterAsync(TestWallet wallet, SignInText text) =>
        PostAsync("/v1/session", new { message = text.ToString(), signature = "0x" + Convert.ToHexStringLower(wallet.Sign(text.ToString())) });

    public async Task SignInAsync(TestWallet wallet)
    {
        var (status, body) = await EnterAsync(wallet, await ChallengeAsync(wallet));
        Assert.True(status == HttpStatusCode.OK, $"{status} {body}");
    }

    public void Dispose() => http.Dispose();
}
