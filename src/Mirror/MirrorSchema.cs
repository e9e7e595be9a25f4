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

    /// <summary>Puts the rebuilt mirror of one chain in the place of the old one and drops the old, in one transaction. What the database holds of other chains is taken over as it is.</summary>
    public static async Task PromoteRebuildAsync(NpgsqlDataSource owner, short chainId, CancellationToken ct)
    {
        await using var connection = await owner.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        if (await connection.ExecuteScalarAsync<bool>(Sql.Command($"select exists (select from {MirrorDatabase.Live}.chains where chain_id <> @chainId)", new { chainId }, ct: ct)))
        {
            // Their followers wait meanwhile, and go on in the new schema.
            var tables = await TablesAsync(connection, MirrorDatabase.Live, "chain_id", ct);
            await connection.ExecuteAsync(Sql.Command("lock table " + string.Join(", ", tables.Select(t => $"{MirrorDatabase.Live}.{t}")) + " in exclusive mode", ct: ct));
            foreach (var table in tables)
            {
                var columns = string.Join(", ", await connection.QueryAsync<string>(Sql.Command(
                    "select quote_ident(column_name) from information_schema.columns where table_schema = @schema and table_name = @table and is_generated = 'NEVER' order by ordinal_position",
                    new { schema = MirrorDatabase.Live, table }, ct: ct)));
                await connection.ExecuteAsync(Sql.Command(
                    $"insert into {MirrorDatabase.Rebuild}.{table} ({columns}) select {columns} from {MirrorDatabase.Live}.{table} where chain_id <> @chainId", new { chainId }, timeoutSeconds: 0, ct: ct));
            }
        }

        await connection.ExecuteAsync(Sql.Command(
            $"drop schema {MirrorDatabase.Live} cascade; alter schema {MirrorDatabase.Rebuild} rename to {MirrorDatabase.Live}", ct: ct));
        await transaction.CommitAsync(ct);
    }

    /// <summary>Forgets a chain for good, with the evidence and the roll-ups of its network: for a development chain that is gone. Nothing where there is none of this number.</summary>
    public static async Task ForgetAsync(NpgsqlDataSource owner, short chainId, CancellationToken ct)
    {
        await using var connection = await owner.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var chain = await connection.QuerySingleOrDefaultAsync<(byte[] Network, string Caip2)?>(Sql.Command($"select network_id, caip2 from {MirrorDatabase.Live}.chains where chain_id = @chainId", new { chainId }, ct: ct));
        if (chain is not { } known) return;
        foreach (var schema in (string[])["jobs", "evidence"])
        {
            foreach (var table in (await TablesAsync(connection, schema, "network_id", ct)).Reverse()) // what is referred to comes first
                await connection.ExecuteAsync(Sql.Command($"delete from {schema}.{table} where network_id = @Network", new { known.Network }, timeoutSeconds: 0, ct: ct));
        }

        await connection.ExecuteAsync(Sql.Command("delete from jobs.reconciliations where chain = @Caip2", new { known.Caip2 }, ct: ct));
        foreach (var table in (await TablesAsync(connection, MirrorDatabase.Live, "chain_id", ct)).Reverse())
            await connection.ExecuteAsync(Sql.Command($"delete from {MirrorDatabase.Live}.{table} where chain_id = @chainId", new { chainId }, timeoutSeconds: 0, ct: ct));
        await transaction.CommitAsync(ct);
    }

    /// <summary>The schema's tables with this column, those that no other refers to last.</summary>
    private static async Task<IReadOnlyList<string>> TablesAsync(NpgsqlConnection connection, string schema, string column, CancellationToken ct) => (await connection.QueryAsync<string>(Sql.Command(
        """
        select quote_ident(t.relname)
        from pg_class t
        join pg_namespace s on s.oid = t.relnamespace
        join pg_attribute a on a.attrelid = t.oid
        where s.nspname = @schema and t.relkind = 'r' and a.attname = @column and not a.attisdropped
        order by (select count(*) from pg_constraint r where r.confrelid = t.oid) desc, t.relname
        """, new { schema, column }, ct: ct))).AsList();

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
