using System.Net;
using System.Text.Json.Nodes;
using DePin.Api.Operators;

namespace DePin.Api.Tests.OperatorPages;

/// <summary>Looking at a process whose address a stranger chose.</summary>
public sealed class ProcessTests(OperatorFixture fixture) : IClassFixture<OperatorFixture>
{
    [Fact]
    public async Task A_process_that_is_well_is_told_by_its_known_members_alone()
    {
        var seen = await LookAsync("well");
        Assert.Equal((200, "ok", 200), ((int)seen["health"]!["status"]!, (string)seen["health"]!["state"]!, (int)seen["ready"]!["status"]!));
        Assert.Equal((fixture.Keys["well"].ToString(), 3, 3, 17, 4), ((string)seen["ready"]!["operator"]!, (int)seen["ready"]!["epoch"]!, (int)seen["ready"]!["nextReport"]!, (int)seen["ready"]!["block"]!, (int)seen["ready"]!["devices"]!));
        Assert.Equal(["process"], Codes(seen));
        Assert.DoesNotContain("of somebody", seen.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(["/health", "/ready"], fixture.Processes["well"].Asked.Order());
    }

    [Theory]
    [InlineData("redirects", "process-strange", "redirects")]
    [InlineData("hangs", "process-down", "did not answer in time")]
    [InlineData("garbage", "process-down", "not HTTP")]
    [InlineData("endless", "process-strange", "longer than 16384 bytes")]
    [InlineData("html", "process-strange", "not one of an operator")]
    [InlineData("halted", "halted", "final is gone")]
    [InlineData("unsigned", "signer-unreachable", "Nothing is signed")]
    public async Task A_process_that_is_not_well_is_told_with_its_reason_and_harms_nobody(string name, string code, string why)
    {
        var seen = await LookAsync(name);
        var notice = seen["notices"]!.AsArray().First(n => (string)n!["code"]! == code)!;
        Assert.Equal("bad", (string)notice["level"]!);
        Assert.Contains(why, (string)notice["why"]!, StringComparison.Ordinal);
        Assert.NotNull((string?)notice["remedy"]);
        Assert.StartsWith("docs/alerts.md#", (string)notice["document"]!, StringComparison.Ordinal);
        Assert.True(seen.ToJsonString().Length < 5_000, "what strangers say is cut");
        Assert.DoesNotContain("\\u0007", seen.ToJsonString(), StringComparison.Ordinal);
        Assert.True(fixture.Processes[name].Sent < 5_000_000, "no more is read than is needed");
        if (name == "unsigned") Assert.Contains("another-operator", Codes(seen));
        if (name == "halted") Assert.Contains("not-ready", Codes(seen));
    }

    [Fact]
    public async Task Off_a_development_network_an_address_that_is_not_public_is_not_connected_to()
    {
        await using var host = fixture.WithSettings([]); // has read no network yet
        await fixture.SetProfileAsync("production");
        try
        {
            using var dan = await fixture.Client(host).SignInAsync(OperatorFixture.Dan);
            var before = fixture.Processes["html"].Asked.Count;
            var seen = await dan.GetAsync($"/v1/operator/{fixture.Keys["html"]}/process");
            Assert.Null((int?)seen["health"]!["status"]);
            Assert.Contains("public internet", (string)seen["health"]!["problem"]!, StringComparison.Ordinal);
            Assert.Equal(before, fixture.Processes["html"].Asked.Count);

            // A name that leads here is no way round it.
            await fixture.ExecuteAsync("update chain.operator_versions set endpoint = replace(endpoint, '127.0.0.1', 'localhost') where report_key = @key", new { key = fixture.Keys["html"].ToArray() });
            seen = await dan.GetAsync($"/v1/operator/{fixture.Keys["html"]}/process");
            Assert.Contains("public internet", (string)seen["health"]!["problem"]!, StringComparison.Ordinal);
            Assert.Equal(before, fixture.Processes["html"].Asked.Count);
        }
        finally
        {
            await fixture.ExecuteAsync("update chain.operator_versions set endpoint = replace(endpoint, 'localhost', '127.0.0.1')");
            await fixture.SetProfileAsync("dev");
        }
    }

    [Fact]
    public async Task Without_a_bond_to_lose_or_an_address_nobody_sends_this_host_anywhere()
    {
        foreach (var (wallet, name, code) in new[] { (OperatorFixture.Fay, "fay", "not-asked"), (OperatorFixture.Gus, "gus", "not-asked"), (OperatorFixture.Ben, "ben", "endpoint") })
        {
            using var client = await fixture.Client().SignInAsync(wallet);
            var seen = await client.GetAsync($"/v1/operator/{fixture.Keys[name]}/process");
            Assert.Equal([code], Codes(seen));
            Assert.Null((string?)seen["lookedAt"]);
        }
    }

    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("100.128.0.1", true)]
    [InlineData("172.32.0.1", true)]
    [InlineData("2a00:1450:4001::1", true)]
    [InlineData("0.0.0.0", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("127.0.0.2", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("172.16.0.1", false)]
    [InlineData("192.168.1.1", false)]
    [InlineData("192.0.2.1", false)]
    [InlineData("198.18.0.1", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::", false)]
    [InlineData("::1", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("::127.0.0.1", false)]
    [InlineData("64:ff9b::7f00:1", false)]
    [InlineData("fc00::1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("2001:db8::1", false)]
    [InlineData("2001:0:7f00:1::", false)]
    [InlineData("2002:7f00:1::", false)]
    [InlineData("ff02::1", false)]
    public void An_address_of_the_public_internet_is_told_from_others(string address, bool isPublic) => Assert.Equal(isPublic, EndpointLook.IsPublic(IPAddress.Parse(address)));

    private async Task<JsonNode> LookAsync(string name)
    {
        using var dan = await fixture.Client().SignInAsync(OperatorFixture.Dan);
        return await dan.GetAsync($"/v1/operator/{fixture.Keys[name]}/process");
    }

    private static IEnumerable<string> Codes(JsonNode node) => node["notices"]!.AsArray().Select(n => (string)n!["code"]!);
}
