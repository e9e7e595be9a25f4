using Npgsql;
using NpgsqlTypes;

namespace DePin.Mirror.State;

/// <summary>A column of a versioned table.</summary>
/// <param name="Name">Its SQL name.</param>
/// <param name="Type">Its SQL type.</param>
/// <param name="Get">Its value in a row; null where the column may be null.</param>
internal sealed record Column<T>(string Name, NpgsqlDbType Type, Func<T, object?> Get);

/// <summary>What every versioned table can do, whatever its rows are.</summary>
internal interface IVersionedTable
{
    string Name { get; }
    Task LoadAsync(NpgsqlConnection connection, short chainId, CancellationToken ct);
    Task FlushAsync(NpgsqlConnection connection, short chainId, CancellationToken ct);
    Task RollBackAsync(NpgsqlConnection connection, short chainId, long lastKept, CancellationToken ct);
    void Clear();
}

/// <summary>
/// Rows by key, kept as versions over block ranges [valid_from, valid_to). One batch: <see cref="Touch"/> every key that its events name, load
/// them in one query, change them in memory, write all new versions in one COPY. A block that changes a row twice makes one version, so the
/// content does not depend on how blocks were batched. Stored rows are found by the whole primary key, a key's newest version being the one in force: a
/// row that has changed ten thousand times is found as fast as a new one.
/// </summary>
internal sealed class VersionedTable<TKey, TRow> : IVersionedTable
    where TKey : notnull
    where TRow : class
{
    /// <summary>valid_to of the version in force.</summary>
    public const long Open = long.MaxValue;

    private readonly record struct Version(TRow Row, long From, long To);

    private readonly Column<TKey>[] _keys;
    private readonly Column<TRow>[] _values;
    private readonly Func<TRow, TKey> _keyOf;
    private readonly Func<RowReader, TRow> _read;
    private readonly string? _alwaysLoad;
    private readonly HashSet<TKey> _touched = [];
    private readonly Dictionary<TKey, TRow> _current = [];
    private readonly Dictionary<TKey, (TRow Row, long From)> _open = [];
    private readonly List<Version> _ended = [];
    private readonly Dictionary<TKey, long> _storedFrom = [];
    private readonly Dictionary<TKey, long> _closed = [];

    /// <param name="name">Table name without schema: the connection's search path names the schema.</param>
    /// <param name="keys">Key columns, which are the first of the row's.</param>
    /// <param name="values">The other columns.</param>
    /// <param name="keyOf">Key of a row.</param>
    /// <param name="read">Reads a row, key columns first.</param>
    /// <param name="alwaysLoad">A condition on rows to load with every batch that touches the table.</param>
    public VersionedTable(string name, Column<TKey>[] keys, Column<TRow>[] values, Func<TRow, TKey> keyOf, Func<RowReader, TRow> read, string? alwaysLoad = null)
    {
        (Name, _keys, _values, _keyOf, _read, _alwaysLoad) = (name, keys, values, keyOf, read, alwaysLoad);
    }

    public string Name { get; }

    /// <summary>Rows in force after the batch so far.</summary>
    public IEnumerable<TRow> Rows => _current.Values;

    /// <summary>Notes a key whose row the batch needs.</summary>
    public void Touch(TKey key) => _touched.Add(key);

    /// <summary>The row in force, or null. The key must have been touched.</summary>
    public TRow? Find(TKey key) => _current.GetValueOrDefault(key);

    /// <summary>The row in force; its absence means that a log is missing.</summary>
    public TRow Get(TKey key) =>
        Find(key) ?? throw new MissingStateException($"{Name} has no row {key}: a log before this one is missing. Run 'depin index rebuild'.");

    /// <summary>Puts a row in force from <paramref name="block"/> on.</summary>
    public void Set(long block, TRow row)
    {
        var key = _keyOf(row);
        _current[key] = row;
        if (_open.TryGetValue(key, out var pending))
        {
            if (pending.From != block) _ended.Add(new Version(pending.Row, pending.From, block));
        }
        else if (_storedFrom.ContainsKey(key))
        {
            _closed.TryAdd(key, block);
        }

        _open[key] = (row, block);
    }

    public async Task LoadAsync(NpgsqlConnection connection, short chainId, CancellationToken ct)
    {
        if (_touched.Count == 0) return;
        var columns = string.Join(", ", _keys.Select(k => k.Name).Concat(_values.Select(v => v.Name)));
        var sql = $"select {columns}, valid_from from unnest({Parameters(2)}) d ({KeyAliases}) cross join lateral (select {columns}, valid_from, valid_to from {Name} t " +
            $"where t.chain_id = $1 and {KeyMatch} order by t.valid_from desc limit 1) newest where valid_to = {Open}";
        if (_alwaysLoad is not null) sql += $" union all select {columns}, valid_from from {Name} where chain_id = $1 and valid_to = {Open} and {_alwaysLoad}";
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new NpgsqlParameter { Value = chainId, NpgsqlDbType = NpgsqlDbType.Smallint });
        AddKeys(command, _touched);
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            var fields = new RowReader(reader);
            var row = _read(fields);
            var key = _keyOf(row);
            _current[key] = row;
            _storedFrom[key] = fields.Int64();
        }
    }

    public async Task FlushAsync(NpgsqlConnection connection, short chainId, CancellationToken ct)
    {
        if (_open.Count == 0) return;
        if (_closed.Count > 0)
        {
            await using var close = new NpgsqlCommand(
                $"update {Name} t set valid_to = d.ended from unnest({Parameters(2)}, ${_keys.Length + 2}, ${_keys.Length + 3}) d ({KeyAliases}, began, ended) " +
                $"where t.chain_id = $1 and {KeyMatch} and t.valid_from = d.began", connection);
            close.Parameters.Add(new NpgsqlParameter { Value = chainId, NpgsqlDbType = NpgsqlDbType.Smallint });
            AddKeys(close, _closed.Keys);
            close.Parameters.Add(new NpgsqlParameter { Value = _closed.Keys.Select(k => _storedFrom[k]).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
            close.Parameters.Add(new NpgsqlParameter { Value = _closed.Values.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
            await close.ExecuteNonQueryAsync(ct);
        }

        await using var writer = await connection.BeginBinaryImportAsync(
            $"copy {Name} (chain_id, {string.Join(", ", _keys.Select(k => k.Name).Concat(_values.Select(v => v.Name)))}, valid_from, valid_to) from stdin (format binary)", ct);
        foreach (var version in _ended)
            await WriteAsync(writer, chainId, version, ct);
        foreach (var (row, from) in _open.Values)
            await WriteAsync(writer, chainId, new Version(row, from, Open), ct);
        await writer.CompleteAsync(ct);
    }

    public async Task RollBackAsync(NpgsqlConnection connection, short chainId, long lastKept, CancellationToken ct)
    {
        await using var batch = new NpgsqlBatch(connection);
        foreach (var sql in (string[])
            [
                $"delete from {Name} where chain_id = $1 and valid_from > $2",
                $"update {Name} set valid_to = {Open} where chain_id = $1 and valid_to > $2 and valid_to < {Open}",
            ])
        {
            var command = new NpgsqlBatchCommand(sql);
            command.Parameters.Add(new NpgsqlParameter { Value = chainId, NpgsqlDbType = NpgsqlDbType.Smallint });
            command.Parameters.Add(new NpgsqlParameter { Value = lastKept, NpgsqlDbType = NpgsqlDbType.Bigint });
            batch.BatchCommands.Add(command);
        }

        await batch.ExecuteNonQueryAsync(ct);
    }

    public void Clear()
    {
        _touched.Clear();
        _current.Clear();
        _open.Clear();
        _ended.Clear();
        _storedFrom.Clear();
        _closed.Clear();
    }

    private async Task WriteAsync(NpgsqlBinaryImporter writer, short chainId, Version version, CancellationToken ct)
    {
        await writer.StartRowAsync(ct);
        await writer.WriteAsync(chainId, NpgsqlDbType.Smallint, ct);
        var key = _keyOf(version.Row);
        foreach (var column in _keys)
            await writer.WriteAsync(column.Get(key)!, column.Type, ct);
        foreach (var column in _values)
        {
            if (column.Get(version.Row) is { } value)
                await writer.WriteAsync(value, column.Type, ct);
            else
                await writer.WriteNullAsync(ct);
        }

        await writer.WriteAsync(version.From, NpgsqlDbType.Bigint, ct);
        await writer.WriteAsync(version.To, NpgsqlDbType.Bigint, ct);
    }

    private string KeyAliases => string.Join(", ", _keys.Select((_, i) => $"k{i}"));

    private string KeyMatch => string.Join(" and ", _keys.Select((k, i) => $"t.{k.Name} = d.k{i}"));

    private string Parameters(int first) => string.Join(", ", _keys.Select((_, i) => $"${first + i}"));

    private void AddKeys(NpgsqlCommand command, ICollection<TKey> keys)
    {
        foreach (var column in _keys)
        {
            object values = column.Type switch
            {
                NpgsqlDbType.Bytea => keys.Select(k => (byte[])column.Get(k)!).ToArray(),
                NpgsqlDbType.Smallint => keys.Select(k => (short)column.Get(k)!).ToArray(),
                _ => keys.Select(k => (long)column.Get(k)!).ToArray(),
            };
            command.Parameters.Add(new NpgsqlParameter { Value = values, NpgsqlDbType = NpgsqlDbType.Array | column.Type });
        }
    }
}

/// <summary>A log refers to something that no earlier log made.</summary>
public sealed class MissingStateException(string message) : ChainSourceException(message);
