using System.Globalization;
using System.Net;
using System.Net.Sockets;
using static DePin.Client.Tests.MisbehavingServer;

namespace DePin.Client.Tests;

/// <summary>The client against a server that fails in every way it can. No time passes but what a test lets pass.</summary>
public sealed class ResilienceTests
{
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1); // whatever waits for less is a pause between attempts

    private readonly FakeTime time = new();

    [Fact]
    public async Task An_outage_that_names_its_end_is_waited_for_that_long()
    {
        await using var server = await StartAsync(Says(503, "", "text/plain", ("Retry-After", "7")), Says(429, "", "text/plain", ("Retry-After", "3")), Says(200, Networks));
        using var client = DePinClient.Create(server.Options, time: time);
        var call = client.GetNetworksAsync(default);
        Assert.Equal(TimeSpan.FromSeconds(7), await time.WaitsAsync(Pause));
        time.Advance(TimeSpan.FromSeconds(6.9));
        Assert.Single(server.Asked);
        time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(TimeSpan.FromSeconds(3), await time.WaitsAsync(Pause));
        time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal("test", Assert.Single(await call.WaitAsync(TimeSpan.FromMinutes(2))).Name);
        Assert.Equal(3, server.Asked.Count);
    }

    [Fact]
    public async Task A_date_to_retry_after_is_waited_for_too()
    {
        await using var server = await StartAsync(Says(503, "", "text/plain", ("Retry-After", (time.GetUtcNow() + TimeSpan.FromSeconds(5)).ToString("r", CultureInfo.InvariantCulture))), Says(200, Networks));
        using var client = DePinClient.Create(server.Options, time: time);
        var call = client.GetNetworksAsync(default);
        Assert.Equal(TimeSpan.FromSeconds(5), await time.WaitsAsync(Pause));
        time.Advance(TimeSpan.FromSeconds(5));
        await call.WaitAsync(TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task Who_asks_to_be_left_alone_for_longer_than_the_caller_waits_gets_no_further_attempt()
    {
        await using var server = await StartAsync(Says(429, """{"code":"too-many-requests","title":"Too many","detail":"Slow down."}""", "application/problem+json", ("Retry-After", "3600")));
        using var client = DePinClient.Create(server.Options, time: time);
        var problem = await Assert.ThrowsAsync<ApiException>(() => client.GetNetworksAsync(default).WaitAsync(TimeSpan.FromMinutes(2)));
        Assert.Equal((HttpStatusCode.TooManyRequests, "too-many-requests", TimeSpan.FromHours(1), true), (problem.Status, problem.Code, problem.RetryAfter, problem.IsTransient));
        Assert.Single(server.Asked);
    }

    [Theory]
    [InlineData(500, 3)]
    [InlineData(502, 3)]
    [InlineData(408, 3)]
    [InlineData(501, 1)]
    [InlineData(400, 1)]
    [InlineData(403, 1)]
    public async Task What_may_pass_is_tried_again_with_growing_pauses_and_what_will_not_is_not(int status, int attempts)
    {
        await using var server = await StartAsync(Says(status));
        using var client = DePinClient.Create(server.Options with { Retries = 2, RetryDelay = TimeSpan.FromSeconds(2) }, time: time);
        var call = client.GetNetworksAsync(default);
        for (var attempt = 1; attempt < attempts; attempt++)
        {
            var pause = await time.WaitsAsync(Pause);
            Assert.InRange(pause, TimeSpan.Zero, TimeSpan.FromSeconds(12)); // 2 s and 4 s, spread
            time.Advance(pause);
        }

        var problem = await Assert.ThrowsAsync<ApiException>(() => call.WaitAsync(TimeSpan.FromMinutes(2)));
        Assert.Equal(((HttpStatusCode)status, "http-error"), (problem.Status, problem.Code));
        Assert.Equal(attempts, server.Asked.Count);
    }

    [Fact]
    public async Task An_answer_that_breaks_off_half_way_is_asked_for_again()
    {
        await using var server = await StartAsync(BreaksOff(Networks, 20), Resets(Networks, 20), Says(200, Networks));
        using var client = DePinClient.Create(server.Options, time: time);
        var call = client.GetNetworksAsync(default);
        time.Advance(await time.WaitsAsync(Pause));
        time.Advance(await time.WaitsAsync(Pause));
        Assert.Single(await call.WaitAsync(TimeSpan.FromMinutes(2)));
        Assert.Equal(3, server.Asked.Count);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_said_to_be_unreachable_after_all_attempts()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        taken.Stop();
        using var client = DePinClient.Create(new DePinClientOptions { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Network = "hush-hush", Retries = 1, AttemptTimeout = TimeSpan.FromMinutes(10), Timeout = TimeSpan.FromHours(1) }, time: time);
        var call = client.ListMakersAsync(default, default);
        time.Advance(await time.WaitsAsync(Pause));
        var problem = await Assert.ThrowsAsync<ApiException>(() => call.WaitAsync(TimeSpan.FromMinutes(2)));
        Assert.Equal((null, "unreachable", true), (problem.Status, problem.Code, problem.IsTransient));
        Assert.Contains($"http://127.0.0.1:{port}/v1/makers", problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", problem.ToString(), StringComparison.Ordinal); // a query may hold what is nobody's business
        Assert.Contains("refused", problem.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_slow_attempt_is_given_up_and_made_again_and_when_all_are_slow_the_error_is_a_time_out()
    {
        await using var server = await StartAsync(Hangs, FallsSilentAfter("[{", "application/json"), Says(200, Networks));
        using (var client = DePinClient.Create(server.Options with { RetryDelay = TimeSpan.FromSeconds(1) }, time: time))
        {
            var call = client.GetNetworksAsync(default);
            foreach (var attempts in new[] { 1, 2 })
            {
                await Until(() => server.Asked.Count == attempts);
                Assert.Equal(TimeSpan.FromMinutes(10), await time.WaitsAsync(TimeSpan.FromMinutes(11))); // the attempt's, not a pause
                time.Advance(TimeSpan.FromMinutes(10));
                time.Advance(await time.WaitsAsync(Pause));
            }

            Assert.Single(await call.WaitAsync(TimeSpan.FromMinutes(2)));
        }

        await using var slow = await StartAsync(Hangs);
        using var impatient = DePinClient.Create(slow.Options with { Retries = 0 }, time: time);
        var lost = impatient.GetNetworksAsync(default);
        await Until(() => slow.Asked.Count == 1);
        time.Advance(TimeSpan.FromMinutes(10));
        var problem = await Assert.ThrowsAsync<ApiTimeoutException>(() => lost);
        Assert.Equal((null, "timeout"), (problem.Status, problem.Code));
        Assert.Contains("within 600 s.", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_attempts_together_take_no_longer_than_the_call_may()
    {
        await using var server = await StartAsync(Hangs);
        using var client = DePinClient.Create(server.Options with { AttemptTimeout = TimeSpan.FromMinutes(50), Timeout = TimeSpan.FromHours(1), RetryDelay = TimeSpan.FromSeconds(1) }, time: time);
        var call = client.GetNetworksAsync(default);
        await Until(() => server.Asked.Count == 1);
        time.Advance(TimeSpan.FromMinutes(50));
        time.Advance(await time.WaitsAsync(Pause));
        await Until(() => server.Asked.Count == 2);
        time.Advance(TimeSpan.FromMinutes(10));
        Assert.Contains("and all attempts", (await Assert.ThrowsAsync<ApiTimeoutException>(() => call.WaitAsync(TimeSpan.FromMinutes(2)))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_cancels_is_obeyed_at_once_in_an_attempt_and_between_two()
    {
        await using var server = await StartAsync(Hangs, Says(500));
        using var client = DePinClient.Create(server.Options, time: time);
        using (var cancel = new CancellationTokenSource())
        {
            var call = client.GetNetworksAsync(cancel.Token);
            await Until(() => server.Asked.Count == 1);
            await cancel.CancelAsync();
            var stopped = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.WaitAsync(TimeSpan.FromMinutes(2)));
            Assert.Equal(cancel.Token, stopped.CancellationToken);
        }

        using (var cancel = new CancellationTokenSource())
        {
            var call = client.GetNetworksAsync(cancel.Token);
            await time.WaitsAsync(Pause);
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.WaitAsync(TimeSpan.FromMinutes(2)));
        }

        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(2, server.Asked.Count);
    }

    [Fact]
    public async Task A_server_that_fails_again_and_again_is_left_alone_and_asked_again_after_a_while()
    {
        var broken = true;
        await using var server = await StartAsync(http => Says(broken ? 500 : 200, Networks)(http));
        using var client = DePinClient.Create(server.Options with { Retries = 0, BreakerAttempts = 4, BreakerPause = TimeSpan.FromSeconds(20) }, time: time);
        for (var i = 0; i < 4; i++) Assert.Equal("http-error", (await Assert.ThrowsAsync<ApiException>(() => client.GetNetworksAsync(default))).Code);

        var left = await Assert.ThrowsAsync<ApiException>(() => client.GetNetworksAsync(default));
        Assert.Equal("resting", left.Code);
        Assert.True(left.IsTransient);
        time.Advance(TimeSpan.FromSeconds(19));
        await Assert.ThrowsAsync<ApiException>(() => client.GetNetworksAsync(default));
        Assert.Equal(4, server.Asked.Count); // it was not asked

        broken = false;
        time.Advance(TimeSpan.FromSeconds(2));
        await client.GetNetworksAsync(default);
        await client.GetNetworksAsync(default);
        Assert.Equal(6, server.Asked.Count);
    }

    [Fact]
    public async Task A_server_that_asks_for_patience_is_not_taken_for_a_failing_one()
    {
        await using var server = await StartAsync(Says(429));
        using var client = DePinClient.Create(server.Options with { Retries = 0, BreakerAttempts = 2 }, time: time);
        for (var i = 0; i < 6; i++) Assert.Equal(HttpStatusCode.TooManyRequests, (await Assert.ThrowsAsync<ApiException>(() => client.GetNetworksAsync(default))).Status);
        Assert.Equal(6, server.Asked.Count);
    }

    [Theory]
    [InlineData("GET", 2)]
    [InlineData("PUT", 2)]
    [InlineData("POST", 1)]
    [InlineData("PATCH", 1)]
    public async Task A_request_that_would_do_something_twice_is_sent_once(string method, int attempts)
    {
        await using var server = await StartAsync(Says(500));
        var options = server.Options with { Retries = 1 };
        using var http = Http.Wire.Connect(options.Validated(), Http.Wire.Connections(options, compressed: true), time);
        using var request = new HttpRequestMessage(new HttpMethod(method), "v1/anything");
        var call = http.SendAsync(request);
        if (attempts > 1) time.Advance(await time.WaitsAsync(Pause));
        Assert.Equal(HttpStatusCode.InternalServerError, (await call.WaitAsync(TimeSpan.FromMinutes(2))).StatusCode);
        Assert.Equal(attempts, server.Asked.Count);
    }

    internal static async Task Until(Func<bool> holds)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!holds())
        {
            if (TimeProvider.System.GetElapsedTime(start) > TimeSpan.FromMinutes(2)) throw new TimeoutException("Still not so.");
            await Task.Delay(5);
        }
    }
}
