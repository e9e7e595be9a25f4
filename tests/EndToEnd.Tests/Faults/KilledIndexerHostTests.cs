using System.Globalization;
using DePin.DevTools;
using DePin.TestKit;

namespace DePin.EndToEnd.Tests.Faults;

/// <summary>A second indexer of the running network, killed with SIGKILL while it mirrors and while it imports evidence. DEPIN_DEEP=1 makes it a thousand times.</summary>
[Collection(FaultCollection.Name)]
public sealed class KilledIndexerHostTests(FaultNetwork network)
{
    private static readonly string[] Evidence = ["epochs", "leaves", "lines", "verdicts"];

    [Fact]
    public async Task Mirror_and_evidence_are_whole_after_every_kill_and_in_the_end_those_of_an_indexer_that_was_never_killed()
    {
        var kills = Environment.GetEnvironmentVariable("DEPIN_DEEP") == "1" ? 1_000 : 20;
        await using var load = new ProofLoad(network, TimeSpan.FromSeconds(2));
        await network.FinalAsync(2);
        await network.HoldsAsync(async () => await FaultNetwork.ScalarAsync<long>(network.PublicDatabase, "select coalesce(max(epoch), 0) from evidence.epochs") >= 2, "the public indexer has two epochs");
        var database = await network.Postgres.CreateDatabaseAsync(default);
        await using var victim = network.ExtraHost("victim", "Indexer", LoopbackPort.Free(), network.IndexerSettings(database, network.Anvil.Url));
        var random = new Random(6);
        var (mirrored, imported) = (0, 0);
        for (var kill = 0; kill < kills; kill++)
        {
            // What it has imported is taken away now and then, so that there is something to import whenever it is killed.
            if (kill % 2 == 1) await FaultNetwork.ScalarAsync<object>(database, "delete from evidence.epochs");
            var (blocks, epochs) = await ProgressAsync(database);
            await victim.LaunchAsync();
            var wait = random.Next(3);
            if (wait == 0) await Task.Delay(random.Next(50, 2_000));
            else
                await network.HoldsAsync(async () => victim.IsRunning
                    ? await ProgressAsync(database) is var now && (wait == 1 ? now.Blocks > blocks : now.Epochs > epochs || now.Epochs >= await EpochsAsync(network.PublicDatabase))
                    : throw victim.Ended, "the victim writes");
            await Task.Delay(random.Next(0, 40));
            await victim.KillAsync();
            var after = await ProgressAsync(database);
            if (after.Blocks > blocks) mirrored++;
            if (after.Epochs > epochs) imported++;
            await AssertWholeAsync(database);
        }

        Assert.True(mirrored > kills / 4 && imported > kills / 10, $"Of {kills} runs only {mirrored} mirrored and {imported} imported anything: the test shows nothing.");
        await victim.StartAsync();
        var last = await EpochsAsync(network.PublicDatabase);
        await network.HoldsAsync(async () => (await ProgressAsync(database)).Epochs >= last, $"the victim imports {last} epochs");
        await victim.KillAsync();
        // Made anew from two providers, of which one leaves logs out: it does not come to the end of it, says why, and once they agree it is the same.
        await using var second = await RpcProxy.StartAsync(network.Anvil.Url, default);
        string[] rebuild = ["index", "rebuild", "--database", database, "--network", network.ManifestPath, "--rpc", network.Anvil.Url.ToString(), "--rpc", second.Url.ToString(), "--quorum", "2"];
        second.Apply(new RpcFault.TruncateLogs(0), "eth_getLogs");
        var refused = await RunningNetwork.DepinAsync(rebuild);
        Assert.True(refused.Code != 0 && refused.ToString().Contains("No 2 of 2", StringComparison.Ordinal) && refused.ToString().Contains(second.Url.Authority, StringComparison.Ordinal), refused.ToString());
        second.Clear();
        var result = await RunningNetwork.DepinAsync(rebuild);
        Assert.True(result.Code == 0, result.ToString());
        await network.AssertMirrorIsTheChainAsync(database);
        foreach (var table in Evidence)
        {
            var content = string.Create(CultureInfo.InvariantCulture, $"select count(*) || ' ' || coalesce(md5(string_agg(md5(({Row(table)})::text), '' order by md5(({Row(table)})::text))), '') from evidence.{table} t where epoch <= {last}");
            Assert.Equal(await FaultNetwork.ScalarAsync<string>(network.PublicDatabase, content), await FaultNetwork.ScalarAsync<string>(database, content));
        }
    }

    // When it was imported differs; everything else may not.
    private static string Row(string table) => table == "epochs" ? "to_jsonb(t) - 'imported_at'" : "to_jsonb(t)";

    private static Task<long> EpochsAsync(string database) => FaultNetwork.ScalarAsync<long>(database, "select coalesce(max(epoch), 0) from evidence.epochs");

    private static async Task<(long Blocks, long Epochs)> ProgressAsync(string database) =>
        (await FaultNetwork.ScalarAsync<long>(database, "select coalesce(max(block_number), 0) from chain.checkpoints"), await EpochsAsync(database));

    /// <summary>Wherever it was killed, the mirror ends exactly at its checkpoint, and an epoch is imported whole or not at all.</summary>
    private static async Task AssertWholeAsync(string database) => Assert.True(await FaultNetwork.ScalarAsync<bool>(database,
        """
        select (not exists (select from chain.checkpoints) or (
            select c.block_number = coalesce((select max(b.block_number) from chain.blocks b), c.block_number)
               and c.block_number - h.first_block + 1 = (select count(*) from chain.blocks)
               and (select coalesce(sum(b.log_count), 0) from chain.blocks b) = (select count(*) from chain.logs)
               and (select coalesce(sum(balance), 0) from chain.holders) = (select coalesce(sum(minted - burned), 0) from chain.tokens)
            from chain.checkpoints c join chain.chains h using (chain_id)))
          and not exists (
            select from evidence.epochs e
            where e.accepted + e.rejected + e.inconclusive <> (select count(*) from evidence.verdicts v where v.network_id = e.network_id and v.epoch = e.epoch)
               or e.accounts <> (select count(*) from evidence.leaves l where l.network_id = e.network_id and l.epoch = e.epoch))
          and (select count(*) from evidence.epochs) = (select coalesce(max(epoch), 0) - coalesce(min(epoch), 1) + 1 from evidence.epochs)
        """), "After a kill something is half written.");
}
