using System.Net;
using DePin.Abi;
using DePin.Storage.Read;
using DePin.TestKit;

namespace DePin.Jobs.Tests;

/// <summary>Who gets into the dashboard of a job host, and who does not.</summary>
public sealed class SignInTests
{
    private static readonly CancellationToken Ct = CancellationToken.None;
    private static readonly TestWallet Operator = new("operator's account");
    private static readonly TestWallet Outsider = new("outsider's account");

    [Fact]
    public async Task Only_a_fresh_message_for_this_host_by_an_operator_gets_in_and_only_once()
    {
        await using var network = await NetworkAsync();
        await using var host = await JobHost.StartAsync(network);
        using var client = new DashboardClient(host.Root);

        // Without a session there is nothing to see and nothing to do.
        foreach (var path in new[] { "", "/nodes", "/running", "/scheduled", "/runs", "/runs/1", "/failed", "/misfires" }) await RefusedAsync(HttpMethod.Get, path);
        foreach (var path in new[] { "/pause", "/resume", "/prune/trigger", "/prune/pause", "/prune/resume", "/runs/1/retry" }) await RefusedAsync(HttpMethod.Post, path);
        Assert.Null((string?)(await client.GetAsync("/v1/session"))["address"]);

        var text = await client.ChallengeAsync(Operator);
        await RefuseAsync("WrongDomain", text with { Domain = "jobs.example.org" });
        await RefuseAsync("WrongDomain", text with { Domain = $"localhost:{host.Root.Port + 1}" });
        await RefuseAsync("WrongUri", text with { Uri = "https://jobs.example.org/" });
        await RefuseAsync("WrongChain", text with { ChainId = 1 });
        await RefuseAsync("UnknownNonce", text with { Nonce = "0123456789abcdef" });
        await RefuseAsync("Expired", text with { Expires = text.IssuedAt.AddHours(-1) });
        await RefuseAsync("NotYetValid", text with { NotBefore = text.IssuedAt.AddHours(1) });
        await RefuseAsync("BadStatement", text with { Statement = "<script>" });
        await RefuseAsync("BadSignature", text with { Address = Outsider.Address });
        var (tampered, _) = await client.PostAsync("/v1/session", new { message = (text with { Statement = "Other words" }).ToString(), signature = "0x" + Convert.ToHexStringLower(Operator.Sign(text.ToString())) });
        Assert.Equal(HttpStatusCode.Unauthorized, tampered);
        foreach (var body in new[] { "{}", "[]", "nonsense", "{\"message\":1,\"signature\":2}", "{\"message\":\"x\",\"signature\":\"0xzz\"}", "{\"message\":null,\"signature\":null}" })
        {
            var (malformed, problem) = await client.PostAsync("/v1/session", body);
            Assert.Equal((HttpStatusCode.BadRequest, "bad-parameter"), (malformed, (string?)problem?["code"]));
        }

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await client.PostAsync("/v1/session", new { message = new string('x', 20_000), signature = "0x" })).Status);
        var (outside, reason) = await client.EnterAsync(Outsider, await client.ChallengeAsync(Outsider)); // has a bond, but is in no configuration
        Assert.Equal((HttpStatusCode.Forbidden, "not-operator"), (outside, (string)reason!["code"]!));
        Assert.Equal(0, await network.ScalarAsync<long>("select count(*) from jobs.sign_ins"));
        Assert.Equal("", client.Cookies);

        var (entered, session) = await client.EnterAsync(Operator, text);
        Assert.Equal((HttpStatusCode.OK, Operator.Address.ToChecksum()), (entered, (string)session!["address"]!));
        Assert.NotEmpty((await client.GetAsync("/v1/jobs"))["jobs"]!.AsArray());
        await RefuseAsync("NonceUsed", text); // replayed as it was

        // The token is nowhere but in the browser.
        var token = client.Cookies.Split('=')[1];
        Assert.Equal(64, token.Length);
        Assert.DoesNotContain(token, await network.RowsAsync("jobs.sign_ins"), StringComparison.Ordinal);

        async Task RefuseAsync(string expected, SignInText changed)
        {
            var (status, problem) = await client.EnterAsync(Operator, changed);
            Assert.Equal((HttpStatusCode.Unauthorized, "sign-in-refused", expected), (status, (string)problem!["code"]!, (string)problem["reason"]!));
        }

        async Task RefusedAsync(HttpMethod method, string path)
        {
            var (status, problem) = await client.SendAsync(method, "/v1/jobs" + path);
            Assert.Equal((HttpStatusCode.Unauthorized, "not-signed-in"), (status, (string?)problem?["code"]));
        }
    }

    [Fact]
    public async Task The_cookie_is_the_hosts_alone_and_what_changes_something_comes_from_the_page_itself()
    {
        await using var network = await NetworkAsync();
        await using var host = await JobHost.StartAsync(network);
        using var client = new DashboardClient(host.Root);
        var text = await client.ChallengeAsync(Operator);
        var body = new { message = text.ToString(), signature = "0x" + Convert.ToHexStringLower(Operator.Sign(text.ToString())) };

        // Nobody is signed in by another site's doing, either.
        Assert.Equal(HttpStatusCode.Forbidden, (await client.SendAsync(HttpMethod.Post, "/v1/session", body, header: false)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.SendAsync(HttpMethod.Post, "/v1/session", body, origin: "https://evil.example")).Status);
        var (_, _, response) = await client.SendForHeadersAsync(HttpMethod.Post, "/v1/session", body, origin: host.Root.GetLeftPart(UriPartial.Authority), fetchSite: "same-origin");
        var cookie = Assert.Single(response.Headers.GetValues("Set-Cookie"));
        foreach (var part in new[] { "httponly", "samesite=strict", "path=/", "max-age=28800" }) Assert.Contains(part, cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("domain", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("no-store", response.Headers.CacheControl!.ToString(), StringComparison.Ordinal);

        foreach (var path in new[] { "/v1/jobs/prune/trigger", "/v1/jobs/prune/pause", "/v1/jobs/pause", "/v1/jobs/runs/1/retry" })
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await client.SendAsync(HttpMethod.Post, path, header: false)).Status);
            Assert.Equal(HttpStatusCode.Forbidden, (await client.SendAsync(HttpMethod.Post, path, origin: "https://evil.example")).Status);
            Assert.Equal(HttpStatusCode.Forbidden, (await client.SendAsync(HttpMethod.Post, path, origin: "null")).Status);
            Assert.Equal(HttpStatusCode.Forbidden, (await client.SendAsync(HttpMethod.Post, path, fetchSite: "cross-site")).Status);
            Assert.Equal(HttpStatusCode.Forbidden, (await client.SendAsync(HttpMethod.Post, path, fetchSite: "same-site")).Status);
        }

        Assert.Equal(HttpStatusCode.Forbidden, (await client.SendAsync(HttpMethod.Delete, "/v1/session", origin: "https://evil.example")).Status);
        Assert.Equal("waiting", (string)(await client.GetAsync("/v1/jobs"))["jobs"]!.AsArray().Single(j => (string)j!["name"]! == "prune")!["state"]!);

        // The page itself: nothing inline, nothing from elsewhere, in no frame.
        var (_, _, page) = await client.SendForHeadersAsync(HttpMethod.Get, "/");
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        var policy = Assert.Single(page.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sign_in_holds_on_both_hosts_and_so_does_its_end()
    {
        await using var network = await NetworkAsync();
        await using var a = await JobHost.StartAsync(network);
        await using var b = await JobHost.StartAsync(network);
        using var first = new DashboardClient(a.Root);
        using var second = new DashboardClient(b.Root);

        // A nonce of one host, a message for the other: a person who was moved by a balancer.
        var text = (await first.ChallengeAsync(Operator)) with { Domain = b.Root.Authority, Uri = b.Root.ToString() };
        Assert.Equal(HttpStatusCode.OK, (await second.EnterAsync(Operator, text)).Status);
        first.Cookies = second.Cookies;
        Assert.Equal(2, (await first.GetAsync("/v1/jobs/nodes")).AsArray().Count(n => (string)n!["state"]! == "alive"));

        Assert.Equal(HttpStatusCode.NoContent, (await first.SendAsync(HttpMethod.Delete, "/v1/session")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await second.SendAsync(HttpMethod.Get, "/v1/jobs")).Status);

        // By its time.
        await second.SignInAsync(Operator);
        await second.GetAsync("/v1/jobs");
        await network.Database.ExecuteAsync("update jobs.sign_ins set until_at = now() where ended_at is null", Ct);
        Assert.Equal(HttpStatusCode.Unauthorized, (await second.SendAsync(HttpMethod.Get, "/v1/jobs")).Status);

        // And by leaving the network: the epoch comes in which others are its operators.
        await second.SignInAsync(Operator);
        network.MineConfigurationOfOthers(firstEpoch: 2);
        await network.FollowAsync();
        await second.GetAsync("/v1/jobs"); // still in force
        network.MineFinalEpochs(1, 1);
        await network.FollowAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, (await second.SendAsync(HttpMethod.Get, "/v1/jobs")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await second.EnterAsync(Operator, await second.ChallengeAsync(Operator))).Status);
    }

    [Fact]
    public async Task Settings_name_the_origins_and_further_addresses()
    {
        await using var network = await NetworkAsync();
        await using var host = await JobHost.StartAsync(network, ("Origins__0", "https://jobs.example.org"), ("Admins__0", Outsider.Address.ToChecksum()));
        using var client = new DashboardClient(host.Root);
        var text = await client.ChallengeAsync(Outsider);
        var (status, problem) = await client.EnterAsync(Outsider, text);
        Assert.Equal((HttpStatusCode.Unauthorized, "WrongDomain"), (status, (string?)problem?["reason"]));
        text = text with { Domain = "jobs.example.org", Uri = "https://jobs.example.org/" };
        var body = new { message = text.ToString(), signature = "0x" + Convert.ToHexStringLower(Outsider.Sign(text.ToString())) };
        Assert.Equal(HttpStatusCode.Forbidden, (await client.SendAsync(HttpMethod.Post, "/v1/session", body, origin: host.Root.GetLeftPart(UriPartial.Authority))).Status);
        var (entered, _, response) = await client.SendForHeadersAsync(HttpMethod.Post, "/v1/session", body, origin: "https://jobs.example.org");
        Assert.Equal(HttpStatusCode.OK, entered);
        var cookie = Assert.Single(response.Headers.GetValues("Set-Cookie"));
        Assert.StartsWith("__Host-", cookie, StringComparison.Ordinal);
        Assert.Contains("secure", cookie, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Asking_for_nonces_fills_no_table_and_asking_too_often_is_refused()
    {
        await using var network = await NetworkAsync();
        await using var host = await JobHost.StartAsync(network);
        using var client = new DashboardClient(host.Root);
        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 200 && !answers.Contains(HttpStatusCode.TooManyRequests); i++) answers.Add((await client.SendAsync(HttpMethod.Get, "/v1/session/nonce")).Status);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.TooManyRequests), (answers[0], answers[^1]));
        Assert.Equal(0, await network.ScalarAsync<long>("select count(*) from jobs.sign_ins"));
        Assert.Equal(1, await network.ScalarAsync<long>("select count(*) from jobs.sign_in_keys"));
        foreach (var role in new[] { "depin_api", "depin_oracle", "depin_indexer" })
        {
            Assert.False(await network.ScalarAsync<bool>($"select has_table_privilege('{role}', 'jobs.sign_in_keys', 'select') or has_table_privilege('{role}', 'jobs.sign_ins', 'select')"));
            Assert.True(await network.ScalarAsync<bool>($"select has_table_privilege('{role}', 'jobs.runs', 'select')"));
        }
    }

    [Fact]
    public async Task Who_is_slashed_or_in_no_configuration_is_no_operator()
    {
        await using var network = await NetworkAsync();
        var store = new OperatorReads(network.Database.DataSource);
        Assert.True(await store.IsInConfigurationAsync("eip155:31337", Operator.Address, Ct));
        Assert.False(await store.IsInConfigurationAsync("eip155:1", Operator.Address, Ct));
        Assert.False(await store.IsInConfigurationAsync("eip155:31337", Outsider.Address, Ct));
        Assert.False(await store.IsInConfigurationAsync("eip155:31337", FakeNetworkActivity.AddressOf("operator 0"), Ct)); // a report key signs reports only
        await network.Database.ExecuteAsync("update chain.operator_versions set slashed = true", Ct);
        Assert.False(await store.IsInConfigurationAsync("eip155:31337", Operator.Address, Ct));
    }

    private static async Task<JobsNetwork> NetworkAsync()
    {
        var network = await JobsNetwork.CreateAsync();
        network.MineOperators(Operator.Address, Outsider.Address);
        await network.FollowAsync();
        return network;
    }
}
