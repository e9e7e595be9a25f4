using System.Diagnostics;
using DePin.Chain.Evm;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.Hosting;
using DePin.Protocol;
using DePin.Sdk.Network;
using DePin.Tracing;

namespace DePin.Cli.Network;

/// <summary>
/// What <c>depin claim</c> tells where the environment names a collector (docs/observability.md): a span of the command, which the API's requests carry, and for each transaction a
/// trace of its own that links to it and to the epoch whose root is claimed against.
/// </summary>
internal sealed class ClaimTrace : IDisposable
{
    private static readonly Tracer Source = new("DePin.Claims");
    private readonly EvmNetworkAccess network;
    private readonly Telemetry? telemetry = CliTelemetry.Start();
    private readonly DateTimeOffset? began = Source.Begin();
    private readonly Activity? command = Source.Open("claim.command");

    private ClaimTrace(EvmNetworkAccess network) => this.network = network;

    /// <summary>Begins; what is asked of the API from here on carries the command's context.</summary>
    public static ClaimTrace Start(EvmNetworkAccess network) => new(network);

    /// <summary>Now where anybody listens.</summary>
    public static DateTimeOffset? Begin() => Source.Begin();

    /// <summary>A claim's transaction is in a block.</summary>
    public async Task PaidAsync(DateTimeOffset? sent, Bytes32 root, int accounts, EvmReceipt receipt, CancellationToken ct)
    {
        if (sent is null) return;
        var (trace, epoch) = (TraceIdentity.OfTransaction(receipt.TransactionHash), await FindEpochAsync(root, ct).ConfigureAwait(false));
        List<ActivityLink> links = [];
        if (epoch is { } of) links.Add(TraceIdentity.OfEpoch(network.Id, of).ToLink());
        if (command is not null) links.Add(new ActivityLink(command.Context));
        Source.Tell(trace, new Span("claim.send", sent) { Kind = ActivityKind.Client }, (Tags.Transaction, receipt.TransactionHash.ToString()), (Tags.Block, (long)receipt.BlockNumber),
            (Tags.Gas, (long)receipt.GasUsed));
        Source.Tell(trace, new Span("claim", began) { Id = trace.Root, Links = links }, (Tags.Transaction, receipt.TransactionHash.ToString()), (Tags.Accounts, (long)accounts),
            (Tags.Root, root.ToString()), (Tags.Epoch, (long?)epoch?.Value));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        command?.Dispose();
        telemetry?.Dispose();
    }

    // The contract takes claims against two roots.
    private async Task<Epoch?> FindEpochAsync(Bytes32 root, CancellationToken ct)
    {
        var current = await network.Rpc.CallAsync(network.Contracts.Distributor, new RewardDistributor.CurrentCall(), BlockTag.Latest, ct).ConfigureAwait(false);
        if (current.RootValue == root) return new Epoch(current.Epoch);
        var previous = await network.Rpc.CallAsync(network.Contracts.Distributor, new RewardDistributor.PreviousCall(), BlockTag.Latest, ct).ConfigureAwait(false);
        return previous.RootValue == root ? new Epoch(previous.Epoch) : null;
    }
}
