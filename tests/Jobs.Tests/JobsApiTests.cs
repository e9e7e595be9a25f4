using System.Net;
using System.Text.Json.Nodes;
using DePin.TestKit;

namespace DePin.Jobs.Tests;

/// <summary>What the endpoints of the dashboard answer, on a host as a process.</summary>
public sealed class JobsApiTests
{
    private static readonly CancellationToken Ct = CancellationToken.None;
    private static readonly TestWallet Operator = new("operator's account");
    private static readonly string[] Names = ["alarms", "prune", "reconcile", "roll-up"];

    [Fact]
    public async Task The_timetable_is_shown_with_states_and_each_job_asks_for_recovery()
    {
        await using var network = await NetworkAsync();
        await using var host = await JobHost.StartAsync(network, ("AlarmSeconds", 1));
        using var client = await EnterAsync(host);
        await Eventually.HoldsAsync(async () => (await client.GetAsync("/v1/jobs"))["jobs"]!.AsArray().Count(j => j!["lastRun"] is not null) == 4, "each job ran once", Ct);
        var jobs = (await client.GetAsync("/v1/jobs"))["jobs"]!.AsArray();
        Assert.Equal(Names, jobs.Select(j => (string)j!["name"]!));
        var prune = jobs[1]!;
        Assert.Equal(("waiting", 3600, "succeeded"), ((string)prune["state"]!, (int)prune["everySeconds"]!, (string)prune["lastRun"]!["outcome"]!));
        Assert.True((DateTimeOffset)prune["nextAt"]! > (DateTimeOffset)prune["previousAt"]!);
        Assert.Equal(4, await network.ScalarAsync<long>("select count(*) from jobs.qrtz_job_details where requests_recovery::text in ('1', 'true')"));

        Assert.Equal(Names, (await client.GetAsync("/v1/jobs/scheduled")).AsArray().Select(t => (string)t!["job"]!).Order(StringComparer.Ordinal));
        var node = Assert.Single((await client.GetAsync("/v1/jobs/nodes")).AsArray())!;
        Assert.Equal(("alive", true, 2), ((string)node["state"]!, (bool)node["here"]!, (int)node["checkInSeconds"]!));
        Assert.NotNull((string?)node["lastCheckIn"]);

        // Pages of the history by cursor, each run once, newest first.
        await Eventually.HoldsAsync(async () => await network.ScalarAsync<long>("select count(*) from jobs.runs where job = 'alarms' and outcome = 'succeeded'") >= 7, "alarms ran often", Ct);
        await client.PostAsync("/v1/jobs/alarms/pause");
        var ids = new List<long>();
        string? cursor = null;
        do
        {
            var page = await client.GetAsync($"/v1/jobs/runs?job=alarms&limit=3{(cursor is null ? "" : "&cursor=" + cursor)}");
            ids.AddRange(page["items"]!.AsArray().Select(r => (long)r!["id"]!));
            cursor = (string?)page["next"];
        }
        while (cursor is not null);
        Assert.True(ids.Count >= 7);
        Assert.Equal(ids.Distinct().OrderDescending(), ids);

        foreach (var bad in new[] { "/v1/jobs/runs?limit=0", "/v1/jobs/runs?limit=201", "/v1/jobs/runs?cursor=x", "/v1/jobs/runs?outcome=grand", "/v1/jobs/failed?limit=1000", "/v1/jobs/misfires?limit=201", "/v1/jobs/runs?limit=x" })
        {
            var (status, problem) = await client.SendAsync(HttpMethod.Get, bad);
            Assert.Equal((HttpStatusCode.BadRequest, "bad-parameter"), (status, (string?)problem?["code"]));
        }

        foreach (var (method, gone) in new[] { (HttpMethod.Post, "/v1/jobs/nothing/trigger"), (HttpMethod.Post, "/v1/jobs/nothing/pause"), (HttpMethod.Post, "/v1/jobs/nothing/resume"), (HttpMethod.Post, "/v1/jobs/runs/999999/retry"), (HttpMethod.Get, "/v1/jobs/runs/999999"), (HttpMethod.Get, "/v1/nothing") })
        {
            var (status, problem) = await client.SendAsync(method, gone);
            Assert.Equal((HttpStatusCode.NotFound, "not-found"), (status, (string?)problem?["code"]));
        }
    }

