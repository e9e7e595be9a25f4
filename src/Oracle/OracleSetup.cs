using DePin.Oracle.Batch;
using DePin.Oracle.Ingest;
using DePin.Oracle.Network;
using DePin.Protocol.Verification;

namespace DePin.Oracle;

/// <summary>Everything that one operator process is made of. Program reads it from configuration and manifest; tests make it by hand.</summary>
public sealed record OracleSetup
{
    /// <summary>What never changes in the network.</summary>
    public required NetworkFacts Facts { get; init; }

    /// <summary>This operator's keys.</summary>
    public required OperatorKeyRing Keys { get; init; }

    /// <summary>Connection string of this operator's own database.</summary>
    public required string Database { get; init; }

    /// <summary>The network's classes, bound to its parameters.</summary>
    public required IReadOnlyList<IResourceClass> Classes { get; init; }

    /// <summary>Number of the chain in <c>chain.chains</c>.</summary>
    public short ChainId { get; init; } = 1;

    /// <summary>Section <c>Ingest</c>.</summary>
    public IngestOptions Ingest { get; init; } = new();

    /// <summary>Section <c>Lanes</c>.</summary>
    public LaneOptions Lanes { get; init; } = new();
}
