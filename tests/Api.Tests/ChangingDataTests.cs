using System.Globalization;
using System.Net;
using System.Text.Json;
using Dapper;
using DePin.Client;
using DePin.Mirror;
using DePin.Storage.Jobs;
using DePin.TestKit;

namespace DePin.Api.Tests;

/// <summary>Answers while rows arrive, are summed, pruned, or cannot be read at all. Each test has its own database.</summary>
public sealed class ChangingDataTests : IAsyncLifetime
{
    private readonly ApiFixture fixture = new();

    public Task InitializeAsync() => fixture.InitializeAsync();

    public Task DisposeAsync() => fixture.DisposeAsync();

    [Fact]
    public async Task Pages_show_what_was_there_once_while_newer_rows_arrive_between_them()
    {
        var path = $"/v1/devices/{ApiFixture.DeviceId(1)}/proofs?limit=4";
        var before = await IdsAsync(path, arriving: null);
        Assert.Equal(25, before.Count);
        var arrived = 100;
        var during = await IdsAsync(path, async () => await AddVerdictAsync(arrived, arrived++));
        Assert.Equal(before, during);
        Assert.Equal(before.Count + arrived - 100, (await IdsAsync(path, arriving: null)).Count);
    }

    [Fact]
    public async Task Two_contents_of_one_sequence_are_both_shown_however_the_pages_fall()
    {
        for (var i = 0; i < 3; i++) await AddVerdictAsync(50, 200 + i); // three proofs with sequence 50: a conflict
        foreach (var limit in new[] { 1, 2, 3 })
        {
            var ids = await IdsAsync($"/v1/devices/{ApiFixture.DeviceId(1)}/proofs?limit={limit}", arriving: null);
            Assert.Equal(28, ids.Count);
            Assert.Equal(28, ids.Distinct(StringComparer.Ordinal).Count());
        }
    }

