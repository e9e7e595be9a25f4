using System.Globalization;
using DePin.Cryptography;
using DePin.Storage.Jobs;
using Quartz;

namespace DePin.Jobs.Dashboard;

/// <summary>What an operator may do to a job. Every job is idempotent and none runs beside itself, so an order given twice does no harm.</summary>
internal sealed partial class JobControl(ISchedulerFactory factory, ILogger<JobControl> logger)
{
    /// <summary>Runs a job now, paused or not, after the run that is under way. False: there is no such job.</summary>
    public Task<bool> TriggerAsync(string job, Address by, CancellationToken ct) => StartAsync(job, by, null, ct);

    /// <summary>Runs the job of a failed or lost run again. Null: done; else why not.</summary>
    public async Task<string?> RetryAsync(RunRow run, Address by, CancellationToken ct)
    {
        if (run.Outcome is not ("failed" or "lost" or "cancelled")) return $"Run {run.Id} is {run.Outcome}: only a failed, cancelled or lost run is run again.";
        if (run.Retrying) return $"Run {run.Id} is retried without being asked: its next attempt is scheduled or done.";
        if (run.RecoveredBy is { } recovered) return $"What run {run.Id} had begun was run again as run {recovered}.";
        if (run.RetriedBy is { } retried) return $"Run {run.Id} was run again as run {retried}.";
        return await StartAsync(run.Job, by, run.Id, ct) ? null : $"The job '{run.Job}' is not in the timetable any more.";
    }

    /// <summary>Pauses a job's schedule; what runs goes on. False: there is no such job.</summary>
    public async Task<bool> PauseAsync(string job, Address by, CancellationToken ct)
    {
        var scheduler = await factory.GetScheduler(ct);
        if (!await scheduler.Exists(new JobKey(job), ct)) return false;
        await scheduler.PauseJobWith(new JobKey(job), new PauseDetails { RequestedBy = by.ToString() }, ct);
        LogPaused(job, by);
        return true;
    }

    /// <summary>Goes on with a job's schedule from its next firing. False: there is no such job.</summary>
    public async Task<bool> ResumeAsync(string job, Address by, CancellationToken ct)
    {
        var scheduler = await factory.GetScheduler(ct);
        if (!await scheduler.Exists(new JobKey(job), ct)) return false;
        await scheduler.ResumeJob(new JobKey(job), ct);
        LogResumed(job, by);
        return true;
    }

    /// <summary>The names of all jobs, so that each is paused or resumed by itself: Quartz's own "all" would also hold for jobs that are added later.</summary>
    public async Task<IReadOnlyList<string>> NamesAsync(CancellationToken ct) =>
        [.. (await (await factory.GetScheduler(ct)).QueryJobs(new JobQuery { Take = JobReads.Most }, ct)).Items.Select(j => j.Key.Name)];

    private async Task<bool> StartAsync(string job, Address by, long? retryOf, CancellationToken ct)
    {
        var scheduler = await factory.GetScheduler(ct);
        if (!await scheduler.Exists(new JobKey(job), ct)) return false;
        var data = new JobDataMap { [RunRecorder.AskedBy] = by.ToString() };
        if (retryOf is { } id) data[RunRecorder.RetryOf] = id.ToString(CultureInfo.InvariantCulture);
        await scheduler.TriggerJob(new JobKey(job), data, ct);
        LogTriggered(job, by);
        return true;
    }

    [LoggerMessage(1, LogLevel.Information, "{By} triggered {Job}")]
    private partial void LogTriggered(string job, Address by);

    [LoggerMessage(2, LogLevel.Information, "{By} paused {Job}")]
    private partial void LogPaused(string job, Address by);

    [LoggerMessage(3, LogLevel.Information, "{By} resumed {Job}")]
    private partial void LogResumed(string job, Address by);
}
