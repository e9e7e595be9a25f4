using System.Runtime.ExceptionServices;
using DePin.Mirror;
using DePin.Storage.Jobs;
using Quartz;

namespace DePin.Jobs;

/// <summary>
/// Compares each network's mirror with its chain at the newest final block and records what differs. The alarm rules read the record. A network whose chain does not answer keeps no other
/// from being compared; the job fails for it afterwards, and is tried again.
/// </summary>
[DisallowConcurrentExecution]
public sealed partial class ReconcileJob(IEnumerable<Reconciled> networks, HousekeepingStore store, TimeProvider time, ILogger<ReconcileJob> logger) : IJob
{
    private const int MostRecorded = 100;

    /// <inheritdoc/>
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken)
    {
        var failures = new List<Exception>();
        foreach (var (network, verifier) in networks)
        {
            try
            {
                await CompareAsync(network, verifier, cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                LogFailed(network.Caip2, e.Message);
                failures.Add(e);
            }
        }

        if (failures.Count == 1) ExceptionDispatchInfo.Throw(failures[0]);
        if (failures.Count > 1) throw new AggregateException(failures);
    }

    private async Task CompareAsync(MirroredNetwork network, IMirrorVerifier verifier, CancellationToken ct)
    {
        MirrorVerification result;
        try
        {
            result = await verifier.VerifyAsync(null, ct);
        }
        catch (MirrorBehindException e)
        {
            LogWaiting(network.Caip2, e.Message); // nothing final is mirrored yet: the next run compares
            return;
        }

        await store.AddReconciliationAsync(network.Caip2, (long)result.Block.Number, result.Compared.Values.Sum(c => (long)c),
            [.. result.Differences.Take(MostRecorded).Select(d => $"{d.What}: mirror {d.Mirror}, chain {d.Chain}")], time.GetUtcNow(), ct);
        if (result.Differences.Count > 0) LogDiffers(network.Caip2, result.Block.Number, result.Differences.Count);
    }

    [LoggerMessage(1, LogLevel.Information, "Did not compare {Chain} yet: {Why}")]
    private partial void LogWaiting(string chain, string why);

    [LoggerMessage(2, LogLevel.Error, "The mirror of {Chain} differed from the chain at block {Block} in {Count} values")]
    private partial void LogDiffers(string chain, ulong block, int count);

    [LoggerMessage(3, LogLevel.Warning, "The mirror of {Chain} could not be compared: {Why}")]
    private partial void LogFailed(string chain, string why);
}
