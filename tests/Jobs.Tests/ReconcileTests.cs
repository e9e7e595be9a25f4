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
        var reconcile = new ReconcileJob([new Reconciled(network, new MirrorVerifier(mirrored, network, manifest.ToEmissionSchedule(), rpc))], store, TimeProvider.System, NullLogger<ReconcileJob>.Instance);
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

    [Fact]
    public async Task A_network_whose_chain_does_not_answer_keeps_no_other_from_being_compared_and_is_told_of()
    {
        var ct = CancellationToken.None;
        await using var database = await TestDatabase.CreateAsync();
        var store = new HousekeepingStore(database.DataSource);
        var (first, second, third) = (NetworkOf(1, "eip155:31337"), NetworkOf(2, "solana:11111111111111111111111111111111"), NetworkOf(3, "eip155:1"));
        var job = new ReconcileJob(
            [new Reconciled(first, new Answer(null)), new Reconciled(second, new Answer(["operators 1"])), new Reconciled(third, new Answer([]))], store, TimeProvider.System, NullLogger<ReconcileJob>.Instance);
        await Assert.ThrowsAsync<HttpRequestException>(async () => await job.Execute(null!, ct));
        Assert.Equal([(third.Caip2, "[]"), (second.Caip2, "[\"operators 1: mirror a, chain b\"]")], (await store.ReconciliationsAsync(ct)).Select(r => (r.Chain, r.Differences)));
    }

    [Fact]
    public void Networks_are_named_one_beside_the_other_and_what_is_amiss_is_told_by_its_setting()
    {
        var network = new NetworkOptions { Manifest = "other.json", Rpc = [new Uri("http://127.0.0.1:1")], ChainId = 2 };
        var options = new JobsOptions { Database = "", Manifest = "one.json", Rpc = [new Uri("http://127.0.0.1:2")], Networks = [network] };
        Assert.Equal([("one.json", (short)1), ("other.json", (short)2)], options.AllNetworks().Select(n => (n.Manifest, n.ChainId)));
        Assert.Equal([network], (options with { Manifest = "", Rpc = [] }).AllNetworks());

        Assert.Contains("Jobs:Networks:0:Manifest", Why(options with { Manifest = "", Rpc = [], Networks = [] }), StringComparison.Ordinal);
        Assert.Contains("Jobs:Manifest", Why(options with { Manifest = "" }), StringComparison.Ordinal);
        Assert.Contains("Jobs:Rpc:0", Why(options with { Rpc = [] }), StringComparison.Ordinal);
        Assert.Contains("Jobs:Networks:0:Manifest", Why(options with { Networks = [network with { Manifest = "" }] }), StringComparison.Ordinal);
        Assert.Contains("Jobs:Networks:0:Rpc:0", Why(options with { Networks = [network with { Rpc = [] }] }), StringComparison.Ordinal);
        Assert.Contains("Jobs:Networks:0:ChainId", Why(options with { Networks = [network with { ChainId = 0 }] }), StringComparison.Ordinal);
        Assert.Contains("Jobs and Jobs:Networks:0", Why(options with { Networks = [network with { ChainId = 1 }] }), StringComparison.Ordinal);

        static string Why(JobsOptions options) => Assert.Throws<System.ComponentModel.DataAnnotations.ValidationException>(() => options.AllNetworks()).Message;
    }

    private static MirroredNetwork NetworkOf(short chain, string caip2) => new(chain, caip2, default, 1, 0, new Dictionary<ContractKind, Protocol.AccountId>());

    /// <summary>Finds these differences; null does not answer.</summary>
    private sealed class Answer(string[]? differences) : IMirrorVerifier
    {
        public Task<MirrorVerification> VerifyAsync(ulong? at, CancellationToken ct) => differences is null
            ? throw new HttpRequestException("no answer")
            : Task.FromResult(new MirrorVerification(new BlockPoint(7, default), new SortedDictionary<string, int> { ["operators"] = 4 }, [.. differences.Select(d => new MirrorDifference(d, "a", "b"))]));
    }
}
