using DePin.ContractBindings.Evm;
using DePin.DevTools;
using DePin.Mirror;
using DePin.Storage.Jobs;
using DePin.Storage.Read;
using DePin.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace DePin.Jobs.Tests;

/// <summary>The comparison of the mirror with the contracts, on the contracts.</summary>
public sealed class ReconcileTests
{
    [Fact]
    public async Task Records_what_differs_and_an_alarm_follows_until_the_mirror_is_mended()
    {
        var ct = CancellationToken.None;
        await using var chain = await DeployedChain.StartAsync(new AnvilOptions { SlotsInAnEpoch = 1, TimestampInterval = 1 }, ct);
        var (rpc, manifest) = (chain.Rpc, chain.Manifest);
        await using var database = await TestDatabase.CreateAsync();
        using (var bank = chain.NewSender())
        {
            for (var i = 0; i < 5; i++)
                await bank.SendAsync(manifest.AddressOf("NetworkToken"), new NetworkToken.TransferCall(FakeNetworkActivity.AddressOf($"holder {i}"), (UInt128)(1_000 + i)), ct);
        }

        await chain.Node.Rpc.MineAsync(4, ct);
        var network = manifest.ToMirroredNetwork();
        await using var mirrored = new MirrorDatabase(database.ConnectionString);
        var mirror = new ChainMirror(mirrored, network);
        await mirror.InitializeAsync(ct);
        var store = new HousekeepingStore(database.DataSource);
        var reconcile = Job(new ReconciledNetwork(network, new MirrorVerifier(mirrored, network, manifest.ToEmissionSchedule(), rpc)));
        ReconcileJob Job(params ReconciledNetwork[] networks) => new(networks, store, TimeProvider.System, NullLogger<ReconcileJob>.Instance);
        var alarms = new AlarmJob(store, new ParticipantReads(database.DataSource), JobsNetwork.Options(), TimeProvider.System, NullLogger<AlarmJob>.Instance);

        // Nothing is mirrored: there is nothing to compare, and that is no failure.
        await reconcile.Execute(null!, ct);
        Assert.Empty(await store.ReconciliationsAsync(ct));

        var follower = new ChainFollower(mirror, new EvmChainSource(rpc, network), new FollowerOptions(), TimeProvider.System, NullLogger<ChainFollower>.Instance);
        while (await follower.StepAsync(ct) != Convergence.NothingNew)
        {
        }

        await reconcile.Execute(null!, ct);
        var same = Assert.Single(await store.ReconciliationsAsync(ct));
        Assert.Equal("[]", same.Differences);
        Assert.True(same.Compared > 10);

        // A chain that does not answer fails the run, and keeps no other from being compared.
        await database.ExecuteAsync("delete from jobs.reconciliations", ct);
        var silent = new ReconciledNetwork(network with { ChainId = 2, Caip2 = "eip155:1" }, new SilentChain());
        var failed = await Assert.ThrowsAsync<IOException>(() => Job(silent, new ReconciledNetwork(network, new MirrorVerifier(mirrored, network, manifest.ToEmissionSchedule(), rpc))).Execute(null!, ct).AsTask());
        Assert.Equal("no answer", failed.Message);
        Assert.Equal(network.Caip2, Assert.Single(await store.ReconciliationsAsync(ct)).Chain);

        await database.ExecuteAsync("update chain.holders set balance = balance + 7 where balance = 1002", ct);
        await reconcile.Execute(null!, ct);
        await reconcile.Execute(null!, ct);
        var wrong = Assert.Single(await store.ReconciliationsAsync(ct));
        Assert.Contains("1009, chain 1002", wrong.Differences, StringComparison.Ordinal);
        await alarms.Execute(null!, ct);
        await alarms.Execute(null!, ct);
        Assert.Equal(1, await database.ScalarAsync<long>("select count(*) from jobs.alarms where key like '%/mirror-differs' and cleared_at is null and severity = 'critical'", ct));

        await database.ExecuteAsync("update chain.holders set balance = 1002 where balance = 1009", ct);
        await reconcile.Execute(null!, ct);
        await alarms.Execute(null!, ct);
        Assert.Equal(0, await database.ScalarAsync<long>("select count(*) from jobs.alarms where cleared_at is null and key like '%/mirror-differs'", ct));
    }

    private sealed class SilentChain : IMirrorVerifier
    {
        public Task<MirrorVerification> VerifyAsync(ulong? at, CancellationToken ct) => throw new IOException("no answer");
    }
}
