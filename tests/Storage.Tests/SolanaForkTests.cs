using System.Text.Json.Nodes;
using DePin.Abi.Solana;
using DePin.Chain;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.Mirror;
using DePin.Protocol;
using DePin.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace DePin.Storage.Tests;

/// <summary>
/// What a cluster does and the local runtime does not: forks, skipped slots, nodes that lack a block or tell less than there is. The transactions are real, of the committed program on a Surfpool; where
/// they stand is what a proxy makes of its answers.
/// </summary>
public sealed class SolanaForkTests(SolanaForkTests.Runtime runtime) : IClassFixture<SolanaForkTests.Runtime>
{
    private static CancellationToken Ct => CancellationToken.None;

    [Fact]
    public async Task Over_forks_and_skipped_slots_the_mirror_is_that_of_one_that_never_saw_the_fork_and_is_the_programs_accounts()
    {
        await using var cluster = await runtime.ClusterAsync();
        await using var mirrored = await runtime.MirrorAsync(cluster.Rpc);
        var random = new Random(20_261_122);
        var waiting = new Queue<ulong>(await runtime.SourcesAsync());
        var (taken, reorgs) = (waiting.Max(), 0L);
        Extend(cluster, random, waiting, waiting.Count);
        await mirrored.CatchUpAsync();
        for (var round = 0; round < 8; round++)
        {
            for (var i = 0; i < 3; i++) await runtime.ActAsync();
            foreach (var source in await runtime.SourcesAsync(taken)) waiting.Enqueue(taken = source);
            Extend(cluster, random, waiting, waiting.Count);
            await mirrored.CatchUpAsync();
            var before = await mirrored.HashAsync();

            // What the dropped blocks held is included again, in other slots, some of it only rounds later.
            var tip = cluster.Tip;
            waiting = new Queue<ulong>([.. cluster.Drop(random.Next(1, 7)), .. waiting]);
            Extend(cluster, random, waiting, random.Next(waiting.Count + 1));
            while (cluster.Tip <= tip) Extend(cluster, random, waiting, 0);
            await mirrored.CatchUpAsync();
            Assert.NotEmpty(MirrorContent.Differences(before, await mirrored.HashAsync()));
            Assert.Equal(cluster.Tip, (await mirrored.Mirror.GetCheckpointAsync(Ct)).Block.Number);
            if (round % 3 != 2) continue;
            reorgs += mirrored.Status.Reorgs;
            mirrored.Restart(new FollowerOptions { TipWindow = 1 + round, MaxBlocksPerRange = 5 });
        }

        Extend(cluster, random, waiting, waiting.Count);
        await mirrored.CatchUpAsync();
        Assert.Equal(8, reorgs + mirrored.Status.Reorgs);
        Assert.True(await mirrored.ScalarAsync<long>("select max(block_number) - min(block_number) + 1 - count(*) from chain.blocks") > 20, "slots were skipped");
        Assert.Equal(runtime.Acts, await mirrored.ScalarAsync<long>("select count(*) from chain.payout_accounts"));
        Assert.Empty(MirrorContent.Differences(await mirrored.HashOfFreshMirrorAsync(), await mirrored.HashAsync()));
        var verified = await new SolanaMirrorVerifier(mirrored.Database, runtime.Network, cluster.Rpc).VerifyAsync(null, Ct);
        Assert.Empty(verified.Differences);
        Assert.Equal(runtime.Acts, verified.Compared["payouts"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // as if the slot had been skipped
    public async Task A_block_that_the_node_lacks_for_a_while_is_waited_for_and_leaves_no_gap(bool leftOut)
    {
        await using var cluster = await runtime.ClusterAsync();
        var random = new Random(7);
        Extend(cluster, random, new Queue<ulong>(await runtime.SourcesAsync()), int.MaxValue);
        foreach (var place in (int[])[2, cluster.Filled.Count / 2, cluster.Filled.Count - 1])
        {
            await using var mirrored = await runtime.MirrorAsync(cluster.Rpc);
            mirrored.Restart(new FollowerOptions { TipWindow = 4, MaxBlocksPerRange = 6 });
            var lost = cluster.Filled[place];
            if (cluster.Tip == lost) cluster.Append();
            (cluster.Lost, cluster.LeavesLostOut) = (lost, leftOut);
            var error = await Assert.ThrowsAnyAsync<ChainSourceException>(mirrored.CatchUpAsync);
            Assert.Contains("lags", error.Message, StringComparison.Ordinal);
            var reached = (await mirrored.Mirror.GetCheckpointAsync(Ct)).Block.Number;
            Assert.True(reached < lost, $"{reached} is believed, {lost} is not there");
            cluster.Lost = null;
            await mirrored.CatchUpAsync();
            Assert.Equal(cluster.Tip, (await mirrored.Mirror.GetCheckpointAsync(Ct)).Block.Number);
            Assert.Equal(0, mirrored.Status.Reorgs);
            Assert.Empty(MirrorContent.Differences(await mirrored.HashOfFreshMirrorAsync(), await mirrored.HashAsync()));
        }
    }

    [Fact]
    public async Task A_fork_past_a_rooted_block_halts_the_mirror_and_it_says_what_to_do()
    {
        await using var cluster = await runtime.ClusterAsync();
        cluster.RootDepth = 2;
        await using var mirrored = await runtime.MirrorAsync(cluster.Rpc);
        var random = new Random(9);
        var sources = await runtime.SourcesAsync();
        Extend(cluster, random, new Queue<ulong>(sources), int.MaxValue);
        await mirrored.CatchUpAsync();
        var before = await mirrored.HashAsync();
        var tip = cluster.Tip;
        cluster.Drop(5);
        while (cluster.Tip <= tip) cluster.Append();
        var halted = await Assert.ThrowsAsync<ReorgPastFinalizedException>(async () =>
        {
            while (true)
            {
                try
                {
                    await mirrored.CatchUpAsync();
                    throw new InvalidOperationException("It went on.");
                }
                catch (ChainSourceException)
                {
                    // It looks more than once before it halts.
                }
            }
        });
        Assert.Contains("depin index rebuild", halted.Message, StringComparison.Ordinal);
        Assert.Empty(MirrorContent.Differences(before, await mirrored.HashAsync()));
    }

    /// <summary>The lies that leave something wrong in a mirror that believes one node: nothing on Solana proves that a block is whole.</summary>
    [Theory]
    [InlineData("a transaction less")]
    [InlineData("an event forged")]
    [InlineData("the time of a block")]
    public async Task What_one_node_makes_up_stays_out_of_a_mirror_that_asks_two_and_the_liar_is_named(string lie)
    {
        await using var cluster = await runtime.ClusterAsync();
        Extend(cluster, new Random(11), new Queue<ulong>(await runtime.SourcesAsync()), int.MaxValue);
        for (var i = 0; i < cluster.RootDepth; i++) cluster.Append();
        await using var liar = await RpcProxy.StartAsync(cluster.Url, Ct);
        await using var second = await RpcProxy.StartAsync(cluster.Url, Ct);
        liar.Apply(Forgery(lie, cluster.Filled[^1]), "getBlock");
        await using var honest = await runtime.MirrorAsync(cluster.Rpc);
        await honest.CatchUpAsync();

        using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        var alone = new ChainProviders(http, [new() { Url = liar.Url }], 0, "Test", TimeProvider.System);
        await using (var believing = await runtime.MirrorAsync(alone.CreateSource(runtime.Network, NullLoggerFactory.Instance)))
        {
            await believing.CatchUpAsync();
            Assert.NotEmpty(MirrorContent.Differences(await honest.HashAsync(), await believing.HashAsync()));
        }

        var three = new ChainProviders(http, [new() { Url = liar.Url }, new() { Url = second.Url }, new() { Url = cluster.Url }], 0, "Test", TimeProvider.System);
        await using var asking = await runtime.MirrorAsync(three.CreateSource(runtime.Network, NullLoggerFactory.Instance));
        await asking.CatchUpAsync();
        Assert.Empty(MirrorContent.Differences(await honest.HashAsync(), await asking.HashAsync()));
        Assert.Equal([ProviderState.Disagreeing, ProviderState.Well, ProviderState.Well], three.Status.Providers.Select(p => p.State));
    }

    private static RpcFault.Lie Forgery(string lie, ulong slot) => new((call, answer) =>
    {
        if (call["params"]![0]!.GetValue<ulong>() != slot || answer["result"] is not JsonObject block) return answer;
        switch (lie)
        {
            case "a transaction less":
                (block["transactions"] as JsonArray)?.Clear();
                break;
            case "the time of a block":
                block["blockTime"] = block["blockTime"]!.GetValue<long>() + 1;
                break;
            default:
                foreach (var inner in (block["transactions"] as JsonArray ?? []).SelectMany(t => t!["meta"]!["innerInstructions"]!.AsArray()).SelectMany(i => i!["instructions"]!.AsArray()))
                {
                    if (!Base58.TryDecode(inner!["data"]!.GetValue<string>(), out byte[]? data)) continue;
                    data[^1] ^= 1;
                    inner["data"] = Base58.Encode(data);
                }

                break;
        }

        return answer;
    });

    /// <summary>So many of what waits, each in a block of its own, with slots that are skipped and blocks that hold nothing between them.</summary>
    private static void Extend(ForkedCluster cluster, Random random, Queue<ulong> waiting, int count)
    {
        for (var i = 0; i < 2; i++) Empty();
        for (; count > 0 && waiting.TryDequeue(out var source); count--)
        {
            if (random.Next(3) == 0) Empty();
            cluster.Skip(random.Next(4) == 0 ? random.Next(1, 9) : 0);
            cluster.Append(source);
        }

        void Empty()
        {
            cluster.Skip(random.Next(3));
            cluster.Append();
        }
    }

    /// <summary>One runtime with a network for all of these.</summary>
    public sealed class Runtime : IAsyncLifetime
    {
        private DeployedSolana _solana = null!;

        public MirroredNetwork Network { get; private set; } = null!;

        /// <summary>Payout accounts that were opened.</summary>
        public int Acts { get; private set; }

        public async Task InitializeAsync()
        {
            _solana = await DeployedSolana.StartAsync(operators: 4, Ct);
            Network = new MirroredNetwork(2, ChainId.Solana(_solana.Chain).ToString(), _solana.Config.NetworkId.Value, _solana.FirstSlot, DeployedSolana.BreakerWindow, new Dictionary<ContractKind, AccountId>
            {
                [ContractKind.NetworkToken] = new(_solana.Network.Mint.ToBytes32()),
                [ContractKind.ReportVerifier] = new(_solana.Network.Ledger.ToBytes32()),
                [ContractKind.RewardDistributor] = new(_solana.Network.Distributor.ToBytes32()),
                [ContractKind.SettlementProgram] = new(_solana.Network.Program.ToBytes32()),
                [ContractKind.NetworkAccount] = new(_solana.Network.Account.ToBytes32()),
            })
            { Chain = _solana.Chain };
            for (var i = 0; i < 6; i++) await ActAsync();
        }

        public async Task DisposeAsync() => await _solana.DisposeAsync();

        /// <summary>The network tells of something in a transaction.</summary>
        public async Task ActAsync()
        {
            var account = SolanaAddress.From(Keccak256.Hash(BitConverter.GetBytes(Acts++)));
            await _solana.SendAsync(Ct, new Depin.OpenPayoutInstruction(account)
                .ToInstruction(_solana.Network.Program, new Depin.OpenPayoutAccounts { Payer = _solana.Owner, Network = _solana.Network.Account, Page = _solana.Network.PageOf(0) }));
        }

        /// <summary>The runtime's slots with transactions of the network, after one.</summary>
        public Task<IReadOnlyList<ulong>> SourcesAsync(ulong after = 0) => ForkedCluster.TransactionsAsync(_solana.Rpc, _solana.Network.Account, after, Ct);

        internal Task<ForkedCluster> ClusterAsync() => ForkedCluster.StartAsync(_solana.Node.Url, _solana.FirstSlot, _solana.Genesis, Ct);

        internal Task<SourceMirror> MirrorAsync(Chain.Solana.SolanaRpc rpc) => MirrorAsync(new SolanaChainSource(rpc, Network));

        internal Task<SourceMirror> MirrorAsync(IChainSource source) => SourceMirror.CreateAsync(Network, source, new EmissionSchedule(DeployedSolana.EmissionBase, DeployedSolana.EmissionDecay));
    }
}
