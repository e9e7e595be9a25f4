using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using static DePin.Client.Tests.MisbehavingServer;

namespace DePin.Client.Tests;

/// <summary>What becomes of answers that are not what they should be, and how a client is made.</summary>
public sealed class AnswerTests
{
    private const string Problem = "application/problem+json";

    [Fact]
    public async Task A_refusal_carries_what_the_server_says_of_it()
    {
        await using var server = await StartAsync(
            Says(409, """{"type":"urn:x","title":"Not possible yet","status":409,"detail":"Wait for a final epoch.","code":"nothing-final","traceId":"00-abc-01"}""", Problem),
            Says(400, """{"title":"A parameter is not valid","code":"bad-parameter"}""", Problem, ("X-Request-Id", "r-17")));
        using var client = DePinClient.Create(server.Options);
        var notYet = await Assert.ThrowsAsync<ApiException>(() => client.FindClaimAsync(default, default));
        Assert.Equal((HttpStatusCode.Conflict, "nothing-final", "Not possible yet", "Wait for a final epoch.", "00-abc-01", true, false),
            (notYet.Status, notYet.Code, notYet.Title, notYet.Detail, notYet.RequestId, notYet.IsNotYet, notYet.IsTransient));
        Assert.StartsWith("Wait for a final epoch. (409 from http://127.0.0.1:", notYet.Message, StringComparison.Ordinal);
        var bad = await Assert.ThrowsAsync<ApiException>(() => client.GetNetworkAsync(default));
        Assert.Equal((HttpStatusCode.BadRequest, "bad-parameter", null, "r-17", false), (bad.Status, bad.Code, bad.Detail, bad.RequestId, bad.IsNotYet));
    }

