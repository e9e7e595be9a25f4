using System.ComponentModel.DataAnnotations;
using System.Globalization;
using DePin.Storage;

namespace DePin.Jobs;

/// <summary>Settings of the job host, section <c>Jobs</c>.</summary>
public sealed record JobsOptions
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

    /// <summary>Network manifest written by <c>depin network deploy</c>, of chain 1 of the database. Required unless Networks names one.</summary>
    public string Manifest { get; init; } = "";

    /// <summary>JSON-RPC URLs of that chain, in order of preference; used by the reconciliation. At least one with Manifest.</summary>
    public Uri[] Rpc { get; init; } = [];

    /// <summary>More networks of the same database, each with manifest, nodes and the number of its chain.</summary>
    public NetworkOptions[] Networks { get; init; } = [];

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

    /// <summary>All networks, that of Manifest and Rpc first.</summary>
    /// <exception cref="ValidationException">There is none, or one is incomplete or shares its chain's number with another; the message names the setting.</exception>
    public IReadOnlyList<NetworkOptions> AllNetworks()
    {
        if (Manifest.Length == 0 && Rpc.Length > 0) throw new ValidationException("Jobs:Rpc is set without Jobs:Manifest: name the network's manifest.");
        List<(string Where, NetworkOptions Network)> all = Manifest.Length == 0 ? [] : [("Jobs", new NetworkOptions { Manifest = Manifest, Rpc = Rpc })];
        all.AddRange(Networks.Select((n, i) => (string.Create(CultureInfo.InvariantCulture, $"Jobs:Networks:{i}"), n)));
        if (all.Count == 0) throw new ValidationException("Set Jobs:Manifest and Jobs:Rpc:0, or Jobs:Networks:0:Manifest and Jobs:Networks:0:Rpc:0.");
        foreach (var (where, network) in all)
        {
            if (network.Manifest.Length == 0) throw new ValidationException($"Set {where}:Manifest to the path of the network manifest that 'depin network deploy' wrote.");
            if (network.Rpc.Length == 0) throw new ValidationException($"Set {where}:Rpc:0 to the URL of a node of the network's chain.");
            if (network.ChainId < 1) throw new ValidationException($"{where}:ChainId is {network.ChainId}: chains are numbered from 1, as Indexer:ChainId says.");
        }

        if (all.GroupBy(n => n.Network.ChainId).FirstOrDefault(g => g.Count() > 1) is { } same)
            throw new ValidationException($"{string.Join(" and ", same.Select(n => n.Where))} both name chain {same.Key} of the database: set ChainId to what the network's indexer has in Indexer:ChainId.");
        return [.. all.Select(n => n.Network)];
    }
}

/// <summary>A network of the database.</summary>
public sealed record NetworkOptions
{
    /// <summary>Network manifest written by <c>depin network deploy</c>. Required.</summary>
    public string Manifest { get; init; } = "";

    /// <summary>JSON-RPC URLs of the chain, in order of preference; used by the reconciliation. At least one.</summary>
    public Uri[] Rpc { get; init; } = [];

    /// <summary>Number of the chain in the database: the network's <c>Indexer:ChainId</c>. Default 1.</summary>
    public short ChainId { get; init; } = 1;
}
