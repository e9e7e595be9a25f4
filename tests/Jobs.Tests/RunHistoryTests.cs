using DePin.Cryptography;
using DePin.Storage.Jobs;
using DePin.TestKit;
using Npgsql;

namespace DePin.Jobs.Tests;

/// <summary>The history of runs: in the store, and as hosts write it.</summary>
public sealed class RunHistoryTests
{
    private static readonly CancellationToken Ct = CancellationToken.None;
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task A_run_is_one_row_from_its_beginning_to_its_end_and_its_error_is_bounded()
    {
        await using var network = await WithQuartzTablesAsync();
        var store = new RunStore(network.Database.DataSource);
        var run = Run("a", attempt: 1);
        await store.BeginAsync(run, Ct);
        await store.BeginAsync(run, Ct);
        var begun = Assert.Single(await store.ListAsync(null, null, null, 10, Ct));
        Assert.Equal(("prune", "running", 1, (DateTime?)null), (begun.Job, begun.Outcome, begun.Attempt, begun.EndedAt));

        await store.EndAsync(run, "failed", true, new string('x', 5000) + "\0", Noon.AddSeconds(3), Ct);
        var ended = Assert.Single(await store.ListAsync(null, null, null, 10, Ct));
        Assert.Equal((begun.Id, "failed", true, Noon.AddSeconds(3).UtcDateTime), (ended.Id, ended.Outcome, ended.Retrying, ended.EndedAt));
        Assert.Equal(RunStore.MostErrorCharacters, ended.Error!.Length);
        Assert.EndsWith("x…", ended.Error, StringComparison.Ordinal);

        await store.EndAsync(Run("c"), "failed", false, "half a pair: \ud83d!", Noon, Ct);
        Assert.Equal("half a pair: \ufffd!", (await store.ListAsync(null, null, null, 1, Ct))[0].Error);

        // A cut never halves a character.
        await store.EndAsync(Run("b"), "failed", false, new string('x', RunStore.MostErrorCharacters - 2) + "😀😀", Noon, Ct);
        Assert.EndsWith("x…", (await store.ListAsync(null, null, null, 1, Ct))[0].Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_whose_beginning_was_missed_is_recorded_by_its_end()
    {
        await using var network = await WithQuartzTablesAsync();
        var store = new RunStore(network.Database.DataSource);
        var by = new Address(Enumerable.Repeat((byte)7, 20).ToArray());
        await store.EndAsync(Run("a") with { AskedBy = by, RetryOf = 99 }, "succeeded", false, null, Noon, Ct);
        var row = Assert.Single(await store.ListAsync(null, null, null, 10, Ct));
        Assert.Equal(("succeeded", by.ToString(), (long?)null), (row.Outcome, row.AskedBy, row.RetryOf)); // the run that was retried is pruned already
    }

    [Fact]
    public async Task What_no_host_runs_any_more_is_lost_and_what_one_runs_is_not()
    {
        await using var network = await WithQuartzTablesAsync();
        var store = new RunStore(network.Database.DataSource);
        await store.BeginAsync(Run("gone"), Ct);
        await store.BeginAsync(Run("here"), Ct);
        await store.BeginAsync(Run("young") with { StartedAt = Noon.AddSeconds(8) }, Ct);
        await network.Database.ExecuteAsync("insert into jobs.qrtz_fired_triggers values ('here')", Ct);
        Assert.Equal(1, await store.SettleAsync(Noon.AddSeconds(5), Noon.AddSeconds(10), Ct));
        Assert.Equal(0, await store.SettleAsync(Noon.AddSeconds(5), Noon.AddSeconds(10), Ct));
        Assert.Equal(["running", "running", "lost"], (await store.ListAsync(null, null, null, 10, Ct)).Select(r => r.Outcome));

        // The run that does its work is named beside it; without waiting for the settling, too.
        await store.BeginAsync(Run("again") with { RecoveringTrigger = "prune", StartedAt = Noon.AddSeconds(9) }, Ct);
        var rows = await store.ListAsync(null, null, null, 10, Ct);
        Assert.Equal(["running", "lost", "running", "lost"], rows.Select(r => r.Outcome));
        Assert.Equal((true, rows[0].Id), (rows[0].Recovering, rows[1].RecoveredBy));
    }

    [Fact]
    public async Task Pages_neither_skip_nor_repeat_and_pruning_keeps_what_went_wrong_apart_from_what_went_well()
    {
        await using var network = await WithQuartzTablesAsync();
        var store = new RunStore(network.Database.DataSource);
        for (var i = 0; i < 25; i++)
        {
            await store.EndAsync(Run($"good {i}"), "succeeded", false, null, Noon, Ct);
            if (i % 5 == 0) await store.EndAsync(Run($"bad {i}"), i == 0 ? "lost" : "failed", false, "why", Noon, Ct);
        }

        var seen = new List<long>();
        for (long? before = null; ;)
        {
            var page = await store.ListAsync("prune", null, before, 7, Ct);
            if (page.Count > 7)
            {
                Assert.Equal(8, page.Count);
                await store.EndAsync(Run($"meanwhile {before}"), "succeeded", false, null, Noon, Ct);
            }

            seen.AddRange(page.Take(7).Select(r => r.Id));
            if (page.Count <= 7) break;
            before = page[6].Id;
        }

        Assert.Equal(30, seen.Count);
        Assert.Equal(seen.OrderDescending(), seen);
        Assert.Equal(5, (await store.ListAsync(null, ["failed", "lost"], null, 100, Ct)).Count);
        Assert.Empty(await store.ListAsync("alarms", null, null, 100, Ct));
        Assert.Equal(new RunCounts(4, 1), await store.CountAsync(Noon.AddHours(-1), Ct));

        await store.PruneAsync(10, Ct);
        var kept = await store.ListAsync(null, null, null, 100, Ct);
        Assert.Equal((10, 5), (kept.Count(r => r.Outcome == "succeeded"), kept.Count(r => r.Outcome != "succeeded")));
        Assert.Equal(kept[0].Id, Assert.Single(await store.NewestAsync(["prune", "alarms"], Ct)).Id);
        Assert.Equal(0, await store.PruneAsync(10, Ct));
    }

    [Fact]
    public async Task A_run_whose_host_was_killed_is_shown_as_lost_with_the_run_that_did_its_work()
    {
        await using var network = await JobsNetwork.CreateAsync();
        await network.ImportAsync(1);
        await using var blocker = await network.Database.DataSource.OpenConnectionAsync();
        var hold = await blocker.BeginTransactionAsync();
        await using (var command = new NpgsqlCommand("lock table jobs.retention in access exclusive mode", blocker, hold)) await command.ExecuteNonQueryAsync();
        await using var a = await JobHost.StartAsync(network, ("PruneSeconds", 3600));
        await Eventually.HoldsAsync(async () => await network.ScalarAsync<long>("select count(*) from jobs.runs where job = 'prune' and outcome = 'running'") == 1, "the first host is in the middle of the job", Ct);
        await using var b = await JobHost.StartAsync(network, ("PruneSeconds", 3600));
        await Eventually.HoldsAsync(async () => await network.ScalarAsync<long>("select count(*) from jobs.qrtz_scheduler_state") == 2, "the second host has joined", Ct);
        await a.Process.KillAsync();
        await Eventually.HoldsAsync(async () => await network.ScalarAsync<long>(
            "select count(*) from jobs.runs l join jobs.runs r on r.id = l.recovered_by where l.outcome = 'lost' and r.outcome = 'running' and r.recovering and r.node <> l.node and r.job = 'prune'") == 1,
            "the killed run is lost, and the other host's does its work", Ct);
        await hold.CommitAsync();
        await Eventually.HoldsAsync(async () => await network.ScalarAsync<long>("select count(*) from jobs.runs where job = 'prune' and recovering and outcome = 'succeeded'") == 1, "it ran to its end", Ct);
        Assert.Equal(2, await network.ScalarAsync<long>("select count(*) from jobs.runs where job = 'prune'"));
    }

    [Fact]
    public async Task A_run_that_nobody_takes_over_does_not_stay_running()
    {
        await using var network = await JobsNetwork.CreateAsync();
        await using var host = await JobHost.StartAsync(network);
        await network.Database.ExecuteAsync(
            "insert into jobs.runs (job, trigger, fire_instance, node, attempt, started_at, outcome, recovering) values ('gone', 'gone', 'of another life', 'n', 0, now() - interval '1 hour', 'running', false)", Ct);
        await Eventually.HoldsAsync(async () => await network.ScalarAsync<string>("select outcome from jobs.runs where job = 'gone'") == "lost", "the host settles it", Ct);
    }

    // As much of Quartz's table as the history looks at.
    private static async Task<JobsNetwork> WithQuartzTablesAsync()
    {
        var network = await JobsNetwork.CreateAsync();
        await network.Database.ExecuteAsync("create table jobs.qrtz_fired_triggers (entry_id text primary key)", Ct);
        return network;
    }

    private static RunStart Run(string instance, int attempt = 0) => new("prune", "prune", instance, "node", attempt, Noon, Noon, null, null, null);
}
