using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using DePin.Protocol;

namespace DePin.Cli.Dev;

/// <summary>Ports of a dev network on 127.0.0.1.</summary>
public sealed record DevPorts
{
    /// <summary>JSON-RPC of the chain.</summary>
    public int Chain { get; init; } = 8545;

    /// <summary>PostgreSQL.</summary>
    public int Postgres { get; init; } = 15432; // below the ports that a machine gives to outgoing connections

    /// <summary>The API and the status page.</summary>
    public int Api { get; init; } = 8080;

    /// <summary>The first operator; the others follow.</summary>
    public int Operator { get; init; } = 8101;

    /// <summary>The public indexer.</summary>
    public int Indexer { get; init; } = 8091;

    /// <summary>The job host.</summary>
    public int Jobs { get; init; } = 8092;

    /// <summary>JSON-RPC of the Solana runtime; its subscriptions are on the next one.</summary>
    public int Solana { get; init; } = 8899;

    /// <summary>The first operator of the network on Solana; the others follow.</summary>
    public int SolanaOperator { get; init; } = 8141;

    /// <summary>The indexer of the network on Solana.</summary>
    public int SolanaIndexer { get; init; } = 8093;

    /// <summary>Every port with what it is for and the option that moves it.</summary>
    public IEnumerable<(int Port, string What, string Option)> All(DevSettings settings)
    {
        var operators = settings.Operators;
        if (settings.Evm)
        {
            yield return (Chain, "the chain", "--chain-port");
            yield return (Indexer, "the indexer", "--indexer-port");
            for (var i = 0; i < operators; i++) yield return (Operator + i, $"operator {i + 1}", "--operator-port");
        }

        if (settings.Solana is { } solana)
        {
            if (solana.Rpc is null)
            {
                yield return (Solana, "the Solana runtime", "--solana-port");
                yield return (Solana + 1, "the Solana runtime's subscriptions", "--solana-port");
            }

            yield return (SolanaIndexer, "Solana's indexer", "--solana-indexer-port");
            for (var i = 0; i < operators; i++) yield return (SolanaOperator + i, $"Solana's operator {i + 1}", "--solana-operator-port");
        }

        if (settings.Postgres is null) yield return (Postgres, "PostgreSQL", "--postgres-port");
        yield return (Api, "the API", "--api-port");
        yield return (Jobs, "the job host", "--jobs-port");
    }
}

/// <summary>The network on Solana. A runtime of our own keeps nothing, so that every start decides this anew; on a cluster that was there before it holds once the network is being made.</summary>
/// <param name="Genesis">First second of epoch 1 by chain time: a whole day that is still to come.</param>
/// <param name="Replay">The replayed data sets with their shifts; empty where nothing is replayed.</param>
public sealed record DevSolana(long Genesis, IReadOnlyList<ReplayedSet> Replay)
{
    /// <summary>JSON-RPC of a cluster that was there before; null for a runtime of our own. It may hold a key and is never shown.</summary>
    public Uri? Rpc { get; init; }
}

/// <summary>What the first start of a dev network decided; a later start takes it from here.</summary>
public sealed record DevSettings
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>Part of the databases' names, so that networks can share a server.</summary>
    public required string Id { get; init; }

    /// <summary>Number of operators, 3f + 1.</summary>
    public required int Operators { get; init; }

    /// <summary>Chain seconds between blocks; a block comes every wall-clock second.</summary>
    public required int SecondsPerBlock { get; init; }

    /// <summary>First second of epoch 1 by chain time: a whole day.</summary>
    public required long Genesis { get; init; }

    /// <summary>The replayed data sets with their shifts, a parameter of the network; empty where nothing is replayed.</summary>
    public IReadOnlyList<ReplayedSet> Replay { get; init; } = [];

    /// <summary>Whether there is a network on an EVM chain.</summary>
    public bool Evm { get; init; } = true;

    /// <summary>The network on Solana; null where there is none.</summary>
    public DevSolana? Solana { get; init; }

    /// <summary>JSON-RPC of Solana's node. It may hold a key and is never shown.</summary>
    [JsonIgnore]
    public Uri SolanaUrl => Solana?.Rpc ?? new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Ports.Solana}"));

    /// <summary>Ports.</summary>
    public required DevPorts Ports { get; init; }

    /// <summary>Folder of the private cluster; null where <see cref="Postgres"/> is given.</summary>
    public string? PostgresFolder { get; init; }

    /// <summary>Connection string of a server that was there before; null for a private cluster.</summary>
    public string? Postgres { get; init; }

    /// <summary>What the passwords of the hosts' database logins are derived from: 32 random bytes in hexadecimal.</summary>
    public string Secret { get; init; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

    /// <summary>Name of a database of this network, and of a login.</summary>
    public string Database(string part) => $"depin_{Id}_{part}";

    /// <summary>Password of a host's login.</summary>
    public string Password(string part) => Convert.ToHexStringLower(HMACSHA256.HashData(Convert.FromHexString(Secret), Encoding.UTF8.GetBytes(Database(part))))[..40];

    /// <summary>Reads the file, or null where there is none.</summary>
    public static DevSettings? Load(string path) => File.Exists(path)
        ? JsonSerializer.Deserialize<DevSettings>(File.ReadAllBytes(path), Json)
            ?? throw new CliException($"{path} is empty. Remove the data folder with `depin dev reset`.")
        : null;

    /// <summary>Writes the file, readable by its owner only: a connection string may hold a password, a URL a key.</summary>
    public void Save(string path)
    {
        using var stream = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        JsonSerializer.Serialize(stream, this, Json);
    }
}
