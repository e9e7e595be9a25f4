using System.Net;
using System.Text.Json.Nodes;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.Mirror;
using DePin.TestKit;

namespace DePin.Api.Tests.OperatorPages;

/// <summary>What a signed-in operator sees, and what it can do.</summary>
public sealed class OperatorTests(OperatorFixture fixture) : IClassFixture<OperatorFixture>
{
    private static readonly string[] Set = ["ada", "ben", "dan", "other"];

    [Fact]
    public async Task A_member_of_the_set_sees_its_place_its_bond_and_what_to_do()
    {
        using var client = await fixture.Client().SignInAsync(OperatorFixture.Ada);
        var account = await client.GetAsync("/v1/operator");
        Assert.Equal((31_337, 3, 3, 1), ((int)account["chainId"]!, (int)account["currentEpoch"]!, (int)account["nextReport"]!, (int)account["lastFinalEpoch"]!));
        Assert.Equal(("1000", 604_800), ((string)account["minimumBond"]!, (int)account["thawSeconds"]!));
        var ada = Assert.Single(account["operators"]!.AsArray())!;
        Assert.Equal((Hex("ada"), "signs", "https://ada.example"), ((string)ada["reportKey"]!, (string)ada["state"]!, (string)ada["endpoint"]!));
        var set = Set.Select(n => fixture.Keys[n]).Order().ToList();
        Assert.Equal((set.IndexOf(fixture.Keys["ada"]), 4, 3), ((int)ada["place"]!, (int)ada["setSize"]!, (int)ada["quorum"]!));
        Assert.Equal((1, null), ((int)ada["signsFrom"]!, (int?)ada["signsUntil"]));
        Assert.Equal(("5000", true, false), ((string)ada["bond"]!["amount"]!, (bool)ada["bond"]!["inNewestSet"]!, (bool)ada["bond"]!["isWithdrawable"]!));
        Assert.Equal(["signs"], Codes(ada));
        Assert.All(ada["notices"]!.AsArray(), n => Assert.False(string.IsNullOrEmpty((string?)n!["why"])));
    }

    [Fact]
    public async Task Each_way_to_stand_is_told_with_its_reason()
    {
        Assert.Equal(("left", 1L, 2L, 2L), await StandingAsync(OperatorFixture.Cho));
        Assert.Equal(("signs", 3L, null, null), await StandingAsync(OperatorFixture.Dan));
        Assert.Equal(("thawing", null, null, null), await StandingAsync(OperatorFixture.Eve));
        Assert.Equal(("slashed", null, null, null), await StandingAsync(OperatorFixture.Fay));
        using var ben = await fixture.Client().SignInAsync(OperatorFixture.Ben);
        Assert.Equal(["endpoint", "signs"], Codes((await ben.GetAsync("/v1/operator"))["operators"]![0]!)); // javascript: is no address

        async Task<(string, long?, long?, long?)> StandingAsync(TestWallet wallet)
        {
            using var client = await fixture.Client().SignInAsync(wallet);
            var own = (await client.GetAsync("/v1/operator"))["operators"]!.AsArray().OrderBy(o => (string)o!["state"]! == "waiting").First()!;
            Assert.Contains((string)own["state"]!, Codes(own));
            return ((string)own["state"]!, (long?)own["signsFrom"], (long?)own["signsUntil"], (long?)own["bond"]!["lockedByEpoch"]);
        }
    }

