using System.Globalization;
using DePin.DevTools;
using DePin.Mirror;
using DePin.Storage;
using Npgsql;

namespace DePin.Cli.Dev;

/// <summary>
/// The databases of a dev network: one an operator, one for the public, which holds all chains. Each host has a login of its own that may connect to its database only and
/// act there as its role only; the server's administrator migrates and nothing else.
/// </summary>
/// <param name="settings">What the first start decided.</param>
/// <param name="administrator">Connection string of a role that may create databases and roles, by database.</param>
public sealed class DevDatabases(DevSettings settings, Func<string, string> administrator)
{
    private const string Template = "template";

    /// <summary>The database of indexer, API and job host.</summary>
    public const string Public = "public";

    /// <summary>Number of the Solana runtime in the public database.</summary>
    public const short SolanaNumber = 2;

    /// <summary>Name of the indexer's host.</summary>
    public const string Indexer = "indexer";

    /// <summary>Name of the host that indexes Solana.</summary>
    public const string SolanaIndexer = "solanaindexer";

    /// <summary>The hosts with the database that each uses and the roles that it may act as.</summary>
    public IEnumerable<(string Host, string Database, string[] Roles)> Hosts =>
    [
        .. settings.Evm ? Of(Operator, Indexer) : [],
        .. settings.Solana is null ? [] : Of(SolanaOperator, SolanaIndexer),
        ("api", Public, [DatabaseRole.Api, DatabaseRole.SignIn]),
        ("jobs", Public, [DatabaseRole.Jobs]),
    ];

    private IEnumerable<(string Host, string Database, string[] Roles)> Of(Func<int, string> name, string indexer) =>
    [
        .. Enumerable.Range(1, settings.Operators).Select(i => (name(i), name(i), (string[])[DatabaseRole.Oracle, DatabaseRole.Indexer])),
        (indexer, Public, [DatabaseRole.Indexer]),
    ];

    /// <summary>As kept in the data folder: of the private cluster or of the server that was named.</summary>
    public static DevDatabases Of(DevSettings settings) => new(settings, settings.PostgresFolder is { } data
        ? database => PostgresCluster.ConnectionString(data, settings.Ports.Postgres, database)
        : database => new NpgsqlConnectionStringBuilder(settings.Postgres) { Database = database }.ConnectionString);

    /// <summary>Name of an operator's host and database, counted from 1.</summary>
    public static string Operator(int number) => string.Create(CultureInfo.InvariantCulture, $"operator{number}");

    /// <summary>Name of the host and database of an operator on Solana, counted from 1.</summary>
    public static string SolanaOperator(int number) => string.Create(CultureInfo.InvariantCulture, $"solana{number}");

    /// <summary>Connection string of the server's administrator, to no database of the network.</summary>
    public string Server => administrator("postgres");

    /// <summary>Connection string of the server's administrator to a database of the network.</summary>
    public string Administrator(string database) => administrator(settings.Database(database));

    /// <summary>Connection string of a host.</summary>
    public string ConnectionString(string host)
    {
        var (_, database, _) = Hosts.First(h => h.Host == host);
        return new NpgsqlConnectionStringBuilder(Administrator(database)) { Username = settings.Database(host), Password = settings.Password(host) }.ConnectionString;
    }

    /// <summary>Creates and migrates what is missing, and the logins.</summary>
    /// <exception cref="CliException">The server does not let the given role do that.</exception>
    public async Task PrepareAsync(Action<string> detail, CancellationToken ct)
    {
        // One is migrated, the others begin as copies of it.
        await PrepareAsync(Template, null, detail, ct).ConfigureAwait(false);
        if (settings.Solana is { Rpc: null }) await ForgetSolanaAsync(detail, ct).ConfigureAwait(false);
        foreach (var database in Hosts.Select(h => h.Database).Distinct(StringComparer.Ordinal)) await PrepareAsync(database, settings.Database(Template), detail, ct).ConfigureAwait(false);
        foreach (var (host, database, roles) in Hosts)
        {
            detail($"login of {host}");
            try
            {
                await DatabaseServer.EnsureLoginAsync(Server, settings.Database(host), settings.Password(host), settings.Database(database), roles, ct).ConfigureAwait(false);
            }
            catch (PostgresException problem) when (problem.SqlState is PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.UndefinedObject)
            {
                throw new CliException(
                    $"The server does not let {new NpgsqlConnectionStringBuilder(Server).Username} make the login of {host}: {problem.MessageText}. "
                    + $"Give --postgres a role with createdb and createrole that may grant {string.Join(" and ", roles)}, or leave --postgres out for a private cluster.", inner: problem);
            }
        }
    }

    // What was of a runtime that is gone.
    private async Task ForgetSolanaAsync(Action<string> detail, CancellationToken ct)
    {
        detail("forgetting the last Solana runtime");
        for (var i = 1; i <= settings.Operators; i++) await DatabaseServer.DropDatabaseAsync(Server, settings.Database(SolanaOperator(i)), ct).ConfigureAwait(false);
        await PrepareAsync(Public, settings.Database(Template), detail, ct).ConfigureAwait(false);
        await using var dataSource = NpgsqlDataSource.Create(Administrator(Public) + ";Pooling=false");
        await MirrorSchema.ForgetAsync(dataSource, SolanaNumber, ct).ConfigureAwait(false);
    }

    private async Task PrepareAsync(string database, string? template, Action<string> detail, CancellationToken ct)
    {
        detail($"database {database}");
        await DatabaseServer.EnsureDatabaseAsync(Server, settings.Database(database), ct, template).ConfigureAwait(false);
        await using var dataSource = NpgsqlDataSource.Create(Administrator(database) + ";Pooling=false");
        await new Migrator(dataSource).MigrateAsync(ct).ConfigureAwait(false);
    }
}
