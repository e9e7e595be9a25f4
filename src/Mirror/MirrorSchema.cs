using System.Text.RegularExpressions;
using Dapper;
using DePin.Storage;
using Npgsql;

namespace DePin.Mirror;

/// <summary>Makes and swaps the schema in which a rebuild takes place, so that readers keep the old mirror until the new one is complete.</summary>
public static partial class MirrorSchema
{
    private const int FirstMigration = 100;
    private const int LastMigration = 199;

    /// <summary>Creates an empty copy of schema <c>chain</c> beside it, dropping an earlier one. The role must own the database's schemas.</summary>
    public static async Task CreateRebuildAsync(NpgsqlDataSource owner, CancellationToken ct)
    {
        await using var connection = await owner.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await connection.ExecuteAsync(Sql.Command($"drop schema if exists {MirrorDatabase.Rebuild} cascade; create schema {MirrorDatabase.Rebuild}", ct: ct));
        foreach (var migration in Migrator.Embedded.Where(m => m.Number is >= FirstMigration and <= LastMigration))
            await connection.ExecuteAsync(Sql.Command(ChainPrefix().Replace(migration.Text, $"{MirrorDatabase.Rebuild}."), timeoutSeconds: 0, ct: ct));
        await GrantAsync(connection, ct);
        await transaction.CommitAsync(ct);
    }

    /// <summary>Puts the rebuilt mirror in the place of the old one and drops the old, in one transaction.</summary>
    public static async Task PromoteRebuildAsync(NpgsqlDataSource owner, CancellationToken ct)
    {
        await using var connection = await owner.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await connection.ExecuteAsync(Sql.Command(
            $"drop schema {MirrorDatabase.Live} cascade; alter schema {MirrorDatabase.Rebuild} rename to {MirrorDatabase.Live}", ct: ct));
        await transaction.CommitAsync(ct);
    }

    /// <summary>Drops a rebuild that is not wanted.</summary>
    public static async Task DropRebuildAsync(NpgsqlDataSource owner, CancellationToken ct)
    {
        await using var connection = await owner.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(Sql.Command($"drop schema if exists {MirrorDatabase.Rebuild} cascade", ct: ct));
    }

    /// <summary>The same rights as on the live schema.</summary>
    private static Task<int> GrantAsync(NpgsqlConnection connection, CancellationToken ct) => connection.ExecuteAsync(Sql.Command(
        """
        do $$
        declare member text;
        begin
            for member in select rolname from pg_roles where rolname in ('depin_indexer', 'depin_oracle', 'depin_api', 'depin_jobs') loop
                execute format('grant usage on schema chain_rebuild to %I', member);
                execute format('grant select on all tables in schema chain_rebuild to %I', member);
            end loop;
            if exists (select from pg_roles where rolname = 'depin_indexer') then
                grant insert, update, delete, truncate on all tables in schema chain_rebuild to depin_indexer;
            end if;
        end
        $$
        """, ct: ct));

    [GeneratedRegex(@"\bchain\.")]
    private static partial Regex ChainPrefix();
}