    [Fact]
    public async Task Reports_say_whether_they_carry_its_signature_what_became_of_them_and_what_they_brought()
    {
        using var ada = await fixture.Client().SignInAsync(OperatorFixture.Ada);
        var reports = await ada.GetAsync($"/v1/operator/{fixture.Keys["ada"]}/reports");
        var rows = reports["items"]!.AsArray().Select(r => ((int)r!["epoch"]!, (int)r["generation"]!, (string)r["status"]!, (bool)r["hasSigned"]!, (string?)r["earned"], (int?)r["cancelReason"])).ToList();
        Assert.Equal([(2, 1, "challenged", false, null, null), (2, 0, "cancelled", true, null, 1), (1, 0, "final", true, "30", null)], rows); // 30 of the minting transaction, not the 5,000 beside it
        Assert.Equal((2, 1), ((int)reports["of"]!, (int)reports["signedOf"]!));
        Assert.Equal(["challenged", "cancelled"], Codes(reports));
        Assert.All(reports["items"]!.AsArray(), r => Assert.True((bool)r!["member"]!));
        Assert.Equal(OperatorFixture.Nobody.Address.ToString(), (string)reports["items"]![0]!["challenger"]!);

        var first = await ada.GetAsync($"/v1/operator/{fixture.Keys["ada"]}/reports?limit=2");
        var second = await ada.GetAsync($"/v1/operator/{fixture.Keys["ada"]}/reports?limit=2&cursor={first["next"]}");
        Assert.Equal((1, null), ((int)Assert.Single(second["items"]!.AsArray())!["epoch"]!, (string?)second["next"]));

        using var dan = await fixture.Client().SignInAsync(OperatorFixture.Dan);
        var none = await dan.GetAsync($"/v1/operator/{fixture.Keys["dan"]}/reports");
        Assert.Equal((0, 3), ((int)none["of"]!, none["items"]!.AsArray().Count(r => !(bool)r!["member"]! && !(bool)r["hasSigned"]!)));
    }

