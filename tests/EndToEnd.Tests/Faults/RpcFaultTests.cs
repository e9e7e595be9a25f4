using DePin.TestKit;

namespace DePin.EndToEnd.Tests.Faults;

/// <summary>Nodes that stall, lag, leave logs out and fail, under the real hosts.</summary>
[Collection(FaultCollection.Name)]
public sealed class RpcFaultTests(FaultNetwork network)
{
    [Fact]
    public async Task A_node_that_lags_stalls_and_leaves_logs_out_holds_nobody_up_and_who_reads_it_signs_nothing_wrong_and_catches_up()
    {
        await using var load = new ProofLoad(network, TimeSpan.FromMilliseconds(700));
        RpcProxy[] bad = [network.OperatorRpc[3], network.IndexerRpc];
        await network.AcceptedAsync(1);

        // Each fault is on for an epoch that the other three must finish without the fourth.
        await network.WithFaultsAsync(async () =>
        {
            foreach (var fault in (RpcFault[])[new RpcFault.Lag(30), new RpcFault.HideNewestLogs(5), new RpcFault.TruncateLogs(1), new RpcFault.Stall()])
            {
                var next = await network.NextEpochAsync();
                var met = bad.Sum(p => p.Faulted);
                foreach (var proxy in bad) proxy.Apply(fault);
                await network.AcceptedAsync(next);
                if (fault is RpcFault.Stall) await network.HoldsAsync(async () => (await network.FetchAsync(network.Indexer, "/ready")).Status == 503, "the indexer says that it is not ready");
                await network.HoldsAsync(() => Task.FromResult(bad.Sum(p => p.Faulted) > met), $"somebody meets {fault}");
            }
        });

        var missed = await network.NextEpochAsync() - 1;
        await network.HoldsAsync(
            async () => await FaultNetwork.ScalarAsync<long>(network.OperatorDatabases[3], "select coalesce(max(epoch), 0) from oracle.reports") >= (long)missed, $"operator 4 has epoch {missed}");
        var signed = await FaultNetwork.ScalarAsync<long>(network.OperatorDatabases[3], "select count(*) from oracle.signed_reports");
        await network.HoldsAsync(
            async () => await FaultNetwork.ScalarAsync<long>(network.OperatorDatabases[3], "select count(*) from oracle.signed_reports") > signed, "operator 4 signs again");
        await network.HoldsAsync(
            async () => await FaultNetwork.ScalarAsync<long>(network.PublicDatabase, "select coalesce(max(epoch), 0) from chain.reports") >= (long)missed, $"the public mirror has epoch {missed}");
        await network.AssertMirrorIsTheChainAsync(network.OperatorDatabases[3]);
        await network.AssertMirrorIsTheChainAsync(network.PublicDatabase);
        await network.AssertHonestAsync();
    }

    [Fact]
    public async Task A_chain_that_nobody_can_reach_for_a_while_is_waited_out_in_process()
    {
        await network.AcceptedAsync(1);
        RpcProxy[] all = [.. network.OperatorRpc, network.IndexerRpc];
        var (head, accepted) = (0L, 0UL);
        await network.WithFaultsAsync(async () =>
        {
            foreach (var fault in (RpcFault[])[new RpcFault.Drop(), new RpcFault.Status(503), new RpcFault.Garbage(), new RpcFault.Status(429)])
            {
                var met = all.Select(p => p.Faulted).ToArray();
                foreach (var proxy in all) proxy.Apply(fault);
                await network.HoldsAsync(() => Task.FromResult(all.Select((p, i) => p.Faulted >= met[i] + 3).All(b => b)), $"everybody has met {fault}");
            }

            head = await FaultNetwork.ScalarAsync<long>(network.PublicDatabase, "select block_number from chain.checkpoints");
            accepted = await network.NextEpochAsync();
            await network.HoldsAsync(async () => (await network.FetchAsync(network.Indexer, "/ready")).Status == 503, "the indexer says that it is not ready");
        });

        await network.HoldsAsync(async () => await FaultNetwork.ScalarAsync<long>(network.PublicDatabase, "select block_number from chain.checkpoints") > head, "the indexer goes on");
        await network.AcceptedAsync(accepted + 1);
        await network.HoldsAsync(async () => (await network.FetchAsync(network.Indexer, "/ready")).Status == 200, "the indexer is ready");
        await network.AssertHonestAsync();
    }
}
