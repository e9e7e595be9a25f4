using System.Runtime.ExceptionServices;
using DePin.Chain.Deployment;
using DePin.Chain.Rpc;
using DePin.Mirror;
using DePin.Storage.Jobs;
using Quartz;

namespace DePin.Jobs;

/// <summary>A network whose mirror is compared with its chain.</summary>
/// <param name="Network">As mirrored.</param>
/// <param name="Verifier">Compares.</param>
public sealed record ReconciledNetwork(MirroredNetwork Network, IMirrorVerifier Verifier)
{
    /// <summary>By its manifest and settings.</summary>
    public static ReconciledNetwork Of(NetworkManifest manifest, ReconciledNetworkOptions options, MirrorDatabase database, HttpClient http)
    {
        var network = manifest.ToMirroredNetwork(options.ChainId);
        var providers = new ChainProviders(http, [.. options.Rpc.Select(url => new RpcProviderOptions { Url = url })], 1, JobsOptions.Section, TimeProvider.System);
        return new ReconciledNetwork(network, providers.CreateVerifier(database, network, manifest.ToEmissionSchedule()));
    }
}

/// <summary>Compares the mirror of each network with its chain and records what differs. The alarm rules read the record. A chain that does not answer keeps no other from being compared.</summary>
[DisallowConcurrentExecution]
public sealed partial class ReconcileJob(IReadOnlyList<ReconciledNetwork> networks, HousekeepingStore store, TimeProvider time, ILogger<ReconcileJob> logger) : IJob
{
    private const int MostRecorded = 100;

    /// <inheritdoc/>
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken)
    {
        ExceptionDispatchInfo? failed = null;
        foreach (var (network, verifier) in networks)
        {
            try
            {
                await CompareAsync(network, verifier, cancellationToken);
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
            {
                LogFailed(network.Caip2, error.Message);
                failed ??= ExceptionDispatchInfo.Capture(error);
            }
        }

        failed?.Throw(); // the run failed, and is tried again
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

    [LoggerMessage(3, LogLevel.Warning, "Could not compare the mirror of {Chain}: {Why}")]
    private partial void LogFailed(string chain, string why);
}
