using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using DePin.Protocol;
using DePin.Protocol.Reports;
using Microsoft.AspNetCore.Http;
using static DePin.Client.Tests.MisbehavingServer;

namespace DePin.Client.Tests;

/// <summary>Evidence bundles over connections that break, from operators that err.</summary>
public sealed class EvidenceTests
{
    private static readonly string Report = "0x" + new string('d', 64);
    private static readonly string Bundle = string.Concat(Enumerable.Range(0, 20_000).Select(i => (char)('a' + (i % 23))));
    private static readonly string Other = new('z', 9_000);
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    private readonly FakeTime time = new();

    [Fact]
    public async Task A_download_that_breaks_off_goes_on_where_it_was()
    {
        await using var server = await StartAsync(BreaksOff(Bundle, 7_000, headers: Headers(Bundle)), Rest(Bundle, breaksOffAfter: 5_000), FallsSilentRest(Bundle, 12_000, 1_000), Rest(Bundle));
        using var client = EvidenceClient.Create(server.Options, time: time);
        using var into = new MemoryStream();
        into.Write("before"u8);
        var told = new List<DownloadProgress>();
        var call = client.DownloadAsync(new Epoch(3), null, into, new Told(told), default);
        time.Advance(await time.WaitsAsync(Pause));
        time.Advance(await time.WaitsAsync(Pause));
        Assert.Equal(TimeSpan.FromMinutes(5), await WaitsForSilence(server));
        time.Advance(TimeSpan.FromMinutes(5));
        time.Advance(await time.WaitsAsync(Pause));
        var bundle = await call.WaitAsync(TimeSpan.FromMinutes(2));
        Assert.Equal((Report, 20_000L, HashOf(Bundle)), (bundle!.Report.ToString(), bundle.Length, bundle.Content.ToString()));
        Assert.Equal("before" + Bundle, Encoding.ASCII.GetString(into.ToArray()));
        Assert.Equal([null, "bytes=7000-", "bytes=12000-", "bytes=13000-"], server.Asked.Select(a => a.Range));
        Assert.All(server.Asked.Skip(1), a => Assert.Equal($"\"{HashOf(Bundle)}\"", a.IfRange));
        Assert.Equal(new DownloadProgress(20_000, 20_000), told[^1]);
        Assert.All(server.Asked, a => Assert.Equal("/v1/evidence/3", a.Path));
    }

    [Fact]
    public async Task A_bundle_that_was_replaced_meanwhile_is_fetched_from_its_beginning()
    {
        await using var server = await StartAsync(BreaksOff(Bundle, 12_000, headers: Headers(Bundle)), Says(200, Other, "application/octet-stream", Headers(Other)));
        using var client = EvidenceClient.Create(server.Options, time: time);
        using var into = new MemoryStream();
        var call = client.DownloadAsync(new Epoch(3), null, into, null, default);
        time.Advance(await time.WaitsAsync(Pause));
        Assert.Equal(HashOf(Other), (await call.WaitAsync(TimeSpan.FromMinutes(2)))!.Content.ToString());
        Assert.Equal(Other, Encoding.ASCII.GetString(into.ToArray()));
    }

    [Theory]
    [InlineData(20_000, null)]
    [InlineData(19_999, "too-large")]
    public async Task An_operator_that_sends_without_an_end_is_left_where_no_bundle_is_as_large(int largest, string? code)
    {
        await using var server = await StartAsync(Says(200, Bundle, "application/octet-stream", Headers(Bundle)));
        using var client = EvidenceClient.Create(server.Options with { LargestBundle = largest }, time: time);
        using var into = new MemoryStream();
        var call = client.DownloadAsync(new Epoch(3), null, into, null, default).WaitAsync(TimeSpan.FromMinutes(2));
        if (code is null) Assert.Equal(20_000, (await call)!.Length);
        else Assert.Equal(code, (await Assert.ThrowsAsync<ApiException>(() => call)).Code);
        Assert.InRange(into.Length, 0, largest);
    }

    [Fact]
    public async Task Bytes_that_do_not_match_their_hash_are_refused()
    {
        await using var server = await StartAsync(Says(200, Bundle[..^1] + "!", "application/octet-stream", Headers(Bundle)));
        using var client = EvidenceClient.Create(server.Options);
        using var into = new MemoryStream();
        var problem = await Assert.ThrowsAsync<ApiException>(() => client.DownloadAsync(new Epoch(3), null, into, null, default));
        Assert.Equal("wrong-content", problem.Code);
    }

