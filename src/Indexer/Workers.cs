using DePin.Mirror;
using Npgsql;

namespace DePin.Indexer;

/// <summary>Runs the follower for as long as the host runs.</summary>
public sealed class FollowerWorker(ChainFollower follower) : BackgroundService
{
    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => follower.RunAsync(stoppingToken);
}

/// <summary>Paces the importer and outlives outages.</summary>
public sealed partial class ImportWorker(EvidenceImporter importer, IndexerOptions options, ILogger<ImportWorker> logger) : BackgroundService
{
    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (await importer.StepAsync(stoppingToken)) continue;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (error is NpgsqlException or MirrorBehindException or IOException or TimeoutException or InvalidOperationException)
            {
                LogFailed(error);
            }

            await Task.Delay(TimeSpan.FromSeconds(options.ImportSeconds), stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Evidence import failed; trying again")]
    private partial void LogFailed(Exception error);
}
