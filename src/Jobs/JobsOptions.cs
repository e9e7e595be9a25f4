using System.ComponentModel.DataAnnotations;
using DePin.Storage;

namespace DePin.Jobs;

/// <summary>Settings of the job host, section <c>Jobs</c>.</summary>
public sealed record JobsOptions : IValidatableObject
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Jobs";

    /// <summary>PostgreSQL connection string. Required.</summary>
    [Required]
    public required string Database { get; init; }

    /// <summary>Role that the host acts as in the database: writes <c>jobs</c>, reads the rest; empty = the connecting one. Default depin_jobs.</summary>
    public string Role { get; init; } = DatabaseRole.Jobs;

    /// <summary>Whether to bring the database to this build's schema at the start, which takes its owner. Default true.</summary>
    public bool Migrate { get; init; } = true;

    /// <summary>Network manifest written by <c>depin network deploy</c>. Required where <c>Networks</c> is empty.</summary>
    public string Manifest { get; init; } = "";

    /// <summary>JSON-RPC URLs of the chain, in order of preference; used by the reconciliation. At least one where <c>Networks</c> is empty.</summary>
    public Uri[] Rpc { get; init; } = [];

    /// <summary>The networks in the database, where there are several; then <c>Manifest</c> and <c>Rpc</c> are left out.</summary>
    public ReconciledNetworkOptions[] Networks { get; init; } = [];

    /// <summary>Seconds between reconciliations; default 60.</summary>
    [Range(1, 86_400)]
    public int ReconcileSeconds { get; init; } = 60;

    /// <summary>Seconds between looks for alarm conditions; default 10.</summary>
    [Range(1, 3600)]
    public int AlarmSeconds { get; init; } = 10;

    /// <summary>Seconds between roll-ups; default 15.</summary>
    [Range(1, 86_400)]
    public int RollUpSeconds { get; init; } = 15;

    /// <summary>Seconds between prunings; default 600.</summary>
    [Range(1, 86_400)]
    public int PruneSeconds { get; init; } = 600;

    /// <summary>Epochs whose verdicts are kept; default 90. Roll-ups are kept for ever.</summary>
    [Range(2, 100_000)]
    public int KeepVerdictEpochs { get; init; } = 90;

    /// <summary>Final epochs whose tree is kept for claim proofs; default 3 (the contract accepts the current and the previous root).</summary>
    [Range(2, 1000)]
    public int KeepTreeEpochs { get; init; } = 3;

    /// <summary>Chain seconds without an accepted report after which an alarm is raised; default 36 hours.</summary>
    [Range(3600, 30 * 86_400)]
    public int SilenceSeconds { get; init; } = 36 * 3600;

    /// <summary>Newest runs of each job that the history keeps: so many that went well, and so many that did not; default 1,000.</summary>
    [Range(10, 1_000_000)]
    public int KeepRuns { get; init; } = 1000;

    /// <summary>Origins at which operators open the dashboard, e.g. https://jobs.example.org; sign-in messages for another are refused. Default: localhost, 127.0.0.1 and [::1] with the host's port.</summary>
    public Uri[] Origins { get; init; } = [];

    /// <summary>Addresses that may sign in to the dashboard besides the accounts of the network's operators. Default none.</summary>
    public string[] Admins { get; init; } = [];

    /// <summary>Minutes after which a sign-in to the dashboard ends by itself; default 8 hours.</summary>
    [Range(1, 7 * 1440)]
    public int SessionMinutes { get; init; } = 480;

    /// <summary>Every network: those of <see cref="Networks"/>, or the one.</summary>
    public IReadOnlyList<ReconciledNetworkOptions> All() => Networks.Length > 0 ? Networks : [new ReconciledNetworkOptions { Manifest = Manifest, Rpc = Rpc }];

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Networks.Length > 0 && (Manifest.Length > 0 || Rpc.Length > 0))
            yield return new ValidationResult("Set either Jobs:Networks, or Jobs:Manifest and Jobs:Rpc for a single network.");
        foreach (var (i, network) in All().Index())
        {
            var where = Networks.Length > 0 ? $"Jobs:Networks:{i}:" : "Jobs:";
            if (network.Manifest.Length == 0) yield return new ValidationResult($"Set {where}Manifest to the path of the network manifest that 'depin network deploy' wrote.");
            if (network.Rpc.Length == 0) yield return new ValidationResult($"Set {where}Rpc:0 to the URL of a node of the network's chain.");
            if (network.ChainId < 1 || All().Count(n => n.ChainId == network.ChainId) > 1) yield return new ValidationResult($"{where}ChainId must be the number that the network's indexer has (Indexer:ChainId), each network's its own.");
        }
    }
}

/// <summary>One of several networks in a database.</summary>
public sealed record ReconciledNetworkOptions
{
    /// <summary>Network manifest written by <c>depin network deploy</c>. Required.</summary>
    public string Manifest { get; init; } = "";

    /// <summary>JSON-RPC URLs of the chain, in order of preference. At least one.</summary>
    public Uri[] Rpc { get; init; } = [];

    /// <summary>Number of the chain in the database, as its indexer has it. Default 1.</summary>
    public short ChainId { get; init; } = 1;
}
