using DePin.Storage.Jobs;
using Npgsql;
using Quartz;

namespace DePin.Jobs.Dashboard;

/// <summary>Calls lost the runs whose host was killed. Every host does it; the second finds nothing left.</summary>
internal sealed partial class RunSettler(RunStore store, ISchedulerFactory factory, TimeProvider time, ILogger<RunSettler> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await factory.GetScheduler(stoppingToken); // its tables are there from now on
        using var timer = new PeriodicTimer(Every, time);
        do
        {
            try
            {
                var now = time.GetUtcNow();
                if (await store.SettleAsync(now - Every, now, stoppingToken) is > 0 and var lost) LogLost(lost);
            }
            catch (NpgsqlException e)
            {
                LogFailed(e.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(1, LogLevel.Warning, "{Count} runs were lost: their host ended without saying how they went")]
    private partial void LogLost(int count);

    [LoggerMessage(2, LogLevel.Warning, "Could not look for lost runs: {Why}")]
    private partial void LogFailed(string why);
}
