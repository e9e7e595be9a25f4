using System.Numerics;
using DePin.Cryptography;
using DePin.Mirror;
using DePin.TestKit;
using Npgsql;

namespace DePin.Storage.Tests;

public sealed class FollowerTests
{
    private static readonly Address Alice = FakeNetworkActivity.AddressOf("alice");
    private static readonly Address Bob = FakeNetworkActivity.AddressOf("bob");

    [Fact]
    public async Task Follows_a_chain_from_its_first_block_to_its_tip()
    {
        await using var fixture = await MirrorFixture.CreateAsync();
        Fill(fixture.Chain, seed: 1, blocks: 120);
        await fixture.CatchUpAsync();

        var checkpoint = await fixture.Mirror.GetCheckpointAsync(CancellationToken.None);
        Assert.Equal(fixture.Chain.Tip.Point, checkpoint.Block);
        Assert.Equal(120 - (ulong)fixture.Chain.FinalityDepth, checkpoint.Finalized!.Value.Number);
        Assert.Equal(120, await fixture.ScalarAsync<long>("select count(*) from chain.blocks"));
        Assert.Equal(0, await fixture.ScalarAsync<long>("select count(*) from chain.logs where event = 0"));
        Assert.Equal(
            await fixture.ScalarAsync<string>("select sum(balance)::text from chain.holders"),
            await fixture.ScalarAsync<string>("select (minted - burned)::text from chain.tokens"));
    }

    [Fact]
    public async Task Reads_ahead_while_it_writes_a_few_ranges_at_a_time_and_never_more_than_a_transaction_may_hold()
    {
        await using var fixture = await MirrorFixture.CreateAsync();
        Fill(fixture.Chain, seed: 3, blocks: 600);
        var (reading, most, begun) = (0, 0, 0);
        var gate = new Lock();
        fixture.Chain.BeforeAnswer = async (what, ct) =>
        {
            if (what != "logs") return;
            lock (gate) (reading, most, begun) = (reading + 1, Math.Max(most, reading + 1), begun + 1);
            await Task.Delay(2, ct);
            lock (gate) reading--;
        };
        var follower = fixture.NewFollower(fixture.Options with { MaxBlocksPerRange = 5, LookAhead = 2, LogsPerRange = 1_000, LogsPerTransaction = 6_000 });
        Task<Convergence> step;
        await using (var other = await fixture.Database.DataSource.OpenConnectionAsync())
        {
            await using var held = await other.BeginTransactionAsync(); // nothing can be written
            await using var command = new NpgsqlCommand("select from chain.checkpoints for update", other, held);
            await command.ExecuteNonQueryAsync();
            step = follower.StepAsync(CancellationToken.None);
            await Eventually.HoldsAsync(() => Task.FromResult(Volatile.Read(ref begun) > 6), "it reads on while it cannot write", CancellationToken.None, TimeSpan.FromMinutes(2));
            await Task.Delay(TimeSpan.FromMilliseconds(500));
            Assert.InRange(Volatile.Read(ref begun), 7, 6 + 2 + 6); // the channel's, those in reading, and at most as many in the writer's hands
        }

        Assert.Equal(Convergence.Advanced, await step);
        await fixture.CatchUpAsync(follower);
        Assert.Equal(2, most);
        Assert.Empty(MirrorContent.Differences(await fixture.HashOfFreshMirrorAsync(), await fixture.HashAsync()));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(40)]
    public async Task Replaces_the_blocks_of_a_reorg(int depth)
    {
        await using var fixture = await MirrorFixture.CreateAsync();
        var activity = Fill(fixture.Chain, seed: depth, blocks: 60 - depth);
        var before = activity.Clone();
        var random = new Random(1000 + depth);
        for (var i = 0; i < depth; i++) fixture.Chain.Mine(activity.Block(random, 8));
        await fixture.CatchUpAsync();
        var old = await fixture.HashAsync();

        fixture.Chain.Drop(depth);
        for (var i = 0; i <= depth; i++) fixture.Chain.Mine(before.Block(random, 8));
        Assert.Equal(Convergence.RolledBack, await fixture.Follower.StepAsync(CancellationToken.None));
        await fixture.CatchUpAsync();

        Assert.Equal(depth, fixture.Follower.Status.DeepestReorg);
        Assert.Contains("logs", MirrorContent.Differences(old, await fixture.HashAsync()));
        Assert.Empty(MirrorContent.Differences(await fixture.HashOfFreshMirrorAsync(), await fixture.HashAsync()));
    }

    [Fact]
    public async Task Replaces_a_tip_of_the_same_height_without_waiting_for_the_next_block()
    {
        await using var fixture = await MirrorFixture.CreateAsync();
        Mine(fixture, 3, Alice);
        await fixture.CatchUpAsync();
        fixture.Chain.Drop(1);
        Mine(fixture, 1, Bob);
        Assert.Equal(Convergence.RolledBack, await fixture.Follower.StepAsync(CancellationToken.None));
        Assert.Equal(fixture.Chain.Tip.Point, (await fixture.Mirror.GetCheckpointAsync(CancellationToken.None)).Block);
        Assert.Equal(1, await fixture.ScalarAsync<long>($"select count(*) from chain.holders where account = '\\x{Convert.ToHexString(Bob.AsSpan())}'"));
    }

