using DePin.Signing;

namespace DePin.Oracle.Running;

/// <summary>A stage: one step that tests call by hand.</summary>
public interface IStage
{
    /// <summary>Name in logs and metrics.</summary>
    string Name { get; }

    /// <summary>Wall time to wait after a step that found nothing to do.</summary>
    TimeSpan Pace { get; }

    /// <summary>Does what can be done now.</summary>
    /// <returns>Whether there may be more to do at once.</returns>
    Task<bool> StepAsync(CancellationToken ct);
}

/// <summary>Runs a stage for as long as the host lives: paces, logs, and tries again with a growing pause. A stage never ends the process.</summary>
public sealed partial class StageLoop<TStage>(TStage stage, ILogger<TStage> logger) : BackgroundService where TStage : class, IStage
{
    private static readonly TimeSpan SignerPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield(); // a stage that starts with slow work must not hold up the host
        var failures = 0;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var more = await stage.StepAsync(stoppingToken);
                failures = 0;
                if (!more) await Task.Delay(stage.Pace, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (SignerUnreachableException)
            {
                // Told once, by the signer's own stage; what this one was about goes on as soon as the signer does.
                await Task.Delay(SignerPause, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception error)
            {
                failures++;
                OracleMeters.StepFailures.Add(1, new KeyValuePair<string, object?>("stage", stage.Name));
                LogStepFailed(logger, stage.Name, failures, error);
                await PauseAsync(failures, stoppingToken);
            }
        }
    }

    private static async Task PauseAsync(int failures, CancellationToken stoppingToken)
    {
        var pause = TimeSpan.FromMilliseconds(Math.Min(250 * Math.Pow(2, Math.Min(failures, 10)), LongestPause.TotalMilliseconds));
        await Task.Delay(pause, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A step of {Stage} failed ({Failures} in a row) and is tried again")]
    private static partial void LogStepFailed(ILogger logger, string stage, int failures, Exception error);
}

/// <summary>Registers stages.</summary>
public static class StageRegistration
{
    /// <summary>Adds a stage and its loop.</summary>
    public static IServiceCollection AddStage<TStage>(this IServiceCollection services) where TStage : class, IStage =>
        services.AddSingleton<TStage>().AddHostedService<StageLoop<TStage>>();
}
