using Npgsql;

namespace DePin.DevTools;

/// <summary>What is done to a server before the migrator takes over.</summary>
public static class DatabaseServer
{
    /// <summary>
    /// Creates a database unless it exists, as a copy of <paramref name="template"/> if that is given (nobody may be connected to it).
    /// <paramref name="maintenance"/> connects to another one, as a role that may create databases.
    /// </summary>
    public static async Task EnsureDatabaseAsync(string maintenance, string database, CancellationToken ct, string? template = null)
    {
        await using var connection = new NpgsqlConnection(maintenance);
        await connection.OpenAsync(ct).ConfigureAwait(false);
        await using var ask = new NpgsqlCommand("select 1 from pg_database where datname = $1", connection) { Parameters = { new() { Value = database } } };
        if (await ask.ExecuteScalarAsync(ct).ConfigureAwait(false) is not null) return;
        await using var create = new NpgsqlCommand($"create database {Quote(database)}{(template is null ? "" : $" template {Quote(template)}")}", connection);
        await create.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    /// <summary>Lets a role that the migrator made log in with a password.</summary>
    public static async Task SetPasswordAsync(string maintenance, string role, string password, CancellationToken ct)
    {
        await using var connection = new NpgsqlConnection(maintenance);
        await connection.OpenAsync(ct).ConfigureAwait(false);
        await using var command = new NpgsqlCommand($"alter role {Quote(role)} login password '{password.Replace("'", "''", StringComparison.Ordinal)}'", connection);
        await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    private static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
