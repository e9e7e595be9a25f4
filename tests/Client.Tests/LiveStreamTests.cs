using System.Net;
using static DePin.Client.Tests.MisbehavingServer;

namespace DePin.Client.Tests;

/// <summary>The live stream over connections that break.</summary>
public sealed class LiveStreamTests
{
    private const string Sse = "text/event-stream";
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);
    private static readonly string Hash = "0x" + new string('a', 64);

    private readonly FakeTime time = new();

    [Fact]
    public async Task A_stream_that_breaks_off_goes_on_after_the_last_head_and_tells_nothing_twice()
    {
        await using var server = await StartAsync(
            BreaksOff(Head(1) + Evidence(5) + Evidence(99), (Head(1) + Evidence(5)).Length + 9, Sse),
            Says(200, Evidence(5) + Evidence(6) + Head(2) + Evidence(5), Sse), // ends without a word
            FallsSilentAfter(Evidence(5) + "event: gossip\ndata: {}\n\n" + Evidence(7), Sse));
        using var client = DePinClient.Create(server.Options, time: time);
        await using var events = client.FollowAsync(LiveKinds.Evidence | LiveKinds.Claims, null, default).GetAsyncEnumerator();
        Assert.Equal("1-head", Assert.IsType<HeadMoved>(await NextAsync(events)).Id);
        Assert.Equal(5ul, Assert.IsType<EvidenceImported>(await NextAsync(events)).Epoch.Value);
        Assert.Equal(6ul, Assert.IsType<EvidenceImported>(await NextAsync(events)).Epoch.Value);
        Assert.Equal(2, Assert.IsType<HeadMoved>(await NextAsync(events)).Block);
        Assert.Equal(5ul, Assert.IsType<EvidenceImported>(await NextAsync(events)).Epoch.Value); // anew, after another head
        Assert.Equal(7ul, Assert.IsType<EvidenceImported>(await NextAsync(events)).Epoch.Value);
        Assert.Equal([null, "1-head", "2-head"], server.Asked.Select(a => a.LastEventId));
        Assert.All(server.Asked, a => Assert.Equal("/v1/stream?events=claim%2Cevidence", a.Path));
    }

    [Fact]
    public async Task A_stream_that_falls_silent_is_opened_again()
    {
        await using var server = await StartAsync(FallsSilentAfter(Head(1) + ": alive\n\n", Sse), FallsSilentAfter(Head(2), Sse));
        using var client = DePinClient.Create(server.Options, time: time);
        await using var events = client.FollowAsync(LiveKinds.All, "0-head", default).GetAsyncEnumerator();
        await NextAsync(events);
        var next = NextAsync(events, moves: false);
        Assert.Equal(TimeSpan.FromMinutes(5), await time.WaitsAsync(TimeSpan.FromMinutes(6)));
        time.Advance(TimeSpan.FromMinutes(5));
        time.Advance(await time.WaitsAsync(Pause));
        Assert.Equal(2, Assert.IsType<HeadMoved>(await next).Block);
        Assert.Equal(["0-head", "1-head"], server.Asked.Select(a => a.LastEventId));
    }

    [Fact]
    public async Task An_outage_in_the_middle_is_sat_out_and_a_refusal_is_not()
    {
        await using var server = await StartAsync(Says(200, Head(1), Sse), Says(503), Says(502), Says(503), Says(200, Head(2), Sse), Says(400, """{"code":"bad-parameter","title":"No","detail":"No."}""", "application/problem+json"));
        using var client = DePinClient.Create(server.Options with { Retries = 0 }, time: time);
        await using var events = client.FollowAsync(LiveKinds.All, null, default).GetAsyncEnumerator();
        await NextAsync(events);
        Assert.Equal(2, Assert.IsType<HeadMoved>(await NextAsync(events)).Block);
        Assert.Equal("bad-parameter", (await Assert.ThrowsAsync<ApiException>(() => NextAsync(events).WaitAsync(TimeSpan.FromMinutes(2)))).Code);
        Assert.Equal(6, server.Asked.Count);
    }

    [Fact]
    public async Task A_first_connection_that_fails_or_is_no_stream_is_an_error_and_a_cancelled_one_ends()
    {
        await using var server = await StartAsync(Says(503), Says(200, "<html></html>", "text/html"), Says(200, "event: head\ndata: {\"block\":1}\n\n", Sse), FallsSilentAfter("", Sse));
        using var client = DePinClient.Create(server.Options with { Retries = 0 }, time: time);
        async Task<LiveEvent> FirstAsync(CancellationToken ct)
        {
            await using var events = client.FollowAsync(LiveKinds.All, null, ct).GetAsyncEnumerator(ct);
            return await NextAsync(events);
        }

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await Assert.ThrowsAsync<ApiException>(() => FirstAsync(default))).Status);
        Assert.Contains("text/html", (await Assert.ThrowsAsync<ApiException>(() => FirstAsync(default))).Message, StringComparison.Ordinal);
        Assert.Equal("not-understood", (await Assert.ThrowsAsync<ApiException>(() => FirstAsync(default))).Code); // a head without a hash
        using var cancel = new CancellationTokenSource();
        var waiting = FirstAsync(cancel.Token);
        await ResilienceTests.Until(() => server.Asked.Count == 4);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    // Lets pass whatever pause the stream makes until the next event is there.
    private async Task<LiveEvent> NextAsync(IAsyncEnumerator<LiveEvent> events, bool moves = true)
    {
        var next = events.MoveNextAsync().AsTask();
        while (moves && !next.IsCompleted)
        {
            var pause = time.WaitsAsync(Pause);
            if (await Task.WhenAny(next, pause) == pause) time.Advance(await pause);
        }

        Assert.True(await next.WaitAsync(TimeSpan.FromMinutes(2)));
        return events.Current;
    }

    private static string Head(int block) => $"event: head\ndata: {{\"block\":{block},\"hash\":\"{Hash}\",\"finalized\":-1,\"imported\":0}}\nid: {block}-head\n\n";

    private static string Evidence(int epoch) => $"event: evidence\ndata: {{\"epoch\":{epoch}}}\n\n";
}