    [Fact]
    public async Task What_failed_is_run_again_once_and_what_went_well_is_not()
    {
        await using var network = await NetworkAsync();
        await network.ImportAsync(1);
        await network.Database.ExecuteAsync("alter table jobs.epoch_classes rename to away", Ct);
        await using var host = await JobHost.StartAsync(network);
        using var client = await EnterAsync(host);
        JsonNode[] failed = [];
        await Eventually.HoldsAsync(async () =>
        {
            failed = [.. (await client.GetAsync("/v1/jobs/failed?job=roll-up"))["items"]!.AsArray().Select(r => r!)];
            return failed.Length == 4;
        }, "the job and its three retries failed", Ct);
        Assert.Equal([3, 2, 1, 0], failed.Select(r => (int)r["attempt"]!));
        Assert.Equal([false, true, true, true], failed.Select(r => (bool)r["retrying"]!));
        Assert.All(failed, r => Assert.Contains("epoch_classes", (string)r["error"]!, StringComparison.Ordinal));

        Assert.Equal(HttpStatusCode.Conflict, (await client.PostAsync($"/v1/jobs/runs/{failed[1]["id"]}/retry")).Status); // another attempt followed by itself
        var last = (long)failed[0]["id"]!;
        await network.Database.ExecuteAsync("alter table jobs.away rename to epoch_classes", Ct);
        Assert.Equal(HttpStatusCode.Accepted, (await client.PostAsync($"/v1/jobs/runs/{last}/retry")).Status);
        await Eventually.HoldsAsync(async () => (long?)(await client.GetAsync($"/v1/jobs/runs/{last}"))["retriedBy"] is not null, "it is run again", Ct);
        var again = (long)(await client.GetAsync($"/v1/jobs/runs/{last}"))["retriedBy"]!;
        await Eventually.HoldsAsync(async () => (string)(await client.GetAsync($"/v1/jobs/runs/{again}"))["outcome"]! == "succeeded", "it succeeds", Ct);
        var run = await client.GetAsync($"/v1/jobs/runs/{again}");
        Assert.Equal((last, Operator.Address.ToString(), 0), ((long)run["retryOf"]!, (string)run["askedBy"]!, (int)run["attempt"]!));
        foreach (var id in new[] { last, again })
        {
            var (status, problem) = await client.PostAsync($"/v1/jobs/runs/{id}/retry");
            Assert.Equal((HttpStatusCode.Conflict, "not-retried"), (status, (string?)problem?["code"]));
        }

        Assert.Equal(1, await network.ScalarAsync<long>("select count(*) from jobs.epoch_classes"));
    }

    [Fact]
    public async Task A_paused_job_does_not_fire_runs_when_asked_and_stays_paused_over_a_new_start_with_another_interval()
    {
        await using var network = await NetworkAsync();
        await using (var host = await JobHost.StartAsync(network, ("AlarmSeconds", 1)))
        {
            using var client = await EnterAsync(host);
            Assert.Equal(HttpStatusCode.Accepted, (await client.PostAsync("/v1/jobs/alarms/pause")).Status);
            await PausedAsync(client);
            await Eventually.HoldsAsync(async () => await network.ScalarAsync<long>("select count(*) from jobs.runs where job = 'alarms' and outcome = 'running'") == 0, "the run under way ends", Ct);
            var before = await network.ScalarAsync<long>("select coalesce(max(id), 0) from jobs.runs where job = 'alarms'");
            Assert.Equal(HttpStatusCode.Accepted, (await client.PostAsync("/v1/jobs/alarms/trigger")).Status);
            await Eventually.HoldsAsync(async () => await network.ScalarAsync<long>($"select count(*) from jobs.runs where job = 'alarms' and outcome = 'succeeded' and id > {before} and asked_by is not null") == 1, "it runs when asked", Ct);
            await PausedAsync(client);
        }

        await using var later = await JobHost.StartAsync(network, ("AlarmSeconds", 2));
        using var again = await EnterAsync(later);
        await Eventually.HoldsAsync(async () => (int)(await again.GetAsync("/v1/jobs"))["jobs"]![0]!["everySeconds"]! == 2, "the interval is the new one", Ct);
        await Eventually.HoldsAsync(async () => (string)(await again.GetAsync("/v1/jobs"))["jobs"]![0]!["state"]! == "paused", "it is still paused", Ct);
        Assert.Equal(0, await network.ScalarAsync<long>("select count(*) from jobs.runs where job = 'alarms' and asked_by is null and id > (select max(id) from jobs.runs where job = 'alarms' and asked_by is not null)"));
        await PausedAsync(again);

        Assert.Equal(HttpStatusCode.Accepted, (await again.PostAsync("/v1/jobs/resume")).Status);
        Assert.All((await again.GetAsync("/v1/jobs"))["jobs"]!.AsArray(), j => Assert.NotEqual("paused", (string)j!["state"]!));
        Assert.Equal(HttpStatusCode.Accepted, (await again.PostAsync("/v1/jobs/pause")).Status);
        Assert.All((await again.GetAsync("/v1/jobs"))["jobs"]!.AsArray(), j => Assert.Equal("paused", (string)j!["state"]!));

        static async Task PausedAsync(DashboardClient client)
        {
            var alarms = (await client.GetAsync("/v1/jobs"))["jobs"]![0]!;
            Assert.Equal(("alarms", "paused", Operator.Address.ToString()), ((string)alarms["name"]!, (string)alarms["state"]!, (string)alarms["paused"]!["by"]!));
        }
    }

