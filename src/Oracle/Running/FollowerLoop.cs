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
            return; // a clean stop
        }

        if (follower.Status.Halted is not { } why) return;
        OracleMeters.Alarms.Add(1, new KeyValuePair<string, object?>("kind", "reorg-past-finality"));
        LogHalted(logger, why);
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "The chain dropped a finalized block; this operator signs and sends nothing until somebody has looked: {Why}")]
    private static partial void LogHalted(ILogger logger, string why);
}
