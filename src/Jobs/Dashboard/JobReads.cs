using DePin.Storage.Jobs;
using Quartz;
using Quartz.Extensibility;

namespace DePin.Jobs.Dashboard;

/// <summary>What the dashboard shows: Quartz's own view of the store, with the history of runs.</summary>
internal sealed class JobReads(ISchedulerFactory factory, IExecutionHistoryStore misfires, RunStore runs, TimeProvider time)
{
    /// <summary>Most rows of a list that is not paged.</summary>
    public const int Most = 200;

    private const int Hours = 24;

    public async Task<JobsView> JobsAsync(CancellationToken ct)
    {
        var scheduler = await factory.GetScheduler(ct);
        var now = time.GetUtcNow();
        var jobs = (await scheduler.QueryJobs(new JobQuery { Take = Most }, ct)).Items;
        var triggers = (await scheduler.QueryTriggers(new TriggerQuery { Take = Most }, ct)).Items;
        var stored = await scheduler.GetTriggers([.. jobs.Select(j => Schedule(j.Key))], ct);
        var running = (await scheduler.QueryFireInstances(new FireInstanceQuery { Take = Most }, ct)).Items;
        var newest = (await runs.NewestAsync([.. jobs.Select(j => j.Key.Name)], ct)).ToDictionary(r => r.Job, StringComparer.Ordinal);
        var counts = await runs.CountAsync(now.AddHours(-Hours), ct);
        return new JobsView(now, scheduler.SchedulerInstanceId, running.Count,
            new TroubleView(Hours, counts.Failed, counts.Lost, await misfires.CountMisfires(scheduler.SchedulerName, now.AddHours(-Hours), ct)),
            [.. jobs.Select(j =>
            {
                var trigger = triggers.FirstOrDefault(t => t.Key.Equals(Schedule(j.Key)));
                var every = stored.OfType<ISimpleTrigger>().FirstOrDefault(t => t.Key.Equals(Schedule(j.Key)))?.RepeatInterval;
                var runs = running.Any(f => j.Key.Equals(f.JobKey));
                return new JobView(j.Key.Name, j.Description, (long?)every?.TotalSeconds, State(trigger?.State, runs), trigger?.NextFireTimeUtc, trigger?.PreviousFireTimeUtc,
                    trigger?.RetryAttempt ?? 0, Pause(trigger), newest.GetValueOrDefault(j.Key.Name));
            })]);
    }

    public async Task<IReadOnlyList<NodeView>> NodesAsync(CancellationToken ct) =>
        [.. (await (await factory.GetScheduler(ct)).QueryClusterNodes(ct)).Take(Most).Select(n =>
            new NodeView(n.InstanceId, n.State.ToString().ToLowerInvariant(), n.LastCheckInUtc, n.CheckInInterval?.TotalSeconds, n.IsCurrentNode))];

    public async Task<IReadOnlyList<RunningView>> RunningAsync(CancellationToken ct) =>
        [.. (await (await factory.GetScheduler(ct)).QueryFireInstances(new FireInstanceQuery { Take = Most }, ct)).Items.OrderBy(f => f.FireTimeUtc).Select(f =>
            new RunningView(f.FireInstanceId, f.JobKey?.Name, f.TriggerKey.Name, f.SchedulerInstanceId, f.FireTimeUtc, f.ScheduledFireTimeUtc))];

    public async Task<IReadOnlyList<ScheduledView>> ScheduledAsync(CancellationToken ct) =>
        [.. (await (await factory.GetScheduler(ct)).QueryTriggers(new TriggerQuery { Take = Most }, ct)).Items.OrderBy(t => t.NextFireTimeUtc ?? DateTimeOffset.MaxValue).Select(t =>
            new ScheduledView(t.JobKey.Name, t.Key.Name, State(t.State, false), t.NextFireTimeUtc, t.PreviousFireTimeUtc, t.RetryAttempt, Pause(t)))];

    public async Task<IReadOnlyList<MisfireView>> MisfiresAsync(string? job, int take, CancellationToken ct)
    {
        var scheduler = await factory.GetScheduler(ct);
        var page = await misfires.QueryMisfires(new MisfireHistoryQuery { SchedulerName = scheduler.SchedulerName, Job = job is null ? null : new JobKey(job), Take = take }, ct);
        return [.. page.Items.Select(m => new MisfireView(m.JobKey?.Name, m.TriggerName, m.SchedulerInstanceId, m.MisfiredAtUtc, m.ScheduledFireTimeUtc, m.Reason.ToString().ToLowerInvariant()))];
    }

    // The timetable names a trigger as its job.
    private static TriggerKey Schedule(JobKey job) => new(job.Name, job.Group);

    private static PauseView? Pause(TriggerHeader? trigger) => trigger is { State: TriggerState.Paused, Pause: { } p } ? new PauseView(p.RequestedBy, p.PausedAtUtc) : null;

    private static string State(TriggerState? state, bool running) => state switch
    {
        TriggerState.Paused => "paused", // though a run that somebody asked for may be under way
        TriggerState.Error => "error",
        _ when running => "running",
        TriggerState.Blocked or TriggerState.Executing => "running",
        null or TriggerState.None or TriggerState.Complete => "idle",
        _ => "waiting",
    };
}
