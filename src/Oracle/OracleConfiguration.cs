using System.ComponentModel.DataAnnotations;
using DePin.Chain.Deployment;
using DePin.Chain.Rpc;
using DePin.Cryptography;
using DePin.Mirror;
using DePin.Oracle.Batch;
using DePin.Oracle.Evidence;
using DePin.Oracle.Ingest;
using DePin.Oracle.Network;
using DePin.Oracle.Round;
using DePin.Oracle.Transmit;
using DePin.Protocol.Verification;
using DePin.Signing;
using DePin.Storage;

namespace DePin.Oracle;

/// <summary>Section <c>Oracle</c>: environment <c>Oracle__Manifest</c> and so on. Where to listen is ASP.NET's own <c>Urls</c>.</summary>
public sealed record OracleOptions
{
    /// <summary>File of the network's manifest, as the deployment wrote it.</summary>
    [Required]
    public string Manifest { get; init; } = "";

    /// <summary>Connection string of this operator's own PostgreSQL database.</summary>
    [Required]
    public string Database { get; init; } = "";

    /// <summary>Role that the node acts as in its database, the writer of <c>oracle</c>; empty = the connecting one. Default depin_oracle.</summary>
    public string Role { get; init; } = DatabaseRole.Oracle;

    /// <summary>Role that its chain follower acts as, the writer of <c>chain</c>; empty = the connecting one. Default depin_indexer.</summary>
    public string FollowerRole { get; init; } = DatabaseRole.Indexer;

    /// <summary>Whether to bring the database to this build's schema at the start, which takes its owner. Default true.</summary>
    public bool Migrate { get; init; } = true;

    /// <summary>Providers of the chain, the preferred one first: URLs, or each with its limits.</summary>
    [MinLength(1, ErrorMessage = "Set Oracle:Rpc:0 to the URL of a node of the network's chain.")]
    public RpcProviderOptions[] Rpc { get; init; } = [];

    /// <summary>How many of them must agree on what leads to a signature; 0 = the only one, both of two, a majority of more. Default 0.</summary>
    [Range(0, 100)]
    public int RpcQuorum { get; init; }

    /// <summary>Folder with the keys <c>report</c>, <c>protocol</c> and <c>transaction</c>, each a keystore (<c>.json</c>) or bare (<c>.key</c>), of mode 0600; empty where a signer holds them.</summary>
    public string Keys { get; init; } = "";

    /// <summary>File of mode 0600 whose first line is the password of the keystores; empty where there are none.</summary>
    public string PasswordFile { get; init; } = "";

    /// <summary>Socket of the signer process that holds the keys (<c>depin signer run</c>); empty = this process holds them.</summary>
    public string Signer { get; init; } = "";

    /// <summary>Wall time that the signer has to answer. Default 5 s.</summary>
    public TimeSpan SignerTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Limits of ingest.</summary>
    public IngestOptions Ingest { get; init; } = new();

    /// <summary>Sealing and exchange.</summary>
    public LaneOptions Lanes { get; init; } = new();

    /// <summary>Wall times of the agreement.</summary>
    public RoundOptions Round { get; init; } = new();

    /// <summary>Transactions.</summary>
    public TransmitOptions Transmit { get; init; } = new();

    /// <summary>Bundles and what is pruned.</summary>
    public EvidenceOptions Evidence { get; init; } = new();
}

/// <summary>From configuration and manifest to a setup; everything is checked before anything starts.</summary>
public static class OracleConfiguration
{
    /// <summary>Reads section <c>Oracle</c>, the manifest and the keys; where they are a signer's, waits for it.</summary>
    /// <exception cref="ValidationException">A setting is missing or out of bounds; the message names it.</exception>
    public static async Task<OracleSetup> ReadAsync(IConfiguration configuration, ClassCatalog catalog, CancellationToken ct)
    {
        var options = configuration.GetSection("Oracle").Get<OracleOptions>() ?? new OracleOptions();
        foreach (var part in new object[] { options, options.Ingest, options.Lanes, options.Round, options.Transmit, options.Evidence }) Check(part);

        var manifest = NetworkManifest.Load(options.Manifest);
        var parameters = manifest.NetworkParameters;
        var keys = await OpenKeysAsync(options, manifest, ct);
        var network = manifest.ToMirroredNetwork();
        var providers = new ChainProviders(new HttpClient { Timeout = Timeout.InfiniteTimeSpan }, options.Rpc, options.RpcQuorum, "Oracle", TimeProvider.System);
        return new OracleSetup
        {
            Facts = new NetworkFacts(manifest.Id, manifest.Genesis, manifest.EpochLength, (ulong)parameters.LateSeconds, (ulong)parameters.EpochGraceSeconds),
            Keys = keys,
            Database = options.Database,
            Role = options.Role,
            FollowerRole = options.FollowerRole,
            Migrate = options.Migrate,
            Classes = catalog.Bind(parameters),
            ChainId = network.ChainId,
            Ingest = options.Ingest,
            Lanes = options.Lanes with { MaxProofs = Math.Min(options.Lanes.MaxProofs, parameters.BatchMaxProofs) },
            Round = options.Round,
            Transmit = options.Transmit,
            Evidence = options.Evidence,
            Link = new ChainLink(network, manifest.ToEmissionSchedule(), parameters, catalog, VerifierTransactions.Create(manifest, providers, keys), Source: null) { Providers = providers },
        };
    }

    private static async Task<IOperatorSigner> OpenKeysAsync(OracleOptions options, NetworkManifest manifest, CancellationToken ct)
    {
        if ((options.Keys.Length > 0) == (options.Signer.Length > 0))
            throw new ValidationException("Set either Oracle:Keys, the folder of the keys, or Oracle:Signer, the socket of the process that holds them.");
        if (options.Keys.Length > 0) return OperatorKeyRing.Load(options.Keys, options.PasswordFile.Length > 0 ? () => KeyFile.ReadPassword(options.PasswordFile) : null, manifest.Kind);
        if (options.SignerTimeout <= TimeSpan.Zero || options.SignerTimeout > TimeSpan.FromMinutes(1)) throw new ValidationException("Oracle:SignerTimeout is a time above 0, at most a minute.");
        for (var told = false; ; told = true)
        {
            try
            {
                var signer = RemoteSigner.Connect(options.Signer, manifest.Id, options.SignerTimeout);
                return signer.Account.Kind == manifest.Kind ? signer : throw new ValidationException($"The signer at '{options.Signer}' pays with an account of a {signer.Account.Kind} chain, and the network is on {manifest.Chain}.");
            }
            catch (SignerUnreachableException problem)
            {
                // Who started first does not matter.
                if (!told) Console.Error.WriteLine($"Waiting for the signer. {problem.Message}");
                await Task.Delay(TimeSpan.FromSeconds(1), ct);
            }
        }
    }

    private static void Check(object part) => Validator.ValidateObject(part, new ValidationContext(part), validateAllProperties: true);
}
