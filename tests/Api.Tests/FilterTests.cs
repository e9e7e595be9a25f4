namespace DePin.Api.Tests;

/// <summary>What lists are restricted to and ordered by. The fixture's genesis is 2023-11-14T22:13:20Z, its epochs are a day.</summary>
public sealed class FilterTests(ApiFixture fixture) : IClassFixture<ApiFixture>
{
    private static readonly string Provider = ApiFixture.Providers[0].ToString();

    [Fact]
    public async Task Devices_are_ordered_and_filtered_by_when_they_were_registered()
    {
        Assert.Equal([1, 2, 3, 4], await TokensAsync("/v1/devices"));
        Assert.Equal([4, 3, 2, 1], await TokensAsync("/v1/devices?sort=newest"));
        Assert.Equal([3], await TokensAsync("/v1/devices?sort=newest&status=retired"));

        var registered = (await fixture.GetAsync("/v1/devices")).GetProperty("items").EnumerateArray().ToDictionary(d => d.GetProperty("tokenId").GetInt64(), d => d.GetProperty("registeredAt").GetInt64());
        Assert.Equal(4, registered.Values.Distinct().Count());
        var (second, fourth) = (Rfc3339(registered[2]), Rfc3339(registered[4]));
        Assert.Equal([2, 3, 4], await TokensAsync($"/v1/devices?from={second}"));
        Assert.Equal([2, 3], await TokensAsync($"/v1/devices?from={second}&to={fourth}"));
        Assert.Equal([1], await TokensAsync($"/v1/devices?to={second}"));
        Assert.Equal([3, 4], await TokensAsync($"/v1/devices?from={second[..^1]}.001Z")); // a moment after the second was registered
        Assert.Equal([2, 3, 4], await TokensAsync($"/v1/devices?from={DateTimeOffset.FromUnixTimeSeconds(registered[2]).ToOffset(TimeSpan.FromHours(-3.5)):yyyy-MM-dd'T'HH:mm:sszzz}"));
        Assert.Equal(2, (await fixture.GetAsync($"/v1/map?from={second}&to={fourth}")).GetProperty("items")[0].GetProperty("devices").GetInt32());
    }

    [Fact]
    public async Task What_is_counted_by_epochs_is_filtered_by_when_they_begin()
    {
        Assert.Equal([2, 1], await EpochsAsync("/v1/epochs"));
        Assert.Equal([1, 2], await EpochsAsync("/v1/epochs?sort=oldest"));
        Assert.Equal([1], await EpochsAsync("/v1/epochs?to=2023-11-15T22:13:20Z"));
        Assert.Equal([2, 1], await EpochsAsync("/v1/epochs?to=2023-11-15T22:13:20.5Z"));
        Assert.Equal([2], await EpochsAsync("/v1/epochs?from=2023-11-14T22:13:21Z")); // the first had begun
        Assert.Equal([2, 1], await EpochsAsync("/v1/epochs?from=2023-11-14T22:13:20Z"));
        Assert.Equal([2, 1], await EpochsAsync("/v1/epochs?from=1970-01-01T00:00:00Z"));
        Assert.Empty(await EpochsAsync("/v1/epochs?to=2023-11-14T22:13:20Z"));
        Assert.Equal([2], await EpochsAsync("/v1/epochs?status=pending&sort=oldest"));

        foreach (var list in new[] { $"/v1/accounts/{Provider}/rewards", $"/v1/accounts/{Provider}/epochs", $"/v1/devices/{ApiFixture.DeviceId(1)}/rewards", $"/v1/devices/{ApiFixture.DeviceId(1)}/epochs" })
        {
            Assert.Equal([1], await EpochsAsync(list));
            Assert.Equal([1], await EpochsAsync($"{list}?from=2023-11-14T22:13:20Z&to=2023-11-14T22:13:21Z"));
            Assert.Empty(await EpochsAsync($"{list}?from=2023-11-14T22:13:21Z"));
            Assert.Empty(await EpochsAsync($"{list}?to=2023-11-14T22:13:20Z"));
        }

        Assert.Equal([1], await EpochsAsync($"/v1/accounts/{Provider}/rewards?epoch=1&class=2"));
        Assert.Empty(await EpochsAsync($"/v1/accounts/{Provider}/rewards?class=1"));
        Assert.Empty(await EpochsAsync($"/v1/accounts/{Provider}/rewards?epoch=2"));
        Assert.Empty(await EpochsAsync($"/v1/accounts/{Provider}/rewards?epoch=1&from=2023-11-14T22:13:21Z"));
        Assert.Equal(2, (await EpochsAsync("/v1/epochs/1/rewards?class=2")).Count);
        Assert.Empty(await EpochsAsync("/v1/epochs/1/rewards?class=1"));
    }

