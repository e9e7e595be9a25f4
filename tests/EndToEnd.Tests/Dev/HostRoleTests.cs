using DePin.Cli.Dev;
using Npgsql;

namespace DePin.EndToEnd.Tests.Dev;

/// <summary>One writer per schema: what each host of a running dev network may do in the database, by its own connection string.</summary>
[Collection(RunningNetwork.Shared)]
public sealed class HostRoleTests(RunningNetwork network)
{
    private static readonly string[] Schemas = ["chain", "evidence", "jobs", "oracle"];

    private DevDatabases Databases => DevDatabases.Of(DevSettings.Load(Path.Combine(network.Data, "settings.json"))!);

    [Theory]
    [InlineData("operator1", "depin_oracle", "oracle")]
    [InlineData("operator1", "depin_indexer", "chain,evidence")]
    [InlineData("indexer", "depin_indexer", "chain,evidence")]
    [InlineData("api", "depin_api", "")]
    [InlineData("jobs", "depin_jobs", "jobs")]
    public async Task A_host_writes_its_own_schema_and_no_other(string host, string role, string own)
    {
        await using var source = NpgsqlDataSource.Create(Storage.DatabaseRole.As(Databases.ConnectionString(host), role));
        var written = new List<string>();
        foreach (var schema in Schemas)
        {
            var table = await ScalarAsync(source, $"select min(format('%I.%I', schemaname, tablename)) from pg_tables where schemaname = '{schema}'");
            await ScalarAsync(source, $"select count(*)::text from {table}"); // everybody reads
            await using var connection = await source.OpenConnectionAsync();
            await using var undone = await connection.BeginTransactionAsync();
            try
            {
                await using var command = new NpgsqlCommand($"delete from {table} where false", connection, undone);
                await command.ExecuteNonQueryAsync();
                written.Add(schema);
            }
            catch (PostgresException refusal) when (refusal.SqlState == PostgresErrorCodes.InsufficientPrivilege)
            {
                // As it should be for a schema of somebody else.
            }
        }

        Assert.Equal(own, string.Join(',', written));
    }

    [Theory]
    [InlineData("indexer", "depin_jobs")]
    [InlineData("api", "depin_indexer")]
    [InlineData("jobs", "depin_indexer")]
    [InlineData("operator1", "depin_jobs")]
    [InlineData("operator1", "postgres")]
    public async Task A_host_may_not_act_as_another(string host, string role)
    {
        await using var connection = new NpgsqlConnection(Storage.DatabaseRole.As(Databases.ConnectionString(host), role));
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, (await Assert.ThrowsAsync<PostgresException>(() => connection.OpenAsync())).SqlState);
    }

    [Theory]
    [InlineData("operator1")]
    [InlineData("indexer")]
    [InlineData("api")]
    [InlineData("jobs")]
    public async Task A_login_without_its_role_may_do_nothing_and_connects_nowhere_else(string host)
    {
        await using var source = NpgsqlDataSource.Create(Databases.ConnectionString(host));
        await using (var connection = await source.OpenConnectionAsync())
        {
            await using var command = new NpgsqlCommand("select count(*) from chain.blocks", connection);
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, (await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteScalarAsync())).SqlState);
        }

        foreach (var database in Databases.Hosts.Select(h => h.Database).Distinct().Where(d => d != Databases.Hosts.First(h => h.Host == host).Database))
        {
            var elsewhere = new NpgsqlConnectionStringBuilder(Databases.ConnectionString(host)) { Database = new NpgsqlConnectionStringBuilder(Databases.Administrator(database)).Database, Pooling = false };
            await using var connection = new NpgsqlConnection(elsewhere.ConnectionString);
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, (await Assert.ThrowsAsync<PostgresException>(() => connection.OpenAsync())).SqlState);
        }
    }

    [Fact]
    public async Task Nobody_but_the_operator_drops_an_epoch_of_its_proofs()
    {
        foreach (var role in (string[])["depin_indexer", "depin_oracle"])
        {
            await using var source = NpgsqlDataSource.Create(Storage.DatabaseRole.As(Databases.ConnectionString("operator1"), role));
            if (role == "depin_oracle") await ScalarAsync(source, "select oracle.drop_epoch(999999999)::text");
            else Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, (await Assert.ThrowsAsync<PostgresException>(() => ScalarAsync(source, "select oracle.drop_epoch(999999999)::text"))).SqlState);
        }
    }

    [Fact]
    public async Task The_hosts_that_run_are_connected_as_these_logins_and_none_as_the_administrator()
    {
        var names = Databases.Hosts.ToDictionary(h => new NpgsqlConnectionStringBuilder(Databases.ConnectionString(h.Host)).Username!, h => new NpgsqlConnectionStringBuilder(Databases.ConnectionString(h.Host)).Database!);
        await using var administrator = NpgsqlDataSource.Create(Databases.Server);
        await using var command = administrator.CreateCommand("select distinct usename::text, datname::text from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() and datname like 'depin\\_%'");
        var seen = new HashSet<string>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            var (login, database) = (reader.GetString(0), reader.GetString(1));
            Assert.True(names.ContainsKey(login), $"{login} is connected to {database}");
            Assert.Equal(names[login], database);
            seen.Add(login);
        }

        Assert.Superset(names.Keys.Where(n => !n.EndsWith("_api", StringComparison.Ordinal)).ToHashSet(), seen);
    }

    private static async Task<string?> ScalarAsync(NpgsqlDataSource source, string sql)
    {
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync() as string;
    }
}
