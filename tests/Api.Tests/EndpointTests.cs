using System.Net;
using System.Text.Json;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.Protocol.Rewards;
using DePin.TestKit;

namespace DePin.Api.Tests;

public sealed class EndpointTests(ApiFixture fixture) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task The_network_page_counts_what_the_mirror_holds()
    {
        var network = await fixture.GetAsync("/v1/network");
        Assert.Equal("Fixture", network.GetProperty("name").GetString());
        Assert.Equal(1_700_000_000, network.GetProperty("clock").GetProperty("genesis").GetInt64());
        Assert.Equal(86_400, network.GetProperty("clock").GetProperty("epochSeconds").GetInt64());
        var totals = network.GetProperty("totals");
        Assert.Equal(4, totals.GetProperty("devices").GetInt64());
        Assert.Equal(3, totals.GetProperty("activeDevices").GetInt64());
        Assert.Equal(3, totals.GetProperty("providers").GetInt64());
        Assert.Equal("7350", totals.GetProperty("minted").GetString());
        Assert.Equal("2000", totals.GetProperty("claimed").GetString());
        Assert.Equal(2, totals.GetProperty("lastAcceptedEpoch").GetInt64());
        Assert.Equal(1, totals.GetProperty("lastFinalEpoch").GetInt64());
    }

    [Fact]
    public async Task A_map_counts_devices_by_the_cell_they_lie_in()
    {
        // Ancestor and centre by h3-js.
        var place = Assert.Single((await fixture.GetAsync("/v1/map?resolution=5")).GetProperty("items").EnumerateArray());
        Assert.Equal(("851f91b3fffffff", 46.4470822m, 5.9232145m), (place.GetProperty("cell").GetString(), place.GetProperty("latitude").GetDecimal(), place.GetProperty("longitude").GetDecimal()));
        Assert.Equal((4, 3), (place.GetProperty("devices").GetInt32(), place.GetProperty("active").GetInt32()));
        Assert.Equal("801ffffffffffff", (await fixture.GetAsync("/v1/map?resolution=0")).GetProperty("items")[0].GetProperty("cell").GetString());
        Assert.Equal(1, (await fixture.GetAsync("/v1/map?class=1")).GetProperty("items")[0].GetProperty("devices").GetInt32());
        Assert.Equal(0, (await fixture.GetAsync("/v1/map?resolution=11")).GetProperty("items").GetArrayLength()); // finer than they say
        Assert.Equal(0, (await fixture.GetAsync("/v1/map?cell=8a1f91b1c8cffff")).GetProperty("items").GetArrayLength());
    }

    [Theory]
    [InlineData("/v1/devices?limit=1", "tokenId", 4)]
    [InlineData("/v1/devices?limit=3", "tokenId", 4)]
    public async Task Pages_walk_a_list_once_and_in_order(string path, string key, int expected)
    {
        var seen = new List<long>();
        string? cursor = null;
        do
        {
            var page = await fixture.GetAsync(cursor is null ? path : $"{path}&cursor={cursor}");
            seen.AddRange(page.GetProperty("items").EnumerateArray().Select(i => i.GetProperty(key).GetInt64()));
            cursor = page.GetProperty("next").GetString();
        }
        while (cursor is not null);
        Assert.Equal(expected, seen.Count);
        Assert.Equal(seen.Order().Distinct(), seen);
    }

    [Fact]
    public async Task A_devices_proofs_are_paged_newest_first_and_filtered_by_judgement()
    {
        var id = ApiFixture.DeviceId(1);
        var first = await fixture.GetAsync($"/v1/devices/{id}/proofs?limit=20");
        var second = await fixture.GetAsync($"/v1/devices/{id}/proofs?limit=20&cursor={first.GetProperty("next").GetString()}");
        var sequences = first.GetProperty("items").EnumerateArray().Concat(second.GetProperty("items").EnumerateArray()).Select(i => int.Parse(i.GetProperty("sequence").GetString()!, null)).ToArray();
        Assert.Equal(Enumerable.Range(0, 25).Reverse(), sequences);

        var rejected = await fixture.GetAsync($"/v1/devices/{id}/proofs?judgement=reject");
        Assert.Equal(5, rejected.GetProperty("items").GetArrayLength());
        Assert.All(rejected.GetProperty("items").EnumerateArray(), i => Assert.Equal("Replayed", i.GetProperty("reasonName").GetString()));
    }

    [Fact]
    public async Task Devices_are_filtered_by_owner_class_and_status()
    {
        Assert.Equal(2, (await fixture.GetAsync($"/v1/devices?owner={ApiFixture.Providers[1]}")).GetProperty("items").GetArrayLength());
        Assert.Equal(1, (await fixture.GetAsync("/v1/devices?class=1")).GetProperty("items").GetArrayLength());
        var retired = (await fixture.GetAsync("/v1/devices?status=retired")).GetProperty("items");
        Assert.Equal(3, Assert.Single(retired.EnumerateArray()).GetProperty("tokenId").GetInt64());
        Assert.Equal(4, (await fixture.GetAsync("/v1/devices?cell=8a1f91b1c8dffff")).GetProperty("items").GetArrayLength());
        Assert.Equal(0, (await fixture.GetAsync("/v1/devices?cell=8a1f91b1c8cffff")).GetProperty("items").GetArrayLength()); // its neighbour
        Assert.Equal(4, (await fixture.GetAsync("/v1/devices?cell=851f91b3fffffff")).GetProperty("items").GetArrayLength()); // what it lies in
        Assert.Equal(0, (await fixture.GetAsync("/v1/devices?cell=8b1f91b1c8d8fff")).GetProperty("items").GetArrayLength()); // what lies in it
    }

    [Fact]
    public async Task A_device_is_found_by_token_and_by_device_id()
    {
        var byToken = await fixture.GetAsync("/v1/devices/2");
        var byId = await fixture.GetAsync($"/v1/devices/{ApiFixture.DeviceId(2)}");
        Assert.Equal(byToken.GetRawText(), byId.GetRawText());
        Assert.Equal("8a1f91b1c8dffff", byId.GetProperty("cell").GetString());
    }

    [Fact]
    public async Task An_epoch_shows_its_report_signers_and_reasons()
    {
        var epoch = await fixture.GetAsync("/v1/epochs/1");
        Assert.Equal("final", epoch.GetProperty("summary").GetProperty("status").GetString());
        Assert.Equal(fixture.Tree.Root.ToString(), epoch.GetProperty("report").GetProperty("rewardsRoot").GetString());
        var keys = Enumerable.Range(0, 4).Select(i => FakeNetworkActivity.AddressOf($"operator {i}")).Order().ToArray();
        Assert.Equal([keys[0].ToString(), keys[1].ToString(), keys[3].ToString()], epoch.GetProperty("signers").EnumerateArray().Select(s => s.GetString()!));
        var reasons = epoch.GetProperty("reasons").EnumerateArray().ToArray();
        Assert.Equal(25, reasons.Sum(r => r.GetProperty("proofs").GetInt64()));
        Assert.Equal("7350", Assert.Single(epoch.GetProperty("classes").EnumerateArray()).GetProperty("amount").GetString());

        var report = FakeReport.Of(1, fixture.Tree.Root).Digest;
        Assert.Equal( // of what is registered, only what an auditor can and should open
            [$"http://127.0.0.1:1/v1/evidence/1?report={report}", $"https://operator.example:8443/v1/evidence/1?report={report}"], epoch.GetProperty("evidence").EnumerateArray().Select(e => e.GetString()!).Order());
        Assert.All(reasons.Where(r => r.GetProperty("reason").GetInt32() > 0), r => Assert.NotEmpty(r.GetProperty("meaning").GetString()!));
        var earned = (await fixture.GetAsync("/v1/epochs/1/rewards")).GetProperty("items").EnumerateArray().ToArray();
        Assert.Equal(["350", "7000"], earned.Select(l => l.GetProperty("amount").GetString()).Order(StringComparer.Ordinal));

        var pending = await fixture.GetAsync("/v1/epochs/2");
        Assert.Equal("pending", pending.GetProperty("summary").GetProperty("status").GetString());
        Assert.Equal(JsonValueKind.Null, pending.GetProperty("summary").GetProperty("accepted").ValueKind);
    }

    [Fact]
    public async Task Operators_are_credited_with_the_reports_they_signed()
    {
        var operators = (await fixture.GetAsync("/v1/operators")).GetProperty("operators").EnumerateArray().ToArray();
        Assert.Equal([2, 2, 0, 2], operators.Select(o => o.GetProperty("reportsSigned").GetInt32()));
        Assert.All(operators, o => Assert.Equal(2, o.GetProperty("reportsSince").GetInt32()));
    }

    [Fact]
    public async Task A_claim_carries_a_proof_that_hashes_to_the_root_and_a_transaction_that_says_the_same()
    {
        var claim = await fixture.GetAsync($"/v1/accounts/{ApiFixture.Providers[0]}/claim");
        Assert.Equal("5000", claim.GetProperty("claimable").GetString());
        var proof = claim.GetProperty("proof").EnumerateArray().Select(p => Bytes32.Parse(p.GetString()!)).ToArray();
        Assert.True(PositionalTree.Verify(fixture.Tree.Root, fixture.Tree.LeafAt(0).Hash(fixture.Domain), 0, 3, proof));

        var leaf = fixture.Tree.LeafAt(0);
        var expected = new RewardDistributor.ClaimCall(fixture.Tree.Root, new DePin.ContractBindings.Evm.RewardLeaf(0, ApiFixture.Providers[0], leaf.Cumulative, leaf.Prefix, leaf.ItemsHash), proof).Encode();
        Assert.Equal(Text.Hex(expected), claim.GetProperty("transaction").GetProperty("data").GetString());
    }

    [Fact]
    public async Task An_account_adds_up()
    {
        var account = await fixture.GetAsync($"/v1/accounts/{ApiFixture.Providers[0]}");
        Assert.Equal("5000", account.GetProperty("claimable").GetString());
        Assert.Equal("7000", account.GetProperty("account").GetProperty("cumulative").GetString());
        Assert.Equal("2000", account.GetProperty("account").GetProperty("claimed").GetString());
        var lines = await fixture.GetAsync($"/v1/accounts/{ApiFixture.Providers[0]}/rewards");
        Assert.Equal("7000", Assert.Single(lines.GetProperty("items").EnumerateArray()).GetProperty("amount").GetString());
        var claims = await fixture.GetAsync($"/v1/accounts/{ApiFixture.Providers[0]}/claims");
        Assert.Equal("2000", Assert.Single(claims.GetProperty("items").EnumerateArray()).GetProperty("amount").GetString());
    }

    [Theory]
    [InlineData("/v1/devices?limit=0", 400, "bad-parameter")]
    [InlineData("/v1/devices?limit=501", 400, "bad-parameter")]
    [InlineData("/v1/devices?cursor=AAAA", 400, "bad-cursor")]
    [InlineData("/v1/devices?cursor=!!", 400, "bad-cursor")]
    [InlineData("/v1/devices?owner=0x12", 400, "bad-parameter")]
    [InlineData("/v1/devices?status=lost", 400, "bad-parameter")]
    [InlineData("/v1/map?resolution=16", 400, "bad-parameter")]
    [InlineData("/v1/devices?cell=8a1f91b1c8dfffe", 400, "bad-parameter")]
    [InlineData("/v1/devices?cell=zz", 400, "bad-parameter")]
    [InlineData("/v1/devices/zz", 400, "bad-parameter")]
    [InlineData("/v1/devices/99", 404, "not-found")]
    [InlineData("/v1/epochs/77", 404, "not-found")]
    [InlineData("/v1/epochs?status=odd", 400, "bad-parameter")]
    [InlineData("/v1/proofs/00", 400, "bad-parameter")]
    [InlineData("/v1/accounts/0x00/claim", 400, "bad-parameter")]
    [InlineData("/v1/accounts/0x0000000000000000000000000000000000000001", 404, "not-found")]
    [InlineData("/v1/network?network=eip155:1", 404, "not-found")]
    public async Task Bad_requests_get_problem_details_with_a_code(string path, int status, string code)
    {
        var (actual, body) = await fixture.TryGetAsync(path);
        Assert.Equal(status, actual);
        Assert.Equal(code, body.GetProperty("code").GetString());
        Assert.False(string.IsNullOrWhiteSpace(body.GetProperty("detail").GetString()));
    }

    [Fact]
    public async Task A_cursor_of_one_list_is_refused_by_another()
    {
        var cursor = (await fixture.GetAsync("/v1/devices?limit=1")).GetProperty("next").GetString();
        Assert.Equal(400, (await fixture.TryGetAsync($"/v1/stakes?cursor={cursor}")).Status);
    }

    [Fact]
    public async Task Too_many_requests_are_turned_away_with_a_wait()
    {
        await using var host = fixture.WithSettings(new() { ["Api:Burst"] = "3", ["Api:RequestsPerSecond"] = "1" });
        using var client = host.CreateClient();
        var answers = new List<HttpResponseMessage>();
        for (var i = 0; i < 8; i++) answers.Add(await client.GetAsync(new Uri("/v1/networks", UriKind.Relative)));
        Assert.Equal(HttpStatusCode.OK, answers[0].StatusCode);
        var refused = answers.First(a => a.StatusCode == HttpStatusCode.TooManyRequests);
        Assert.True(refused.Headers.Contains("Retry-After"));
        Assert.Contains("too-many-requests", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_route_is_in_the_openapi_document_and_the_page_to_browse_it_is_served()
    {
        var paths = (await fixture.GetAsync("/openapi/v1.json")).GetProperty("paths").EnumerateObject().Select(p => p.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var path in new[] { "/v1/network", "/v1/devices", "/v1/devices/{id}/proofs", "/v1/epochs/{epoch}", "/v1/accounts/{address}/claim", "/v1/operators", "/v1/stakes", "/v1/emission", "/v1/indexer" })
            Assert.Contains(path, paths);
        Assert.Contains("swagger", await fixture.Client.GetStringAsync(new Uri("/docs/index.html", UriKind.Relative)), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("status.js", await fixture.Client.GetStringAsync(new Uri("/", UriKind.Relative)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_readiness_and_metrics_answer()
    {
        Assert.Equal("alive", (await fixture.GetAsync("/health")).GetProperty("status").GetString());
        Assert.Equal("ready", (await fixture.GetAsync("/ready")).GetProperty("status").GetString());
        Assert.Contains("# TYPE", await fixture.Client.GetStringAsync(new Uri("/metrics", UriKind.Relative)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_database_is_said_to_be_empty()
    {
        await using var empty = await TestDatabase.CreateAsync();
        await using var host = fixture.WithSettings(new() { ["Api:Database"] = empty.ConnectionString });
        using var client = host.CreateClient();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync(new Uri("/ready", UriKind.Relative))).StatusCode);
        var answer = await client.GetAsync(new Uri("/v1/devices", UriKind.Relative));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Contains("not-mirrored", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }
}
