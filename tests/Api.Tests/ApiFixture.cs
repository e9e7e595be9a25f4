using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using DePin.Client;
using DePin.Cryptography;
using DePin.Mirror;
using DePin.Protocol;
using DePin.Protocol.Rewards;
using DePin.Protocol.State;
using DePin.Storage.Evidence;
using DePin.TestKit;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace DePin.Api.Tests;

/// <summary>
/// The API over a database that holds a mirrored network with two epochs: three providers with four devices, one final epoch, one pending. The mirror is made by the real
/// follower from a fake chain; the evidence is written as the indexer writes it.
/// </summary>
public sealed class ApiFixture : IAsyncLifetime
{
    public static readonly Address[] Providers = [.. new[] { "ada", "ben", "cho" }.Select(FakeNetworkActivity.AddressOf)];
    public static readonly UInt128[] Cumulatives = [7_000, 0, 350];

    /// <summary>Of the operators, ascending by report key. Anything may be registered.</summary>
    public static readonly string[] Endpoints = ["http://127.0.0.1:1", "javascript:alert(1)", "https://user:word@operator.example/", "https://operator.example:8443"];

    /// <summary>Report keys of the operators, ascending.</summary>
    public static readonly Address[] OperatorKeys = [.. Enumerable.Range(0, 4).Select(i => FakeNetworkActivity.AddressOf($"operator {i}")).Order()];

    /// <summary>The account of all operators.</summary>
    public static readonly TestWallet Bonder = new("bonder");

    private TestDatabase database = null!;

    public FakeChain Chain { get; } = new(FakeChain.DefaultNetwork);

    public RewardTree Tree { get; private set; } = null!;

    public Bytes32 Domain { get; } = FakeNetworkActivity.HashOf("domain");

    public WebApplicationFactory<Program> Host { get; private set; } = null!;

    public HttpClient Client { get; private set; } = null!;

    public NpgsqlDataSource Source => database.DataSource;

    public string ConnectionString => database.ConnectionString;

    public async Task InitializeAsync()
    {
        database = await TestDatabase.CreateAsync();
        Mine();
        await FollowAsync(database.ConnectionString);
        await ImportAsync();
        Host = WithSettings([]);
        Client = Host.CreateClient();
    }

    public async Task DisposeAsync()
    {
        await Host.DisposeAsync();
        await database.DisposeAsync();
    }

    /// <summary>Mirrors the fixture's chain, as far as it is mined, into a migrated database.</summary>
    public async Task FollowAsync(string connectionString)
    {
        await using var mirrored = new MirrorDatabase(connectionString, MirrorDatabase.Live);
        var mirror = new ChainMirror(mirrored, Chain.Network);
        await mirror.InitializeAsync(CancellationToken.None);
        var follower = new ChainFollower(mirror, Chain, new FollowerOptions(), TimeProvider.System, NullLogger<ChainFollower>.Instance);
        while (await follower.StepAsync(CancellationToken.None) != Convergence.NothingNew)
        {
        }
    }

    public Task FollowAsync() => FollowAsync(database.ConnectionString);

    public WebApplicationFactory<Program> WithSettings(Dictionary<string, string> settings) => new WebApplicationFactory<Program>().WithWebHostBuilder(b =>
    {
        b.UseSetting("Api:Database", database.ConnectionString);
        b.UseSetting("Api:Burst", "100000");
        b.UseSetting("Api:SignInBurst", "100000");
        b.UseSetting("Api:CacheSeconds", "0");
        b.UseSetting("Api:Origins:0", "http://localhost");
        foreach (var (key, value) in settings) b.UseSetting(key, value);
    });

    /// <summary>The typed client of this host, which takes no member that it does not know; dispose of it.</summary>
    public DePinClient Typed() => DePinClient.Create(
        new DePinClientOptions { BaseAddress = Host.Server.BaseAddress, Strict = true, AttemptTimeout = TimeSpan.FromMinutes(2), Timeout = TimeSpan.FromMinutes(4) }, Host.Server.CreateHandler());

    public async Task<JsonElement> GetAsync(string path)
    {
        var response = await Client.GetAsync(new Uri(path, UriKind.Relative));
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{path}: {(int)response.StatusCode} {text}");
        return JsonSerializer.Deserialize<JsonElement>(text);
    }

    public async Task<(int Status, JsonElement Body)> TryGetAsync(string path)
    {
        var response = await Client.GetAsync(new Uri(path, UriKind.Relative));
        return ((int)response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>());
    }

    /// <summary>Signs <see cref="Client"/> in as the account of the operators.</summary>
    public async Task SignInAsync()
    {
        var challenge = await GetAsync("/v1/session/nonce");
        var text = new SignInText(Bonder.Address, challenge.GetProperty("nonce").GetString()!, challenge.GetProperty("issuedAt").GetDateTimeOffset()) { Domain = "localhost", Uri = "http://localhost/operator/" }.ToString();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/v1/session", UriKind.Relative)) { Content = JsonContent.Create(new { message = text, signature = "0x" + Convert.ToHexStringLower(Bonder.Sign(text)) }) };
        request.Headers.Add("X-Depin-Operator", "1");
        using var response = await Client.SendAsync(request);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }

    public static Bytes32 DeviceId(int token) => FakeNetworkActivity.HashOf(string.Create(CultureInfo.InvariantCulture, $"device {token}"));

