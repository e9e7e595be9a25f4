using System.Diagnostics;
using DePin.ContractBindings.Evm;
using DePin.DevTools;
using DePin.Mirror;
using DePin.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace DePin.Storage.Tests;

/// <summary>The indexer as a process, killed with SIGKILL again and again. DEPIN_DEEP=1 makes it a thousand times.</summary>
public sealed class KilledIndexerTests
{
    [Fact]
    public async Task Loses_nothing_and_doubles_nothing_however_often_it_is_killed()
    {
        var kills = Environment.GetEnvironmentVariable("DEPIN_DEEP") == "1" ? 1_000 : 20;
        var ct = CancellationToken.None;
        await using var chain = await DeployedChain.StartAsync(new AnvilOptions { SlotsInAnEpoch = 4, TimestampInterval = 1 }, ct);
        var (node, rpc, manifest, path) = (chain.Node, chain.Rpc, chain.Manifest, chain.ManifestPath);
        await using var database = await TestDatabase.CreateAsync();
        var network = manifest.ToMirroredNetwork();
        var token = manifest.AddressOf("NetworkToken");
        using var bank = chain.NewSender();
        var random = new Random(20);
        var advances = 0;
        ulong seen = 0;
        for (var kill = 0; kill < kills; kill++)
        {
            for (var i = 0; i < 4; i++)
                await bank.SendAsync(token, new NetworkToken.TransferCall(FakeNetworkActivity.AddressOf($"holder {random.Next(30)}"), (UInt128)(ulong)random.NextInt64()), ct);
            await node.Rpc.MineAsync(random.Next(1, 60), ct);
            if (kill % 4 == 3) await node.Rpc.ReorganiseAsync(random.Next(1, 3), ct);
            using var indexer = Start(database.ConnectionString, path, node.Url);
            await WaitAsync(indexer, database, seen, random, ct);
            indexer.Kill();
            await indexer.WaitForExitAsync(ct);
            var head = (ulong)await database.ScalarAsync<long>("select coalesce(max(block_number), 0) from chain.checkpoints", ct);
            if (head > seen) advances++;
            seen = head;
            await AssertWholeAsync(database, ct);
        }

        Assert.True(advances > kills / 4, $"Only {advances} of {kills} runs came to write anything: the test shows nothing.");
        using (var last = Start(database.ConnectionString, path, node.Url))
        {
            var tip = await rpc.GetBlockNumberAsync(ct);
            await Eventually.HoldsAsync(async () => await database.ScalarAsync<long>("select coalesce(max(block_number), 0) from chain.checkpoints", ct) == (long)tip,
                "the last indexer reaches the tip", ct);
            last.Kill();
            await last.WaitForExitAsync(ct);
        }

        await using var live = new MirrorDatabase(database.ConnectionString);
        var rebuild = new MirrorRebuild(database.DataSource, database.ConnectionString, network, new EvmChainSource(rpc, network), new FollowerOptions(), TimeProvider.System, NullLoggerFactory.Instance);
        Assert.Empty((await rebuild.RunAsync(promote: false, null, ct)).Differences);
        Assert.Empty((await new MirrorVerifier(live, network, manifest.ToEmissionSchedule(), rpc).VerifyAsync(null, ct)).Differences);
    }

    /// <summary>Kills at a random moment of the start, or a random moment after the first write.</summary>
    private static async Task WaitAsync(Process indexer, TestDatabase database, ulong seen, Random random, CancellationToken ct)
    {
        if (random.Next(3) == 0)
        {
            await Task.Delay(random.Next(50, 1_500), ct);
            return;
        }

        await Eventually.HoldsAsync(async () => indexer.HasExited
            || (ulong)await database.ScalarAsync<long>("select coalesce(max(block_number), 0) from chain.checkpoints", ct) > seen, "the indexer writes", ct);
        Assert.False(indexer.HasExited, "The indexer ended by itself.");
        await Task.Delay(random.Next(0, 40), ct);
    }

    /// <summary>Wherever it was killed, the mirror ends exactly at its checkpoint.</summary>
    private static async Task AssertWholeAsync(TestDatabase database, CancellationToken ct) => Assert.True(await database.ScalarAsync<bool>(
        """
        select not exists (select from chain.checkpoints) or (
            select c.block_number = coalesce((select max(b.block_number) from chain.blocks b), c.block_number)
               and c.block_number - h.first_block + 1 = (select count(*) from chain.blocks)
               and (select coalesce(sum(b.log_count), 0) from chain.blocks b) = (select count(*) from chain.logs)
               and (select coalesce(sum(balance), 0) from chain.holders) = (select coalesce(sum(minted - burned), 0) from chain.tokens)
            from chain.checkpoints c join chain.chains h using (chain_id))
        """, ct), "After a kill the mirror does not end at its checkpoint.");

    private static Process Start(string database, string manifest, Uri rpc)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        var dll = Path.Combine(folder.Parent!.Parent!.FullName, "Indexer", folder.Name, "DePin.Indexer.dll");
        var start = new ProcessStartInfo("dotnet", [dll]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetDirectoryName(manifest)! };
        start.Environment["Indexer__Database"] = database;
        start.Environment["Indexer__Manifest"] = manifest;
        start.Environment["Indexer__Rpc__0"] = rpc.ToString();
        start.Environment["Indexer__PollMilliseconds"] = "20";
        start.Environment["ASPNETCORE_URLS"] = $"http://127.0.0.1:{LoopbackPort.Free()}";
        start.Environment["Logging__LogLevel__Default"] = "Warning";
        var process = Process.Start(start)!;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }
}
