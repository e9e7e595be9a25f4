using DePin.Mirror;
using DePin.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace DePin.Storage.Tests;

public sealed class RebuildTests
{
    [Fact]
    public async Task A_rebuild_is_identical_and_takes_the_place_of_the_old_mirror()
    {
        await using var fixture = await FilledAsync();
        var before = await fixture.HashAsync();
        fixture.Chain.Mine(); // what comes after the old mirror's head does not count
        var result = await Rebuild(fixture).RunAsync(promote: true, null, CancellationToken.None);
        Assert.Equal(60UL, result.Compared!.Value.Number);
        Assert.Empty(result.Differences);
        Assert.Empty(MirrorContent.Differences(before, await fixture.HashAsync()));
        await fixture.CatchUpAsync(); // and is followed on
        Assert.Equal(61UL, (await fixture.Mirror.GetCheckpointAsync(CancellationToken.None)).Block.Number);
    }

    [Fact]
    public async Task A_mirror_that_halted_on_dropped_blocks_is_replaced_and_followed_on()
    {
        await using var fixture = await FilledAsync();
        fixture.Chain.FinalityDepth = 3;
        fixture.Chain.Mine();
        await fixture.CatchUpAsync();
        fixture.Chain.Drop(8);
        for (var i = 0; i < 12; i++) fixture.Chain.Mine();
        await fixture.Follower.RunAsync(CancellationToken.None); // returns by itself: it halted
        Assert.NotNull(fixture.Follower.Status.Halted);

        var result = await Rebuild(fixture).RunAsync(promote: true, null, CancellationToken.None);
        Assert.Null(result.Compared);
        await fixture.CatchUpAsync(fixture.NewFollower());
        Assert.Equal(fixture.Chain.Tip.Point, (await fixture.Mirror.GetCheckpointAsync(CancellationToken.None)).Block);
        Assert.Empty(MirrorContent.Differences(await fixture.HashOfFreshMirrorAsync(), await fixture.HashAsync()));
    }

    [Fact]
    public async Task A_rebuild_shows_which_table_was_tampered_with()
    {
        await using var fixture = await FilledAsync();
        await fixture.Database.ExecuteAsync("update chain.holders set balance = balance + 1", CancellationToken.None);
        await fixture.Database.ExecuteAsync("delete from chain.claims where ctid = (select min(ctid) from chain.claims)", CancellationToken.None);
        var result = await Rebuild(fixture).RunAsync(promote: false, null, CancellationToken.None);
        Assert.Equal(["holders", "claims"], result.Differences);
    }

    private static async Task<MirrorFixture> FilledAsync()
    {
        var fixture = await MirrorFixture.CreateAsync();
        var random = new Random(60);
        var activity = new FakeNetworkActivity();
        for (var i = 0; i < 60; i++) fixture.Chain.Mine(activity.Block(random, 8));
        await fixture.CatchUpAsync();
        return fixture;
    }

    private static MirrorRebuild Rebuild(MirrorFixture fixture) => new(
        fixture.Database.DataSource, fixture.Database.ConnectionString, fixture.Chain.Network, fixture.Chain, fixture.Options, TimeProvider.System, NullLoggerFactory.Instance);
}
