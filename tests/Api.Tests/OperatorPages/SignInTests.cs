using System.Net;
using DePin.Abi;
using DePin.TestKit;

namespace DePin.Api.Tests.OperatorPages;

/// <summary>Who gets to the operator pages of the API, and who does not.</summary>
public sealed class SignInTests(OperatorFixture fixture) : IClassFixture<OperatorFixture>
{
    private string[] Paths => ["", $"/{fixture.Keys["ada"]}/reports", $"/{fixture.Keys["ada"]}/process", $"/{fixture.Keys["ada"]}/actions"];

    [Fact]
    public async Task Only_a_fresh_message_for_this_site_by_an_operators_account_gets_in_and_only_once()
    {
        using var client = fixture.Client();
        foreach (var path in Paths) await RefusedAsync(path);
        await RefusedAsync("/nothing/like/that");
        client.Cookie = $"__Host-depin-operator={new string('a', 64)}";
        foreach (var path in Paths) await RefusedAsync(path);
        client.Cookie = null;
        Assert.Null((string?)(await client.GetAsync("/v1/session"))["address"]);

        var text = await client.ChallengeAsync(OperatorFixture.Ada);
        Assert.Equal(31_337u, text.ChainId);
        await RefuseAsync("WrongDomain", text with { Domain = "other.example.org" });
        await RefuseAsync("WrongDomain", text with { Domain = "localhost" });
        await RefuseAsync("WrongDomain", text with { Scheme = "http" });
        await RefuseAsync("WrongUri", text with { Uri = "https://other.example.org/operator/" });
        await RefuseAsync("WrongChain", text with { ChainId = 1 });
        await RefuseAsync("UnknownNonce", text with { Nonce = "0123456789abcdef" });
        await RefuseAsync("Expired", text with { Expires = text.IssuedAt.AddHours(-1) });
        await RefuseAsync("WrongTime", text with { IssuedAt = text.IssuedAt.AddHours(1) });
        await RefuseAsync("NotYetValid", text with { NotBefore = text.IssuedAt.AddHours(1) });
        await RefuseAsync("BadSignature", text with { Address = OperatorFixture.Ben.Address });
        foreach (var body in new[] { "{}", "[]", "nonsense", "{\"message\":1,\"signature\":2}", "{\"message\":\"x\",\"signature\":\"0xzz\"}", "{\"message\":null,\"signature\":null}" })
        {
            var (malformed, wrong) = await client.SendAsync(HttpMethod.Post, "/v1/session", body);
            Assert.Equal((HttpStatusCode.BadRequest, "bad-parameter"), (malformed, (string?)wrong?["code"]));
        }

        var (foreign, chain) = await client.SendAsync(HttpMethod.Get, "/v1/session/nonce?chain=1");
        Assert.Equal((HttpStatusCode.BadRequest, "bad-parameter"), (foreign, (string?)chain?["code"]));
        var before = await fixture.ScalarAsync<long>("select count(*) from api.sign_ins");
        var (outside, problem) = await client.EnterAsync(OperatorFixture.Nobody, await client.ChallengeAsync(OperatorFixture.Nobody));
        Assert.Equal((HttpStatusCode.Forbidden, "not-operator"), (outside, (string)problem!["code"]!));
        Assert.Contains("depin operator register", (string)problem["detail"]!, StringComparison.Ordinal);
        Assert.Equal(before, await fixture.ScalarAsync<long>("select count(*) from api.sign_ins"));
        Assert.Null(client.Cookie);

        var (entered, session) = await client.EnterAsync(OperatorFixture.Ada, text);
        Assert.Equal((HttpStatusCode.OK, OperatorFixture.Ada.Address.ToChecksum()), (entered, (string)session!["address"]!));
        Assert.Equal(OperatorFixture.Ada.Address.ToChecksum(), (string)(await client.GetAsync("/v1/operator"))["account"]!);
        await RefuseAsync("NonceUsed", text); // replayed as it was

        // The token is nowhere but in the browser.
        var token = client.Cookie!.Split('=')[1];
        Assert.Equal(64, token.Length);
        Assert.DoesNotContain(token, await fixture.ScalarAsync<string>("select string_agg(t::text, ' ') from api.sign_ins t"), StringComparison.Ordinal);

        async Task RefuseAsync(string expected, SignInText changed)
        {
            var (status, body) = await client.EnterAsync(OperatorFixture.Ada, changed);
            Assert.Equal((HttpStatusCode.Unauthorized, "sign-in-refused", expected), (status, (string)body!["code"]!, (string)body["reason"]!));
        }

        async Task RefusedAsync(string path)
        {
            using var response = await client.AskAsync(HttpMethod.Get, "/v1/operator" + path);
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
            Assert.Contains("\"not-signed-in\"", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_cookie_is_the_hosts_alone_and_nothing_is_done_or_told_at_another_sites_bidding()
    {
        using var client = fixture.Client();
        var text = await client.ChallengeAsync(OperatorFixture.Ada);
        var body = new { message = text.ToString(), signature = "0x" + Convert.ToHexStringLower(OperatorFixture.Ada.Sign(text.ToString())) };
        Assert.Equal(HttpStatusCode.Forbidden, (await client.SendAsync(HttpMethod.Post, "/v1/session", body, header: false)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.SendAsync(HttpMethod.Post, "/v1/session", body, origin: "https://evil.example")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.SendAsync(HttpMethod.Post, "/v1/session", body, fetchSite: "same-site")).Status);
        using var entered = await client.AskAsync(HttpMethod.Post, "/v1/session", body, origin: OperatorFixture.Origin, fetchSite: "same-origin");
        var cookie = Assert.Single(entered.Headers.GetValues("Set-Cookie"));
        Assert.StartsWith("__Host-depin-operator=", cookie, StringComparison.Ordinal);
        foreach (var part in new[] { "httponly", "samesite=strict", "path=/", "max-age=28800", "secure" }) Assert.Contains(part, cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("domain", cookie, StringComparison.OrdinalIgnoreCase);

        foreach (var path in Paths.Select(p => "/v1/operator" + p).Append("/v1/session"))
        {
            using var answer = await client.AskAsync(HttpMethod.Get, path, origin: "https://evil.example");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode); // a program may ask; a page elsewhere has no cookie and may not read
            Assert.Equal("no-store", answer.Headers.CacheControl?.ToString());
            Assert.Null(answer.Headers.ETag);
            Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"), path);
            Assert.Null(answer.Headers.Age);
        }

        foreach (var from in new[] { "cross-site", "same-site" }) Assert.Equal(HttpStatusCode.Forbidden, (await client.SendAsync(HttpMethod.Get, "/v1/operator", fetchSite: from)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.SendAsync(HttpMethod.Delete, "/v1/session", header: false)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.SendAsync(HttpMethod.Delete, "/v1/session", origin: "null")).Status);
        Assert.Equal(HttpStatusCode.OK, (await client.SendAsync(HttpMethod.Get, "/v1/operator", fetchSite: "same-origin")).Status);

        using var page = await client.AskAsync(HttpMethod.Get, "/operator/");
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        var policy = Assert.Single(page.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"<script>|<style|\son\w+=|style=", await page.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_sign_in_ends_with_sign_out_with_its_time_and_on_every_host_at_once()
    {
        await using var other = fixture.WithSettings([]);
        using var client = await fixture.Client().SignInAsync(OperatorFixture.Ada);
        using var elsewhere = fixture.Client(other);
        elsewhere.Cookie = client.Cookie;
        await elsewhere.GetAsync("/v1/operator");
        var (left, _) = await elsewhere.SendAsync(HttpMethod.Delete, "/v1/session");
        Assert.Equal(HttpStatusCode.NoContent, left);
        Assert.Null(elsewhere.Cookie);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.SendAsync(HttpMethod.Get, "/v1/operator")).Status);

        using var late = await fixture.Client().SignInAsync(OperatorFixture.Ben);
        await late.GetAsync("/v1/operator");
        await fixture.ExecuteAsync("update api.sign_ins set until_at = now() - interval '1 second' where address = @address", new { address = OperatorFixture.Ben.Address.ToArray() });
        Assert.Equal(HttpStatusCode.Unauthorized, (await late.SendAsync(HttpMethod.Get, "/v1/operator")).Status);
    }

    [Fact]
    public async Task Who_is_slashed_or_leaving_or_gone_still_sees_what_became_of_its_bond()
    {
        foreach (var (wallet, state) in new[] { (OperatorFixture.Eve, "thawing"), (OperatorFixture.Fay, "slashed"), (OperatorFixture.Gus, "withdrawn"), (OperatorFixture.Cho, "left") })
        {
            using var client = await fixture.Client().SignInAsync(wallet);
            Assert.Equal(state, (string)(await client.GetAsync("/v1/operator"))["operators"]![0]!["state"]!);
        }
    }

    [Fact]
    public async Task Over_plain_http_the_cookie_has_its_plain_name_and_asking_too_often_is_refused_and_fills_no_table()
    {
        await using var host = fixture.WithSettings(new() { ["Api:Origins:0"] = "http://127.0.0.1:8080", ["Api:SignInBurst"] = "30" });
        using var client = fixture.Client(host);
        var text = await client.ChallengeAsync(OperatorFixture.Ada) with { Domain = "127.0.0.1:8080", Uri = "http://127.0.0.1:8080/operator/" };
        Assert.Equal(HttpStatusCode.OK, (await client.EnterAsync(OperatorFixture.Ada, text)).Status);
        Assert.StartsWith("depin-operator=", client.Cookie, StringComparison.Ordinal);
        var rows = await fixture.ScalarAsync<long>("select count(*) from api.sign_ins");
        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 200 && !answers.Contains(HttpStatusCode.TooManyRequests); i++) answers.Add((await client.SendAsync(HttpMethod.Get, "/v1/session/nonce")).Status);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.TooManyRequests), (answers[0], answers[^1]));
        Assert.Equal(rows, await fixture.ScalarAsync<long>("select count(*) from api.sign_ins"));
    }

