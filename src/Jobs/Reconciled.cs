using DePin.Chain.Deployment;
using DePin.Chain.Rpc;
using DePin.Mirror;

namespace DePin.Jobs;

/// <summary>A network whose mirror is compared with its chain.</summary>
/// <param name="Network">What is mirrored.</param>
/// <param name="Verifier">Compares.</param>
public sealed record Reconciled(MirroredNetwork Network, IMirrorVerifier Verifier)
{
    /// <summary>A network of whatever kind of chain.</summary>
    /// <param name="manifest">Of a complete deployment.</param>
    /// <param name="chainId">Number of the chain in the database.</param>
    /// <param name="urls">Nodes of the chain, in order of preference.</param>
    /// <param name="database">The mirrors.</param>
    /// <param name="http">Sends every request.</param>
    /// <param name="time">Clock of rests and limits.</param>
    public static Reconciled Create(NetworkManifest manifest, short chainId, IReadOnlyList<Uri> urls, MirrorDatabase database, HttpClient http, TimeProvider time)
    {
        var network = manifest.ToMirroredNetwork(chainId);
        var providers = new ChainProviders(http, [.. urls.Select(url => new RpcProviderOptions { Url = url })], 1, JobsOptions.Section, time);
        return new Reconciled(network, providers.CreateVerifier(database, network, manifest.ToEmissionSchedule()));
    }
}
