using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dapper;
using DePin.Abi;
using DePin.Cryptography;
using DePin.Mirror;
using DePin.TestKit;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace DePin.Api.Tests.OperatorPages;

/// <summary>
/// The API over a mirrored network with two sets. Of the first, from epoch 1: ada, ben, cho and somebody else; from epoch 3 dan stands in cho's place. Two epochs are reported: the first is final, the second was cancelled,
/// reported anew and challenged. Dan has more operators, in no set, whose end points are of <see cref="Processes"/>; eve's bond thaws, fay's was slashed, gus's is withdrawn.
/// </summary>
public sealed class OperatorFixture : IAsyncLifetime
{
    public const string Origin = "https://api.example.org";

    public static readonly TestWallet Ada = new("ada the operator"), Ben = new("ben the operator"), Cho = new("cho the operator"), Dan = new("dan the operator"), Eve = new("eve the operator"), Fay = new("fay the operator"),
        Gus = new("gus the operator"), Nobody = new("nobody at all");

    private TestDatabase database = null!;

    public FakeChain Chain { get; } = new(FakeChain.DefaultNetwork);

    public WebApplicationFactory<Program> Host { get; private set; } = null!;

    /// <summary>Report keys by name.</summary>
    public Dictionary<string, Address> Keys { get; } = [];

    internal Dictionary<string, StrangeProcess> Processes { get; } = new()
    {
        ["well"] = new(path => StrangeProcess.Http(200, path == "/health" ? """{"status":"ok","why":null,"secret":"of somebody"}"""
            : $$"""{"operator":"{{FakeNetworkActivity.AddressOf("report key of well")}}","member":false,"epoch":3,"nextReport":3,"block":17,"devices":4}""")),
        ["redirects"] = new(_ => StrangeProcess.Http(302, "", "Location: http://127.0.0.1:1/elsewhere\r\n")),
        ["hangs"] = new(_ => null),
        ["garbage"] = new(_ => [.. Enumerable.Range(0, 5_000).Select(i => (byte)(i * 7))]),
        ["endless"] = new(_ => StrangeProcess.Http(200, $$"""{"status":"{{new string('x', 10_000_000)}}"}""")),
        ["html"] = new(_ => StrangeProcess.Http(200, "<html><script>alert(1)</script></html>")),
        ["halted"] = new(path => path == "/health" ? StrangeProcess.Http(200, """{"status":"halted","why":"a block that was final is gone <img src=x>\u0007"}""") : StrangeProcess.Http(503, """{"detail":"The chain follower halted: gone"}""")),
        ["unsigned"] = new(path => path == "/health" ? StrangeProcess.Http(200, """{"status":"signer unreachable","why":"Nothing is signed."}""") : StrangeProcess.Http(200, """{"operator":"0x00000000000000000000000000000000000000aa","epoch":9,"nextReport":3}""")),
    };

    public async Task InitializeAsync()
    {
        database = await TestDatabase.CreateAsync();
        Mine();
        await FollowAsync();
        await ExecuteAsync("insert into evidence.networks values (@network, 'Fixture', 'eip155:31337', @manifest::jsonb, '{}')", new
        {
            network = Chain.Network.NetworkId.ToArray(),
            manifest = new JsonObject
            {
                ["genesis"] = 1_700_000_000,
                ["epochLength"] = 86_400,
                ["challengeWindow"] = 172_800,
                ["profile"] = "dev",
                ["contracts"] = new JsonObject { ["OperatorRegistry"] = new JsonObject { ["arguments"] = new string('0', 64 * 4) + Word(1_000) + Word(604_800) + Word(259_200) + Word(500) } },
            }.ToJsonString(),
        });
        Host = WithSettings([]);
    }

    public async Task DisposeAsync()
    {
        await Host.DisposeAsync();
        foreach (var process in Processes.Values) await process.DisposeAsync();
        await database.DisposeAsync();
    }

    public WebApplicationFactory<Program> WithSettings(Dictionary<string, string> settings) => new WebApplicationFactory<Program>().WithWebHostBuilder(b =>
    {
        b.UseSetting("Api:Database", database.ConnectionString);
        b.UseSetting("Api:Burst", "100000");
        b.UseSetting("Api:SignInBurst", "100000");
        b.UseSetting("Api:Origins:0", Origin);
        foreach (var (key, value) in settings) b.UseSetting(key, value);
    });

