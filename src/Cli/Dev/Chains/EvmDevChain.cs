using DePin.Chain.Deployment;
using DePin.DevTools;
using DePin.Protocol;

namespace DePin.Cli.Dev.Chains;

/// <summary>Anvil, which keeps its state: a later start goes on from the last block.</summary>
public sealed class EvmDevChain(DevFolder folder, DevSettings settings) : DevChain(folder, settings)
{
    private AnvilProcess? anvil;
    private EvmBootstrap? bootstrap;

    /// <inheritdoc/>
    public override string Name => "Ethereum";

    /// <inheritdoc/>
    public override ChainKind Kind => ChainKind.Evm;

    /// <inheritdoc/>
    public override short Number => 1;

    /// <inheritdoc/>
    public override Uri Url => Node.Url;

    /// <inheritdoc/>
    public override GuardedProcess? Process => Node.Process;

    /// <inheritdoc/>
    public override int OperatorPort => Settings.Ports.Operator;

    /// <inheritdoc/>
    public override int IndexerPort => Settings.Ports.Indexer;

    /// <inheritdoc/>
    public override string Indexer => DevDatabases.Indexer;

    /// <inheritdoc/>
    public override IReadOnlyList<ReplayedSet> Replay => Settings.Replay;

    private AnvilProcess Node => anvil ?? throw new InvalidOperationException("The chain was not started.");

    /// <inheritdoc/>
    public override string Operator(int number) => DevDatabases.Operator(number);

    /// <inheritdoc/>
    public override async Task StartAsync(string logs, CancellationToken ct)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Folder.ChainState)!);
        var fresh = !File.Exists(Folder.ChainState);
        anvil = await AnvilProcess.StartAsync(
            new AnvilOptions
            {
                Port = Settings.Ports.Chain,
                BlockTime = 1,
                SlotsInAnEpoch = 1,
                // The contracts are deployed in the hours before genesis. Until all is ready the chain keeps a real one's pace.
                Timestamp = fresh ? Settings.Genesis - 7200 : null,
                TimestampInterval = Math.Min(12, Settings.SecondsPerBlock),
                StateFile = Folder.ChainState,
                LogFile = Path.Combine(logs, "chain.log"),
            },
            ct).ConfigureAwait(false);
        bootstrap = new EvmBootstrap(Folder, Settings, anvil);
    }

    /// <inheritdoc/>
    public override async Task<NetworkManifest> DeployAsync(Action<string> detail, CancellationToken ct) => await bootstrap!.DeployAsync(detail, ct).ConfigureAwait(false);

    /// <inheritdoc/>
    public override async Task<int> EnrolOperatorsAsync(Action<string> detail, CancellationToken ct) =>
        (await bootstrap!.EnrolOperatorsAsync(NetworkManifest.Load<EvmNetworkManifest>(Folder.Manifest), detail, ct).ConfigureAwait(false)).Count;

    /// <inheritdoc/>
    public override Task StartClockAsync(CancellationToken ct) => Node.Rpc.SetBlockTimestampIntervalAsync(Settings.SecondsPerBlock, ct);

    /// <inheritdoc/>
    public override ValueTask DisposeAsync() => anvil?.DisposeAsync() ?? ValueTask.CompletedTask;
}
