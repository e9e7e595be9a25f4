using System.Diagnostics.Metrics;
using DePin.Storage.Jobs;
using Npgsql;

namespace DePin.Jobs;

/// <summary>Gauge <c>depin_jobs_open_alarms</c> by severity, read from the store that all job hosts share; nothing is told while it does not answer.</summary>
public sealed partial class AlarmMeter : BackgroundService
{
    private const int Most = 500;
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(10);
    private static readonly string[] Severities = ["critical", "warning"];

    private readonly Meter _meter = new("DePin.Jobs");
    private readonly HousekeepingStore _store;
    private readonly TimeProvider _time;
    private readonly ILogger<AlarmMeter> _logger;
    private volatile IReadOnlyList<AlarmRow>? _open;

    /// <summary>Observes from now on.</summary>
    public AlarmMeter(HousekeepingStore store, TimeProvider time, ILogger<AlarmMeter> logger)
    {
        (_store, _time, _logger) = (store, time, logger);
        _meter.CreateObservableGauge(
            "depin_jobs_open_alarms",
            () => _open is { } open ? Severities.Select(s => new Measurement<int>(open.Count(a => a.Severity == s), new KeyValuePair<string, object?>("severity", s))) : [],
            "{alarm}", "Alarms that are open, see /alarms.");
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _meter.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, _time);
        do
        {
            try
            {
                _open = [.. (await _store.AlarmsAsync(Most, stoppingToken)).Where(a => a.ClearedAt is null)];
            }
            catch (NpgsqlException e)
            {
                _open = null;
                LogFailed(e.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(1, LogLevel.Warning, "The alarms could not be counted: {Why}")]
    private partial void LogFailed(string why);
}