    public async Task ExecuteAsync(string sql, object? parameters = null)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync();
        await connection.ExecuteAsync(sql, parameters);
    }

    public async Task<T?> ScalarAsync<T>(string sql) => await database.ScalarAsync<T>(sql, CancellationToken.None);

    /// <summary>Whether the deployment calls itself one for development.</summary>
    public Task SetProfileAsync(string profile) => ExecuteAsync("update evidence.networks set manifest = jsonb_set(manifest, '{profile}', to_jsonb(@profile))", new { profile });

    public async Task FollowAsync()
    {
        await using var mirrored = new MirrorDatabase(database.ConnectionString, MirrorDatabase.Live);
        var mirror = new ChainMirror(mirrored, Chain.Network);
        await mirror.InitializeAsync(CancellationToken.None);
        var follower = new ChainFollower(mirror, Chain, new FollowerOptions(), TimeProvider.System, NullLogger<ChainFollower>.Instance);
        while (await follower.StepAsync(CancellationToken.None) != Convergence.NothingNew)
        {
        }
    }

    /// <summary>Asks as the page does. Dispose of it.</summary>
    internal OperatorClient Client(WebApplicationFactory<Program>? host = null) => new((host ?? Host).CreateDefaultClient(new Uri(Origin)));

    private static string Word(ulong number) => number.ToString("x64", System.Globalization.CultureInfo.InvariantCulture);

    private void Mine()
    {
        foreach (var name in (string[])["ada", "ben", "cho", "other", "dan", "eve", "fay", "gus", .. Processes.Keys]) Keys[name] = FakeNetworkActivity.AddressOf($"report key of {name}");
        Register("ada", Ada.Address, "https://ada.example");
        Register("ben", Ben.Address, "javascript:alert(1)");
        Register("cho", Cho.Address, "https://cho.example");
        Register("other", FakeNetworkActivity.AddressOf("somebody else"), "https://other.example");
        Register("dan", Dan.Address, "https://dan.example");
        Register("eve", Eve.Address, "https://eve.example");
        Register("fay", Fay.Address, "https://fay.example");
        Register("gus", Gus.Address, "https://gus.example");
        foreach (var (name, process) in Processes) Register(name, Dan.Address, process.Root);
        Chain.Mine(FakeLog.Of(EventKind.ExitRequested, Keys["eve"], 1_700_900_000L), FakeLog.Of(EventKind.ExitRequested, Keys["gus"], 1_700_000_009L));
        Chain.Mine(FakeLog.Of(EventKind.BondSlashed, Keys["fay"], 5_000L, Ada.Address, 250L), FakeLog.Of(EventKind.BondWithdrawn, Keys["gus"], 5_000L));
        var first = Schedule(1, 1, "config", "ada", "ben", "cho", "other");
        Report(1, 0, Bits(first, "ada", "ben", "cho"));
        Chain.Mine(86_400);
        Chain.Mine(FakeLog.Of(EventKind.ReportFinalized, 1L, FakeReport.Of(1, Root(1, 0)).Digest.Value, Root(1, 0), 7_350L, 3), FakeLog.Of(EventKind.EpochMinted, 1L, 7_350L, 40L, 0L), FakeLog.Of(EventKind.TokenTransfer, Address.Zero, Ada.Address, 30L),
            // Another transaction, and another account: none of it was earned with the epoch by ada.
            FakeLog.Of(EventKind.TokenTransfer, Address.Zero, Ada.Address, 5_000L), FakeLog.Of(EventKind.TokenTransfer, Address.Zero, Ben.Address, 10L));
        Schedule(2, 3, "config 2", "ada", "ben", "dan", "other");
        Report(2, 0, Bits(first, "ada", "ben", "other"));
        Chain.Mine(FakeLog.Of(EventKind.ReportCancelled, 2L, 0L, FakeReport.Of(2, Root(2, 0)).Digest.Value, 1L));
        Report(2, 1, Bits(first, "ben", "cho", "other"));
        Chain.Mine(FakeLog.Of(EventKind.ReportChallenged, 2L, FakeReport.Of(2, Root(2, 1)).Digest.Value, Nobody.Address, 77L, FakeNetworkActivity.HashOf("why"), 1_700_400_000L));
        Chain.Mine(86_400);
    }

    private void Register(string name, Address account, string endpoint) =>
        Chain.Mine(FakeLog.Of(EventKind.OperatorRegistered, Keys[name], account, FakeNetworkActivity.HashOf($"protocol key of {name}"), endpoint, 5_000L));

    private Address[] Schedule(long count, long firstEpoch, string digest, params string[] names)
    {
        var keys = names.Select(n => Keys[n]).Order().ToArray();
        Chain.Mine(FakeLog.Of(EventKind.ConfigScheduled, count, firstEpoch, FakeNetworkActivity.HashOf(digest), 4, 3, FakeNetworkActivity.HashOf("parameters"), FakeNetworkActivity.HashOf("rules"), keys,
            keys.Select(k => FakeNetworkActivity.HashOf(k.ToString())).ToArray()));
        return keys;
    }

    private int Bits(Address[] set, params string[] names) => names.Sum(n => 1 << Array.IndexOf(set, Keys[n]));

    private void Report(ulong epoch, long generation, int signers)
    {
        var report = FakeReport.Of(epoch, Root(epoch, generation));
        Chain.Mine(FakeLog.Of(EventKind.ReportAccepted, (long)epoch, generation, report.Digest.Value, report.Encode(), signers, 1_700_300_000L));
    }

    private static Bytes32 Root(ulong epoch, long generation) => FakeNetworkActivity.HashOf(FormattableString.Invariant($"root {epoch} {generation}"));
}

