using DePin.Chain.Deployment;
using DePin.Protocol;

namespace DePin.Cli.Dev.Chains;

/// <summary>Solana, whoever runs the node: what is the same on a runtime of our own and on a cluster that was there before.</summary>
public abstract class SolanaDevChain(DevFolder folder, DevSettings settings) : DevChain(folder, settings)
{
    /// <inheritdoc/>
    public override string Name => "Solana";

    /// <inheritdoc/>
    public override ChainKind Kind => ChainKind.Solana;

    /// <inheritdoc/>
    public override short Number => DevDatabases.SolanaNumber;

    /// <inheritdoc/>
    public override int OperatorPort => Settings.Ports.SolanaOperator;

    /// <inheritdoc/>
    public override int IndexerPort => Settings.Ports.SolanaIndexer;

    /// <inheritdoc/>
    public override string Indexer => DevDatabases.SolanaIndexer;

    /// <inheritdoc/>
    public override IReadOnlyList<ReplayedSet> Replay => Solana.Replay;

    /// <summary>What the start decided about it.</summary>
    protected DevSolana Solana => Settings.Solana ?? throw new InvalidOperationException("The dev network has no Solana.");

    /// <summary>Puts the network there; made by the start.</summary>
    protected abstract SolanaBootstrap Bootstrap { get; }

    /// <inheritdoc/>
    public override string Part(string part) => $"solana {part}";

    /// <inheritdoc/>
    public override string Operator(int number) => DevDatabases.SolanaOperator(number);

    /// <inheritdoc/>
    public override async Task<NetworkManifest> DeployAsync(Action<string> detail, CancellationToken ct) => await Bootstrap.DeployAsync(detail, ct).ConfigureAwait(false);

    /// <inheritdoc/>
    public override Task<int> EnrolOperatorsAsync(Action<string> detail, CancellationToken ct) => Bootstrap.EnrolOperatorsAsync(detail, ct);
}
