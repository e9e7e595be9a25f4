using DePin.Storage.Jobs;
using DePin.Storage.SignIn;
using DePin.Storage.Read;
using Microsoft.Extensions.Logging.Abstractions;

namespace DePin.Jobs.Tests;

public sealed class HousekeepingTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Sums_every_imported_epoch_once_and_a_second_run_changes_nothing()
    {
        await using var network = await JobsNetwork.CreateAsync();
        for (var epoch = 1; epoch <= 3; epoch++) await network.ImportAsync(epoch);
        var job = new RollUpJob(network.Store);
        await job.Execute(null!, CancellationToken.None);
        var (classes, reasons, epochs) = (await network.RowsAsync("jobs.epoch_classes"), await network.RowsAsync("jobs.epoch_reasons"), await network.RowsAsync("jobs.epoch_rollups"));
        Assert.Equal(3, await network.ScalarAsync<long>("select count(*) from jobs.epoch_classes where devices = 3 and accounts = 2 and accepted = 30 and rejected = 9 and inconclusive = 3 and amount = 303"));
        Assert.Equal(90, await network.ScalarAsync<decimal>("select sum(proofs) from jobs.epoch_reasons where judgement = 0"));
        Assert.Equal(30, await network.ScalarAsync<decimal>("select sum(proofs) from jobs.epoch_reasons where judgement = 1 and reason = 5"));

        await job.Execute(null!, CancellationToken.None);
        Assert.Equal((classes, reasons, epochs), (await network.RowsAsync("jobs.epoch_classes"), await network.RowsAsync("jobs.epoch_reasons"), await network.RowsAsync("jobs.epoch_rollups")));
        Assert.Equal(0, await network.Store.RollUpAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Takes_an_epoch_without_proofs_once_and_no_more_epochs_a_run_than_it_may()
    {
        await using var network = await JobsNetwork.CreateAsync();
        for (var epoch = 1; epoch <= HousekeepingStore.MostEpochs + 2; epoch++) await network.ImportAsync(epoch, proofs: 0);
        Assert.Equal(HousekeepingStore.MostEpochs, await network.Store.RollUpAsync(CancellationToken.None));
        Assert.Equal(HousekeepingStore.MostEpochs, await network.ScalarAsync<long>("select max(epoch) from jobs.epoch_rollups"));
        Assert.Equal(2, await network.Store.RollUpAsync(CancellationToken.None));
        Assert.Equal(0, await network.Store.RollUpAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Keeps_the_sums_of_verdicts_that_are_gone()
    {
        await using var network = await JobsNetwork.CreateAsync();
        await network.ImportAsync(1);
        await network.Store.RollUpAsync(CancellationToken.None);
        var before = await network.RowsAsync("jobs.epoch_reasons");
        await network.Database.ExecuteAsync("delete from evidence.verdicts; delete from jobs.epoch_rollups", CancellationToken.None);
        await network.Store.RollUpAsync(CancellationToken.None);
        Assert.Equal(before, await network.RowsAsync("jobs.epoch_reasons"));
        Assert.NotEmpty(before);
    }

    [Fact]
    public async Task Gives_up_nothing_that_is_not_summed_or_that_a_root_in_a_final_block_does_not_outdate()
    {
        await using var network = await JobsNetwork.CreateAsync();
        network.MineFinalEpochs(1, 6);
        await network.FollowAsync();
        for (var epoch = 1; epoch <= 6; epoch++) await network.ImportAsync(epoch);
        var job = new PruneJob(network.Store, new RunStore(network.Database.DataSource), new SignInStore(network.Database.DataSource, SignInSchema.Jobs), JobsNetwork.Options(keepVerdicts: 3, keepTrees: 2), TimeProvider.System);

        // Nothing is rolled up: no verdict may go. The last root's block is not final: root 5 counts.
        await job.Execute(null!, CancellationToken.None);
        Assert.Equal((1L, 4L), await RetentionAsync(network));

        await network.Store.RollUpAsync(CancellationToken.None);
        await network.Database.ExecuteAsync("delete from jobs.epoch_rollups where epoch in (3, 5)", CancellationToken.None);
        await job.Execute(null!, CancellationToken.None);
        Assert.Equal((3L, 4L), await RetentionAsync(network));

        await network.Store.RollUpAsync(CancellationToken.None);
        for (var i = 0; i < 3; i++) network.Chain.Mine();
        await network.FollowAsync();
        await job.Execute(null!, CancellationToken.None);
        Assert.Equal((4L, 5L), await RetentionAsync(network));
        var rows = await network.RowsAsync("jobs.retention");
        await job.Execute(null!, CancellationToken.None);
        Assert.Equal(rows, await network.RowsAsync("jobs.retention"));

        // What was given up is not asked back by a larger setting.
        await new PruneJob(network.Store, new RunStore(network.Database.DataSource), new SignInStore(network.Database.DataSource, SignInSchema.Jobs), JobsNetwork.Options(keepVerdicts: 50, keepTrees: 50), TimeProvider.System).Execute(null!, CancellationToken.None);
        Assert.Equal(rows, await network.RowsAsync("jobs.retention"));
    }

    [Fact]
    public async Task Forgets_old_comparisons_and_cleared_alarms_but_not_the_newest_comparison_nor_an_open_alarm()
    {
        await using var network = await JobsNetwork.CreateAsync();
        var old = Noon.AddDays(-40);
        await network.Store.AddReconciliationAsync("eip155:1", 1, 10, [], old, CancellationToken.None);
        await network.Store.AddReconciliationAsync("eip155:1", 2, 10, [], old, CancellationToken.None);
        await network.Store.AddReconciliationAsync("eip155:2", 1, 10, [], old, CancellationToken.None);
        await network.Store.AddReconciliationAsync("eip155:2", 2, 10, [], Noon, CancellationToken.None);
        await network.Store.SetAlarmsAsync("a", [new("gone", AlarmSeverity.Warning, ""), new("open", AlarmSeverity.Critical, "")], old, CancellationToken.None);
        await network.Store.SetAlarmsAsync("a", [new("open", AlarmSeverity.Critical, "")], old.AddMinutes(1), CancellationToken.None);
        var job = new PruneJob(network.Store, new RunStore(network.Database.DataSource), new SignInStore(network.Database.DataSource, SignInSchema.Jobs), JobsNetwork.Options(), new SetClock(Noon));
        for (var run = 0; run < 2; run++)
        {
            await job.Execute(null!, CancellationToken.None);
            Assert.Equal("eip155:1/2 eip155:2/2", await network.ScalarAsync<string>("select string_agg(chain || '/' || block_number, ' ' order by chain, block_number) from jobs.reconciliations"));
            Assert.Equal("a/open", await network.ScalarAsync<string>("select string_agg(key, ' ') from jobs.alarms"));
        }
    }

    [Fact]
    public async Task Raises_an_alarm_once_keeps_it_while_the_condition_holds_and_clears_it_after()
    {
        await using var network = await JobsNetwork.CreateAsync();
        network.MineFinalEpochs(1, 4);
        await network.FollowAsync();
        await network.ImportAsync(1); // accepted to 4, imported to 1: evidence is behind
        var clock = new SetClock(Noon);
        var job = new AlarmJob(network.Store, new ParticipantReads(network.Database.DataSource), JobsNetwork.Options(), clock, NullLogger<AlarmJob>.Instance);
        await job.Execute(null!, CancellationToken.None);
        var raised = await network.RowsAsync("jobs.alarms");
        Assert.Equal("eip155:31337/evidence-behind", Assert.Single(await network.Store.AlarmsAsync(10, CancellationToken.None)).Key);
        await job.Execute(null!, CancellationToken.None);
        Assert.Equal(raised, await network.RowsAsync("jobs.alarms"));

        clock.Now = Noon.AddMinutes(1);
        await job.Execute(null!, CancellationToken.None);
        var row = Assert.Single(await network.Store.AlarmsAsync(10, CancellationToken.None));
        Assert.Equal((Noon.UtcDateTime, clock.Now.UtcDateTime, null), (row.RaisedAt, row.LastSeenAt, row.ClearedAt));

        for (var epoch = 2; epoch <= 4; epoch++) await network.ImportAsync(epoch);
        await network.Database.ExecuteAsync("update chain.checkpoints set halted = 'reorg past finality'", CancellationToken.None);
        await job.Execute(null!, CancellationToken.None);
        var alarms = await network.Store.AlarmsAsync(10, CancellationToken.None);
        Assert.Equal(["eip155:31337/mirror-halted", "eip155:31337/evidence-behind"], alarms.Select(a => a.Key));
        Assert.Equal([null, clock.Now.UtcDateTime], alarms.Select(a => a.ClearedAt));

        // The same condition later is another alarm.
        await network.Database.ExecuteAsync("update chain.checkpoints set halted = null; delete from evidence.epochs where epoch > 1", CancellationToken.None);
        await job.Execute(null!, CancellationToken.None);
        Assert.Equal(2, await network.ScalarAsync<long>("select count(*) from jobs.alarms where key like '%evidence-behind'"));
        Assert.Equal(1, await network.ScalarAsync<long>("select count(*) from jobs.alarms where cleared_at is null"));
    }

    [Fact]
    public async Task Tells_raised_from_seen_again_even_within_one_instant()
    {
        await using var network = await JobsNetwork.CreateAsync();
        AlarmCondition[] conditions = [new("x", AlarmSeverity.Warning, "why")];
        Assert.Equal(["x"], (await network.Store.SetAlarmsAsync("a", conditions, Noon, CancellationToken.None)).Raised);
        Assert.Empty((await network.Store.SetAlarmsAsync("a", conditions, Noon, CancellationToken.None)).Raised);
        Assert.Equal(["a/x"], (await network.Store.SetAlarmsAsync("a", [], Noon, CancellationToken.None)).Cleared);
        Assert.Empty((await network.Store.SetAlarmsAsync("a", [], Noon, CancellationToken.None)).Cleared);
    }

    [Fact]
    public async Task Calls_a_silent_network_an_empty_epoch_and_an_absent_operator_by_name()
    {
        await using var network = await JobsNetwork.CreateAsync();
        network.MineFinalEpochs(1, 1);
        network.Chain.Mine(40 * 3600);
        await network.FollowAsync();
        await network.ImportAsync(1, proofs: 0);
        await new AlarmJob(network.Store, new ParticipantReads(network.Database.DataSource), JobsNetwork.Options(), TimeProvider.System, NullLogger<AlarmJob>.Instance).Execute(null!, CancellationToken.None);
        Assert.Equal(["eip155:31337/empty-epoch", "eip155:31337/no-report"], (await network.Store.AlarmsAsync(10, CancellationToken.None)).Select(a => a.Key).Order(StringComparer.Ordinal));

        var pulse = Assert.Single(await network.Store.PulsesAsync(CancellationToken.None));
        OperatorRow[] operators = [new("0xaa", "", "", "0", "", 0, false, 10, 1), new("0xbb", "", "", "0", "", 0, false, 10, 2), new("0xcc", "", "", "0", "", 0, true, 10, 0), new("0xdd", "", "", "0", "", 0, false, 9, 0)];
        var conditions = AlarmRules.Of(pulse with { BreakerCapacity = "100", BreakerUsed = "91", Challenged = 1, Faults = 2 }, operators,
            new ReconciliationRow(1, pulse.Caip2, 5, 10, """["holders: 1, 2"]""", DateTime.UnixEpoch), JobsNetwork.Options().Value);
        Assert.Equal(["breaker-full", "challenge-open", "empty-epoch", "fault-proven", "mirror-differs", "no-report", "operator-absent-0xaa"], conditions.Select(c => c.Key).Order(StringComparer.Ordinal));
        Assert.DoesNotContain(AlarmRules.Of(pulse with { BreakerCapacity = "100", BreakerUsed = "90" }, [], null, JobsNetwork.Options().Value), c => c.Key is "breaker-full" or "mirror-differs");
    }

    private static async Task<(long Verdicts, long Trees)> RetentionAsync(JobsNetwork network) =>
        (await network.ScalarAsync<long>("select verdicts_before from jobs.retention"), await network.ScalarAsync<long>("select trees_before from jobs.retention"));
}
