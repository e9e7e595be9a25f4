using System.Net;
using DePin.Storage.Jobs;
using DePin.TestKit;
using Npgsql;

namespace DePin.Jobs.Tests;

/// <summary>The job host as a process on Quartz's PostgreSQL store: what fires, what fails, what survives a kill.</summary>
public sealed class SchedulerTests
{
    private static readonly CancellationToken Ct = CancellationToken.None;
    private const string Succeeded = "succeeded::text in ('1', 'true')";

    [Fact]
    public async Task Every_line_of_the_timetable_fires_from_the_stored_triggers_and_leaves_its_record()
    {
        await using var network = await JobsNetwork.CreateAsync();
        network.MineFinalEpochs(1, 2);
        await network.FollowAsync();
        await network.ImportAsync(1);
        await network.Database.ExecuteAsync("update chain.checkpoints set finalized_number = -1", Ct); // nothing final yet: the comparison waits
        await using var host = await JobHost.StartAsync(network, ("ReconcileSeconds", 1), ("AlarmSeconds", 1), ("RollUpSeconds", 1), ("PruneSeconds", 1));
        await Eventually.HoldsAsync(async () => await network.ScalarAsync<long>(
            $"select count(*) from (select job_name from jobs.qrtz_execution_history where {Succeeded} group by job_name having count(*) >= 2) j") == 4, "each job ran twice", Ct);
        Assert.Equal("alarms prune reconcile roll-up", await network.ScalarAsync<string>("select string_agg(trigger_name, ' ' order by trigger_name) from jobs.qrtz_triggers"));
        Assert.Equal(40, await network.ScalarAsync<decimal>("select sum(proofs) from jobs.epoch_reasons"));
        Assert.Equal(1, await network.ScalarAsync<long>("select count(*) from jobs.retention"));
        Assert.Equal(HttpStatusCode.OK, await host.StatusAsync("/ready"));

        // An alarm that nobody's rules clear is in the metrics of whichever host is asked.
        await network.Store.SetAlarmsAsync("elsewhere", [new AlarmCondition("here", AlarmSeverity.Critical, "look"), new AlarmCondition("there", AlarmSeverity.Warning, "look")], DateTimeOffset.UtcNow, Ct);
        using var http = new HttpClient();
        await Eventually.HoldsAsync(
            async () => await http.GetStringAsync(new Uri(host.Root, "/metrics"), Ct) is var text && text.Contains("\ndepin_jobs_open_alarms{severity=\"critical\"} ", StringComparison.Ordinal)
                && !text.Contains("\ndepin_jobs_open_alarms{severity=\"critical\"} 0\n", StringComparison.Ordinal) && !text.Contains("\ndepin_jobs_open_alarms{severity=\"warning\"} 0\n", StringComparison.Ordinal), "open alarms are counted", Ct);
        await network.Store.SetAlarmsAsync("elsewhere", [], DateTimeOffset.UtcNow, Ct);
    }

    [Fact]
    public async Task A_job_that_throws_is_recorded_and_tried_again_and_the_host_stays()
    {
        await using var network = await JobsNetwork.CreateAsync();
        await network.ImportAsync(1);
        await network.Database.ExecuteAsync("alter table jobs.epoch_classes rename to away", Ct);
        await using var host = await JobHost.StartAsync(network, ("RollUpSeconds", 15), ("AlarmSeconds", 1)); // retries come 1, 2 and 4 s later, before the next firing
        const string Failed = "select count(*) from jobs.qrtz_execution_history where job_name = 'roll-up' and not (succeeded::text in ('1', 'true'))";
        await Eventually.HoldsAsync(async () => await network.ScalarAsync<long>($"{Failed} and retry_attempt = 3") > 0, "the last retry failed", Ct);
        Assert.True(await network.ScalarAsync<long>($"{Failed} and error_message like '%epoch_classes%'") > 0, "The reason is recorded.");
        Assert.True(await network.ScalarAsync<long>($"select count(*) from jobs.qrtz_execution_history where job_name = 'alarms' and {Succeeded}") > 0, "Other jobs go on.");
        Assert.Equal(HttpStatusCode.OK, await host.StatusAsync("/health"));

        await network.Database.ExecuteAsync("alter table jobs.away rename to epoch_classes", Ct);
        await Eventually.HoldsAsync(async () => await network.ScalarAsync<long>("select count(*) from jobs.epoch_classes") == 1, "the next firing does the work", Ct);
        Assert.False(host.Process.HasExited);
    }

