using System.Globalization;
using DePin.DevTools;

namespace DePin.Cli.Dev.Chains;

/// <summary>A Solana cluster that was there before, and is neither started nor stopped nor hurried: its time is its own, and a later start goes on with the network that is on it.</summary>
public sealed class ClusterDevChain(DevFolder folder, DevSettings settings) : SolanaDevChain(folder, settings)
{
    private SolanaBootstrap? bootstrap;

    /// <inheritdoc/>
    public override Uri Url => Solana.Rpc ?? throw new InvalidOperationException("No cluster was named.");

    /// <inheritdoc/>
    public override string Shown => Cluster.Label;

    /// <inheritdoc/>
    public override GuardedProcess? Process => null;

    /// <inheritdoc/>
    public override bool Leaps => false;

    /// <inheritdoc/>
    public override string Pace => string.Create(CultureInfo.InvariantCulture, $"Solana's days are its cluster's, the first begins {DateTimeOffset.FromUnixTimeSeconds(Solana.Genesis):yyyy-MM-dd HH:mm} UTC");

    /// <inheritdoc/>
    protected override SolanaBootstrap Bootstrap => bootstrap ?? throw new InvalidOperationException("The chain was not started.");

    private SolanaCluster Cluster => field ??= new SolanaCluster(Url);

    /// <inheritdoc/>
    public override Task StartAsync(string logs, CancellationToken ct)
    {
        var fees = SolanaCluster.FeesFor(Url);
        bootstrap = new SolanaBootstrap(Folder, Settings, Cluster.Rpc, fees, deployer => new ClusterPurse(Cluster, deployer, fees), Endpoint);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override async Task PrepareReplayAsync(ReplayOptions replay, string logs, CancellationToken ct)
    {
        var sets = await HostProcess.DescribeAsync(replay.Data, logs, ct).ConfigureAwait(false);
        await Bootstrap.FundDevicesAsync(sets.Sum(s => Math.Min(s.Devices, replay.Devices ?? int.MaxValue)), ct).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override Task StartClockAsync(CancellationToken ct) => Task.CompletedTask;

    /// <inheritdoc/>
    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