    [Fact]
    public async Task An_operator_without_the_bundle_says_so_and_one_that_sends_something_else_is_an_error()
    {
        await using var server = await StartAsync(
            Says(404, """{"title":"Not Found"}""", "application/problem+json"), Says(404, "<html></html>", "text/html"), Says(200, "<html></html>", "text/html"), Says(200, Bundle, "application/octet-stream", ("ETag", $"\"{HashOf(Bundle)}\"")));
        using var client = EvidenceClient.Create(server.Options);
        using var into = new MemoryStream();
        Assert.Null(await client.DownloadAsync(new Epoch(3), new ReportDigest(Cryptography.Bytes32.Parse(Report)), into, null, default));
        Assert.Equal($"/v1/evidence/3?report={Report}", server.Asked[0].Path);
        Assert.Equal("http-error", (await Assert.ThrowsAsync<ApiException>(() => client.DownloadAsync(new Epoch(3), null, into, null, default))).Code);
        Assert.Contains("entity tag", (await Assert.ThrowsAsync<ApiException>(() => client.DownloadAsync(new Epoch(3), null, into, null, default))).Message, StringComparison.Ordinal);
        Assert.Contains("digest", (await Assert.ThrowsAsync<ApiException>(() => client.DownloadAsync(new Epoch(3), null, into, null, default))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_part_that_was_not_asked_for_is_not_taken_for_the_rest()
    {
        await using var server = await StartAsync(BreaksOff(Bundle, 7_000, headers: Headers(Bundle)), Rest(Bundle, from: 6_000));
        using var client = EvidenceClient.Create(server.Options, time: time);
        using var into = new MemoryStream();
        var call = client.DownloadAsync(new Epoch(3), null, into, null, default);
        time.Advance(await time.WaitsAsync(Pause));
        Assert.Contains("another part", (await Assert.ThrowsAsync<ApiException>(() => call.WaitAsync(TimeSpan.FromMinutes(2)))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_download_that_makes_no_headway_is_given_up()
    {
        await using var server = await StartAsync(BreaksOff(Bundle, 7_000, headers: Headers(Bundle)), Rest(Bundle, breaksOffAfter: 0));
        using var client = EvidenceClient.Create(server.Options with { Retries = 2 }, time: time);
        using var into = new MemoryStream();
        var call = client.DownloadAsync(new Epoch(3), null, into, null, default);
        for (var i = 0; i < 2; i++) time.Advance(await time.WaitsAsync(Pause));
        Assert.Equal((null, "unreachable"), (await Assert.ThrowsAsync<ApiException>(() => call.WaitAsync(TimeSpan.FromMinutes(2)))) is var problem ? (problem.Status, problem.Code) : default);
        Assert.Equal(3, server.Asked.Count);
    }

    private async Task<TimeSpan> WaitsForSilence(MisbehavingServer server)
    {
        await ResilienceTests.Until(() => server.Asked.Count == 3);
        return await time.WaitsAsync(TimeSpan.FromMinutes(6));
    }

    private static (string, string)[] Headers(string bundle) => [("ETag", $"\"{HashOf(bundle)}\""), ("X-Report-Digest", Report)];

    private static string HashOf(string text) => "0x" + Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(text)));

    // What lies beyond the asked beginning, as ASP.NET answers a range; whole, or cut off.
    private static RequestDelegate Rest(string bundle, int? breaksOffAfter = null, int? from = null) => async http =>
    {
        var start = from ?? Start(http);
        Begin(http, bundle, start);
        await http.Response.WriteAsync(breaksOffAfter is { } part ? bundle.Substring(start, part) : bundle[start..], http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
    };

    private static RequestDelegate FallsSilentRest(string bundle, int start, int part) => async http =>
    {
        Begin(http, bundle, start);
        await http.Response.WriteAsync(bundle.Substring(start, part), http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
        await Hangs(http);
    };

    private static int Start(HttpContext http) => int.Parse(http.Request.Headers.Range.ToString().AsSpan(6).TrimEnd('-'), CultureInfo.InvariantCulture);

    private static void Begin(HttpContext http, string bundle, int start)
    {
        http.Response.StatusCode = (int)HttpStatusCode.PartialContent;
        foreach (var (name, value) in Headers(bundle)) http.Response.Headers[name] = value;
        http.Response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {start}-{bundle.Length - 1}/{bundle.Length}");
        http.Response.ContentLength = bundle.Length - start;
    }

    private sealed class Told(List<DownloadProgress> progress) : IProgress<DownloadProgress>
    {
        public void Report(DownloadProgress value) => progress.Add(value);
    }
}
