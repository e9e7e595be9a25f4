using DePin.Cryptography;
using DePin.Storage.Jobs;
using Npgsql;
using Quartz;

namespace DePin.Jobs.Dashboard;

/// <summary>Writes the history of runs. A history that cannot be written holds up no job: what is missing then is a row, or its end.</summary>
internal sealed partial class RunRecorder(RunStore store, TimeProvider time, ILogger<RunRecorder> logger) : IJobListener
{
    /// <summary>Key of a trigger's data: the address of who asked for the run.</summary>
    public const string AskedBy = "askedBy";

    /// <summary>Key of a trigger's data: the run that is to be done again.</summary>
    public const string RetryOf = "retryOf";

    /// <inheritdoc/>
    public string Name => "runs";

    /// <inheritdoc/>
    public async ValueTask JobToBeExecuted(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await store.BeginAsync(Start(context), cancellationToken);
        }
        catch (Exception e) when (IsOfDatabase(e))
        {
            LogMissed(context.JobDetail.Key.Name, context.FireInstanceId, e.Message);
        }
    }

    /// <inheritdoc/>
    public async ValueTask JobWasExecuted(IJobExecutionContext context, JobExecutionException? jobException, CancellationToken cancellationToken = default)
    {
        var outcome = context.Outcome switch
        {
            ExecutionOutcome.Succeeded => "succeeded",
            ExecutionOutcome.Cancelled => "cancelled",
            _ => "failed",
        };
        try
        {
            // Not the caller's token: at a shutdown it is over, and that a run ended is worth the time.
            await store.EndAsync(Start(context), outcome, context.RetryScheduled, jobException is null ? null : Describe(jobException), time.GetUtcNow(), CancellationToken.None);
        }
        catch (Exception e) when (IsOfDatabase(e))
        {
            LogMissed(context.JobDetail.Key.Name, context.FireInstanceId, e.Message);
        }
    }

    private static RunStart Start(IJobExecutionContext context)
    {
        var data = context.MergedJobDataMap;
        return new RunStart(context.JobDetail.Key.Name, context.Trigger.Key.Name, context.FireInstanceId, context.Scheduler.SchedulerInstanceId, context.RetryAttempt, context.ScheduledFireTimeUtc,
            context.FireTimeUtc, context.Recovering ? context.RecoveringTriggerKey?.Name ?? context.Trigger.Key.Name : null, data.TryGetString(AskedBy, out var by) && Address.TryParse(by, out var address) ? address : null,
            data.TryGetString(RetryOf, out var of) && long.TryParse(of, out var id) ? id : null);
    }

    /// <summary>What the job threw, from the outside in: types and messages, then where. Quartz's wrapper says nothing of its own.</summary>
    private static string Describe(Exception error)
    {
        while (error is SchedulerException { InnerException: { } inner }) error = inner;
        var messages = new List<string>();
        for (Exception? e = error; e is not null && messages.Count < 5; e = e.InnerException) messages.Add($"{e.GetType().Name}: {e.Message}");
        return string.Join('\n', [.. messages, error.StackTrace ?? ""]).TrimEnd();
    }

    private static bool IsOfDatabase(Exception e) => e is NpgsqlException or TimeoutException or OperationCanceledException;

    [LoggerMessage(1, LogLevel.Warning, "The history missed a moment of {Job}, run {FireInstance}: {Why}")]
    private partial void LogMissed(string job, string fireInstance, string why);
}
