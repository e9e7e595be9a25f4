using System.ComponentModel.DataAnnotations;
using DePin.Chain.Rpc;
using DePin.Storage;

namespace DePin.Indexer;

/// <summary>Section <c>Indexer</c>.</summary>
public sealed record IndexerOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Indexer";

    /// <summary>PostgreSQL connection string. No default.</summary>
    [Required(ErrorMessage = "Set Indexer:Database (or the variable Indexer__Database) to a PostgreSQL connection string.")]
    public required string Database { get; init; }

    /// <summary>Path of the network's deployment manifest. No default.</summary>
    [Required(ErrorMessage = "Set Indexer:Manifest to the path of the network manifest that 'depin network deploy' wrote.")]
    public required string Manifest { get; init; }

    /// <summary>Providers of the chain in order of preference: URLs, or each with its limits. No default.</summary>
    [Required, MinLength(1, ErrorMessage = "Set Indexer:Rpc:0 to the URL of a node of the network's chain.")]
    public required RpcProviderOptions[] Rpc { get; init; }

    /// <summary>How many of them must agree on what is mirrored; 0 = the only one, both of two, a majority of more. Default 1: the others stand in for the first.</summary>
    [Range(0, 100)]
    public int RpcQuorum { get; init; } = 1;

    /// <summary>Role that the indexer acts as in the database; empty = the connecting one. Default depin_indexer.</summary>
    public string Role { get; init; } = DatabaseRole.Indexer;

    /// <summary>Whether to bring the database to this build's schema at the start, which takes its owner. Default true.</summary>
    public bool Migrate { get; init; } = true;

    /// <summary>Number of the chain in this database. Default 1.</summary>
    [Range(1, short.MaxValue)]
    public short ChainId { get; init; } = 1;

    /// <summary>Milliseconds between looks at the tip. Default 500.</summary>
    [Range(10, 600_000)]
    public int PollMilliseconds { get; init; } = 500;

    /// <summary>Seconds between looks for final epochs to import. Default 2.</summary>
    [Range(1, 3_600)]
    public int ImportSeconds { get; init; } = 2;

    /// <summary>Seconds for one bundle's download. Default 300.</summary>
    [Range(1, 86_400)]
    public int DownloadSeconds { get; init; } = 300;

    /// <summary>Most bytes of a bundle. Default 2 GB, which is what one array holds.</summary>
    [Range(1_024, int.MaxValue)]
    public int MaximumBundleBytes { get; init; } = int.MaxValue;

    /// <summary>Seconds without a good answer of node and database after which the indexer is not ready. Default 60.</summary>
    [Range(1, 86_400)]
    public int StalledAfterSeconds { get; init; } = 60;

    /// <summary>Seconds between looks for evidence that the job host gave up. Default 60.</summary>
    [Range(1, 86_400)]
    public int PruneSeconds { get; init; } = 60;

    /// <summary>Most verdicts, and most tree chunks, that one step of pruning deletes. Default 5000.</summary>
    [Range(1, 1_000_000)]
    public int PruneRows { get; init; } = 5_000;
}
