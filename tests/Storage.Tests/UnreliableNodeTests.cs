using DePin.Cryptography;
using DePin.Mirror;
using DePin.TestKit;

namespace DePin.Storage.Tests;

public sealed class UnreliableNodeTests
{
    [Fact]
    public async Task Finds_logs_that_a_range_answer_left_out()
    {
        await using var fixture = await MirrorFixture.CreateAsync();
        Fill(fixture.Chain, 100);
        var honest = await fixture.HashOfFreshMirrorAsync();
        fixture.Chain.TruncateAnswersAt = 7;
        await fixture.CatchUpAsync();
        Assert.True(fixture.Follower.Reader.Suspicions > 10);
        Assert.Empty(MirrorContent.Differences(honest, await fixture.HashAsync()));
    }

    [Fact]
    public async Task Does_not_believe_a_log_node_that_is_behind_the_header_node()
    {
        await using var fixture = await MirrorFixture.CreateAsync();
        Fill(fixture.Chain, 100);
        var honest = await fixture.HashOfFreshMirrorAsync();
        fixture.Chain.LogLag = 60;
        await fixture.CatchUpAsync();
        Assert.Empty(MirrorContent.Differences(honest, await fixture.HashAsync()));
    }

    [Fact]
    public async Task Waits_for_logs_that_the_node_has_not_indexed_yet_rather_than_write_their_blocks_without()
    {
        await using var fixture = await MirrorFixture.CreateAsync();
        Fill(fixture.Chain, 100);
        var honest = await fixture.HashOfFreshMirrorAsync();
        fixture.Chain.UnindexedBlocks = 20;
        await Assert.ThrowsAsync<ChainSourceException>(() => fixture.CatchUpAsync());
        fixture.Chain.UnindexedBlocks = 0;
        await fixture.CatchUpAsync();
        Assert.Empty(MirrorContent.Differences(honest, await fixture.HashAsync()));
    }

    [Fact]
    public async Task Splits_ranges_that_the_node_refuses()
    {
        await using var fixture = await MirrorFixture.CreateAsync();
        Fill(fixture.Chain, 150);
        var honest = await fixture.HashOfFreshMirrorAsync();
        fixture.Chain.MaxLogsPerAnswer = 25;
        await fixture.CatchUpAsync();
        Assert.Empty(MirrorContent.Differences(honest, await fixture.HashAsync()));
    }

    [Fact]
    public async Task Does_not_roll_back_for_a_node_that_lags()
    {
        await using var fixture = await MirrorFixture.CreateAsync();
        Fill(fixture.Chain, 50);
        await fixture.CatchUpAsync();
        fixture.Chain.NodeLag = 20;
        Assert.Equal(Convergence.NothingNew, await fixture.Follower.StepAsync(CancellationToken.None));
        Assert.Equal(50UL, (await fixture.Mirror.GetCheckpointAsync(CancellationToken.None)).Block.Number);
    }

    [Fact]
    public async Task Outlives_a_node_that_fails_and_stalls()
    {
        await using var fixture = await MirrorFixture.CreateAsync();
        Fill(fixture.Chain, 80);
        var honest = await fixture.HashOfFreshMirrorAsync();
        var calls = 0;
        fixture.Chain.BeforeAnswer = async (_, ct) =>
        {
            switch (Interlocked.Increment(ref calls) % 4)
            {
                case 1: throw new ChainSourceException("connection refused");
                case 2 when calls < 40: await Task.Delay(Timeout.Infinite, ct); break; // answers never
                default: break;
            }
        };
        using var stop = new CancellationTokenSource();
        var follower = fixture.NewFollower(fixture.Options with { RequestTimeout = TimeSpan.FromMilliseconds(150), LogsPerRange = 60 });
        var running = follower.RunAsync(stop.Token);
        await Eventually.HoldsAsync(async () => (await fixture.Mirror.GetCheckpointAsync(CancellationToken.None)).Block == fixture.Chain.Tip.Point,
            "the mirror reaches the tip", CancellationToken.None);
        await stop.CancelAsync();
        await running;
        Assert.Empty(MirrorContent.Differences(honest, await fixture.HashAsync()));
    }

