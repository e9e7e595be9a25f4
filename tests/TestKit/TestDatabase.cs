using DePin.Storage;
using Npgsql;

namespace DePin.TestKit;

/// <summary>A database of one test or test class, cloned from a migrated template and dropped with it.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private static readonly SemaphoreSlim Gate = new(1, 1);
    private static string? template;
    private readonly string server;

    private TestDatabase(string server, string name)
    {
        this.server = server;
        Name = name;
        ConnectionString = On(server, name);
        DataSource = NpgsqlDataSource.Create(ConnectionString);
    }

    /// <summary>Name of the database.</summary>
    public string Name { get; }

    /// <summary>Connection string as the server's superuser.</summary>
    public string ConnectionString { get; }

    /// <summary>Pool of connections to it.</summary>
    public NpgsqlDataSource DataSource { get; }

    /// <summary>Creates a database: a clone of the migrated template, or an empty one.</summary>
    public static async Task<TestDatabase> CreateAsync(bool migrated = true, CancellationToken ct = default)
    {
        var server = await PostgresServer.GetAsync(ct).ConfigureAwait(false);
        var source = migrated ? await TemplateAsync(server, ct).ConfigureAwait(false) : "template0";
        var name = NewName();
        await RunAsync(server, $"create database \"{name}\" template \"{source}\"", ct).ConfigureAwait(false);
        return new TestDatabase(server, name);
    }

    /// <summary>Runs a statement.</summary>
    public async Task<int> ExecuteAsync(string sql, CancellationToken ct)
    {
        await using var command = DataSource.CreateCommand(sql);
        return await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    /// <summary>First column of the first row.</summary>
    public async Task<T?> ScalarAsync<T>(string sql, CancellationToken ct)
    {
        await using var command = DataSource.CreateCommand(sql);
        return await command.ExecuteScalarAsync(ct).ConfigureAwait(false) is T value ? value : default;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync().ConfigureAwait(false);
        await RunAsync(server, $"drop database if exists \"{Name}\" with (force)", CancellationToken.None).ConfigureAwait(false);
    }

    internal static string NewName() => $"t_{Guid.NewGuid():n}";

    internal static async Task MigrateAsync(string connectionString, CancellationToken ct)
    {
        await using var dataSource = NpgsqlDataSource.Create(connectionString);
        await new Migrator(dataSource).MigrateAsync(ct).ConfigureAwait(false);
    }

    private static async Task<string> TemplateAsync(string server, CancellationToken ct)
    {
        await Gate.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            if (template is not null) return template;
            var name = $"template_{Guid.NewGuid():n}";
            await RunAsync(server, $"create database \"{name}\"", ct).ConfigureAwait(false);
            await MigrateAsync(On(server, name) + ";Pooling=false", ct).ConfigureAwait(false);
            AppDomain.CurrentDomain.ProcessExit += (_, _) =>
            {
                if (Environment.GetEnvironmentVariable("DEPIN_TEST_POSTGRES") is { Length: > 0 })
                    RunAsync(server, $"drop database if exists \"{name}\" with (force)", CancellationToken.None).Wait(TimeSpan.FromSeconds(10));
            };
            return template = name;
        }
        finally
        {
            Gate.Release();
        }
    }

    private static string On(string server, string database) => new NpgsqlConnectionStringBuilder(server) { Database = database, MaxPoolSize = 40 }.ConnectionString;

    private static async Task RunAsync(string server, string sql, CancellationToken ct)
    {
        await using var connection = new NpgsqlConnection(server);
        await connection.OpenAsync(ct).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 120 };
        await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }
}
