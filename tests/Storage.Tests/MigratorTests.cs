using Dapper;
using DePin.TestKit;
using Npgsql;

namespace DePin.Storage.Tests;

public sealed class MigratorTests
{
    private static readonly string[] Schemas = ["api", "chain", "depin", "evidence", "jobs", "oracle"];

    [Fact]
    public async Task Eight_starters_at_once_apply_each_migration_once()
    {
        await using var database = await TestDatabase.CreateAsync(migrated: false);
        var applied = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => new Migrator(database.DataSource).MigrateAsync(CancellationToken.None))));
        Assert.Equal(Migrator.Embedded.Select(m => m.Name), applied.SelectMany(a => a).Order(StringComparer.Ordinal));
        Assert.Single(applied, a => a.Count > 0);
        Assert.Equal(Migrator.Embedded.Count, await database.ScalarAsync<long>("select count(*) from depin.migrations", CancellationToken.None));
    }

    [Fact]
    public async Task Refuses_a_migration_that_was_edited_after_it_was_applied()
    {
        await using var database = await TestDatabase.CreateAsync(migrated: false);
        await new Migrator(database.DataSource, [new Migration(1, "0001_first.sql", "create schema chain; create schema oracle; create schema evidence; create schema jobs;")]).MigrateAsync(CancellationToken.None);
        var edited = new Migrator(database.DataSource, [new Migration(1, "0001_first.sql", "create schema chain; -- edited")]);
        var error = await Assert.ThrowsAsync<MigrationException>(() => edited.MigrateAsync(CancellationToken.None));
        Assert.Contains("0001_first.sql was edited", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refuses_a_database_that_is_newer_than_the_build()
    {
        await using var database = await TestDatabase.CreateAsync();
        var older = new Migrator(database.DataSource, [.. Migrator.Embedded.SkipLast(1)]);
        var error = await Assert.ThrowsAsync<MigrationException>(() => older.MigrateAsync(CancellationToken.None));
        Assert.Contains(Migrator.Embedded[^1].Name, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_migration_that_fails_leaves_nothing_and_the_ones_before_it_stay()
    {
        await using var database = await TestDatabase.CreateAsync(migrated: false);
        Migration[] files =
        [
            new(1, "0001_good.sql", "create schema chain; create schema oracle; create schema evidence; create schema jobs;"),
            new(2, "0002_bad.sql", "create table chain.half (id int); create table chain.half (id int);"),
        ];
        var error = await Assert.ThrowsAsync<MigrationException>(() => new Migrator(database.DataSource, files).MigrateAsync(CancellationToken.None));
        Assert.Contains("0002_bad.sql failed", error.Message, StringComparison.Ordinal);
        Assert.Equal("0001_good.sql", await database.ScalarAsync<string>("select string_agg(name, ',') from depin.migrations", CancellationToken.None));
        Assert.Null(await database.ScalarAsync<string>("select to_regclass('chain.half')::text", CancellationToken.None));
    }

    [Theory]
    [InlineData("depin_indexer", "chain", true)]
    [InlineData("depin_indexer", "evidence", true)]
    [InlineData("depin_indexer", "oracle", false)]
    [InlineData("depin_oracle", "chain", false)]
    [InlineData("depin_oracle", "evidence", false)]
    [InlineData("depin_api", "chain", false)]
    [InlineData("depin_api", "evidence", false)]
    [InlineData("depin_jobs", "chain", false)]
    public async Task A_schema_has_one_writer(string role, string schema, bool writes)
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(database.ConnectionString) { Options = $"-c role={role}", Pooling = false });
        await using var connection = await source.OpenConnectionAsync();
        var table = schema switch
        {
            "chain" => "chain.claims",
            "evidence" => "evidence.epochs",
            _ => await database.ScalarAsync<string>($"select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = '{schema}' limit 1", CancellationToken.None),
        };
        if (table is null) return; // the schema has no table yet
        Assert.Equal(0, await connection.ExecuteScalarAsync<long>($"select count(*) from {table}")); // everybody reads
        if (writes)
            await connection.ExecuteAsync($"delete from {table}");
        else
            Assert.Equal("42501", (await Assert.ThrowsAsync<PostgresException>(() => connection.ExecuteAsync($"delete from {table}"))).SqlState);
    }

    [Fact]
    public async Task The_committed_schema_is_what_the_migrations_make()
    {
        await using var database = await TestDatabase.CreateAsync();
        var made = await SchemaDump.WriteAsync(database.DataSource, Schemas, CancellationToken.None);
        var file = Path.Combine(DevTools.RepositoryRoot.Find(), "src", "Storage", "schema.sql");
        if (Environment.GetEnvironmentVariable("DEPIN_WRITE_SCHEMA") == "1") await File.WriteAllTextAsync(file, made);
        Assert.True(File.Exists(file) && await File.ReadAllTextAsync(file) == made, "src/Storage/schema.sql is not what the migrations make: run scripts/schema and commit it.");
    }
}
