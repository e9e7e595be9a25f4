using System.ComponentModel.DataAnnotations;

namespace DePin.Jobs;

/// <summary>Settings of the job host, section <c>Jobs</c>.</summary>
public sealed record JobsOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Jobs";

    /// <summary>PostgreSQL connection string of a role that may write <c>jobs</c>, prune <c>evidence</c> and read <c>chain</c>. Required.</summary>
    [Required]
    public required string Database { get; init; }

    /// <summary>Network manifest written by <c>depin network deploy</c>. Required.</summary>
    [Required]
    public required string Manifest { get; init; }

    /// <summary>JSON-RPC URLs of the chain, in order of preference; used by the reconciliation. At least one.</summary>
    [Required, MinLength(1)]
    public required Uri[] Rpc { get; init; }

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
}
