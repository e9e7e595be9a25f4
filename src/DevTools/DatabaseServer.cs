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

    /// <summary>Drops a database with all that is in it, and whoever is connected to it; nothing where there is none.</summary>
    public static async Task DropDatabaseAsync(string maintenance, string database, CancellationToken ct)
    {
        await using var connection = new NpgsqlConnection(maintenance);
        await connection.OpenAsync(ct).ConfigureAwait(false);
        await using var drop = new NpgsqlCommand($"drop database if exists {Quote(database)} with (force)", connection);
        await drop.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    /// <summary>
    /// Makes a login that by itself may do nothing: it connects to <paramref name="database"/>, which is closed to those without this grant, and acts
    /// there as one of <paramref name="roles"/>. Repeatable.
    /// </summary>
    /// <param name="maintenance">Connects as a role that may create roles and owns the database.</param>
    /// <param name="login">Name of the login.</param>
    /// <param name="password">Its password from now on.</param>
    /// <param name="database">The one database that it may connect to.</param>
    /// <param name="roles">Roles that it may act as.</param>
    /// <param name="ct">Cancels.</param>
    /// <param name="owner">Whether the login owns the database, which is then made where it is missing: for a host that migrates itself.</param>
    public static async Task EnsureLoginAsync(string maintenance, string login, string password, string database, IEnumerable<string> roles, CancellationToken ct, bool owner = false)
    {
        if (owner) await EnsureDatabaseAsync(maintenance, database, ct).ConfigureAwait(false);
        await using var connection = new NpgsqlConnection(maintenance);
        await connection.OpenAsync(ct).ConfigureAwait(false);
        await using var ask = new NpgsqlCommand("select 1 from pg_roles where rolname = $1", connection) { Parameters = { new() { Value = login } } };
        var verb = await ask.ExecuteScalarAsync(ct).ConfigureAwait(false) is null ? "create" : "alter";
        var statements = new List<string>
        {
            $"{verb} role {Quote(login)} login noinherit password '{password.Replace("'", "''", StringComparison.Ordinal)}'",
            $"revoke connect, temporary on database {Quote(database)} from public",
            $"grant connect on database {Quote(database)} to {Quote(login)}",
        };
        if (owner) statements.Add($"alter database {Quote(database)} owner to {Quote(login)}");
        statements.AddRange(roles.Select(role => $"grant {Quote(role)} to {Quote(login)}"));
        await using var command = new NpgsqlCommand(string.Join(";\n", statements), connection);
        await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    private static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