    [Fact]
    public async Task A_proxys_page_is_named_as_such_without_the_querys_contents()
    {
        await using var server = await StartAsync(
            Says(200, "<html>Sign in, you with cursor hush-hush</html>", "text/html"), Says(403, "<html>hush-hush is not allowed</html>", "text/html"), Says(404, "<html>hush-hush is nowhere</html>", "text/html"),
            Says(500, "{ this is no problem document", Problem));
        using var client = DePinClient.Create(server.Options with { Retries = 0, Network = "hush-hush" });
        var page = new PageRequest(10, "hush-hush");
        var odd = await Assert.ThrowsAsync<ApiException>(() => client.ListMakersAsync(page, default));
        Assert.Equal((HttpStatusCode.OK, "not-understood"), (odd.Status, odd.Code));
        Assert.Contains($"{server.Address}v1/makers answered 200 with text/html, 47 bytes, where JSON was due. Is this the API's address", odd.Message, StringComparison.Ordinal);
        var refused = await Assert.ThrowsAsync<ApiException>(() => client.ListMakersAsync(page, default));
        Assert.Equal((HttpStatusCode.Forbidden, "http-error"), (refused.Status, refused.Code));
        Assert.Contains("Forbidden (text/html", refused.Message, StringComparison.Ordinal);
        var missing = await Assert.ThrowsAsync<ApiException>(() => client.FindDeviceAsync(new TokenId(1), default)); // not the API's word that there is no such device
        Assert.Equal((HttpStatusCode.NotFound, "http-error"), (missing.Status, missing.Code));
        var broken = await Assert.ThrowsAsync<ApiException>(() => client.ListMakersAsync(page, default));
        Assert.Equal((HttpStatusCode.InternalServerError, "http-error"), (broken.Status, broken.Code));
        Assert.All([odd, refused, missing, broken], e => Assert.DoesNotContain("hush", e.ToString(), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""[{"id":"0x00""")] // truncated, and said to be whole
    [InlineData("null")]
    [InlineData("""[{"chain":"eip155:1","name":null}]""")] // an id lacks
    [InlineData("""[{"id":null,"chain":"eip155:1","name":null}]""")]
    [InlineData("""[{"id":"0x00","chain":"eip155:1","name":null}]""")]
    [InlineData("""[{"id":"0x00000000000000000000000000000000000000000000000000000000000000aa","chain":null,"name":null}]""")]
    [InlineData("""{"items":[]}""")]
    public async Task An_answer_that_lacks_something_is_an_error_and_no_default(string body)
    {
        await using var server = await StartAsync(Says(200, body));
        using var client = DePinClient.Create(server.Options);
        var problem = await Assert.ThrowsAsync<ApiException>(() => client.GetNetworksAsync(default));
        Assert.Equal((HttpStatusCode.OK, "not-understood", false), (problem.Status, problem.Code, problem.IsTransient));
        Assert.Single(server.Asked);
    }

    [Fact]
    public async Task Members_that_a_newer_server_adds_are_passed_over()
    {
        await using var server = await StartAsync(Says(200, Networks.Replace("\"name\"", "\"colour\":\"red\",\"name\"", StringComparison.Ordinal)));
        using var client = DePinClient.Create(server.Options);
        Assert.Equal("test", Assert.Single(await client.GetNetworksAsync(default)).Name);
    }

    [Fact]
    public async Task An_answer_larger_than_a_client_takes_is_refused()
    {
        await using var server = await StartAsync(Says(200, "[" + new string(' ', 5_000) + "]"));
        using var client = DePinClient.Create(server.Options with { LargestAnswer = 1_000 });
        var problem = await Assert.ThrowsAsync<ApiException>(() => client.GetNetworksAsync(default));
        Assert.Equal("not-understood", problem.Code);
        Assert.Contains("more than the 1000 bytes", problem.Message, StringComparison.Ordinal);
        Assert.Single(server.Asked);
    }

    [Fact]
    public async Task Pages_are_walked_to_the_last_and_no_further_than_they_are_read()
    {
        static string Page(int id, string? next) => $$"""{"items":[{"makerId":{{id}},"account":"0x00000000000000000000000000000000000000aa","quota":1,"active":true,"issued":0,"models":0}],"next":{{JsonSerializer.Serialize(next)}}}""";
        await using var server = await StartAsync(Says(200, Page(1, "a&b=c")), Says(200, Page(2, "d")), Says(200, Page(3, null)));
        using var client = DePinClient.Create(server.Options with { BaseAddress = new Uri(server.Address, "below") });
        await using (var items = client.AllMakersAsync(default).GetAsyncEnumerator())
        {
            Assert.True(await items.MoveNextAsync());
            Assert.Equal(["/below/v1/makers?limit=500"], server.Asked.Select(a => a.Path));
            Assert.True(await items.MoveNextAsync());
            Assert.True(await items.MoveNextAsync());
            Assert.Equal(new MakerId(3), items.Current.MakerId);
            Assert.False(await items.MoveNextAsync());
        }

        Assert.Equal(["/below/v1/makers?limit=500", "/below/v1/makers?limit=500&cursor=a%26b%3Dc", "/below/v1/makers?limit=500&cursor=d"], server.Asked.Select(a => a.Path));
        Assert.All(server.Asked, a => Assert.StartsWith("DePin.Client/", a.UserAgent, StringComparison.Ordinal));
    }

    public static TheoryData<string, DePinClientOptions> Unfit
    {
        get
        {
            var good = new DePinClientOptions { BaseAddress = new Uri("https://example.org") };
            return new()
            {
                { "BaseAddress", good with { BaseAddress = new Uri("/v1", UriKind.Relative) } },
                { "BaseAddress", good with { BaseAddress = new Uri("ftp://example.org") } },
                { "BaseAddress", good with { BaseAddress = new Uri("https://me:secret@example.org") } },
                { "BaseAddress", good with { BaseAddress = new Uri("https://example.org/?key=1") } },
                { "Network", good with { Network = "" } },
                { "UserAgent", good with { UserAgent = "line\nbreak" } },
                { "AttemptTimeout", good with { AttemptTimeout = TimeSpan.Zero } },
                { "Timeout", good with { Timeout = TimeSpan.FromSeconds(1) } },
                { "Retries", good with { Retries = -1 } },
                { "RetryDelay", good with { RetryDelay = TimeSpan.FromMinutes(1) } },
                { "LongestRetryAfter", good with { LongestRetryAfter = TimeSpan.FromSeconds(-1) } },
                { "BreakerAttempts", good with { BreakerAttempts = 1 } },
                { "BreakerPause", good with { BreakerPause = TimeSpan.Zero } },
                { "Silence", good with { Silence = TimeSpan.Zero } },
                { "LargestAnswer", good with { LargestAnswer = 0 } },
            };
        }
    }

    [Theory]
    [MemberData(nameof(Unfit), DisableDiscoveryEnumeration = true)]
    public void Options_that_cannot_work_are_refused_by_name(string name, DePinClientOptions options)
    {
        Assert.StartsWith(name, Assert.Throws<ArgumentException>(() => DePinClient.Create(options)).Message, StringComparison.Ordinal);
        Assert.StartsWith(name, Assert.Throws<ArgumentException>(() => new ServiceCollection().AddDePinClient(options)).Message, StringComparison.Ordinal);
        Assert.StartsWith(name, Assert.Throws<ArgumentException>(() => EvidenceClient.Create(options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_gets_its_clients_from_the_factory_by_key_and_the_breaker_outlives_each_of_them()
    {
        await using var one = await StartAsync(Says(500));
        await using var other = await StartAsync(Says(200, Networks));
        var services = new ServiceCollection();
        var connections = 0;
        services.AddSingleton<TimeProvider>(new FakeTime());
        services.AddDePinClient(one.Options with { Retries = 0, BreakerAttempts = 2, UserAgent = "my-app/1.0" })
            .SetHandlerLifetime(TimeSpan.FromSeconds(1)).AddHttpMessageHandler(() =>
            {
                Interlocked.Increment(ref connections);
                return new PassingOn();
            });
        services.AddDePinClient(other.Options, "other");
        services.AddEvidenceClient(other.Options);
        await using var host = services.BuildServiceProvider(validateScopes: true);
        for (var i = 0; i < 2; i++) Assert.Equal("http-error", (await Assert.ThrowsAsync<ApiException>(() => host.GetRequiredService<IDePinApi>().GetNetworksAsync(default))).Code);
        Assert.Equal("resting", (await Assert.ThrowsAsync<ApiException>(() => host.GetRequiredService<IDePinApi>().GetNetworksAsync(default))).Code);
        for (var made = connections; connections == made;) // the factory makes its handlers anew by and by
        {
            Assert.Equal("resting", (await Assert.ThrowsAsync<ApiException>(() => host.GetRequiredService<IDePinApi>().GetNetworksAsync(default))).Code);
            await Task.Delay(TimeSpan.FromMilliseconds(50));
        }

        Assert.Equal("resting", (await Assert.ThrowsAsync<ApiException>(() => host.GetRequiredService<IDePinApi>().GetNetworksAsync(default))).Code);
        Assert.Equal(["my-app/1.0", "my-app/1.0"], one.Asked.Select(a => a.UserAgent));
        Assert.Single(await host.GetRequiredKeyedService<IDePinApi>("other").GetNetworksAsync(default));
        Assert.IsType<EvidenceClient>(host.GetRequiredService<IEvidenceApi>());
    }

    private sealed class PassingOn : DelegatingHandler;
}