    [Fact]
    public async Task A_firing_that_no_host_was_there_for_is_shown_as_a_misfire_and_a_running_job_as_running()
    {
        await using var network = await NetworkAsync();
        await using (var first = await JobHost.StartAsync(network))
        {
            await Eventually.HoldsAsync(async () => await network.ScalarAsync<long>("select count(*) from jobs.runs where outcome = 'succeeded'") == 4, "each job ran", Ct);
            await first.Process.StopAsync(TimeSpan.FromMinutes(1));
        }

        // As if the hosts had been down for an hour when the job was due; and the next run of another hangs.
        await network.Database.ExecuteAsync("update jobs.qrtz_triggers set next_fire_time = next_fire_time - 2::bigint * 3600 * 10000000 where trigger_name = 'alarms'", Ct);
        await using var blocker = await network.Database.DataSource.OpenConnectionAsync();
        await using var hold = await blocker.BeginTransactionAsync();
        await using (var command = new Npgsql.NpgsqlCommand("lock table jobs.retention in access exclusive mode", blocker, hold)) await command.ExecuteNonQueryAsync();
        await using var host = await JobHost.StartAsync(network);
        using var client = await EnterAsync(host);
        await Eventually.HoldsAsync(async () => (await client.GetAsync("/v1/jobs/misfires")).AsArray().Any(m => (string?)m!["job"] == "alarms" && (string)m["reason"]! == "missed"), "the misfire is shown", Ct);
        Assert.Empty((await client.GetAsync("/v1/jobs/misfires?job=prune")).AsArray());
        Assert.True((int)(await client.GetAsync("/v1/jobs"))["trouble"]!["misfires"]! >= 1);

        Assert.Equal(HttpStatusCode.Accepted, (await client.PostAsync("/v1/jobs/prune/trigger")).Status);
        await Eventually.HoldsAsync(async () => (await client.GetAsync("/v1/jobs/running")).AsArray().Any(r => (string?)r!["job"] == "prune"), "the run is shown while it runs", Ct);
        Assert.Equal("running", (string)(await client.GetAsync("/v1/jobs"))["jobs"]![1]!["state"]!);
        await Eventually.HoldsAsync(async () => (await client.GetAsync("/v1/jobs/runs?outcome=running&job=prune"))["items"]!.AsArray().Count == 1, "and stands in the history", Ct);
        await hold.CommitAsync();
        await Eventually.HoldsAsync(async () => (await client.GetAsync("/v1/jobs/running")).AsArray().Count == 0, "it ends", Ct);
    }

    private static async Task<JobsNetwork> NetworkAsync()
    {
        var network = await JobsNetwork.CreateAsync();
        network.MineOperators(Operator.Address, new TestWallet("outsider").Address);
        await network.FollowAsync();
        return network;
    }

    private static async Task<DashboardClient> EnterAsync(JobHost host)
    {
        var client = new DashboardClient(host.Root);
        await client.SignInAsync(Operator);
        return client;
    }
}
