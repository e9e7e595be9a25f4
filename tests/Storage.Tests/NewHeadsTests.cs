using DePin.Chain;
using DePin.Chain.Evm;
using DePin.Chain.Rpc;
using DePin.DevTools;
using DePin.Mirror;
using DePin.Protocol;
using DePin.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace DePin.Storage.Tests;

public sealed class NewHeadsTests
{
    private static readonly CancellationToken Ct = CancellationToken.None;

    [Fact]
    public async Task A_subscription_wakes_the_follower_and_when_its_socket_dies_the_tip_is_polled_until_it_is_back()
    {
        await using var node = await AnvilNode.StartAsync(new AnvilOptions { SlotsInAnEpoch = 1, TimestampInterval = 1 }, Ct);
        await using var relay = new TcpRelay(node.Url.Port);
        await using var database = await TestDatabase.CreateAsync();
        await using var mirrored = new MirrorDatabase(database.ConnectionString);
        using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        var network = FakeChain.DefaultNetwork;
        var mirror = new ChainMirror(mirrored, network);
        await mirror.InitializeAsync(Ct);
        var heads = new NewHeads([new Uri($"ws://127.0.0.1:{relay.Port}/?key=secret")], ChainKind.Evm, TimeProvider.System, NullLogger<NewHeads>.Instance);
        var options = new FollowerOptions { PollInterval = TimeSpan.FromMilliseconds(100), PollIntervalWhenTold = TimeSpan.FromHours(1) };
        var follower = new ChainFollower(mirror, new EvmChainSource(new EvmRpc(http, new RpcOptions { Urls = [node.Url] }), network), options, TimeProvider.System,
            NullLogger<ChainFollower>.Instance, heads);
        using var stop = new CancellationTokenSource();
        var running = follower.RunAsync(stop.Token);

        // It looks once an hour, so only what it is told can bring these; the first makes it expect no more of them.
        await HoldsAsync(() => heads.IsLive, "there is a subscription");
        for (var i = 0; i < 3; i++) await MineAsync(2);
        Assert.True(heads.Heard >= 6);

        relay.Cut();
        await HoldsAsync(() => !heads.IsLive, "the socket is dead");
        var heard = heads.Heard;
        await MineAsync(3);
        Assert.Equal(heard, heads.Heard);

        relay.Mend();
        await HoldsAsync(() => heads.IsLive, "it is subscribed anew");
        await MineAsync(2);
        await HoldsAsync(() => heads.Heard >= heard + 2, "it is told again");
        await stop.CancelAsync();
        await running;

        async Task MineAsync(int blocks)
        {
            await node.Rpc.MineAsync(blocks, Ct);
            var tip = await node.Rpc.BlockNumberAsync(Ct);
            await HoldsAsync(() => follower.Status.Head?.Number == tip, $"block {tip} is mirrored");
        }
    }

    [Fact]
    public async Task On_Solana_every_slot_wakes_the_follower()
    {
        await using var solana = await DeployedSolana.StartAsync(operators: 4, Ct);
        await using var relay = new TcpRelay(solana.Node.WebSocket.Port);
        await using var database = await TestDatabase.CreateAsync();
        await using var mirrored = new MirrorDatabase(database.ConnectionString);
        var network = solana.Mirrored();
        var mirror = new ChainMirror(mirrored, network);
        await mirror.InitializeAsync(Ct);
        var heads = new NewHeads([new Uri($"ws://127.0.0.1:{relay.Port}/")], ChainKind.Solana, TimeProvider.System, NullLogger<NewHeads>.Instance);
        var options = new FollowerOptions { PollInterval = TimeSpan.FromMilliseconds(100), PollIntervalWhenTold = TimeSpan.FromHours(1) };
        var follower = new ChainFollower(mirror, new SolanaChainSource(solana.Rpc, network), options, TimeProvider.System, NullLogger<ChainFollower>.Instance, heads);
        using var stop = new CancellationTokenSource();
        var running = follower.RunAsync(stop.Token);
        await HoldsAsync(() => heads.IsLive, "there is a subscription");
        for (ulong i = 0; i < 3; i++)
        {
            var tip = await solana.Rpc.GetSlotAsync(Finality.Safe, Ct) + (2 * 64); // at least one of these slots is mirrored
            var heard = heads.Heard;
            await HoldsAsync(() => follower.Status.Head?.Number >= tip - 64, $"the slots up to {tip} are mirrored");
            Assert.True(heads.Heard > heard);
        }

        relay.Cut();
        await HoldsAsync(() => !heads.IsLive, "the socket is dead");
        await stop.CancelAsync();
        await running;
    }

    private static Task HoldsAsync(Func<bool> condition, string what) => Eventually.HoldsAsync(() => Task.FromResult(condition()), what, Ct);
}
