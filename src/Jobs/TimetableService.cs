using Microsoft.Extensions.Options;
using Quartz;

namespace DePin.Jobs;

/// <summary>Brings the stored timetable up to date when the host starts.</summary>
internal sealed class TimetableService(ISchedulerFactory factory, IOptions<JobsOptions> options) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken) =>
        await Timetable.ApplyAsync(await factory.GetScheduler(stoppingToken), options.Value, stoppingToken);
}
