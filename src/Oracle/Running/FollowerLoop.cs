using DePin.Mirror;

namespace DePin.Oracle.Running;

/// <summary>Runs the operator's own chain follower. It waits out every outage; only a reorg past finality ends it, and then /ready says so.</summary>
public sealed partial class FollowerLoop(ChainMirror mirror, ChainFollower follower, ILogger<FollowerLoop> logger) : BackgroundService
{
    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await mirror.InitializeAsync(stoppingToken);
            await follower.RunAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // A clean stop.
        }
        catch (ReorgPastFinalizedException error)
        {
            OracleMeters.Alarms.Add(1, new KeyValuePair<string, object?>("kind", "reorg-past-finality"));
            LogHalted(logger, error);
        }
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "The chain dropped a finalized block; this operator signs nothing until somebody has looked")]
    private static partial void LogHalted(ILogger logger, Exception error);
}