    [Fact]
    public async Task Two_hosts_on_one_store_run_each_firing_once()
    {
        await using var network = await JobsNetwork.CreateAsync();
        await using var a = await JobHost.StartAsync(network, ("RollUpSeconds", 1), ("AlarmSeconds", 1), ("PruneSeconds", 1));
        await using var b = await JobHost.StartAsync(network, ("RollUpSeconds", 1), ("AlarmSeconds", 1), ("PruneSeconds", 1));
        await Eventually.HoldsAsync(async () => await network.ScalarAsync<long>(
            "select count(*) from (select instance_name from jobs.qrtz_execution_history group by instance_name having count(*) >= 10) i") == 2, "both hosts ran ten jobs", Ct);
        Assert.Equal(0, await a.Process.StopAsync(TimeSpan.FromMinutes(1)));
        Assert.Equal(0, await b.Process.StopAsync(TimeSpan.FromMinutes(1)));

        // As many runs as the triggers fired: none twice, none lost, though either host might have taken it.
        Assert.Equal("", await network.ScalarAsync<string>(
            """
            select coalesce(string_agg(format('%s fired %s times and ran %s times', s.trigger_name, s.times_triggered, h.runs), '; '), '')
            from jobs.qrtz_simple_triggers s join (select trigger_name, count(*) as runs, count(distinct fired_time) as times from jobs.qrtz_execution_history group by trigger_name) h using (trigger_name)
            where s.times_triggered <> h.runs or h.times <> h.runs
            """));
        Assert.True(await network.ScalarAsync<long>("select sum(times_triggered)::bigint from jobs.qrtz_simple_triggers") >= 20);
    }

    [Fact]
    public async Task A_host_whose_database_is_gone_for_good_still_ends_when_it_is_asked_to()
    {
        await using var network = await JobsNetwork.CreateAsync();
        await using var host = await JobHost.StartAsync(network, ("AlarmSeconds", 1));
        await Eventually.HoldsAsync(async () => await network.ScalarAsync<long>("select count(*) from jobs.qrtz_execution_history") > 0, "jobs run", Ct);
        await network.Database.DisposeAsync(); // drops it
        await Eventually.HoldsAsync(async () => await host.StatusAsync("/ready") != HttpStatusCode.OK, "the host knows", Ct);
        Assert.False(host.Process.HasExited, "A lost database ends no host.");
        Assert.Equal(0, await host.Process.StopAsync(TimeSpan.FromMinutes(2)));
    }

    [Fact]
    public async Task What_a_killed_host_had_begun_is_run_again_by_another_once()
    {
        await using var network = await JobsNetwork.CreateAsync();
        await network.ImportAsync(1);
        NpgsqlTransaction hold;
        await using var blocker = await network.Database.DataSource.OpenConnectionAsync();
        hold = await blocker.BeginTransactionAsync();
        await using (var command = new NpgsqlCommand("lock table jobs.retention in access exclusive mode", blocker, hold)) await command.ExecuteNonQueryAsync();

        // The long interval: only recovery can run the job again.
        await using var a = await JobHost.StartAsync(network, ("PruneSeconds", 3600));
        await Eventually.HoldsAsync(async () => await network.ScalarAsync<long>("select count(*) from jobs.qrtz_fired_triggers where job_name = 'prune' and state = 'EXECUTING'") == 1, "the first host is in the middle of the job", Ct);
        var first = await network.ScalarAsync<string>("select instance_name from jobs.qrtz_fired_triggers where job_name = 'prune'");
        await using var b = await JobHost.StartAsync(network, ("PruneSeconds", 3600));
        await Eventually.HoldsAsync(async () => await network.ScalarAsync<long>("select count(*) from jobs.qrtz_scheduler_state") == 2, "the second host has joined", Ct);
        await a.Process.KillAsync();
        await Eventually.HoldsAsync(async () => await network.ScalarAsync<long>($"select count(*) from jobs.qrtz_fired_triggers where job_name = 'prune' and instance_name <> '{first}' and state = 'EXECUTING'") == 1,
            "the second host has taken the job over", Ct);
        await hold.CommitAsync();
        await Eventually.HoldsAsync(async () => await network.ScalarAsync<long>($"select count(*) from jobs.qrtz_execution_history where job_name = 'prune' and {Succeeded} and instance_name <> '{first}'") > 0, "it ran to its end", Ct);
        Assert.Equal(1, await network.ScalarAsync<long>($"select count(*) from jobs.qrtz_execution_history where job_name = 'prune' and {Succeeded}"));
        Assert.Equal(1, await network.ScalarAsync<long>("select count(*) from jobs.retention"));
        Assert.Equal(0, await network.ScalarAsync<long>($"select count(*) from jobs.qrtz_fired_triggers where instance_name = '{first}'"));
        Assert.False(b.Process.HasExited);
    }
}
