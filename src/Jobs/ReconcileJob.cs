using DePin.Mirror;
using DePin.Storage.Jobs;
using Quartz;

namespace DePin.Jobs;

/// <summary>Compares the mirror with contract calls at its newest final block and records what differs. The alarm rules read the record.</summary>
[DisallowConcurrentExecution]
public sealed partial class ReconcileJob(IMirrorVerifier verifier, MirroredNetwork network, HousekeepingStore store, TimeProvider time, ILogger<ReconcileJob> logger) : IJob
{
    private const int MostRecorded = 100;

    /// <inheritdoc/>
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken)
    {
        MirrorVerification result;
        try
        {
            result = await verifier.VerifyAsync(null, cancellationToken);
        }
        catch (MirrorBehindException e)
        {
            LogWaiting(network.Caip2, e.Message); // nothing final is mirrored yet: the next run compares
            return;
        }

        await store.AddReconciliationAsync(network.Caip2, (long)result.Block.Number, result.Compared.Values.Sum(c => (long)c),
            [.. result.Differences.Take(MostRecorded).Select(d => $"{d.What}: mirror {d.Mirror}, chain {d.Chain}")], time.GetUtcNow(), cancellationToken);
        if (result.Differences.Count > 0) LogDiffers(network.Caip2, result.Block.Number, result.Differences.Count);
    }

    [LoggerMessage(1, LogLevel.Information, "Did not compare {Chain} yet: {Why}")]
    private partial void LogWaiting(string chain, string why);

    [LoggerMessage(2, LogLevel.Error, "The mirror of {Chain} differed from the chain at block {Block} in {Count} values")]
    private partial void LogDiffers(string chain, ulong block, int count);
}
