using DePin.Protocol;
using DePin.Storage;
using Npgsql;

namespace DePin.Mirror;

/// <summary>
/// Connections to one copy of the mirror: schema <c>chain</c>, or the one beside it in which a rebuild is made. The schema is the
/// connections' search path, so the mirror's SQL names no schema.
/// </summary>
public sealed class MirrorDatabase : IAsyncDisposable
{
    /// <summary>The schema that everybody reads.</summary>
    public const string Live = "chain";

    /// <summary>The schema of a rebuild.</summary>
    public const string Rebuild = "chain_rebuild";

    /// <param name="connectionString">Npgsql connection string.</param>
    /// <param name="schema"><see cref="Live"/> or <see cref="Rebuild"/>.</param>
    /// <param name="role">Role to act as, e.g. <c>depin_indexer</c>; null = the connecting one.</param>
    public MirrorDatabase(string connectionString, string schema = Live, string? role = null)
    {
        Sql.RegisterTypes();
        if (schema is not (Live or Rebuild)) throw new ArgumentException($"The mirror lives in {Live} or {Rebuild}, not in {schema}.", nameof(schema));
        Schema = schema;
        var settings = new NpgsqlConnectionStringBuilder(DatabaseRole.As(connectionString, role)) { SearchPath = schema, IncludeErrorDetail = true };
        DataSource = NpgsqlDataSource.Create(settings);
    }

    /// <summary>Schema of this copy.</summary>
    public string Schema { get; }

    /// <summary>Connections whose search path is the schema.</summary>
    public NpgsqlDataSource DataSource { get; }

    /// <summary>Number under which the database has a network's chain; null where it has not.</summary>
    public async Task<short?> FindChainAsync(NetworkId network, CancellationToken ct)
    {
        await using var command = DataSource.CreateCommand("select chain_id from chains where network_id = $1");
        command.Parameters.Add(new NpgsqlParameter { Value = network.Value.ToArray() });
        return (short?)await command.ExecuteScalarAsync(ct);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => DataSource.DisposeAsync();
}
