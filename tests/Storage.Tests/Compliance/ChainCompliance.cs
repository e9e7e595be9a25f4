using DePin.Cryptography;
using DePin.Mirror;

namespace DePin.Storage.Tests.Compliance;

/// <summary>What the follower relies on, asked of every chain alike: one suite, so that what holds on one chain holds on the next.</summary>
public abstract class ChainCompliance
{
    private protected readonly CancellationToken Ct = CancellationToken.None;

    private protected abstract Task<ChainUnderTest> StartAsync();

    [Fact]
    public async Task Blocks_link_and_ranges_and_hashes_tell_the_same_of_them()
    {
        await using var chain = await StartAsync();
        for (var i = 0; i < 5; i++) await chain.ActAsync();
        await chain.StandStillAsync();
        var source = chain.Source;
        var heads = await source.GetHeadsAsync(Ct);
        Assert.True(heads.Finalized is null || heads.Finalized.Value.Number <= heads.Latest.Number);
        var headers = await source.GetHeadersAsync(chain.Network.FirstBlock, heads.Latest.Number, Ct);
        Assert.Equal(heads.Latest.Point, headers[^1].Point);
        Assert.Equal(heads.Latest.Timestamp, headers[^1].Timestamp);
        foreach (var (before, after) in headers.Zip(headers.Skip(1)))
        {
            Assert.True(before.Number < after.Number);
            Assert.Equal(before.Point, new BlockPoint(after.ParentNumber, after.ParentHash));
            Assert.True(before.Timestamp <= after.Timestamp, "Time does not go back.");
            if (!source.SkipsNumbers) Assert.Equal(before.Number + 1, after.Number);
        }

        var logs = await source.GetLogsAsync(chain.Network.FirstBlock, heads.Latest.Number, Ct);
        Assert.True(logs.Count >= 5);
        var byHash = await source.GetLogsByHashAsync([.. headers.Select(h => h.Point)], Ct);
        Assert.Equal(Describe(logs), Describe(byHash));
        var known = headers.ToDictionary(h => h.Number, h => h.Hash);
        Assert.All(Enumerable.Range(0, logs.Count), i => Assert.Equal(known[logs[i].BlockNumber], logs[i].BlockHash));
        Assert.All(Enumerable.Range(1, logs.Count - 1), i => Assert.True((logs[i - 1].BlockNumber, logs[i - 1].LogIndex).CompareTo((logs[i].BlockNumber, logs[i].LogIndex)) < 0));

        // Two halves are the whole.
        var middle = logs[logs.Count / 2].BlockNumber;
        string[] halves = [.. Describe(await source.GetLogsAsync(chain.Network.FirstBlock, middle, Ct)), .. Describe(await source.GetLogsAsync(middle + 1, heads.Latest.Number, Ct))];
        Assert.Equal(Describe(logs), halves);
        Assert.All(Describe(await source.GetBlockLogsAsync(headers.First(h => h.Number == middle).Point, Ct)), l => Assert.Contains(l, Describe(logs)));
    }

    [Fact]
    public async Task What_is_not_on_the_chain_is_not_told_of()
    {
        await using var chain = await StartAsync();
        await chain.ActAsync();
        await chain.StandStillAsync();
        var latest = (await chain.Source.GetHeadsAsync(Ct)).Latest;
        Assert.Equal(latest.Point, (await chain.Source.GetHeadersAsync(latest.Number, latest.Number + 50, Ct))[^1].Point);
        Assert.Empty(await chain.Source.GetHeadersAsync(latest.Number + 10, latest.Number + 50, Ct));
        var logs = await chain.Source.GetLogsAsync(chain.Network.FirstBlock, latest.Number, Ct);
        var other = new BlockPoint(logs[0].BlockNumber, Keccak256.Hash("another branch"u8));
        await Assert.ThrowsAnyAsync<ChainSourceException>(() => chain.Source.GetLogsByHashAsync([other], Ct));
        await Assert.ThrowsAnyAsync<ChainSourceException>(() => chain.Source.GetBlockLogsAsync(other, Ct));
    }

    [Fact]
    public async Task Followed_in_whatever_steps_restarted_or_made_afresh_the_mirror_is_the_same_and_is_the_chain()
    {
        await using var chain = await StartAsync();
        await using var mirrored = await SourceMirror.CreateAsync(chain.Network, chain.Source, chain.Emission);
        for (var i = 0; i < 6; i++)
        {
            for (var j = 0; j <= i % 3; j++) await chain.ActAsync();
            mirrored.Restart(new FollowerOptions { TipWindow = 1 + (i * 4), MaxBlocksPerRange = 5 << i });
            await mirrored.CatchUpAsync();
        }

        await chain.StandStillAsync();
        await mirrored.CatchUpAsync();
        Assert.True(await mirrored.ScalarAsync<long>("select count(*) from chain.logs") >= 12);
        Assert.Equal(0, await mirrored.ScalarAsync<long>("select count(*) from chain.logs where event = 0"));
        Assert.Empty(MirrorContent.Differences(await mirrored.HashOfFreshMirrorAsync(), await mirrored.HashAsync()));
        Assert.Equal(0, mirrored.Status.Reorgs);
        if (chain.Verifier(mirrored.Database) is not { } verifier) return;
        var verified = await verifier.VerifyAsync(null, Ct);
        Assert.Empty(verified.Differences);
        Assert.NotEmpty(verified.Compared);
    }

    [Fact]
    public async Task A_mirror_that_was_touched_is_rebuilt_as_it_was()
    {
        await using var chain = await StartAsync();
        await using var mirrored = await SourceMirror.CreateAsync(chain.Network, chain.Source, chain.Emission);
        for (var i = 0; i < 4; i++) await chain.ActAsync();
        await chain.StandStillAsync();
        await mirrored.CatchUpAsync();
        var right = await mirrored.HashAsync();
        Assert.Empty((await mirrored.RebuildAsync()).Differences);
        await mirrored.ExecuteAsync("update chain.logs set data = data || '\\x00' where (block_number, log_index) in (select block_number, log_index from chain.logs limit 1)");
        Assert.NotEmpty((await mirrored.RebuildAsync()).Differences);
        Assert.Empty(MirrorContent.Differences(right, await mirrored.HashAsync()));
    }

    private protected static string[] Describe(LogBatch logs) => [.. Enumerable.Range(0, logs.Count).Select(i =>
        $"{logs[i].BlockNumber}/{logs[i].LogIndex} {Convert.ToHexString(logs.Topics(logs[i]).Span)} {Convert.ToHexString(logs.Data(logs[i]).Span)}")];
}

/// <summary>And of a chain whose newest blocks a test can undo.</summary>
public abstract class ReorganizingChainCompliance : ChainCompliance
{
    /// <summary>Undoes the newest block, and puts others in its place.</summary>
    private protected abstract Task ReorganizeAsync(ChainUnderTest chain);

    [Fact]
    public async Task What_is_undone_leaves_no_trace()
    {
        await using var chain = await StartAsync();
        await using var mirrored = await SourceMirror.CreateAsync(chain.Network, chain.Source, chain.Emission);
        for (var i = 0; i < 4; i++) await chain.ActAsync();
        await mirrored.CatchUpAsync();
        var before = await mirrored.HashAsync();
        await ReorganizeAsync(chain);
        await mirrored.CatchUpAsync();
        Assert.Equal(1, mirrored.Status.Reorgs);
        Assert.NotEmpty(MirrorContent.Differences(before, await mirrored.HashAsync()));
        Assert.Empty(MirrorContent.Differences(await mirrored.HashOfFreshMirrorAsync(), await mirrored.HashAsync()));
    }
}
