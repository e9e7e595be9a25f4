using DePin.Mirror;
using DePin.Protocol;
using DePin.Storage.Evidence;
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

/// <summary>Deletes evidence that the job host gave up: the indexer alone writes that schema. Small steps with pauses, so that the import is never held up.</summary>
public sealed partial class PruneWorker(EvidenceStore store, NetworkId network, IndexerOptions options, ILogger<PruneWorker> logger) : BackgroundService
{
    private static readonly TimeSpan BetweenSteps = TimeSpan.FromMilliseconds(200);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var pause = TimeSpan.FromSeconds(options.PruneSeconds);
            try
            {
                if (await store.PruneAsync(network, options.PruneRows, stoppingToken) is { Any: true } gone)
                {
                    LogPruned(gone.Verdicts, gone.Chunks);
                    pause = BetweenSteps;
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (error is NpgsqlException or IOException or TimeoutException or InvalidOperationException)
            {
                LogFailed(error);
            }

            await Task.Delay(pause, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Pruned {Verdicts} verdicts and {Chunks} tree chunks")]
    private partial void LogPruned(int verdicts, int chunks);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Pruning failed; trying again")]
    private partial void LogFailed(Exception error);
}
