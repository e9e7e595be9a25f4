using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;
using DePin.Chain.Evm;
using DePin.ContractBindings.Evm;
using DePin.Mirror;
using DePin.TestKit;
using Microsoft.Extensions.Configuration;

namespace DePin.Oracle.Tests.Faults;

/// <summary>An operator one of whose two providers makes up what reports are computed from.</summary>
public sealed class ProviderQuorumTests
{
    private static CancellationToken Ct => CancellationToken.None;

    [Fact]
    public async Task An_operator_whose_providers_differ_signs_nothing_and_says_why_and_signs_what_all_sign_once_they_agree()
    {
        await using var network = await ChainNetwork.StartAsync(Ct);
        await using var liar = await RpcProxy.StartAsync(network.Node.Url, Ct);
        // The budget of every epoch, and with it every report, hangs on this log. An operator that believed it would sign reports that no other one signs.
        var emission = network.Manifest.AddressOf("EmissionController").ToString();
        liar.Apply(
            new RpcFault.Lie((_, answer) =>
            {
                foreach (var log in (answer["result"] as JsonArray ?? []).Where(l => string.Equals(l!["address"]!.GetValue<string>(), emission, StringComparison.OrdinalIgnoreCase)))
                {
                    if (log!["data"]!.GetValue<string>() is { Length: > 130 } data) log["data"] = data[..^2] + "01";
                }

                return answer;
            }),
            "eth_getLogs");
        using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        var providers = new ChainProviders(http, [new() { Url = new Uri(liar.Url, "?key=secret") }, new() { Url = network.Node.Url }], 0, "Oracle", TimeProvider.System);
        var operators = new List<ChainOperator>();
        for (var i = 0; i < 4; i++) operators.Add(await network.CreateOperatorAsync(i, Ct, providers: i == 3 ? providers : null));
        foreach (var one in operators) await one.StartAsync(Ct);
        await network.StartClockAsync(TimeSpan.FromMilliseconds(500), Ct, skipIdle: true);

        var verifier = network.Manifest.AddressOf("ReportVerifier");
        await HoldsAsync(async () => await network.Rpc.CallAsync(verifier, new ReportVerifier.NextEpochCall(), BlockTag.Latest, Ct) > 2, "the other three have two epochs");
        // It may be behind the others, but not for ever; and what it says then stays said for as long as they differ.
        await HoldsAsync(async () => (await HealthAsync(operators[3]))["status"]!.GetValue<string>() == "no quorum", "the fourth says that it has no quorum");
        var health = await HealthAsync(operators[3]);
        for (var look = 0; look < 100; look++)
        {
            Assert.Equal("no quorum", health["status"]!.GetValue<string>());
            health = await HealthAsync(operators[3]);
            await Task.Delay(TimeSpan.FromMilliseconds(50), Ct);
        }

        Assert.Null(await SignedAsync(operators[3]));
        Assert.Contains("No 2 of 2", health["why"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains(liar.Url.Authority, health["why"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.DoesNotContain("secret", health.ToJsonString(), StringComparison.Ordinal);
        var metrics = await operators[3].Http.GetStringAsync("/metrics", Ct);
        Assert.Contains("depin_rpc_quorum_lacking 1", metrics, StringComparison.Ordinal);
        Assert.Contains($"depin_rpc_provider_state{{provider=\"http://{liar.Url.Authority}\",state=\"well\"}}", metrics, StringComparison.Ordinal);

        liar.Clear();
        await HoldsAsync(async () => await SignedAsync(operators[3]) is not null, "the fourth signs");
        Assert.Equal("ok", (await HealthAsync(operators[3]))["status"]!.GetValue<string>());
        await HoldsAsync(
            async () =>
            {
                var accepted = await operators[0].Database.ScalarAsync<string>("select string_agg(encode(digest, 'hex'), ',') from chain.reports where status <> 'cancelled'", Ct) ?? "";
                return (await SignedAsync(operators[3]))!.Split(',')[0] is { } first && accepted.Contains(first, StringComparison.Ordinal);
            }, "what it signed first is what the chain accepted");
        foreach (var one in operators) await one.DisposeAsync();
    }

    [Fact]
    public void Providers_are_set_as_urls_or_with_their_limits_and_a_setting_that_cannot_be_is_named()
    {
        ChainProviders Read(params (string Key, string Value)[] settings)
        {
            var given = new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => new KeyValuePair<string, string?>("Oracle:" + s.Key, s.Value))).Build();
            var options = given.GetSection("Oracle").Get<OracleOptions>()!;
            return new ChainProviders(new HttpClient(), options.Rpc, options.RpcQuorum, "Oracle", TimeProvider.System);
        }

        var mixed = Read(
            ("Rpc:0", "http://a.example/v2/secret"), ("Rpc:1:Url", "https://b.example/"), ("Rpc:1:CallsPerSecond", "25"), ("Rpc:1:WebSocket", "wss://b.example/ws"),
            ("Rpc:2", "http://a.example/v2/other"));
        Assert.Equal(2, mixed.Quorum);
        Assert.Equal(["http://a.example:80", "https://b.example:443", "http://a.example:80#2"], mixed.Status.Providers.Select(p => p.Provider));
        Assert.Equal([new Uri("wss://b.example/ws")], mixed.WebSockets);
        Assert.Equal((50, 25), (mixed.Pace(new FollowerOptions()).MaxBlocksPerRange, mixed.Evm.MaximumBatch));
        Assert.Equal([1, 2, 2, 3, 3, 4], Enumerable.Range(1, 6).Select(ChainProviders.DefaultQuorum));
        Assert.Equal(1, Read(("Rpc:0", "http://a.example"), ("Rpc:1", "http://b.example"), ("RpcQuorum", "1")).Quorum);
        foreach (var (name, setting) in (IEnumerable<(string, (string, string)[])>)[
            ("Oracle:Rpc:0 ", [("Rpc:0", "not a url")]), ("Oracle:RpcQuorum", [("Rpc:0", "http://a.example"), ("RpcQuorum", "2")]),
            ("Oracle:Rpc:0:WebSocket", [("Rpc:0:Url", "http://a.example"), ("Rpc:0:WebSocket", "http://a.example")]),
            ("CallsPerSecond", [("Rpc:0:Url", "http://a.example"), ("Rpc:0:CallsPerSecond", "-1")])])
            Assert.Contains(name, Assert.Throws<ValidationException>(() => Read(setting)).Message, StringComparison.Ordinal);
    }

    private static Task HoldsAsync(Func<Task<bool>> condition, string what) => Eventually.HoldsAsync(condition, what, Ct, TimeSpan.FromMinutes(6));

    private static Task<string?> SignedAsync(ChainOperator one) =>
        one.Database.ScalarAsync<string>("select string_agg(encode(digest, 'hex'), ',' order by epoch) from oracle.signed_reports", Ct);

    private static async Task<JsonNode> HealthAsync(ChainOperator one) => JsonNode.Parse(await one.Http.GetStringAsync("/health", Ct))!;
}