    [Fact]
    public async Task Proofs_are_filtered_by_the_devices_time_and_claims_by_the_blocks()
    {
        var proofs = $"/v1/devices/{ApiFixture.DeviceId(1)}/proofs";
        Assert.Equal(["14", "13", "12", "11", "10"], await PropertiesAsync($"{proofs}?from=2023-11-14T22:13:30Z&to=2023-11-14T22:13:35Z", "sequence"));
        Assert.Equal(["10"], await PropertiesAsync($"{proofs}?from=2023-11-14T22:13:30Z&to=2023-11-14T22:13:35Z&judgement=reject", "sequence"));

        var claims = $"/v1/accounts/{Provider}/claims";
        var paid = DateTimeOffset.Parse(Assert.Single(await PropertiesAsync(claims, "blockTime")), null);
        Assert.Equal(["2000"], await PropertiesAsync($"{claims}?from={Rfc3339(paid.ToUnixTimeSeconds())}", "amount"));
        Assert.Empty(await PropertiesAsync($"{claims}?to={Rfc3339(paid.ToUnixTimeSeconds())}", "amount"));
        Assert.Empty(await PropertiesAsync($"{claims}?from={Rfc3339(paid.ToUnixTimeSeconds() + 1)}", "amount"));
    }

    [Fact]
    public async Task Accounts_are_listed_by_index_or_by_what_they_earned()
    {
        var byIndex = (await fixture.GetAsync("/v1/accounts")).GetProperty("items").EnumerateArray().ToArray();
        Assert.Equal(ApiFixture.Providers.Select(p => p.ToString()), byIndex.Select(a => a.GetProperty("account").GetString()));
        Assert.Equal(["7000", "0", "350"], byIndex.Select(a => a.GetProperty("cumulative").GetString()));
        Assert.Equal(["2000", "0", "0"], byIndex.Select(a => a.GetProperty("claimed").GetString()));
        Assert.Equal([1, 2, 1], byIndex.Select(a => a.GetProperty("devices").GetInt32()));
        Assert.Equal(["7000", "350", "0"], await PropertiesAsync("/v1/accounts?sort=earned", "cumulative"));
    }

    [Fact]
    public async Task An_epochs_sum_is_that_of_its_lines()
    {
        var account = Assert.Single((await fixture.GetAsync($"/v1/accounts/{Provider}/epochs")).GetProperty("items").EnumerateArray());
        Assert.Equal((1, "7000", 1, 100, 3, 20), (account.GetProperty("epoch").GetInt32(), account.GetProperty("amount").GetString(), account.GetProperty("devices").GetInt32(),
            account.GetProperty("accepted").GetInt32(), account.GetProperty("rejected").GetInt32(), account.GetProperty("inconclusive").GetInt32()));
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000), account.GetProperty("start").GetDateTimeOffset());
        Assert.Empty((await fixture.GetAsync($"/v1/accounts/{ApiFixture.Providers[2]}/epochs")).GetProperty("items").EnumerateArray()); // it did nothing
    }

    [Theory]
    [InlineData("from=yesterday")]
    [InlineData("from=2023-11-14")]
    [InlineData("from=2023-11-14T22:13:20")] // where?
    [InlineData("to=2023-02-30T00:00:00Z")]
    [InlineData("from=1700000000")]
    [InlineData("from=2023-11-14T22:13:20Z&to=2023-11-14T22:13:20Z")]
    [InlineData("from=2023-11-15T00:00:00Z&to=2023-11-14T00:00:00Z")]
    [InlineData("from=2023-11-14T22:13:20+01:00")] // in a URL that is a space
    public async Task A_time_that_cannot_be_is_refused_and_the_text_says_how_to_write_it(string query)
    {
        foreach (var list in new[] { "/v1/devices", "/v1/epochs", "/v1/emission", $"/v1/accounts/{Provider}/claims", $"/v1/accounts/{Provider}/rewards", $"/v1/devices/{ApiFixture.DeviceId(1)}/proofs" })
        {
            var (status, problem) = await fixture.TryGetAsync($"{list}?{query}");
            Assert.Equal((400, "bad-parameter"), (status, problem.GetProperty("code").GetString()));
            Assert.Matches("2026-11-01T00:00:00Z|later than 'from'", problem.GetProperty("detail").GetString());
        }
    }

    [Fact]
    public async Task A_cursor_belongs_to_one_order()
    {
        var cursor = (await fixture.GetAsync("/v1/devices?limit=1")).GetProperty("next").GetString();
        Assert.Equal(400, (await fixture.TryGetAsync($"/v1/devices?sort=newest&cursor={cursor}")).Status);
        Assert.Equal(400, (await fixture.TryGetAsync("/v1/devices?sort=best")).Status);
    }

    private static string Rfc3339(long second) => DateTimeOffset.FromUnixTimeSeconds(second).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", null);

    private async Task<IReadOnlyList<long>> TokensAsync(string path) => [.. (await fixture.GetAsync(path)).GetProperty("items").EnumerateArray().Select(i => i.GetProperty("tokenId").GetInt64())];

    private async Task<IReadOnlyList<long>> EpochsAsync(string path) => [.. (await fixture.GetAsync(path)).GetProperty("items").EnumerateArray().Select(i => i.GetProperty("epoch").GetInt64())];

    private async Task<IReadOnlyList<string>> PropertiesAsync(string path, string name) => [.. (await fixture.GetAsync(path)).GetProperty("items").EnumerateArray().Select(i => i.GetProperty(name).ToString())];
}
