using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using Npgsql;

namespace DePin.Storage;

/// <summary>The database cannot be brought to this build's schema; the message says what to do.</summary>
public sealed class MigrationException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>One embedded migration file, <c>NNNN_what.sql</c>.</summary>
/// <param name="Number">Its four digits; files are applied in ascending order.</param>
/// <param name="Name">The file name.</param>
/// <param name="Text">Its SQL with LF line ends.</param>
public sealed record Migration(int Number, string Name, string Text)
{
    /// <summary>SHA-256 of the text, which the database records.</summary>
    public byte[] Hash { get; } = SHA256.HashData(Encoding.UTF8.GetBytes(Text));
}

/// <summary>
/// Brings a database to this build's schema: embedded numbered SQL, forward only, each file in its own transaction together with
/// its record, all under one advisory lock, so that any number of hosts may start at once.
/// </summary>
public sealed class Migrator(NpgsqlDataSource dataSource, IReadOnlyList<Migration>? migrations = null)
{
    private const long AdvisoryLock = 0x64657069_6e6d6967; // "depinmig"

    private const string CreateRecord =
        """
        create schema if not exists depin;
        create table if not exists depin.migrations (
            number integer primary key,
            name text not null,
            hash bytea not null check (octet_length(hash) = 32),
            applied_at timestamptz not null default now()
        );
        """;

    private sealed record Applied(int Number, string Name, byte[] Hash);

    private static readonly Lazy<IReadOnlyList<Migration>> EmbeddedFiles = new(ReadEmbedded);

    /// <summary>The migrations of this build, ascending by number.</summary>
    public static IReadOnlyList<Migration> Embedded => EmbeddedFiles.Value;

    /// <summary>Applies what is missing and grants the roles their rights.</summary>
    /// <returns>The names of the files applied now; empty when the database was current.</returns>
    /// <exception cref="MigrationException">A recorded file was edited, the database is newer than this build, or a file fails.</exception>
    public async Task<IReadOnlyList<string>> MigrateAsync(CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(Sql.Command("select pg_advisory_lock(@AdvisoryLock)", new { AdvisoryLock }, timeoutSeconds: 0, ct: ct));
        try
        {
            await connection.ExecuteAsync(Sql.Command(CreateRecord, ct: ct));
            var missing = await FindMissingAsync(connection, ct);
            foreach (var migration in missing)
                await ApplyAsync(connection, migration, ct);
            await connection.ExecuteAsync(Sql.Command(ReadResource("Roles.sql"), timeoutSeconds: 0, ct: ct));
            return [.. missing.Select(m => m.Name)];
        }
        finally
        {
            // A broken connection has given the lock back already.
            if (connection.State == System.Data.ConnectionState.Open)
                await connection.ExecuteAsync(Sql.Command("select pg_advisory_unlock(@AdvisoryLock)", new { AdvisoryLock }, ct: CancellationToken.None));
        }
    }

    private async Task<List<Migration>> FindMissingAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        var files = migrations ?? Embedded;
        var applied = (await connection.QueryAsync<Applied>(Sql.Command("select number, name, hash from depin.migrations order by number", ct: ct)))
            .ToDictionary(a => a.Number);
        foreach (var file in files)
        {
            if (applied.TryGetValue(file.Number, out var row) && !row.Hash.AsSpan().SequenceEqual(file.Hash))
            {
                throw new MigrationException(
                    $"Migration {file.Name} was edited after it was applied to this database as {row.Name} " +
                    $"(recorded sha256 {Convert.ToHexStringLower(row.Hash)}, this build {Convert.ToHexStringLower(file.Hash)}). " +
                    "Applied migrations never change: restore the file and put the change into a new number, or drop a development database.");
            }
        }

        var known = files.Select(f => f.Number).ToHashSet();
        var newer = applied.Values.Where(a => !known.Contains(a.Number)).Select(a => a.Name).ToList();
        if (newer.Count > 0)
        {
            throw new MigrationException(
                $"The database has migrations that this build does not know ({string.Join(", ", newer)}). Start a build that is at least as new as the database.");
        }

        return [.. files.Where(f => !applied.ContainsKey(f.Number))];
    }

    private static async Task ApplyAsync(NpgsqlConnection connection, Migration migration, CancellationToken ct)
    {
        await using var transaction = await connection.BeginTransactionAsync(ct);
        try
        {
            await connection.ExecuteAsync(Sql.Command(migration.Text, transaction: transaction, timeoutSeconds: 0, ct: ct));
            await connection.ExecuteAsync(Sql.Command(
                "insert into depin.migrations (number, name, hash) values (@Number, @Name, @Hash)",
                new { migration.Number, migration.Name, migration.Hash }, transaction, ct: ct));
            await transaction.CommitAsync(ct);
        }
        catch (PostgresException error)
        {
            throw new MigrationException($"Migration {migration.Name} failed and was rolled back: {error.MessageText} (position {error.Position}).", error);
        }
    }

    private static List<Migration> ReadEmbedded()
    {
        const string prefix = "Migrations/";
        var files = new SortedDictionary<int, Migration>();
        foreach (var resource in typeof(Migrator).Assembly.GetManifestResourceNames().Where(n => n.StartsWith(prefix, StringComparison.Ordinal)))
        {
            var name = resource[prefix.Length..];
            if (name.Length < 6 || name[4] != '_' || !int.TryParse(name.AsSpan(0, 4), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                throw new MigrationException($"Embedded migration {name} is not named NNNN_what.sql.");
            if (!files.TryAdd(number, new Migration(number, name, ReadResource(resource))))
                throw new MigrationException($"Two embedded migrations have number {number:D4}: {files[number].Name} and {name}.");
        }

        return [.. files.Values];
    }

    private static string ReadResource(string name)
    {
        using var stream = typeof(Migrator).Assembly.GetManifestResourceStream(name)
            ?? throw new MigrationException($"Embedded resource {name} is missing from this build.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