/// <summary>Asks the API as the page does, with a browser's cookies.</summary>
internal sealed class OperatorClient(HttpClient http) : IDisposable
{
    /// <summary>Name and value of the cookie, as a browser would send it.</summary>
    public string? Cookie { get; set; }

    public async Task<HttpResponseMessage> AskAsync(HttpMethod method, string path, object? body = null, bool header = true, string? origin = null, string? fetchSite = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        if (header) request.Headers.Add("X-Depin-Operator", "1");
        if (origin is not null) request.Headers.Add("Origin", origin);
        if (fetchSite is not null) request.Headers.Add("Sec-Fetch-Site", fetchSite);
        if (Cookie is not null) request.Headers.Add("Cookie", Cookie);
        if (body is not null) request.Content = body is string raw ? new StringContent(raw, Encoding.UTF8, "application/json") : JsonContent.Create(body, options: JsonSerializerOptions.Web);
        var response = await http.SendAsync(request);
        if (response.Headers.TryGetValues("Set-Cookie", out var set)) Cookie = set.Single().Split(';')[0] is var pair && pair.EndsWith('=') ? null : pair;
        return response;
    }

    public async Task<(HttpStatusCode Status, JsonNode? Body)> SendAsync(HttpMethod method, string path, object? body = null, bool header = true, string? origin = null, string? fetchSite = null)
    {
        using var response = await AskAsync(method, path, body, header, origin, fetchSite);
        var text = await response.Content.ReadAsStringAsync();
        return (response.StatusCode, text.Length > 0 && text[0] is '{' or '[' ? JsonNode.Parse(text) : null);
    }

    public async Task<JsonNode> GetAsync(string path)
    {
        var (status, body) = await SendAsync(HttpMethod.Get, path);
        Assert.True(status == HttpStatusCode.OK, $"{path}: {status} {body}");
        return body!;
    }

    /// <summary>The message that the page would have signed now.</summary>
    public async Task<SignInText> ChallengeAsync(TestWallet wallet)
    {
        var challenge = await GetAsync($"/v1/session/nonce?address={wallet.Address}");
        Assert.Equal(wallet.Address.ToChecksum(), (string?)challenge["address"]);
        return new SignInText(wallet.Address, (string)challenge["nonce"]!, DateTimeOffset.Parse((string)challenge["issuedAt"]!, System.Globalization.CultureInfo.InvariantCulture).ToUniversalTime())
        {
            Domain = new Uri(OperatorFixture.Origin).Authority,
            Uri = $"{OperatorFixture.Origin}/operator/",
            ChainId = (ulong)challenge["chainId"]!,
        };
    }

    public Task<(HttpStatusCode Status, JsonNode? Body)> EnterAsync(TestWallet wallet, SignInText text) =>
        SendAsync(HttpMethod.Post, "/v1/session", new { message = text.ToString(), signature = "0x" + Convert.ToHexStringLower(wallet.Sign(text.ToString())) });

    public async Task<OperatorClient> SignInAsync(TestWallet wallet)
    {
        var (status, body) = await EnterAsync(wallet, await ChallengeAsync(wallet));
        Assert.True(status == HttpStatusCode.OK, $"{status} {body}");
        return this;
    }

    public void Dispose() => http.Dispose();
}
