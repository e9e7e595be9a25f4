using System.Net;
using DePin.Oracle.Batch;
using DePin.Oracle.Ingest;
using DePin.Oracle.Network;
using DePin.Storage.Oracle;
using DePin.TestKit;

namespace DePin.Oracle.Tests;

/// <summary>Limits by address and by operator: what is too much is told when to come again, and nothing is lost by it.</summary>
public sealed class LimitTests
{
    private const long Second = TimeSpan.TicksPerSecond;
    private static readonly IPAddress A = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress B = IPAddress.Parse("192.0.2.2");
    private static CancellationToken Ct => CancellationToken.None;

    [Fact]
    public void Each_address_has_its_own_bucket_that_fills_again()
    {
        var limiter = new AddressLimiter(new BucketRule(2, 3), 10);
        for (var i = 0; i < 3; i++) Assert.Equal(TimeSpan.Zero, limiter.TryTake(A, Second));
        Assert.Equal(TimeSpan.FromSeconds(0.5), limiter.TryTake(A, Second));
        Assert.Equal(TimeSpan.Zero, limiter.TryTake(B, Second));
        Assert.Equal(TimeSpan.Zero, limiter.TryTake(A, Second + (Second / 2)));
        Assert.NotEqual(TimeSpan.Zero, limiter.TryTake(A, Second + (Second / 2)));
        Assert.Equal(TimeSpan.Zero, limiter.TryTake(IPAddress.Parse("::ffff:192.0.2.3"), Second));
        Assert.Equal(3, limiter.Count);
    }

    [Fact]
    public void An_ipv6_client_is_its_network_of_64_bits()
    {
        var limiter = new AddressLimiter(new BucketRule(1, 1), 10);
        Assert.Equal(TimeSpan.Zero, limiter.TryTake(IPAddress.Parse("2001:db8:0:1::1"), Second));
        Assert.NotEqual(TimeSpan.Zero, limiter.TryTake(IPAddress.Parse("2001:db8:0:1:ffff::2"), Second));
        Assert.Equal(TimeSpan.Zero, limiter.TryTake(IPAddress.Parse("2001:db8:0:2::1"), Second));
    }

    [Fact]
    public void A_debt_is_waited_out_in_bounded_time()
    {
        var limiter = new AddressLimiter(new BucketRule(10, 20), 10);
        Assert.Equal(TimeSpan.Zero, limiter.TryTake(A, Second));
        limiter.Charge(A, 29, Second); // 30 of 20: ten in debt
        Assert.Equal(TimeSpan.FromSeconds(1.1), limiter.TryTake(A, Second));
        limiter.Charge(A, 1_000_000, Second);
        Assert.Equal(TimeSpan.FromSeconds(2.1), limiter.TryTake(A, Second));
        Assert.Equal(TimeSpan.Zero, limiter.TryTake(A, Second + (3 * Second)));
    }

    [Fact]
    public void Memory_is_bounded_and_newcomers_of_a_full_table_share_one_bucket_until_others_are_idle()
    {
        var limiter = new AddressLimiter(new BucketRule(1, 4), 100);
        for (var i = 0; i < 10_000; i++) limiter.TryTake(new IPAddress(i), Second);
        Assert.Equal(100, limiter.Count);
        Assert.NotEqual(TimeSpan.Zero, limiter.TryTake(A, Second)); // the shared bucket is empty
        Assert.Equal(TimeSpan.Zero, limiter.TryTake(new IPAddress(5), Second)); // one that has its own is untouched
        Assert.Equal(TimeSpan.Zero, limiter.TryTake(A, 20 * Second)); // everybody else is idle by now
        Assert.Equal(1, limiter.Count);
    }

    [Fact]
    public async Task An_address_that_sends_too_much_gets_429_with_a_wait_and_loses_nothing()
    {
        var network = new TestNetwork(devices: 1);
        await using var one = await TestOperator.StartAsync(network, ingest: new IngestOptions { AddressProofsPerSecond = 1, AddressBurst = 10 }, ct: Ct);
        var refused = 0;
        var proofs = Enumerable.Range(1, 20).Select(n => network.Prove(network.Devices[0], (ulong)n)).ToList();
        foreach (var proof in proofs)
        {
            while (true)
            {
                using var answer = await one.PostAsync(proof, Ct);
                if (answer.StatusCode == HttpStatusCode.OK) break;
                Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
                Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
                Assert.True(answer.Headers.RetryAfter?.Delta >= TimeSpan.FromSeconds(1));
                refused++;
                await Task.Delay(50, Ct);
            }
        }

        Assert.True(refused > 0, "20 proofs at once are more than 10");
        Assert.Equal(20, await one.Database.ScalarAsync<long>("select count(*) from oracle.proofs", Ct));
        Assert.True((await one.Http.GetAsync("/health", Ct)).IsSuccessStatusCode); // what is no proof is not limited
        Assert.True((await one.Http.GetAsync("/v1/lanes", Ct)).IsSuccessStatusCode); // and peers have a share of their own
    }

