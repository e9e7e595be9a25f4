using Npgsql;

namespace DePin.Storage;

/// <summary>
/// The role as which a host works in its database, whatever it connects as: PostgreSQL then enforces that each schema has one writer
/// (<c>Roles.sql</c>). A connection option, so that a pooled connection falls back to the role and not to the login.
/// </summary>
public static class DatabaseRole
{
    /// <summary>Follows a chain: writes <c>chain</c>; in the public database <c>evidence</c> too.</summary>
    public const string Indexer = "depin_indexer";

    /// <summary>An operator's node: writes <c>oracle</c>.</summary>
    public const string Oracle = "depin_oracle";

    /// <summary>Reads.</summary>
    public const string Api = "depin_api";

    /// <summary>Writes and reads <c>api</c>, the sign-ins to the API, and nothing else.</summary>
    public const string SignIn = "depin_sign_in";

    /// <summary>Writes <c>jobs</c>.</summary>
    public const string Jobs = "depin_jobs";

    /// <summary>The connection string with the role; unchanged where <paramref name="role"/> is null or empty.</summary>
    public static string As(string connectionString, string? role)
    {
        if (string.IsNullOrEmpty(role)) return connectionString;
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        settings.Options = $"{settings.Options} -c role={role}".TrimStart();
        return settings.ConnectionString;
    }

    /// <summary>Connects once as each of the roles, so that a host which may not act as one ends at its start and not at its first write.</summary>
    /// <param name="connectionString">As configured, without a role.</param>
    /// <param name="settings">Each role with the setting that names it.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="InvalidOperationException">The role is missing, or the login may not act as it; says what to do.</exception>
    public static async Task CheckAsync(string connectionString, IEnumerable<(string Setting, string? Role)> settings, CancellationToken ct)
    {
        foreach (var (setting, role) in settings)
        {
            if (string.IsNullOrEmpty(role)) continue;
            try
            {
                await using var connection = new NpgsqlConnection(As(connectionString, role) + ";Pooling=false");
                await connection.OpenAsync(ct);
            }
            catch (PostgresException problem) when (problem.SqlState is PostgresErrorCodes.InvalidParameterValue or PostgresErrorCodes.UndefinedObject or PostgresErrorCodes.InsufficientPrivilege)
            {
                throw new InvalidOperationException(
                    $"The database does not let this host act as {role}: {problem.MessageText}. Create the roles and make the login a member (docs/deployment.md, Roles), "
                    + $"name another role in {setting}, or set it empty to act as the login itself.", problem);
            }
        }
    }
}
