using DePin.Cryptography;
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
        var result = await fixture.RebuildAsync(promote: true);
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

        var result = await fixture.RebuildAsync(promote: true);
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
        var result = await fixture.RebuildAsync(promote: false);
        Assert.Equal(["holders", "claims"], result.Differences);
    }

    [Fact]
    public async Task Another_chain_in_the_database_stays_when_one_is_rebuilt_and_when_one_is_forgotten()
    {
        await using var fixture = await FilledAsync();
        var other = new FakeChain(FakeChain.DefaultNetwork with { ChainId = 2, Caip2 = "eip155:31338", NetworkId = Keccak256.Hash("another network"u8), Chain = Bytes32.FromUInt64(31_338) });
        var random = new Random(61);
        var activity = new FakeNetworkActivity();
        for (var i = 0; i < 30; i++) other.Mine(activity.Block(random, 8));
        var mirror = new ChainMirror(fixture.Mirrored, other.Network);
        await mirror.InitializeAsync(CancellationToken.None);
        ChainFollower Follower() => new(mirror, other, fixture.Options, TimeProvider.System, NullLogger<ChainFollower>.Instance);
        await fixture.CatchUpAsync(Follower());
        Task<IReadOnlyDictionary<string, string>> OtherAsync() => MirrorContent.HashAsync(fixture.Mirrored, 2, CancellationToken.None);
        var (one, two) = (await fixture.HashAsync(), await OtherAsync());
        Assert.Contains("claims", MirrorContent.Differences(one, two));

        Assert.Empty((await fixture.RebuildAsync(promote: true)).Differences);
        Assert.Empty(MirrorContent.Differences(one, await fixture.HashAsync()));
        Assert.Empty(MirrorContent.Differences(two, await OtherAsync()));
        other.Mine(activity.Block(random, 8));
        await fixture.CatchUpAsync(Follower()); // it is followed on
        Assert.Equal(31UL, (await mirror.GetCheckpointAsync(CancellationToken.None)).Block.Number);

        await MirrorSchema.ForgetAsync(fixture.Database.DataSource, 2, CancellationToken.None);
        Assert.Equal(0L, await fixture.ScalarAsync<long>("select count(*) from chain.chains where chain_id = 2"));
        Assert.Equal(0L, await fixture.ScalarAsync<long>("select count(*) from chain.logs where chain_id = 2"));
        Assert.Empty(MirrorContent.Differences(one, await fixture.HashAsync()));
        await MirrorSchema.ForgetAsync(fixture.Database.DataSource, 2, CancellationToken.None); // nothing
        await mirror.InitializeAsync(CancellationToken.None);
        await fixture.CatchUpAsync(Follower()); // and it can be mirrored anew
        Assert.Equal(31UL, (await mirror.GetCheckpointAsync(CancellationToken.None)).Block.Number);
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
}