    [Fact]
    public async Task An_epochs_sums_come_from_the_rows_until_they_are_rolled_up_and_from_the_roll_up_after()
    {
        var fromRows = await SumsAsync();
        Assert.Contains("\"proofs\":20", fromRows, StringComparison.Ordinal);
        await new HousekeepingStore(fixture.Source).RollUpAsync(CancellationToken.None);
        Assert.Equal(fromRows, await SumsAsync());
        await ExecuteAsync("delete from evidence.verdicts");
        Assert.Equal(fromRows, await SumsAsync());
        await ExecuteAsync("update jobs.epoch_reasons set proofs = proofs + 1 where judgement = 0"); // it is the roll-up that is read
        Assert.Contains("\"proofs\":21", await SumsAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_device_whose_owner_wrote_a_number_that_no_cell_has_is_listed_with_that_number_in_hexadecimal()
    {
        foreach (var (token, cell) in new[] { (5, 1UL), (6, 1UL << 63), (7, ulong.MaxValue) })
            fixture.Chain.Mine(FakeLog.Of(EventKind.DeviceRegistered, (long)token, ApiFixture.DeviceId(token), ApiFixture.Providers[1], 1, 3, new byte[32], 1L, cell, FakeNetworkActivity.HashOf("meta")));
        await fixture.FollowAsync();
        using var client = fixture.Typed();
        Assert.Equal([1, 1UL << 63, ulong.MaxValue], await client.AllDevicesAsync(new DeviceFilter(), ListOrder.Oldest, default).Where(d => d.TokenId.Value >= 5).Select(d => d.Cell!.Value.Value).ToListAsync());
    }

    [Fact]
    public async Task A_root_that_comes_before_its_evidence_takes_nobodys_claim_away()
    {
        var path = $"/v1/accounts/{ApiFixture.Providers[0]}";
        var claimable = (await fixture.GetAsync(path)).GetProperty("claimable").GetString();
        var asked = (await fixture.GetAsync($"{path}/claim")).GetProperty("claimable").GetString();
        Assert.True(claimable == asked && claimable != "0", claimable);
        var root = FakeNetworkActivity.HashOf("next root");
        fixture.Chain.Mine(FakeLog.Of(EventKind.ReportFinalized, 2L, FakeReport.Of(2, root).Digest.Value, root, 9_000L, 3), FakeLog.Of(EventKind.RootAdvanced, 2L, root, 3, 9_000L));
        await fixture.FollowAsync();
        Assert.Equal(claimable, (await fixture.GetAsync(path)).GetProperty("claimable").GetString());
        Assert.Equal(asked, (await fixture.GetAsync($"{path}/claim")).GetProperty("claimable").GetString());
    }

    [Fact]
    public async Task A_pruned_proof_is_said_to_be_kept_in_sums_only()
    {
        var id = FakeNetworkActivity.HashOf("proof 3");
        await ExecuteAsync("delete from evidence.verdicts; insert into evidence.pruned select network_id, 2, 2 from evidence.networks");
        var (status, body) = await fixture.TryGetAsync($"/v1/proofs/{id}");
        Assert.Equal((404, "not-found"), (status, body.GetProperty("code").GetString()));
        Assert.Contains("epoch 2 or later", body.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(2, (await fixture.GetAsync("/v1/indexer")).GetProperty("keptFrom").GetProperty("verdicts").GetInt64());
    }

    [Fact]
    public async Task Without_its_database_the_host_is_alive_not_ready_and_says_so_and_then_recovers()
    {
        await using var postgres = await PostgresServer.StartPrivateAsync(CancellationToken.None);
        var connection = await postgres.CreateDatabaseAsync(CancellationToken.None) + ";Timeout=5;Command Timeout=5";
        await fixture.FollowAsync(connection);
        await using var host = fixture.WithSettings(new() { ["Api:Database"] = connection });
        using var client = host.CreateClient();
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "/ready"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "/v1/devices"));

        await postgres.Cluster.StopAsync();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(client, "/ready"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "/health"));
        using (var answer = await client.GetAsync(new Uri("/v1/devices", UriKind.Relative)))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
            Assert.NotNull(answer.Headers.RetryAfter);
            var problem = JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync());
            Assert.Equal("database-down", problem.GetProperty("code").GetString());
            Assert.DoesNotContain("Npgsql", problem.GetRawText(), StringComparison.Ordinal);
        }

        await postgres.Cluster.StartAsync(CancellationToken.None);
        await Eventually.HoldsAsync(async () => await StatusAsync(client, "/ready") == HttpStatusCode.OK, "it is ready again", CancellationToken.None);
        await Eventually.HoldsAsync(async () => await StatusAsync(client, "/v1/devices") == HttpStatusCode.OK, "it answers again", CancellationToken.None);
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client, string path)
    {
        using var response = await client.GetAsync(new Uri(path, UriKind.Relative));
        return response.StatusCode;
    }

    private async Task<string> SumsAsync()
    {
        var epoch = await fixture.GetAsync("/v1/epochs/1");
        return epoch.GetProperty("classes").GetRawText() + epoch.GetProperty("reasons").GetRawText();
    }

    /// <summary>Walks a list page by page; <paramref name="arriving"/> runs after each page.</summary>
    private async Task<List<string>> IdsAsync(string path, Func<Task>? arriving)
    {
        var ids = new List<string>();
        string? cursor = null;
        do
        {
            var page = await fixture.GetAsync(cursor is null ? path : $"{path}&cursor={cursor}");
            ids.AddRange(page.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("proofId").GetString()!));
            cursor = page.GetProperty("next").GetString();
            if (arriving is not null) await arriving();
        }
        while (cursor is not null);
        return ids;
    }

    private Task AddVerdictAsync(int sequence, int proof) => ExecuteAsync(
        "insert into evidence.verdicts select network_id, 1, @proof, @device, 2, @sequence, to_timestamp(1700000000), 1::smallint, 6, 0 from evidence.networks",
        new { sequence, proof = FakeNetworkActivity.HashOf(string.Create(CultureInfo.InvariantCulture, $"late proof {proof}")).ToArray(), device = ApiFixture.DeviceId(1).ToArray() });

    private async Task ExecuteAsync(string sql, object? parameters = null)
    {
        await using var connection = await fixture.Source.OpenConnectionAsync();
        await connection.ExecuteAsync(sql, parameters);
    }
}