    [Fact]
    public async Task A_log_with_data_cut_short_is_an_error_and_nothing_is_written()
    {
        await using var fixture = await MirrorFixture.CreateAsync();
        var whole = FakeLog.Of(EventKind.TokenTransfer, Address.Zero, FakeNetworkActivity.AddressOf("alice"), 5);
        fixture.Chain.Mine(whole);
        fixture.Chain.Mine(whole with { Data = whole.Data[..16] });
        var error = await Assert.ThrowsAsync<MalformedLogException>(() => fixture.CatchUpAsync());
        Assert.Contains("block 2", error.Message, StringComparison.Ordinal);
        Assert.Equal(0UL, (await fixture.Mirror.GetCheckpointAsync(CancellationToken.None)).Block.Number);
        Assert.Equal(0, await fixture.ScalarAsync<long>("select count(*) from chain.logs"));
    }

    [Fact]
    public async Task A_second_follower_on_the_same_mirror_writes_nothing_twice()
    {
        await using var fixture = await MirrorFixture.CreateAsync();
        Fill(fixture.Chain, 120);
        var honest = await fixture.HashOfFreshMirrorAsync();
        using var stop = new CancellationTokenSource();
        var options = fixture.Options with { LogsPerRange = 20 };
        await using var other = new MirrorDatabase(fixture.Database.ConnectionString);
        var first = new ChainFollower(fixture.Mirror, fixture.Chain, options, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger<ChainFollower>.Instance);
        var second = new ChainFollower(new ChainMirror(other, fixture.Chain.Network), fixture.Chain, options, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger<ChainFollower>.Instance);
        var running = Task.WhenAll(first.RunAsync(stop.Token), second.RunAsync(stop.Token));
        await Eventually.HoldsAsync(async () => (await fixture.Mirror.GetCheckpointAsync(CancellationToken.None)).Block == fixture.Chain.Tip.Point, "the mirror reaches the tip", CancellationToken.None);
        await stop.CancelAsync();
        await running;
        Assert.Empty(MirrorContent.Differences(honest, await fixture.HashAsync()));
    }

    [Fact]
    public async Task Survives_a_database_that_restarts_under_load()
    {
        await using var postgres = await PostgresServer.StartPrivateAsync(CancellationToken.None);
        var connectionString = await postgres.CreateDatabaseAsync(CancellationToken.None);
        var chain = new FakeChain(FakeChain.DefaultNetwork);
        Fill(chain, 30);
        await using var database = new MirrorDatabase(connectionString);
        var mirror = new ChainMirror(database, chain.Network);
        await mirror.InitializeAsync(CancellationToken.None);
        var follower = new ChainFollower(mirror, chain,
            new FollowerOptions { PollInterval = TimeSpan.FromMilliseconds(10), MaxBackoff = TimeSpan.FromMilliseconds(200), LogsPerRange = 30 },
            TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger<ChainFollower>.Instance);
        using var stop = new CancellationTokenSource();
        var running = follower.RunAsync(stop.Token);
        var random = new Random(7);
        for (var restart = 0; restart < 3; restart++)
        {
            for (var i = 0; i < 60; i++) chain.Mine([.. Enumerable.Range(0, 9).Select(n => Transfer(random))]);
            await Task.Delay(random.Next(20, 80));
            await (restart == 1 ? postgres.RestartAsync(CancellationToken.None) : postgres.CrashAsync(CancellationToken.None));
        }

        await Eventually.HoldsAsync(() => Task.FromResult(follower.Status.Head == chain.Tip.Point), "the mirror reaches the tip", CancellationToken.None);
        await stop.CancelAsync();
        await running;
        var survived = await MirrorContent.HashAsync(database, chain.Network.ChainId, CancellationToken.None);
        await using var fixture = await MirrorFixture.CreateAsync(chain);
        await fixture.CatchUpAsync();
        Assert.Empty(MirrorContent.Differences(await fixture.HashAsync(), survived));
    }

    private static FakeLog Transfer(Random random) =>
        FakeLog.Of(EventKind.TokenTransfer, Address.Zero, FakeNetworkActivity.AddressOf($"holder {random.Next(40)}"), random.Next(1, 1000));

    private static void Fill(FakeChain chain, int blocks)
    {
        var random = new Random(blocks);
        var activity = new FakeNetworkActivity();
        for (var i = 0; i < blocks; i++) chain.Mine(activity.Block(random, 6));
    }
}
