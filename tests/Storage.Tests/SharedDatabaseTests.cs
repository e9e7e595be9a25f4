using DePin.Cryptography;
using DePin.Mirror;
using DePin.Protocol;
using DePin.Storage.Evidence;
using DePin.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace DePin.Storage.Tests;

/// <summary>Two indexers, each of its own chain, on one database.</summary>
public sealed class SharedDatabaseTests
{
    private static CancellationToken Ct => CancellationToken.None;

    [Fact]
    public async Task Two_followers_side_by_side_each_with_reorgs_leave_what_each_would_have_alone()
    {
        await using var fixture = await MirrorFixture.CreateAsync();
        var other = new FakeChain(fixture.Chain.Network with { ChainId = 2, Caip2 = "solana:11111111111111111111111111111111", NetworkId = Keccak256.Hash("another network"u8) });
        var second = new ChainMirror(fixture.Mirrored, other.Network);
        await second.InitializeAsync(Ct);
        var follower = new ChainFollower(second, other, fixture.Options, TimeProvider.System, NullLogger<ChainFollower>.Instance);
        await Task.WhenAll(LiveAsync(fixture.Chain, () => fixture.CatchUpAsync(), seed: 1), LiveAsync(other, () => fixture.CatchUpAsync(follower), seed: 2));

        await using var alone = await MirrorFixture.CreateAsync(fixture.Chain);
        await alone.CatchUpAsync();
        await using var otherAlone = await MirrorFixture.CreateAsync(other);
        await otherAlone.CatchUpAsync();
        Assert.Empty(MirrorContent.Differences(await alone.HashAsync(), await fixture.HashAsync()));
        Assert.Empty(MirrorContent.Differences(await otherAlone.HashAsync(), await MirrorContent.HashAsync(fixture.Mirrored, 2, Ct)));
        Assert.NotEmpty(MirrorContent.Differences(await alone.HashAsync(), await otherAlone.HashAsync()));
        Assert.Equal(fixture.Chain.Tip.Number, (await fixture.Mirror.GetCheckpointAsync(Ct)).Block.Number);
        Assert.Equal(other.Tip.Number, (await second.GetCheckpointAsync(Ct)).Block.Number);

        // A number that another network has is refused, and nothing is written under it.
        var taken = new ChainMirror(fixture.Mirrored, other.Network with { ChainId = 1 });
        await Assert.ThrowsAsync<MirrorMismatchException>(() => taken.InitializeAsync(Ct));
        Assert.Empty(MirrorContent.Differences(await alone.HashAsync(), await fixture.HashAsync()));
    }

    [Fact]
    public async Task Each_networks_manifest_is_kept_beside_the_others_in_the_schema_of_evidence()
    {
        await using var database = await TestDatabase.CreateAsync();
        var store = new EvidenceStore(database.DataSource);
        var (one, two) = (new NetworkId(Keccak256.Hash("one"u8)), new NetworkId(Keccak256.Hash("two"u8)));
        for (var twice = 0; twice < 2; twice++)
        {
            await store.RegisterNetworkAsync(one, "one", "eip155:1", "{}", "{}", Ct);
            await store.RegisterNetworkAsync(two, "two", "solana:11111111111111111111111111111111", "{}", "{}", Ct);
        }

        Assert.Equal(2L, await database.ScalarAsync<long>("select count(*) from evidence.networks", Ct));
    }

    private static async Task LiveAsync(FakeChain chain, Func<Task> catchUp, int seed)
    {
        var random = new Random(seed);
        var activity = new FakeNetworkActivity();
        for (var round = 0; round < 12; round++)
        {
            for (var i = 0; i < 8; i++) chain.Mine(activity.Block(random, 6));
            for (var i = 0; i < 4; i++) chain.Mine();
            await catchUp();
            chain.Drop(4); // what comes in their place has logs
        }

        for (var i = 0; i < 8; i++) chain.Mine(activity.Block(random, 6));
        await catchUp();
    }
}
