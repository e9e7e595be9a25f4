using System.Globalization;
using System.Numerics;
using DePin.Storage.Jobs;
using DePin.Storage.SignIn;
using DePin.Storage.Read;
using Microsoft.Extensions.Options;
using Quartz;

namespace DePin.Jobs;

/// <summary>Sums imported epochs for maps and charts. Running twice changes nothing.</summary>
[DisallowConcurrentExecution]
public sealed class RollUpJob(HousekeepingStore store) : IJob
{
    /// <inheritdoc/>
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken) => await store.RollUpAsync(cancellationToken);
}

/// <summary>Says what the indexer may prune and prunes the job host's own history.</summary>
[DisallowConcurrentExecution]
public sealed class PruneJob(HousekeepingStore store, RunStore runs, SignInStore signIns, IOptions<JobsOptions> options, TimeProvider time) : IJob
{
    /// <inheritdoc/>
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken)
    {
        await store.SetRetentionAsync(options.Value.KeepVerdictEpochs, options.Value.KeepTreeEpochs, cancellationToken);
        await store.PruneAsync(time.GetUtcNow().AddDays(-30), cancellationToken);
        await runs.PruneAsync(options.Value.KeepRuns, cancellationToken);
        await signIns.PruneAsync(time.GetUtcNow().AddDays(-30), cancellationToken);
    }
}

/// <summary>Opens and clears alarms by the rules of <see cref="AlarmRules"/>.</summary>
[DisallowConcurrentExecution]
public sealed partial class AlarmJob(HousekeepingStore store, ParticipantReads participants, IOptions<JobsOptions> options, TimeProvider time, ILogger<AlarmJob> logger) : IJob
{
    private const int MostOperators = 1_000;

    /// <inheritdoc/>
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken)
    {
        var reconciliations = await store.ReconciliationsAsync(cancellationToken);
        foreach (var pulse in await store.PulsesAsync(cancellationToken))
        {
            var conditions = AlarmRules.Of(pulse, await participants.OperatorsAsync(pulse.ChainId, null, MostOperators, cancellationToken),
                reconciliations.FirstOrDefault(r => r.Chain == pulse.Caip2), options.Value);
            var (raised, cleared) = await store.SetAlarmsAsync(pulse.Caip2, conditions, time.GetUtcNow(), cancellationToken);
            foreach (var key in raised) LogRaised(pulse.Caip2, key, conditions.First(c => c.Key == key).Text);
            foreach (var key in cleared) LogCleared(key);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Raised alarm {Key} on {Chain}: {Text}")]
    private partial void LogRaised(string chain, string key, string text);

    [LoggerMessage(2, LogLevel.Information, "Cleared alarm {Key}")]
    private partial void LogCleared(string key);
}

/// <summary>Which conditions are alarms. Pure: the same pulse gives the same conditions.</summary>
public static class AlarmRules
{
    /// <summary>Reports that an operator may miss in a row of its last 100 before it is called absent, in percent.</summary>
    private const int AbsentPercent = 20;

    /// <summary>The conditions that hold.</summary>
    public static IReadOnlyList<AlarmCondition> Of(NetworkPulse pulse, IReadOnlyList<OperatorRow> operators, ReconciliationRow? reconciliation, JobsOptions options)
    {
        var found = new List<AlarmCondition>();
        if (pulse.Halted is { } why) found.Add(new("mirror-halted", AlarmSeverity.Critical, $"The mirror halted: {why}. It needs a decision: see 'depin index rebuild'."));
        if (pulse.LastAcceptedTime is { } accepted && pulse.BlockTime is { } now && (now - accepted).TotalSeconds > options.SilenceSeconds)
            found.Add(new("no-report", AlarmSeverity.Critical, string.Create(CultureInfo.InvariantCulture,
                $"No report was accepted for {(now - accepted).TotalHours:F0} h of chain time. Fewer than a quorum of operators agree: look at their round pages.")));
        if (pulse.Challenged > 0) found.Add(new("challenge-open", AlarmSeverity.Critical, "A report is challenged: the arbiter has until the end of its extended window."));
        if (pulse.Faults > 0) found.Add(new("fault-proven", AlarmSeverity.Critical, string.Create(CultureInfo.InvariantCulture, $"{pulse.Faults} fault(s) of operators or reward trees were proven on chain.")));
        if (pulse.LastFinal - pulse.LastImported > 1)
            found.Add(new("evidence-behind", AlarmSeverity.Warning, $"Epoch {pulse.LastFinal} is final but evidence is recomputed only to {pulse.LastImported}: do the operators serve their bundles?"));
        if (pulse.EmptyEpoch is { } empty) found.Add(new("empty-epoch", AlarmSeverity.Warning, $"Epoch {empty} paid nothing: no proof was accepted."));
        if (BigInteger.Parse(pulse.BreakerCapacity, CultureInfo.InvariantCulture) is { IsZero: false } capacity
            && BigInteger.Parse(pulse.BreakerUsed, CultureInfo.InvariantCulture) * 10 > capacity * 9)
            found.Add(new("breaker-full", AlarmSeverity.Warning, "More than 90 % of the outflow breaker is used: claims will be paid in parts until it leaks out."));
        foreach (var o in operators.Where(o => o.ReportsSince >= 10 && o.ReportsSigned * 100 < o.ReportsSince * AbsentPercent && !o.Slashed))
            found.Add(new($"operator-absent-{o.ReportKey}", AlarmSeverity.Warning, $"Operator {o.ReportKey} signed {o.ReportsSigned} of the last {o.ReportsSince} reports."));
        if (reconciliation is { Differences: not "[]" })
            found.Add(new("mirror-differs", AlarmSeverity.Critical, $"The mirror differs from the chain at block {reconciliation.BlockNumber}: {reconciliation.Differences}"));
        return found;
    }
}
