using System.Diagnostics;
using DePin.Cryptography;
using DePin.Hosting;
using DePin.Protocol;
using DePin.Tracing;

namespace DePin.Cli.Network;

/// <summary>
/// What <c>depin claim</c> tells where the environment names a collector (docs/observability.md): a span of the command, which the API's requests carry, and for each transaction a
/// trace of its own that links to it and to the epoch whose root is claimed against.
/// </summary>
internal sealed class ClaimTrace : IDisposable
{
    private static readonly Tracer Source = new("DePin.Claims");
    private readonly ISettlementReader settlement;
    private readonly Telemetry? telemetry = CliTelemetry.Start();
    private readonly DateTimeOffset? began = Source.Begin();
    private readonly Activity? command = Source.Open("claim.command");

    private ClaimTrace(ISettlementReader settlement) => this.settlement = settlement;

    /// <summary>Begins; what is asked of the API from here on carries the command's context.</summary>
    public static ClaimTrace Start(ISettlementReader settlement) => new(settlement);

    /// <summary>Now where anybody listens.</summary>
    public static DateTimeOffset? Begin() => Source.Begin();

    /// <summary>A claim's transaction is in a block.</summary>
    public async Task PaidAsync(DateTimeOffset? sent, Bytes32 root, int accounts, ClaimReceipt receipt, CancellationToken ct)
    {
        if (sent is null) return;
        var (trace, epoch) = (TraceIdentity.OfTransaction(receipt.Hash), await FindEpochAsync(root, ct).ConfigureAwait(false));
        List<ActivityLink> links = [];
        if (epoch is { } of) links.Add(TraceIdentity.OfEpoch(settlement.Network, of).ToLink());
        if (command is not null) links.Add(new ActivityLink(command.Context));
        Source.Tell(trace, new Span("claim.send", sent) { Kind = ActivityKind.Client }, (Tags.Transaction, receipt.Name), (Tags.Block, (long)receipt.Block), (Tags.Gas, (long?)receipt.Gas));
        Source.Tell(trace, new Span("claim", began) { Id = trace.Root, Links = links }, (Tags.Transaction, receipt.Name), (Tags.Accounts, (long)accounts),
            (Tags.Root, root.ToString()), (Tags.Epoch, (long?)epoch?.Value));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        command?.Dispose();
        telemetry?.Dispose();
    }

    // Claims are taken against two roots.
    private async Task<Epoch?> FindEpochAsync(Bytes32 root, CancellationToken ct)
    {
        var (current, previous) = await settlement.GetRootsAsync(ct).ConfigureAwait(false);
        return current.Root == root ? new Epoch(current.Epoch) : previous.Root == root ? new Epoch(previous.Epoch) : null;
    }
}
