using System.Globalization;
using System.Text;
using Dapper;
using Npgsql;

namespace DePin.Storage;

/// <summary>
/// The schema of a migrated database as text, read from the catalog: what <c>schema.sql</c> is generated from and compared with. Tables with
/// their columns and constraints, indexes, triggers, views and functions, in name order; nothing that differs between servers.
/// </summary>
public static class SchemaDump
{
    private sealed record Relation(string Schema, string Name, string Kind, uint Oid, string? PartitionKey, string? Parent, string? Bound, bool Unlogged, string? Options);

    private sealed record Attribute(string Name, string Type, bool NotNull, string? Default, string Identity, string Generated);

    /// <summary>Dumps the given schemas.</summary>
    public static async Task<string> WriteAsync(NpgsqlDataSource dataSource, IReadOnlyCollection<string> schemas, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(Sql.Command("set search_path = pg_catalog", ct: ct)); // every name comes out with its schema
        var text = new StringBuilder("-- Generated from the migrations by scripts/schema; read it, do not edit it.\n");
        foreach (var schema in schemas.Order(StringComparer.Ordinal))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n-- schema {schema} ").Append('-', 100 - schema.Length).Append('\n');
            var relations = (await connection.QueryAsync<Relation>(Sql.Command(
                """
                select n.nspname as schema, c.relname as name, c.relkind::text as kind, c.oid, pg_get_partkeydef(c.oid) as partition_key,
                    (select pn.nspname || '.' || p.relname from pg_inherits i join pg_class p on p.oid = i.inhparent join pg_namespace pn on pn.oid = p.relnamespace
                     where i.inhrelid = c.oid) as parent,
                    pg_get_expr(c.relpartbound, c.oid) as bound, c.relpersistence = 'u' as unlogged,
                    array_to_string(c.reloptions, ', ') as options
                from pg_class c join pg_namespace n on n.oid = c.relnamespace
                where n.nspname = @schema and c.relkind in ('r', 'p', 'v', 'm', 'S') order by c.relname collate "C"
                """, new { schema }, ct: ct))).ToList();
            foreach (var relation in relations)
                await WriteRelationAsync(connection, relation, text, ct);
            foreach (var function in await connection.QueryAsync<string>(Sql.Command(
                "select pg_get_functiondef(p.oid) from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = @schema and p.prokind in ('f', 'p') order by p.proname collate \"C\", p.oid::regprocedure::text",
                new { schema }, ct: ct)))
                text.Append('\n').Append(function.TrimEnd()).Append(";\n");
            foreach (var trigger in await connection.QueryAsync<string>(Sql.Command(
                """
                select pg_get_triggerdef(t.oid) from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
                where n.nspname = @schema and not t.tgisinternal order by c.relname collate "C", t.tgname collate "C"
                """, new { schema }, ct: ct)))
                text.Append('\n').Append(trigger).Append(";\n");
        }

        await connection.ExecuteAsync(Sql.Command("reset search_path", ct: ct));
        return text.ToString();
    }

    private static async Task WriteRelationAsync(NpgsqlConnection connection, Relation relation, StringBuilder text, CancellationToken ct)
    {
        var name = $"{relation.Schema}.{relation.Name}";
        if (relation.Kind is "v" or "m")
        {
            var definition = await connection.ExecuteScalarAsync<string>(Sql.Command("select pg_get_viewdef(@Oid::oid, true)", new { Oid = (long)relation.Oid }, ct: ct));
            text.Append(CultureInfo.InvariantCulture, $"\ncreate {(relation.Kind == "m" ? "materialized " : "")}view {name} as\n{definition!.TrimEnd(';')};\n");
            return;
        }

        if (relation.Kind == "S")
        {
            text.Append(CultureInfo.InvariantCulture, $"\ncreate sequence {name};\n");
            return;
        }

        var lines = new List<string>();
        foreach (var column in await connection.QueryAsync<Attribute>(Sql.Command(
            """
            select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as not_null, pg_get_expr(d.adbin, d.adrelid) as default,
                a.attidentity::text as identity, a.attgenerated::text as generated
            from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
            where a.attrelid = @Oid::oid and a.attnum > 0 and not a.attisdropped order by a.attnum
            """, new { Oid = (long)relation.Oid }, ct: ct)))
            lines.Add($"    {column.Name} {column.Type}{(column.NotNull ? " not null" : "")}{Suffix(column)}");
        // Not-null constraints have rows of their own since PostgreSQL 18; they stand at the columns already.
        foreach (var constraint in await connection.QueryAsync<string>(Sql.Command(
            "select 'constraint ' || conname || ' ' || pg_get_constraintdef(oid) from pg_constraint where conrelid = @Oid::oid and contype <> 'n' and conislocal order by contype, conname collate \"C\"",
            new { Oid = (long)relation.Oid }, ct: ct)))
            lines.Add($"    {constraint}");
        text.Append(CultureInfo.InvariantCulture, $"\ncreate {(relation.Unlogged ? "unlogged " : "")}table {name} (\n{string.Join(",\n", lines)}\n)");
        if (relation.PartitionKey is { } key) text.Append(CultureInfo.InvariantCulture, $" partition by {key}");
        if (relation.Options is { } options) text.Append(CultureInfo.InvariantCulture, $" with ({options})");
        text.Append(";\n");
        if (relation.Parent is { } parent) text.Append(CultureInfo.InvariantCulture, $"alter table {parent} attach partition {name} {relation.Bound};\n");
        foreach (var index in await connection.QueryAsync<string>(Sql.Command(
            """
            select pg_get_indexdef(i.indexrelid) from pg_index i join pg_class c on c.oid = i.indexrelid
            where i.indrelid = @Oid::oid and not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))
            order by c.relname collate "C"
            """, new { Oid = (long)relation.Oid }, ct: ct)))
            text.Append(CultureInfo.InvariantCulture, $"{index};\n");
    }

    private static string Suffix(Attribute column) => (column.Identity, column.Generated, column.Default) switch
    {
        ("a", _, _) => " generated always as identity",
        ("d", _, _) => " generated by default as identity",
        (_, "s", { } value) => $" generated always as ({value}) stored",
        (_, _, { } value) => $" default {value}",
        _ => "",
    };
}
