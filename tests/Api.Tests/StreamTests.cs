using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text.Json;
using Dapper;
using DePin.Api.Live;
using DePin.Client;
using DePin.Cryptography;
using DePin.Mirror;
using DePin.Protocol;
using DePin.TestKit;
using Microsoft.Extensions.DependencyInjection;

namespace DePin.Api.Tests;

/// <summary>The live stream, over a mirror that moves. Each test has its own database.</summary>
public sealed class StreamTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly ApiFixture fixture = new();

    public Task InitializeAsync() => fixture.InitializeAsync();

    public Task DisposeAsync() => fixture.DisposeAsync();

    [Fact]
    public async Task Whoever_listens_is_told_the_head_and_then_every_change_with_its_block()
    {
        await using var stream = await OpenAsync("/v1/stream");
        Assert.Equal("head", (await stream.NextAsync()).EventType);
        var mined = fixture.Chain.Mine(Claim(2_500), Report(3), Registered(5));
        await fixture.FollowAsync();

        var report = await stream.NextAsync("report");
        Assert.Equal((3L, "pending", (long)mined.Number), (report.GetProperty("epoch").GetInt64(), report.GetProperty("status").GetString(), report.GetProperty("block").GetInt64()));
        var claim = await stream.NextAsync("claim");
        Assert.Equal((ApiFixture.Providers[0].ToString(), "500", "2500"), (claim.GetProperty("account").GetString(), claim.GetProperty("amount").GetString(), claim.GetProperty("claimed").GetString()));
        var device = await stream.NextAsync("device");
        Assert.Equal((ApiFixture.DeviceId(5).ToString(), true), (device.GetProperty("deviceId").GetString(), device.GetProperty("registered").GetBoolean()));
        Assert.Equal((long)mined.Number, (await stream.NextAsync("head")).GetProperty("block").GetInt64());

        // A change of what was there is told too, as a change.
        fixture.Chain.Mine(FakeLog.Of(EventKind.StatusChanged, 5L, 1, 2));
        await fixture.FollowAsync();
        var changed = await stream.NextAsync("device");
        Assert.Equal(("suspended", false), (changed.GetProperty("status").GetString(), changed.GetProperty("registered").GetBoolean()));
    }

    [Fact]
    public async Task An_epoch_recomputed_here_is_told_though_no_block_came()
    {
        await using var stream = await OpenAsync("/v1/stream?events=evidence");
        await stream.NextAsync("head");
        await using var connection = await fixture.Source.OpenConnectionAsync();
        await connection.ExecuteAsync("insert into evidence.epochs select network_id, 2, generation, report_digest, report, bundle_sha256, bundle_bytes, period_start, period_end, accounts, devices, accepted, rejected, inconclusive, pending, budget, allocated, unallocated, now() from evidence.epochs where epoch = 1");
        Assert.Equal(2, (await stream.NextAsync("evidence")).GetProperty("epoch").GetInt64());
    }

    [Fact]
    public async Task A_reorg_is_told_before_what_stands_in_place_of_the_dropped_blocks()
    {
        await using var stream = await OpenAsync("/v1/stream");
        await stream.NextAsync("head");
        var kept = fixture.Chain.Mine();
        fixture.Chain.Mine(Claim(2_100));
        fixture.Chain.Mine(Claim(2_200));
        fixture.Chain.Mine(Claim(2_300));
        await fixture.FollowAsync();
        foreach (var claimed in (string[])["2100", "2200", "2300"]) Assert.Equal(claimed, (await stream.NextAsync("claim")).GetProperty("claimed").GetString());
        await stream.NextAsync("head");

        fixture.Chain.Drop(1);
        fixture.Chain.Mine();
        fixture.Chain.Mine(Claim(2_050));
        await fixture.FollowAsync();
        var reorg = await stream.NextAsync("reorg");
        Assert.Equal(((long)kept.Number + 2, 1L), (reorg.GetProperty("kept").GetInt64(), reorg.GetProperty("dropped").GetInt64()));
        Assert.Equal("2050", (await stream.NextAsync("claim")).GetProperty("claimed").GetString());
        Assert.Equal((long)kept.Number + 4, (await stream.NextAsync("head")).GetProperty("block").GetInt64());
    }

    [Fact]
    public async Task Who_reconnects_with_the_last_head_misses_nothing_and_who_was_away_too_long_is_told_to_reload()
    {
        string last;
        await using (var stream = await OpenAsync("/v1/stream"))
        {
            last = (await stream.NextItemAsync("head")).EventId!;
            fixture.Chain.Mine(Claim(2_100));
            await fixture.FollowAsync();
            await stream.NextAsync("claim");
        }

        fixture.Chain.Mine(Claim(2_200));
        await fixture.FollowAsync();
        await using (var stream = await OpenAsync("/v1/stream", last))
        {
            Assert.Equal("2100", (await stream.NextAsync("claim")).GetProperty("claimed").GetString()); // again: the head after it was not received
            await stream.NextAsync("head");
            Assert.Equal("2200", (await stream.NextAsync("claim")).GetProperty("claimed").GetString());
        }

        await using (var stream = await OpenAsync("/v1/stream", "1-deadbeef-0-0"))
        {
            Assert.Contains("does not go back", (await stream.NextAsync("reset")).GetProperty("why").GetString(), StringComparison.Ordinal);
            await stream.NextAsync("head");
        }
    }

    [Fact]
    public async Task What_is_not_asked_for_stays_away_and_a_wrong_name_is_refused()
    {
        await using var stream = await OpenAsync("/v1/stream?events=report");
        await stream.NextAsync("head");
        fixture.Chain.Mine(Claim(2_100), Report(3));
        await fixture.FollowAsync();
        await stream.NextAsync("report");
        await stream.NextAsync("head");
        var (status, body) = await fixture.TryGetAsync("/v1/stream?events=report,gossip");
        Assert.Equal((400, "bad-parameter"), (status, body.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task An_address_holds_so_many_streams_and_no_more_until_one_ends()
    {
        await using var host = fixture.WithSettings(new() { ["Api:StreamsPerAddress"] = "2" });
        using var client = host.CreateClient();
        await using (await Listener.OpenAsync(client, "/v1/stream"))
        await using (await Listener.OpenAsync(client, "/v1/stream"))
        {
            using var third = await client.GetAsync(new Uri("/v1/stream", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
            Assert.Equal(HttpStatusCode.TooManyRequests, third.StatusCode);
        }

        await Eventually.HoldsAsync(
            async () =>
            {
                using var again = await client.GetAsync(new Uri("/v1/stream", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
                return again.IsSuccessStatusCode;
            }, "a place is free again", CancellationToken.None, Patience);
    }

    [Fact]
    public void Who_reads_more_slowly_than_the_ring_turns_is_told_so_and_goes_on_from_the_newest_head()
    {
        var log = new FeedLog(4);
        log.Add([new FeedEvent("head", "1", "a")]);
        Assert.True(log.TryFind(null, out var position));
        Assert.Equal("1", log.Read(ref position, out _, out _)!.Data);
        Assert.Null(log.Read(ref position, out var more, out var lost));
        Assert.False(lost);
        Assert.False(more!.IsCompleted);
        for (var i = 2; i < 8; i++) log.Add([new FeedEvent("claim", "c"), new FeedEvent("head", $"{i}", $"{(char)('a' + i)}")]);
        Assert.True(more.IsCompleted);
        Assert.Null(log.Read(ref position, out _, out lost));
        Assert.True(lost);
        Assert.Equal("7", log.Read(ref position, out _, out _)!.Data);
        Assert.False(log.TryFind("a", out _)); // long gone
        Assert.True(log.TryFind("g", out position));
        Assert.Equal("c", log.Read(ref position, out _, out _)!.Data);
    }

    [Fact]
    public async Task An_answer_that_the_client_has_already_is_304_until_the_mirror_moves()
    {
        await using var host = fixture.WithSettings(new() { ["Api:CacheSeconds"] = "1" });
        using var client = host.CreateClient();
        await using var stream = await Listener.OpenAsync(client, "/v1/stream");
        await stream.NextAsync("head");
        var (status, tag, body) = await AskAsync(client, "/v1/epochs", null);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal((HttpStatusCode.NotModified, tag, ""), await AskAsync(client, "/v1/epochs", tag));
        Assert.Equal((HttpStatusCode.OK, tag, body), await AskAsync(client, "/v1/epochs", "\"of another answer\""));

        // From memory: a change beside the mirror does not show, a change of the mirror does.
        await using var connection = await fixture.Source.OpenConnectionAsync();
        await connection.ExecuteAsync("update evidence.epochs set devices = devices + 1");
        Assert.Equal((HttpStatusCode.OK, tag, body), await AskAsync(client, "/v1/epochs", null));
        fixture.Chain.Mine(Report(3));
        await fixture.FollowAsync();
        await stream.NextAsync("report");
        await stream.NextAsync("head");
        var (_, next, news) = await AskAsync(client, "/v1/epochs", tag);
        Assert.NotEqual(tag, next);
        Assert.Equal(3, JsonSerializer.Deserialize<JsonElement>(news).GetProperty("items")[0].GetProperty("epoch").GetInt64());
    }

    [Fact]
    public async Task The_stream_goes_on_after_the_database_was_away()
    {
        await using var stream = await OpenAsync("/v1/stream");
        await stream.NextAsync("head");
        await using (var connection = await fixture.Source.OpenConnectionAsync())
            await connection.ExecuteAsync("alter table chain.checkpoints rename to gone");
        await Assert.ThrowsAnyAsync<Npgsql.NpgsqlException>(() => fixture.Host.Services.GetRequiredService<ChangeFeed>().StepAsync(CancellationToken.None));
        await using (var connection = await fixture.Source.OpenConnectionAsync())
            await connection.ExecuteAsync("alter table chain.gone rename to checkpoints");
        fixture.Chain.Mine(Claim(2_100));
        await fixture.FollowAsync();
        Assert.Equal("2100", (await stream.NextAsync("claim")).GetProperty("claimed").GetString());
    }

    [Fact]
    public async Task The_typed_client_reads_every_kind_of_event_to_the_last_member()
    {
        using var client = fixture.Typed();
        await using var events = client.FollowAsync(LiveKinds.All, "1-deadbeef-0-0", default).GetAsyncEnumerator();
        var seen = new List<LiveEvent>();
        async Task<T> NextAsync<T>()
            where T : LiveEvent
        {
            Assert.True(await events.MoveNextAsync().AsTask().WaitAsync(Patience));
            seen.Add(events.Current);
            return Assert.IsType<T>(events.Current);
        }

        Assert.Contains("does not go back", (await NextAsync<StreamReset>()).Why, StringComparison.Ordinal);
        await NextAsync<HeadMoved>();
        fixture.Chain.Mine();
        var mined = fixture.Chain.Mine(Claim(2_500), Report(3), Registered(5));
        await fixture.FollowAsync();
        var report = await NextAsync<ReportChanged>();
        Assert.Equal(((long)mined.Number, new Epoch(3), new Generation(0), ReportStatus.Pending), (report.Block, report.Epoch, report.Generation, report.Status));
        Assert.Equal(new ClaimPaid((long)mined.Number, ApiFixture.Providers[0], ApiFixture.Providers[0], new TokenAmount(500), new TokenAmount(2_500)), await NextAsync<ClaimPaid>());
        Assert.Equal(new DeviceChanged((long)mined.Number, new DeviceId(ApiFixture.DeviceId(5)), ApiFixture.Providers[1], new ModelId(1), DeviceStatus.Active, true), await NextAsync<DeviceChanged>());
        var head = await NextAsync<HeadMoved>();
        Assert.Equal(((long)mined.Number, mined.Hash, -1L, new Epoch(1)), (head.Block, head.Hash, Math.Min(head.Finalized, -1L), head.Imported));
        Assert.NotNull(head.Id);

        await using var connection = await fixture.Source.OpenConnectionAsync();
        await connection.ExecuteAsync("insert into evidence.epochs select network_id, 2, generation, report_digest, report, bundle_sha256, bundle_bytes, period_start, period_end, accounts, devices, accepted, rejected, inconclusive, pending, budget, allocated, unallocated, now() from evidence.epochs where epoch = 1");
        Assert.Equal(new Epoch(2), (await NextAsync<EvidenceImported>()).Epoch);
        await NextAsync<HeadMoved>();
        fixture.Chain.Drop(1);
        fixture.Chain.Mine();
        fixture.Chain.Mine();
        await fixture.FollowAsync();
        Assert.Equal(new BlocksDropped((long)mined.Number - 1, 1), await NextAsync<BlocksDropped>());
        Assert.Equal(typeof(LiveEvent).Assembly.GetTypes().Where(t => t.BaseType == typeof(LiveEvent)).ToHashSet(), seen.Select(e => e.GetType()).ToHashSet());
    }

    private static FakeLog Claim(long claimed) =>
        FakeLog.Of(EventKind.Claimed, ApiFixture.Providers[0], 0, ApiFixture.Providers[0], claimed - 2_000, claimed, FakeNetworkActivity.HashOf("root"), Address.Zero, 0L);

    private static FakeLog Report(ulong epoch)
    {
        var report = FakeReport.Of(epoch, FakeNetworkActivity.HashOf("root"));
        return FakeLog.Of(EventKind.ReportAccepted, (long)epoch, 0L, report.Digest.Value, report.Encode(), 0b1011, 1_700_300_000L);
    }

    private static FakeLog Registered(int token) => FakeLog.Of(EventKind.DeviceRegistered, (long)token, ApiFixture.DeviceId(token), ApiFixture.Providers[1], 1, 3, new byte[32], 1L, 0UL, FakeNetworkActivity.HashOf("meta"));

    private Task<Listener> OpenAsync(string path, string? after = null) => Listener.OpenAsync(fixture.Client, path, after);

    private static async Task<(HttpStatusCode Status, string Tag, string Body)> AskAsync(HttpClient client, string path, string? tag)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (tag is not null) request.Headers.IfNoneMatch.Add(EntityTagHeaderValue.Parse(tag));
        using var response = await client.SendAsync(request);
        return (response.StatusCode, response.Headers.ETag!.ToString(), await response.Content.ReadAsStringAsync());
    }

    private sealed class Listener(HttpResponseMessage response, IAsyncEnumerator<SseItem<string>> items) : IAsyncDisposable
    {
        public static async Task<Listener> OpenAsync(HttpClient client, string path, string? after = null)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            if (after is not null) request.Headers.Add("Last-Event-ID", after);
            var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
            return new Listener(response, SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync().GetAsyncEnumerator());
        }

        public async Task<SseItem<string>> NextAsync()
        {
            Assert.True(await items.MoveNextAsync().AsTask().WaitAsync(Patience), "the stream ended");
            return items.Current;
        }

        /// <summary>The next event, which is of this type.</summary>
        public async Task<SseItem<string>> NextItemAsync(string type)
        {
            var item = await NextAsync();
            Assert.True(item.EventType == type, $"{item.EventType} {item.Data} came where {type} was due");
            return item;
        }

        public async Task<JsonElement> NextAsync(string type) => JsonSerializer.Deserialize<JsonElement>((await NextItemAsync(type)).Data);

        public async ValueTask DisposeAsync()
        {
            response.Dispose();
            try
            {
                await items.DisposeAsync();
            }
            catch (Exception error) when (error is IOException or OperationCanceledException or NotSupportedException)
            {
                // The body was cut off under the reader, as meant.
            }
        }
    }
}
