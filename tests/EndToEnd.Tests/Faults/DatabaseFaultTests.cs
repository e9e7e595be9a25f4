using DePin.Cryptography;

namespace DePin.EndToEnd.Tests.Faults;

/// <summary>A PostgreSQL server that goes away under all hosts at once, in the middle of whatever they do.</summary>
[Collection(FaultCollection.Name)]
public sealed class DatabaseFaultTests(FaultNetwork network)
{
    [Fact]
    public async Task Restarted_under_load_it_loses_no_receipt_doubles_no_proof_and_ends_no_host()
    {
        await network.AcceptedAsync(1);
        var random = new Random(5);
        await using var load = new ProofLoad(network, TimeSpan.FromMilliseconds(100));
        using var stop = new CancellationTokenSource();
        var reading = ReadAsync(stop.Token);
        for (var restart = 0; restart < 5; restart++)
        {
            var before = load.Receipts.Count;
            await network.HoldsAsync(() => Task.FromResult(load.Receipts.Count >= before + 40), "receipts are given");
            await network.Postgres.AbortAsync(TimeSpan.FromMilliseconds(random.Next(50, 1_500)), default);
            network.AssertAlive();
        }

        await network.AcceptedAsync(await network.NextEpochAsync()); // with the load still on
        await load.StopAsync();
        await stop.CancelAsync();
        Assert.Empty((await reading).Except([200, 503])); // the API's answers meanwhile
        Assert.True(load.Refusals.ContainsKey("500") || load.Refusals.Keys.Any(k => k.Contains("error", StringComparison.OrdinalIgnoreCase)), "no request met the outage: the test shows nothing");

        // Every receipt is durable at the operator that gave it, once.
        for (var i = 0; i < network.Operators.Count; i++)
        {
            var stored = (await FaultNetwork.ColumnAsync<byte[]>(network.OperatorDatabases[i], "select id from oracle.proofs")).Select(id => new Bytes32(id)).ToList();
            Assert.Equal(stored.Count, stored.Distinct().Count());
            Assert.Empty(load.Receipts.Where(r => r.Value == i).Select(r => r.Key).Except(stored));
            Assert.Equal(0, await FaultNetwork.ScalarAsync<long>(network.OperatorDatabases[i], "select count(*) from oracle.lane_conflicts"));
        }

        // Each has one verdict in one final epoch.
        var last = await network.NextEpochAsync() + 1;
        await network.FinalAsync(last);
        await network.HoldsAsync(
            async () => await FaultNetwork.ScalarAsync<long>(network.PublicDatabase, "select coalesce(max(epoch), 0) from evidence.epochs") >= (long)last, $"epoch {last} is imported");
        var judged = (await FaultNetwork.ColumnAsync<byte[]>(network.PublicDatabase, "select proof_id from evidence.verdicts")).Select(id => new Bytes32(id)).CountBy(static id => id).ToDictionary();
        Assert.Empty(load.Receipts.Keys.Where(id => judged.GetValueOrDefault(id) != 1).Select(id => $"{id}: {judged.GetValueOrDefault(id)} verdicts"));
        await network.AssertMirrorIsTheChainAsync(network.PublicDatabase);
        foreach (var database in network.OperatorDatabases) await network.AssertMirrorIsTheChainAsync(database);
        await network.AssertHonestAsync();
        await network.HoldsAsync(async () => (await network.FetchAsync(network.Api, "/v1/epochs?limit=1")).Status == 200, "the API answers");
    }

    private async Task<HashSet<int>> ReadAsync(CancellationToken ct)
    {
        var seen = new HashSet<int>();
        while (!ct.IsCancellationRequested)
        {
            seen.Add((await network.FetchAsync(network.Api, "/v1/epochs?limit=5")).Status);
            await Task.Delay(100, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return seen;
    }
}