    [Fact]
    public async Task A_request_with_many_proofs_is_taken_whole_and_paid_after()
    {
        var network = new TestNetwork(devices: 1);
        await using var one = await TestOperator.StartAsync(network, ingest: new IngestOptions { AddressProofsPerSecond = 1, AddressBurst = 10 }, ct: Ct);
        Assert.Equal(50u, (await one.PostAsync(Enumerable.Range(1, 50).Select(n => network.Prove(network.Devices[0], (ulong)n)), Ct)).Durable);
        using var next = await one.PostAsync(network.Prove(network.Devices[0], 51), Ct);
        Assert.Equal(HttpStatusCode.TooManyRequests, next.StatusCode);
        Assert.True(next.Headers.RetryAfter?.Delta > TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task An_address_that_asks_too_much_of_a_peer_gets_429_with_a_wait()
    {
        var network = new TestNetwork();
        await using var one = await TestOperator.StartAsync(network, lanes: new LaneOptions { AddressRequestsPerSecond = 0.001, AddressBurst = 3 }, ct: Ct);
        foreach (var path in new[] { "/v1/lanes", "/v1/lanes", $"/v1/lanes/{network.Operators[1].Address}/batches/1" }) Assert.NotEqual(HttpStatusCode.TooManyRequests, (await one.Http.GetAsync(path, Ct)).StatusCode);
        using var refused = await one.Http.GetAsync("/v1/lanes", Ct);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Equal(HttpStatusCode.OK, (await one.PostAsync(network.Prove(network.Devices[0], 1), Ct)).StatusCode); // devices are not held up by it
    }

    [Fact]
    public async Task An_operator_that_pushes_too_many_batches_is_slowed_and_its_lane_still_arrives_whole()
    {
        var network = new TestNetwork();
        var pace = new LaneOptions { SealEvery = TimeSpan.FromMilliseconds(50), ExchangeEvery = TimeSpan.FromMilliseconds(50), MaxProofs = 1 };
        var slow = pace with { PushedPerSecond = 5, PushedBurst = 2 };
        var operators = new List<TestOperator>();
        for (var i = 0; i < 3; i++) operators.Add(await TestOperator.StartAsync(network, i, lanes: i == 0 ? pace : slow, ct: Ct));
        foreach (var one in operators) await network.WriteMirrorAsync(one.Database.DataSource, Ct);
        var proofs = Enumerable.Range(1, 20).Select(n => network.Prove(network.Devices[0], (ulong)n)).ToList();
        await operators[0].PostAsync(proofs, Ct); // twenty batches of one proof
        foreach (var one in operators)
            await Eventually.HoldsAsync(async () => (await one.Get<LaneStore>().GetLaneAsync(network.Operators[0].Address, Ct)).CertifiedHeight == 20, "the lane is certified everywhere", Ct);
        foreach (var one in operators) await one.DisposeAsync();
    }

    [Fact]
    public async Task Only_batches_that_the_operator_signed_count_against_it()
    {
        var network = new TestNetwork();
        await using var one = await TestOperator.StartAsync(network, lanes: new LaneOptions { PushedPerSecond = 0.001, PushedBurst = 1 }, ct: Ct);
        var keeper = one.Get<LaneKeeper>();
        var lane = network.Operators[1];
        var batch = Protocol.Lanes.Batch.Seal(network.Facts.Id, lane.Address, null, network.NowMs, [network.Prove(network.Devices[0], 1)]);
        for (var i = 0; i < 5; i++) Assert.Equal(LaneRefusal.NotSigned, (await keeper.AcceptPushedAsync(LaneTests.ToWire(network, batch, network.Operators[2]), Ct)).Refusal);
        Assert.Equal(LaneRefusal.None, (await keeper.AcceptPushedAsync(LaneTests.ToWire(network, batch, lane), Ct)).Refusal);
        var second = await keeper.AcceptPushedAsync(LaneTests.ToWire(network, batch, lane), Ct);
        Assert.Equal(LaneRefusal.TooFast, second.Refusal);
        Assert.True(second.RetryAfter > TimeSpan.Zero);
        Assert.Equal(LaneRefusal.None, (await keeper.AcceptAsync(LaneTests.ToWire(network, batch, lane), Ct)).Refusal); // what is fetched is not limited
    }
}