    private void Mine()
    {
        Tree = RewardTree.Build(Domain, [.. Providers.Select((p, i) => new LedgerEntry(new AccountId(p.ToBytes32()), Cumulatives[i], FakeNetworkActivity.HashOf($"items {i}")))]);
        var keys = OperatorKeys;
        Chain.Mine(FakeLog.Of(EventKind.MakerSet, 1L, Providers[0], 100, true), FakeLog.Of(EventKind.ModelAdded, 1L, 1L, 2, 3, 150, FakeNetworkActivity.HashOf("model")),
            FakeLog.Of(EventKind.ModelAdded, 2L, 1L, 1, 0, 0, FakeNetworkActivity.HashOf("model 2")), FakeLog.Of(EventKind.MakerSet, 2L, Providers[1], 5, true));
        Chain.Mine([.. Providers.Select((p, i) => FakeLog.Of(EventKind.IndexAssigned, p, i))]);
        for (var token = 1; token <= 4; token++)
        {
            var owner = Providers[token % 3];
            Chain.Mine(FakeLog.Of(EventKind.DeviceTransfer, Address.Zero, owner, (long)token),
                FakeLog.Of(EventKind.DeviceRegistered, (long)token, DeviceId(token), owner, token == 4 ? 2 : 1, 3, new byte[32], 1L, 0x8a1f91b1c8dffffUL, FakeNetworkActivity.HashOf("meta")));
        }

        Chain.Mine(FakeLog.Of(EventKind.StatusChanged, 3L, 1, 3));
        Chain.Mine([.. keys.Select((k, i) => FakeLog.Of(EventKind.OperatorRegistered, k, Bonder.Address, FakeNetworkActivity.HashOf(k.ToString()), Endpoints[i], 1_000L))]);
        var config = FakeNetworkActivity.HashOf("config");
        Chain.Mine(FakeLog.Of(EventKind.ConfigScheduled, 1L, 1L, config, 4, 3, FakeNetworkActivity.HashOf("parameters"), FakeNetworkActivity.HashOf("rules"), keys, keys.Select(k => FakeNetworkActivity.HashOf(k.ToString())).ToArray()));
        foreach (var epoch in new ulong[] { 1, 2 })
        {
            var report = FakeReport.Of(epoch, epoch == 1 ? Tree.Root : FakeNetworkActivity.HashOf("next root"));
            Chain.Mine(FakeLog.Of(EventKind.ReportAccepted, (long)epoch, 0L, report.Digest.Value, report.Encode(), 0b1011, 1_700_300_000L));
        }

        Chain.Mine(FakeLog.Of(EventKind.ReportFinalized, 1L, FakeReport.Of(1, Tree.Root).Digest.Value, Tree.Root, 7_350L, 3), FakeLog.Of(EventKind.RootAdvanced, 1L, Tree.Root, 3, 7_350L),
            FakeLog.Of(EventKind.TokenTransfer, Address.Zero, FakeNetworkActivity.AddressOf("distributor"), 7_350L));
        Chain.Mine(FakeLog.Of(EventKind.Claimed, Providers[0], 0, Providers[0], 2_000L, 2_000L, Tree.Root, Address.Zero, 0L));
    }

    private async Task ImportAsync()
    {
        var network = Chain.Network.NetworkId.ToArray();
        await using var connection = await Source.OpenConnectionAsync();
        await connection.ExecuteAsync("insert into evidence.networks values (@network, 'Fixture', 'eip155:31337', '{\"genesis\":1700000000,\"epochLength\":86400,\"challengeWindow\":172800}', '{\"name\":\"fixture\"}')", new { network });
        var digest = FakeReport.Of(1, Tree.Root).Digest.Value.ToArray();
        await connection.ExecuteAsync(
            """
            insert into evidence.epochs values (@network, 1, 0, @digest, @report, @hash, 12345, to_timestamp(1700000000), to_timestamp(1700086400), 3, 3, 200, 7, 40, 0, 7400, 7350, 50, now())
            """, new { network, digest, report = FakeReport.Of(1, Tree.Root).Encode(), hash = new byte[32] });
        for (uint i = 0; i < 3; i++)
        {
            var leaf = Tree.LeafAt(i);
            await connection.ExecuteAsync("insert into evidence.leaves values (@network, 1, @index, @account, @cumulative::numeric, @prefix::numeric, @items)",
                new { network, index = (long)i, account = leaf.Account.Value.ToArray(), cumulative = leaf.Cumulative.ToString(CultureInfo.InvariantCulture), prefix = leaf.Prefix.ToString(CultureInfo.InvariantCulture), items = leaf.ItemsHash.ToArray() });
        }

        foreach (var chunk in TreeChunks.Cut(Tree.Tree))
            await connection.ExecuteAsync("insert into evidence.tree_chunks values (@network, 1, @Tier, @Position, @Nodes)", new { network, chunk.Tier, chunk.Position, chunk.Nodes });
        foreach (var (token, amount) in new[] { (1, 350), (3, 7_000) })
            await connection.ExecuteAsync("insert into evidence.lines values (@network, 1, @account, 2, @device, 1, 10, @amount, 100, 3, 20)",
                new { network, account = Providers[token % 3].ToBytes32().ToArray(), device = DeviceId(token).ToArray(), amount });
        for (var i = 0; i < 25; i++)
            await connection.ExecuteAsync("insert into evidence.verdicts values (@network, 1, @proof, @device, 2, @i, to_timestamp(1700000000 + @i), @judgement, @reason, 1000000)",
                new { network, proof = FakeNetworkActivity.HashOf($"proof {i}").ToArray(), device = DeviceId(1).ToArray(), i, judgement = (short)(i % 5 == 0 ? 1 : 0), reason = i % 5 == 0 ? 5 : 0 });
    }
}