    [Fact]
    public async Task Whoever_reads_as_the_api_can_neither_see_nor_forge_a_sign_in()
    {
        foreach (var role in new[] { "depin_api", "depin_oracle", "depin_indexer", "depin_jobs" })
        {
            foreach (var table in new[] { "api.sign_ins", "api.sign_in_keys" })
                Assert.False(await fixture.ScalarAsync<bool>($"select has_table_privilege('{role}', '{table}', 'select') or has_table_privilege('{role}', '{table}', 'insert') or has_table_privilege('{role}', '{table}', 'update')"), $"{role} {table}");
        }

        Assert.True(await fixture.ScalarAsync<bool>("select has_table_privilege('depin_sign_in', 'api.sign_ins', 'insert') and has_schema_privilege('depin_sign_in', 'api', 'usage')"));
        foreach (var table in new[] { "chain.operator_versions", "evidence.epochs", "jobs.sign_in_keys", "jobs.sign_ins" })
            Assert.False(await fixture.ScalarAsync<bool>($"select has_table_privilege('depin_sign_in', '{table}', 'select')"), table);
    }

    [Fact]
    public async Task A_host_without_operator_pages_has_none_of_it()
    {
        await using var host = fixture.WithSettings(new() { ["Api:OperatorPages"] = "false" });
        using var client = fixture.Client(host);
        foreach (var path in new[] { "/v1/operator", "/v1/session", "/v1/session/nonce" }) Assert.Equal(HttpStatusCode.NotFound, (await client.SendAsync(HttpMethod.Get, path)).Status);
        Assert.DoesNotContain("/v1/operator", (await client.GetAsync("/openapi/v1.json")).ToJsonString().Replace("/v1/operators", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }
}
