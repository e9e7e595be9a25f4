using DePin.Chain;
using DePin.Mirror;
using DePin.Oracle.Batch;
using DePin.Oracle.Evidence;
using DePin.Oracle.Ingest;
using DePin.Oracle.Network;
using DePin.Oracle.Round;
using DePin.Oracle.Transmit;
using DePin.Protocol;
using DePin.Protocol.Verification;
using DePin.Signing;
using DePin.Storage;

namespace DePin.Oracle;

/// <summary>Everything that one operator process is made of. Program reads it from configuration and manifest; tests make it by hand.</summary>
public sealed record OracleSetup
{
    /// <summary>What never changes in the network.</summary>
    public required NetworkFacts Facts { get; init; }

    /// <summary>This operator's keys, or who holds them.</summary>
    public required IOperatorSigner Keys { get; init; }

    /// <summary>Connection string of this operator's own database.</summary>
    public required string Database { get; init; }

    /// <summary>Role that the node acts as in its database; empty = the connecting one.</summary>
    public string Role { get; init; } = DatabaseRole.Oracle;

    /// <summary>Role that its chain follower acts as; empty = the connecting one.</summary>
    public string FollowerRole { get; init; } = DatabaseRole.Indexer;

    /// <summary>Whether the database is brought to this build's schema at the start, as the connecting role.</summary>
    public bool Migrate { get; init; } = true;

    /// <summary>The network's classes, bound to its parameters.</summary>
    public required IReadOnlyList<IResourceClass> Classes { get; init; }

    /// <summary>The chain. Null makes a node that only ingests and keeps lanes, with another process following the chain into the same database.</summary>
    public ChainLink? Link { get; init; }

    /// <summary>Number of the chain in <c>chain.chains</c>.</summary>
    public short ChainId { get; init; } = 1;

    /// <summary>Section <c>Ingest</c>.</summary>
    public IngestOptions Ingest { get; init; } = new();

    /// <summary>Section <c>Lanes</c>.</summary>
    public LaneOptions Lanes { get; init; } = new();

    /// <summary>Section <c>Transmit</c>.</summary>
    public TransmitOptions Transmit { get; init; } = new();

    /// <summary>Section <c>Round</c>.</summary>
    public RoundOptions Round { get; init; } = new();

    /// <summary>Section <c>Evidence</c>.</summary>
    public EvidenceOptions Evidence { get; init; } = new();
}

/// <summary>What a node needs to follow the chain, agree on epochs and send transactions.</summary>
/// <param name="Network">Contracts and first block.</param>
/// <param name="Emission">The schedule of budgets.</param>
/// <param name="Parameters">The network's parameter document.</param>
/// <param name="Catalog">The classes of this build.</param>
/// <param name="Transactions">Prepares, sends and looks after transactions.</param>
/// <param name="Source">The chain as the follower reads it; null where another process follows it into the same database.</param>
public sealed record ChainLink(
    MirroredNetwork Network, EmissionSchedule Emission, NetworkParameters Parameters, ClassCatalog Catalog, IVerifierTransactions Transactions, IChainSource? Source)
{
    /// <summary>The chain's providers; the follower then reads what a quorum of them says, instead of <see cref="Source"/>.</summary>
    public ChainProviders? Providers { get; init; }
}
