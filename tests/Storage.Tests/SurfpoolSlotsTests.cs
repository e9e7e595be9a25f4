using DePin.Abi.Solana;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.Mirror;
using DePin.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace DePin.Storage.Tests;

/// <summary>The mirror of a runtime whose clock leaps: which slots are in it follows from the chain, not from when and by what ranges it was read.</summary>
public sealed class SurfpoolSlotsTests
{
    private const ulong Leap = 110_000; // slots
    private const ulong SlotsASecond = 20; // of a SurfpoolNode
    private const ulong Stride = 64;

    private readonly CancellationToken _ct = CancellationToken.None;

    [Fact]
    public async Task Over_leaps_of_the_clock_a_mirror_that_followed_and_one_made_at_once_are_the_same_and_few_slots_are_read()
    {
        await using var solana = await DeployedSolana.StartAsync(operators: 4, _ct);
        var network = solana.Mirrored();
        await using var followed = await MirrorAsync(network, new SolanaChainSource(solana.Rpc, network), new FollowerOptions());
        await followed.CatchUpAsync();
        var first = (await followed.Mirror.GetCheckpointAsync(_ct)).Block.Number;

        // Payout accounts are opened while the clock leaps and the follower follows: whatever slots they come to, none is left out.
        var time = solana.Genesis;
        using var stop = new CancellationTokenSource();
        var following = Task.Run(async () => { while (!stop.IsCancellationRequested) await followed.CatchUpAsync(); }, _ct);
        var leaping = Task.Run(
            async () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    await solana.TravelAsync(time += 60, _ct); // 1,200 slots
                    await Task.Delay(100, _ct);
                }
            }, _ct);
        var opened = 0;
        for (; opened < 60; opened++) await OpenAsync(solana, opened);
        await stop.CancelAsync();
        await Task.WhenAll(following, leaping);
        await solana.TravelAsync(time + (Leap / SlotsASecond), _ct);
        await OpenAsync(solana, opened++);
        await solana.Node.Rpc.PauseClockAsync(_ct);
        await followed.CatchUpAsync();

        var end = (await followed.Mirror.GetCheckpointAsync(_ct)).Block.Number;
        Assert.True(end - first >= Leap, $"{end - first} slots");
        Assert.Equal(opened, await followed.ScalarAsync<long>("select count(*) from chain.payout_accounts"));
        Assert.InRange(await followed.ScalarAsync<long>("select count(*) from chain.blocks"), (long)((end - first) / Stride), (long)((end - first) / Stride) + opened + 100);
        // Time never goes back from one to the next.
        Assert.Equal(0, await followed.ScalarAsync<long>("select count(*) from (select block_time - lag(block_time) over (order by block_number) as step from chain.blocks) s where step < interval '0'"));

        foreach (var options in (FollowerOptions[])[new() { TipWindow = 1, MaxBlocksPerRange = 300 }, new() { TipWindow = 200_000 }, new() { MaxBlocksPerRange = 7_777, LookAhead = 5 }])
        {
            await using var other = await MirrorAsync(network, new SolanaChainSource(solana.Rpc, network), options);
            await other.CatchUpAsync();
            Assert.Empty(MirrorContent.Differences(await other.HashAsync(), await followed.HashAsync()));
        }

        Assert.Empty((await new SolanaMirrorVerifier(followed.Live, network, solana.Rpc).VerifyAsync(null, _ct)).Differences);
    }

    [Fact]
    public async Task Ranges_link_to_one_another_wherever_they_are_cut()
    {
        await using var solana = await DeployedSolana.StartAsync(operators: 4, _ct);
        var network = solana.Mirrored();
        var source = new SolanaChainSource(solana.Rpc, network);
        var head = (await source.GetHeadsAsync(_ct)).Latest;
        var reader = new RangeReader(source, network, new FollowerOptions(), TimeProvider.System);
        var whole = await reader.GetHeadersAsync(1, head.Number, _ct);
        Assert.Equal(head, whole[^1]);
        foreach (var cut in (ulong[])[solana.FirstSlot, solana.FirstSlot + 1, whole[^2].Number, whole[^2].Number + 1, 64, 65])
        {
            var (before, after) = (await reader.GetHeadersAsync(1, cut, _ct), await reader.GetHeadersAsync(cut + 1, head.Number, _ct));
            Assert.Equal(whole, [.. before, .. after]);
        }

        // The node has no more than it said.
        Assert.True((await source.GetHeadersAsync(head.Number, head.Number + 1_000_000, _ct))[^1].Number < head.Number + 1_000_000);
        Assert.Empty(await source.GetHeadersAsync(head.Number + 1_000_000, head.Number + 1_000_100, _ct));
    }

    private static async Task OpenAsync(DeployedSolana solana, int index)
    {
        var account = SolanaAddress.From(Keccak256.Hash(BitConverter.GetBytes(index)));
        await solana.SendAsync(CancellationToken.None, new Depin.OpenPayoutInstruction(account)
            .ToInstruction(solana.Network.Program, new Depin.OpenPayoutAccounts { Payer = solana.Owner, Network = solana.Network.Account, Page = solana.Network.PageOf(0) }));
    }

    private async Task<Followed> MirrorAsync(MirroredNetwork network, IChainSource source, FollowerOptions options)
    {
        var database = await TestDatabase.CreateAsync(ct: _ct);
        var live = new MirrorDatabase(database.ConnectionString, MirrorDatabase.Live);
        var mirror = new ChainMirror(live, network);
        await mirror.InitializeAsync(_ct);
        return new Followed(database, live, mirror, new ChainFollower(mirror, source, options, TimeProvider.System, NullLogger<ChainFollower>.Instance));
    }

    private sealed class Followed(TestDatabase database, MirrorDatabase live, ChainMirror mirror, ChainFollower follower) : IAsyncDisposable
    {
        public ChainMirror Mirror => mirror;

        public MirrorDatabase Live => live;

        public async Task CatchUpAsync()
        {
            while (await follower.StepAsync(CancellationToken.None) != Convergence.NothingNew)
            {
            }
        }

        public Task<T?> ScalarAsync<T>(string sql) => database.ScalarAsync<T>(sql, CancellationToken.None);

        public Task<IReadOnlyDictionary<string, string>> HashAsync() => MirrorContent.HashAsync(live, mirror.Network.ChainId, CancellationToken.None);

        public async ValueTask DisposeAsync()
        {
            await live.DisposeAsync();
            await database.DisposeAsync();
        }
    }
}