    [Fact]
    public async Task Nobody_sees_or_does_anything_with_anothers_operator()
    {
        using var ada = await fixture.Client().SignInAsync(OperatorFixture.Ada);
        foreach (var name in new[] { "ben", "cho", "dan", "other", "well" })
        {
            foreach (var part in new[] { "reports", "process", "actions", "actions?amount=1", "actions?endpoint=https://evil.example" })
            {
                var (status, body) = await ada.SendAsync(HttpMethod.Get, $"/v1/operator/{fixture.Keys[name]}/{part}");
                Assert.Equal((HttpStatusCode.NotFound, "not-found"), (status, (string?)body?["code"]));
            }
        }

        Assert.Empty(fixture.Processes["well"].Asked);
        var unknown = await ada.SendAsync(HttpMethod.Get, $"/v1/operator/{FakeNetworkActivity.AddressOf("no operator")}/reports");
        var hidden = await ada.SendAsync(HttpMethod.Get, $"/v1/operator/{fixture.Keys["ben"]}/reports");
        Assert.Equal(unknown.Body!["title"]!.ToString(), hidden.Body!["title"]!.ToString()); // whether there is one, it does not learn here
        Assert.DoesNotContain("ben.example", (await ada.GetAsync("/v1/operator")).ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_it_may_do_comes_as_transactions_and_what_it_may_not_with_the_reason()
    {
        var registry = Address.FromBytes32(fixture.Chain.Network.Contracts[ContractKind.OperatorRegistry].Value);
        var token = Address.FromBytes32(fixture.Chain.Network.Contracts[ContractKind.NetworkToken].Value);
        using var ada = await fixture.Client().SignInAsync(OperatorFixture.Ada);
        var key = fixture.Keys["ada"];
        var plain = await ActionsAsync(ada, "ada", "");
        Assert.Equal([true, true, false, false], plain.Select(a => (bool)a!["possible"]!));
        Assert.All(plain, a => Assert.Empty(a!["steps"]!.AsArray()));
        Assert.Contains("depin operator schedule --remove", (string)plain[2]!["why"]!, StringComparison.Ordinal);

        var filled = await ActionsAsync(ada, "ada", "?amount=340282366920938463463374607431768206455&endpoint=https://new.example:8443");
        var moved = Assert.Single(filled[0]!["steps"]!.AsArray())!["transaction"]!;
        Assert.Equal(("eip155:31337", registry.ToString(), "0"), ((string)moved["chain"]!, (string)moved["to"]!, (string)moved["value"]!));
        Assert.Equal(Hex(new OperatorRegistry.SetEndpointCall(key, "https://new.example:8443").Encode()), (string)moved["data"]!);
        var steps = filled[1]!["steps"]!.AsArray().Select(s => s!["transaction"]!).ToList();
        var amount = UInt128.MaxValue - 5_000;
        Assert.Equal([(token.ToString(), Hex(new NetworkToken.ApproveCall(registry, amount).Encode())), (registry.ToString(), Hex(new OperatorRegistry.AddBondCall(key, amount).Encode()))],
            steps.Select(s => ((string)s["to"]!, (string)s["data"]!)));

        foreach (var wrong in new[] { "amount=0", "amount=-1", "amount=1.5", "amount=340282366920938463463374607431768206456", "amount=1e3", "endpoint=javascript:alert(1)", "endpoint=ftp://x.example", "endpoint=https://user:word@x.example", "endpoint=", $"endpoint=https://{new string('x', 300)}.example", "endpoint=https://x.example/%0a" })
        {
            var (status, body) = await ada.SendAsync(HttpMethod.Get, $"/v1/operator/{key}/actions?{wrong}");
            Assert.True((status, (string?)body?["code"]) == (HttpStatusCode.BadRequest, "bad-parameter"), $"{wrong}: {status} {body}");
        }

        using var cho = await fixture.Client().SignInAsync(OperatorFixture.Cho);
        Assert.Contains("Epoch 2", (string)(await ActionsAsync(cho, "cho", ""))[2]!["why"]!, StringComparison.Ordinal);
        using var fay = await fixture.Client().SignInAsync(OperatorFixture.Fay);
        Assert.Equal([true, false, false, false], (await ActionsAsync(fay, "fay", "?amount=1")).Select(a => (bool)a!["possible"]!));

        // In no set, as those of dan: the bond may be asked for, and is taken when it is thawed.
        using var dan = await fixture.Client().SignInAsync(OperatorFixture.Dan);
        var exit = (await ActionsAsync(dan, "hangs", ""))[2]!;
        Assert.Equal((true, Hex(new OperatorRegistry.RequestExitCall(fixture.Keys["hangs"]).Encode())), ((bool)exit["possible"]!, (string)exit["steps"]![0]!["transaction"]!["data"]!));
        using var eve = await fixture.Client().SignInAsync(OperatorFixture.Eve);
        Assert.Equal([true, false, false, false], (await ActionsAsync(eve, "eve", "?amount=1")).Select(a => (bool)a!["possible"]!));
        await fixture.ExecuteAsync("update chain.operator_versions set exit_at = 1700100000 where exit_at = 1700900000");
        try
        {
            var withdraw = (await ActionsAsync(eve, "eve", ""))[3]!;
            Assert.Equal((true, Hex(new OperatorRegistry.WithdrawBondCall(fixture.Keys["eve"]).Encode())), ((bool)withdraw["possible"]!, (string)withdraw["steps"]![0]!["transaction"]!["data"]!));
            Assert.Equal("withdrawable", (string)(await eve.GetAsync("/v1/operator"))["operators"]![0]!["state"]!);
        }
        finally
        {
            await fixture.ExecuteAsync("update chain.operator_versions set exit_at = 1700900000 where exit_at = 1700100000");
        }
    }

    private async Task<JsonArray> ActionsAsync(OperatorClient client, string name, string query) => (await client.GetAsync($"/v1/operator/{fixture.Keys[name]}/actions{query}")).AsArray();

    private string Hex(string name) => fixture.Keys[name].ToString();

    private static string Hex(byte[] bytes) => "0x" + Convert.ToHexStringLower(bytes);

    private static IEnumerable<string> Codes(JsonNode node) => node["notices"]!.AsArray().Select(n => (string)n!["code"]!);
}