    [Fact]
    public async Task Keeps_its_blocks_while_the_new_branch_is_shorter()
    {
        await using var fixture = await MirrorFixture.CreateAsync();
        Mine(fixture, 10, Alice);
        await fixture.CatchUpAsync();
        var checkpoint = await fixture.Mirror.GetCheckpointAsync(CancellationToken.None);
        fixture.Chain.Drop(4);
        Mine(fixture, 2, Bob);
        Assert.Equal(Convergence.NothingNew, await fixture.Follower.StepAsync(CancellationToken.None));
        Assert.Equal(checkpoint, await fixture.Mirror.GetCheckpointAsync(CancellationToken.None));
        Mine(fixture, 5, Bob);
        await fixture.CatchUpAsync();
        Assert.Empty(MirrorContent.Differences(await fixture.HashOfFreshMirrorAsync(), await fixture.HashAsync()));
    }

    [Fact]
    public async Task Follows_a_reorg_that_drops_every_block_it_has()
    {
        await using var fixture = await MirrorFixture.CreateAsync();
        Mine(fixture, 5, Alice);
        await fixture.CatchUpAsync();
        fixture.Chain.Drop(5);
        Mine(fixture, 6, Bob);
        await fixture.CatchUpAsync();
        Assert.Empty(MirrorContent.Differences(await fixture.HashOfFreshMirrorAsync(), await fixture.HashAsync()));
        Assert.Equal(0, await fixture.ScalarAsync<long>($"select count(*) from chain.holders where account = '\\x{Convert.ToHexString(Alice.AsSpan())}'"));
    }

    [Fact]
    public async Task A_rollback_equals_never_having_seen_the_blocks_whatever_happens()
    {
        for (var seed = 0; seed < 12; seed++)
        {
            await using var fixture = await MirrorFixture.CreateAsync();
            fixture.Chain.FinalityDepth = 40;
            var random = new Random(seed);
            var history = new Stack<FakeNetworkActivity>();
            var activity = new FakeNetworkActivity();
            for (var round = 0; round < 14; round++)
            {
                if (history.Count > 3 && random.Next(2) == 0)
                {
                    var depth = random.Next(1, Math.Min(history.Count, 25));
                    for (var i = 0; i < depth; i++) activity = history.Pop();
                    fixture.Chain.Drop(depth);
                    for (var i = 0; i < depth; i++) Mine();
                }

                for (var i = random.Next(30); i >= 0; i--) Mine();
                if (random.Next(3) != 0) await fixture.CatchUpAsync(fixture.NewFollower(fixture.Options with { TipWindow = random.Next(1, 20), LogsPerRange = random.Next(5, 400) }));

                void Mine()
                {
                    history.Push(activity.Clone());
                    fixture.Chain.Mine(activity.Block(random, random.Next(9)));
                }
            }

            await fixture.CatchUpAsync();
            var fresh = await fixture.HashOfFreshMirrorAsync(fixture.Options with { LogsPerRange = 150, TipWindow = 3 });
            Assert.Empty(MirrorContent.Differences(fresh, await fixture.HashAsync()));
        }
    }

    [Fact]
    public async Task Halts_when_the_chain_drops_a_final_block()
    {
        await using var fixture = await MirrorFixture.CreateAsync();
        fixture.Chain.FinalityDepth = 3;
        Mine(fixture, 20, Alice);
        await fixture.CatchUpAsync();
        var before = await fixture.HashAsync();
        fixture.Chain.Drop(6);
        Mine(fixture, 8, Bob);

        await fixture.Follower.RunAsync(CancellationToken.None); // returns by itself: it halted
        Assert.Contains("was final", fixture.Follower.Status.Halted, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ReorgPastFinalizedException>(() => fixture.NewFollower().StepAsync(CancellationToken.None));
        Assert.Empty(MirrorContent.Differences(before, await fixture.HashAsync()));
    }

    [Fact]
    public async Task Keeps_the_largest_amount_and_hostile_text_that_an_event_can_carry()
    {
        await using var fixture = await MirrorFixture.CreateAsync();
        var largest = BigInteger.Pow(2, 256) - 1;
        fixture.Chain.Mine(
            FakeLog.Of(EventKind.TokenTransfer, Address.Zero, Alice, largest),
            FakeLog.Of(EventKind.OperatorRegistered, Bob, Alice, Bytes32.Zero, "a\0b", largest),
            FakeLog.Of(EventKind.SplitsScheduled, ulong.MaxValue, Array.Empty<(Address, int)>()));
        await fixture.CatchUpAsync();
        Assert.Equal(largest.ToString(), await fixture.ScalarAsync<string>("select balance::text from chain.holders"));
        Assert.Equal("a\uFFFDb", await fixture.ScalarAsync<string>("select endpoint from chain.operators"));
        Assert.Equal(long.MaxValue, await fixture.ScalarAsync<long>("select first_epoch from chain.splits"));
    }

    private static FakeNetworkActivity Fill(FakeChain chain, int seed, int blocks)
    {
        var random = new Random(seed);
        var activity = new FakeNetworkActivity();
        for (var i = 0; i < blocks; i++) chain.Mine(activity.Block(random, 8));
        return activity;
    }

    private static void Mine(MirrorFixture fixture, int blocks, Address to)
    {
        for (var i = 0; i < blocks; i++) fixture.Chain.Mine(FakeLog.Of(EventKind.TokenTransfer, Address.Zero, to, 5));
    }
}
