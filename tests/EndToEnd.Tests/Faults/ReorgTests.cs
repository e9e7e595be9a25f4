using System.Globalization;
using DePin.Chain.Evm;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;

namespace DePin.EndToEnd.Tests.Faults;

/// <summary>A chain that takes blocks back, under the real hosts.</summary>
[Collection(FaultCollection.Name)]
public sealed class ReorgTests(FaultNetwork network)
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public async Task A_report_that_a_reorg_takes_back_is_landed_again_and_accepted_once(int depth)
    {
        await network.AcceptedAsync(1);
        await using var load = new ProofLoad(network, TimeSpan.FromSeconds(2));
        var epoch = await network.NextEpochAsync();

        // Block by block until the report is in, so that the reorg surely takes it back and everybody has seen what it takes back.
        var dropped = await network.Clock.HoldAsync(async () =>
        {
            while (await network.NextEpochAsync() == epoch) await StepAsync();

            for (var i = 1; i < depth; i++) await network.Anvil.Rpc.MineAsync(1, default);
            var tip = (await network.Rpc.GetHeaderAsync(BlockTag.Latest, default))!;
            await network.HoldsAsync(async () => (await HeadsAsync()).TrueForAll(h => h.SequenceEqual(tip.Hash.ToArray())), "everybody has the block that will be dropped");
            await network.Anvil.Rpc.ReorganiseAsync(depth, default);
            return tip;
        });

        Assert.NotEqual(dropped.Hash, (await network.Rpc.GetHeaderAsync(BlockTag.At(dropped.Number), default))!.Hash);
        await network.AcceptedAsync(epoch);
        await network.AcceptedAsync(epoch + 1);
        await network.HoldsAsync(
            async () => await FaultNetwork.ScalarAsync<long>(network.PublicDatabase, "select coalesce(max(epoch), 0) from chain.reports") > (long)epoch, "the public mirror has the next epoch");
        foreach (var database in (string[])[network.PublicDatabase, .. network.OperatorDatabases])
        {
            Assert.Equal(1, await FaultNetwork.ScalarAsync<long>(database, string.Create(CultureInfo.InvariantCulture, $"select count(*) from chain.reports where epoch = {epoch}")));
            Assert.Equal(0, await FaultNetwork.ScalarAsync<long>(database, $"select count(*) from chain.blocks where block_hash = '\\x{Convert.ToHexString(dropped.Hash.AsSpan())}'"));
        }

        // The API shows the branch that stands.
        var shown = (await network.GetAsync(network.Api, string.Create(CultureInfo.InvariantCulture, $"/v1/epochs/{epoch}")))!["summary"]!;
        var receipt = await network.Rpc.GetReceiptAsync(Bytes32.Parse(shown["acceptedTransaction"]!.ToString()), default);
        Assert.Equal((ulong)shown["acceptedBlock"]!.GetValue<long>(), receipt!.BlockNumber);
        Assert.Equal((await network.CallAsync("ReportVerifier", new ReportVerifier.AcceptedCall(epoch))).Digest.ToString(), shown["digest"]!.ToString());
        await network.HoldsAsync(
            async () => (await network.GetAsync(network.Indexer, "/status"))!["deepestReorg"]!.GetValue<long>() >= depth, "the indexer counts the reorg");
        await network.AssertMirrorIsTheChainAsync(network.PublicDatabase);
        await network.AssertHonestAsync();
    }

    [Fact]
    public async Task A_reorg_past_a_final_block_halts_every_mirror_with_an_alarm_until_it_is_rebuilt()
    {
        await network.AcceptedAsync(1);
        await network.Clock.HoldAsync(async () =>
        {
            // Early in a day, so that the blocks to be dropped hold no period's anchor: what was agreed on stays true on the other branch.
            while (await network.HourAsync() is < 2 or > 6) await StepAsync();
            using var bank = new TransactionSender(network.Rpc, network.Bootstrap.Deployer, new FeePolicy { PollInterval = TimeSpan.FromMilliseconds(100) });
            var transfer = bank.SendAsync(network.Manifest.AddressOf("NetworkToken"), new NetworkToken.TransferCall(network.Devices[0].Provider.Address, (UInt128)1), default);
            while (!transfer.IsCompleted) await StepAsync();
            var first = (await transfer).BlockNumber; // an empty block would come out the same again
            while (await network.Rpc.GetBlockNumberAsync(default) < first + FaultNetwork.FinalityDepth + 2) await StepAsync();
            var tip = (await network.Rpc.GetHeaderAsync(BlockTag.Latest, default))!;
            await network.HoldsAsync(async () => (await HeadsAsync()).TrueForAll(h => h.SequenceEqual(tip.Hash.ToArray())), "everybody is at the tip");
            await network.Anvil.Rpc.ReorganiseAsync((int)(tip.Number - first) + 1, default);
            return tip;
        });

        // Everybody halts, says so wherever somebody looks, and says what to do.
        string[] databases = [network.PublicDatabase, .. network.OperatorDatabases];
        foreach (var database in databases)
        {
            await network.HoldsAsync(async () => await FaultNetwork.ScalarAsync<string>(database, "select halted from chain.checkpoints") is not null, "the mirror is halted");
            Assert.Contains("depin index rebuild", await FaultNetwork.ScalarAsync<string>(database, "select halted from chain.checkpoints"), StringComparison.Ordinal);
        }

        foreach (var host in (Host[])[network.Indexer, network.Api, .. network.Operators])
            await network.HoldsAsync(async () => await network.FetchAsync(host, "/ready") is (503, var text) && text.Contains("halted", StringComparison.Ordinal) | text.Contains("was final", StringComparison.Ordinal), $"{host.Name} is not ready and says why");
        Assert.Equal(503, (await network.FetchAsync(network.Indexer, "/health")).Status);
        Assert.Contains("\ndepin_mirror_halted 1", (await network.FetchAsync(network.Indexer, "/metrics")).Text, StringComparison.Ordinal);
        foreach (var one in network.Operators)
            await network.HoldsAsync(async () => (await network.FetchAsync(one, "/metrics")).Text.Contains("kind=\"reorg-past-finality\"", StringComparison.Ordinal), $"{one.Name} raises an alarm");
        await network.HoldsAsync(async () => (await network.FetchAsync(network.Jobs, "/alarms")).Text.Contains("mirror-halted", StringComparison.Ordinal), "the job host raises an alarm");

        // The chain goes on; nobody writes, signs or sends.
        var (heads, signed, sent) = (await HeadsAsync(), await SignedAsync(), await SentAsync());
        var from = await network.Rpc.GetBlockNumberAsync(default);
        await network.HoldsAsync(async () => await network.Rpc.GetBlockNumberAsync(default) >= from + 10, "ten blocks pass");
        Assert.Equal(heads.Select(Convert.ToHexString), (await HeadsAsync()).Select(Convert.ToHexString));
        Assert.Equal(signed, await SignedAsync());
        Assert.Equal(sent, await SentAsync());

        // What the message says to do.
        foreach (var (host, database) in ((Host, string)[])[(network.Indexer, network.PublicDatabase), .. network.Operators.Zip(network.OperatorDatabases)])
        {
            await host.StopAsync();
            var result = await RunningNetwork.DepinAsync(["index", "rebuild", "--promote", "--database", database, "--network", network.ManifestPath, "--rpc", network.Anvil.Url.ToString()]);
            Assert.True(result.Code == 0, result.ToString());
            await host.LaunchAsync();
        }

        foreach (var host in network.Hosts) await host.HealthyAsync();
        await network.AcceptedAsync(await network.NextEpochAsync() + 1);
        await network.HoldsAsync(async () => (await network.FetchAsync(network.Indexer, "/ready")).Status == 200, "the indexer is ready again");
        foreach (var database in databases) await network.AssertMirrorIsTheChainAsync(database);
        await network.AssertHonestAsync();
    }

    private async Task StepAsync()
    {
        network.AssertAlive();
        await network.Anvil.Rpc.MineAsync(1, default);
        await Task.Delay(network.Clock.Every);
    }

    private async Task<List<byte[]>> HeadsAsync()
    {
        var heads = new List<byte[]>();
        foreach (var database in (string[])[network.PublicDatabase, .. network.OperatorDatabases])
            heads.Add(await FaultNetwork.ScalarAsync<byte[]>(database, "select block_hash from chain.checkpoints") ?? []);
        return heads;
    }

    private Task<long> SignedAsync() => CountAsync("oracle.signed_reports");

    private Task<long> SentAsync() => CountAsync("oracle.transmissions");

    private async Task<long> CountAsync(string table)
    {
        var count = 0L;
        foreach (var database in network.OperatorDatabases) count += await FaultNetwork.ScalarAsync<long>(database, $"select count(*) from {table}");
        return count;
    }
}
