using Quartz;

namespace DePin.Jobs;

/// <summary>
/// Every schedule of the job host. Jobs are housekeeping: a job that fires late or twice changes no reward. All ask for recovery, so that what a killed host had begun is run
/// again by another; all are idempotent.
/// </summary>
public static class Timetable
{
    /// <summary>One line of the timetable.</summary>
    public sealed record Entry(Type Job, string Name, string Description, int EverySeconds);

    /// <summary>The lines for these settings.</summary>
    public static IReadOnlyList<Entry> Of(JobsOptions options) =>
    [
        new(typeof(ReconcileJob), "reconcile", "Compares the mirror with contract calls at one finalized block", options.ReconcileSeconds),
        new(typeof(RollUpJob), "roll-up", "Sums imported epochs by class and by reason", options.RollUpSeconds),
        new(typeof(PruneJob), "prune", "Says what may be pruned and prunes its own history", options.PruneSeconds),
        new(typeof(AlarmJob), "alarms", "Opens and clears alarms", options.AlarmSeconds),
    ];

    /// <summary>Adds what is missing to the store and brings intervals up to date. A stored trigger is replaced only when its interval changed, so that misfires of a downtime are still seen.</summary>
    public static async Task ApplyAsync(IScheduler scheduler, JobsOptions options, CancellationToken ct)
    {
        foreach (var entry in Of(options))
        {
            var job = JobBuilder.Create().OfType(entry.Job).WithIdentity(entry.Name).WithDescription(entry.Description).StoreDurably().RequestRecovery().Build();
            await scheduler.AddJob(job, new AddJobOptions { Replace = true }, ct);
            var key = new TriggerKey(entry.Name);
            var trigger = TriggerBuilder.Create().WithIdentity(key).ForJob(job.Key)
                .WithSimpleSchedule(s => s.WithInterval(TimeSpan.FromSeconds(entry.EverySeconds)).RepeatForever().WithMisfireInstruction(SimpleTriggerMisfireInstruction.NextWithRemainingCount)).Build();
            if (await scheduler.GetTrigger(key, ct) is not ISimpleTrigger stored) await scheduler.ScheduleJob(trigger, new ScheduleJobOptions { Replace = true }, ct);
            else if (stored.RepeatInterval != TimeSpan.FromSeconds(entry.EverySeconds)) await RescheduleAsync(scheduler, key, trigger, ct);
        }
    }

    // What an operator paused stays paused: a new trigger would begin at once.
    private static async Task RescheduleAsync(IScheduler scheduler, TriggerKey key, ITrigger trigger, CancellationToken ct)
    {
        if (await scheduler.GetTriggerState(key, ct) != TriggerState.Paused)
        {
            await scheduler.RescheduleJob(key, trigger, ct);
            return;
        }

        var pause = await scheduler.GetTriggerPause(key, ct);
        await scheduler.RescheduleJob(key, trigger.GetTriggerBuilder().StartAt(scheduler.TimeProvider.GetUtcNow().AddMinutes(1)).Build(), ct);
        await scheduler.PauseTriggerWith(key, new PauseDetails { Reason = pause?.Reason, RequestedBy = pause?.RequestedBy }, ct);
    }
}
