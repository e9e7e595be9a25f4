namespace DePin.Jobs;

/// <summary>A bound on how long a host takes to stop.</summary>
internal static partial class ShutdownLimit
{
    /// <summary>
    /// Ends the process when a stop that was asked for is not done after <paramref name="limit"/>: a library that waits for a lost database without end must not keep the host. Only for hosts
    /// that survive being killed, for what still runs is cut off.
    /// </summary>
    public static void Apply(IHost host, TimeSpan limit)
    {
        var lifetime = host.Services.GetRequiredService<IHostApplicationLifetime>();
        var logger = host.Services.GetRequiredService<ILoggerFactory>().CreateLogger("DePin.Jobs.Shutdown");
        lifetime.ApplicationStopping.Register(() => _ = EndAsync(limit, logger));
    }

    private static async Task EndAsync(TimeSpan limit, ILogger logger)
    {
        await Task.Delay(limit).ConfigureAwait(false);
        LogEnd(logger, limit);
        Environment.Exit(0);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Not stopped after {Limit}: ending without what still runs, which is taken up again at the next start")]
    private static partial void LogEnd(ILogger logger, TimeSpan limit);
}
