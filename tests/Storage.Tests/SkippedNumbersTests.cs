using DePin.Mirror;
using DePin.TestKit;

namespace DePin.Storage.Tests;

/// <summary>A chain whose numbers have gaps, as Solana's slots do where a leader was away.</summary>
public sealed class SkippedNumbersTests
{
    [Theory]
    [InlineData(1, 2_000)]
    [InlineData(2, 3)] // ranges smaller than the gaps: some hold no block at all
    [InlineData(3, 1)]
    public async Task Follows_and_replaces_blocks_across_skipped_numbers(int seed, int blocksPerRange)
    {
        await using var fixture = await MirrorFixture.CreateAsync();
        var follower = fixture.NewFollower(fixture.Options with { MaxBlocksPerRange = blocksPerRange, TipWindow = 6 });
        var random = new Random(seed);
        var activity = new FakeNetworkActivity();
        Mine(fixture.Chain, activity, random, 60);
        await fixture.CatchUpAsync(follower);
        Assert.Equal(60, await fixture.ScalarAsync<long>("select count(*) from chain.blocks"));
        Assert.True(fixture.Chain.Tip.Number > 90, "the chain skips numbers");

        for (var round = 0; round < 6; round++)
        {
            var before = activity.Clone();
            var depth = random.Next(1, 9);
            Mine(fixture.Chain, activity, random, depth);
            await fixture.CatchUpAsync(follower);
            fixture.Chain.Drop(depth);
            Mine(fixture.Chain, activity = before, random, 12); // a branch of its own, with gaps elsewhere
            await fixture.CatchUpAsync(follower);
            Assert.Equal(fixture.Chain.Tip.Point, (await fixture.Mirror.GetCheckpointAsync(CancellationToken.None)).Block);
        }

        Assert.True(follower.Status.Reorgs >= 6);
        Assert.Empty(MirrorContent.Differences(await fixture.HashOfFreshMirrorAsync(), await fixture.HashAsync()));
        Assert.Empty((await fixture.RebuildAsync(promote: true)).Differences);
    }

    [Fact]
    public async Task A_node_that_leaves_out_blocks_as_if_they_had_been_skipped_is_not_believed()
    {
        var source = new LeavesOut(new FakeChain(FakeChain.DefaultNetwork));
        await using var fixture = await MirrorFixture.CreateAsync(source.Chain);
        var activity = new FakeNetworkActivity();
        Mine(source.Chain, activity, new Random(9), 80);
        var follower = new ChainFollower(fixture.Mirror, source, fixture.Options with { MaxBlocksPerRange = 10 }, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger<ChainFollower>.Instance);
        foreach (var place in new[] { Place.First, Place.Middle, Place.Last })
        {
            source.Place = place;
            for (var i = 0; i < 4; i++)
            {
                try
                {
                    await follower.StepAsync(CancellationToken.None);
                }
                catch (ChainSourceException error)
                {
                    Assert.Contains("lags", error.Message, StringComparison.Ordinal);
                }
            }

            await AssertLinkedAsync(fixture);
        }

        source.Place = Place.None;
        await fixture.CatchUpAsync(follower);
        Assert.Equal(80, await fixture.ScalarAsync<long>("select count(*) from chain.blocks"));
        Assert.Empty(MirrorContent.Differences(await fixture.HashOfFreshMirrorAsync(), await fixture.HashAsync()));
    }

    /// <summary>Whatever was believed so far has no hole.</summary>
    private static async Task AssertLinkedAsync(MirrorFixture fixture) => Assert.Equal(0, await fixture.ScalarAsync<long>(
        """
        select count(*) from (select parent_hash, lag(block_hash) over (order by block_number) as before from chain.blocks) b where before is not null and before <> parent_hash
        """));

    private static void Mine(FakeChain chain, FakeNetworkActivity activity, Random random, int blocks)
    {
        for (var i = 0; i < blocks; i++)
        {
            if (random.Next(3) == 0) chain.Skip(random.Next(1, 6));
            chain.Mine(activity.Block(random, 4));
        }
    }

    private enum Place
    {
        None,
        First,
        Middle,
        Last,
    }

    /// <summary>Leaves a header and its logs out of longer answers.</summary>
    private sealed class LeavesOut(FakeChain chain) : IChainSource
    {
        public FakeChain Chain => chain;

        public Place Place { get; set; }

        public bool SkipsNumbers => chain.SkipsNumbers;

        public Task<ChainHeads> GetHeadsAsync(CancellationToken ct) => chain.GetHeadsAsync(ct);

        public async Task<IReadOnlyList<BlockHeader>> GetHeadersAsync(ulong from, ulong to, CancellationToken ct)
        {
            var headers = (await chain.GetHeadersAsync(from, to, ct)).ToList();
            if (headers.Count >= 3 && Place != Place.None) headers.RemoveAt(Place switch { Place.First => 0, Place.Middle => headers.Count / 2, _ => headers.Count - 1 });
            return headers;
        }

        public async Task<LogBatch> GetLogsAsync(ulong from, ulong to, CancellationToken ct)
        {
            var kept = (await GetHeadersAsync(from, to, ct)).Select(h => h.Point).ToList();
            return kept.Count == 0 ? new LogBatch() : await chain.GetLogsByHashAsync(kept, ct);
        }

        public Task<LogBatch> GetLogsByHashAsync(IReadOnlyList<BlockPoint> blocks, CancellationToken ct) => chain.GetLogsByHashAsync(blocks, ct);

        public Task<LogBatch> GetBlockLogsAsync(BlockPoint block, CancellationToken ct) => chain.GetBlockLogsAsync(block, ct);
    }
}
