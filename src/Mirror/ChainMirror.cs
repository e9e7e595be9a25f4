using Dapper;
using DePin.Cryptography;
using DePin.Mirror.State;
using DePin.Protocol;
using DePin.Storage;
using Npgsql;
using NpgsqlTypes;

namespace DePin.Mirror;

/// <summary>How far a mirror is.</summary>
/// <param name="Block">Last block mirrored; before the first, its number is one less than the deployment's.</param>
/// <param name="Finalized">Newest block mirrored that is finalized; null before there is one.</param>
/// <param name="Halted">Why the follower stopped for good; null while it may run.</param>
public sealed record Checkpoint(BlockPoint Block, BlockPoint? Finalized, string? Halted);

/// <summary>Another process moved this mirror meanwhile.</summary>
public sealed class CheckpointMovedException(string message) : Exception(message);

/// <summary>The database mirrors something else.</summary>
public sealed class MirrorMismatchException(string message) : Exception(message);

/// <summary>
/// Writes the mirror. Rows and checkpoint go into one transaction, so that a crash at any point leaves a mirror that ends exactly at its
/// checkpoint. Not thread-safe: one follower writes.
/// </summary>
public sealed class ChainMirror(MirrorDatabase database, MirroredNetwork network)
{
    private const int NothingFinalized = -1;

    private readonly StateReducer _reducer = new(network.BreakerWindow);

    private sealed record CheckpointRow(long BlockNumber, Bytes32 BlockHash, long FinalizedNumber, Bytes32 FinalizedHash, string? Halted)
    {
        public Checkpoint ToCheckpoint() => new(
            new BlockPoint((ulong)BlockNumber, BlockHash),
            FinalizedNumber == NothingFinalized ? null : new BlockPoint((ulong)FinalizedNumber, FinalizedHash),
            Halted);
    }

    /// <summary>What is mirrored.</summary>
    public MirroredNetwork Network => network;

    /// <summary>Registers the network in an empty mirror, or checks that the mirror is of this network.</summary>
    /// <exception cref="MirrorMismatchException">It is of another.</exception>
    public async Task InitializeAsync(CancellationToken ct)
    {
        if (network.FirstBlock == 0) throw new MirrorMismatchException("A deployment's first block is at least 1: block 0 holds no transaction.");
        await using var connection = await database.DataSource.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await connection.ExecuteAsync(Sql.Command(
            """
            insert into chains (chain_id, caip2, network_id, first_block, breaker_window) values (@ChainId, @Caip2, @NetworkId, @FirstBlock, @BreakerWindow)
            on conflict do nothing
            """, new { network.ChainId, network.Caip2, network.NetworkId, FirstBlock = (long)network.FirstBlock, BreakerWindow = (long)network.BreakerWindow }, transaction, ct: ct));
        var contracts = network.Contracts.Select(c => new { network.ChainId, Contract = (short)c.Key, Name = c.Key.ToString(), Address = c.Value.ToNative() }).ToArray();
        await connection.ExecuteAsync(Sql.Command(
            "insert into contracts (chain_id, contract, name, address) values (@ChainId, @Contract, @Name, @Address) on conflict do nothing",
            contracts, transaction, ct: ct));
        await connection.ExecuteAsync(Sql.Command(
            "insert into events (event, contract, name, signature, topic) values (@Event, @Contract, @Name, @Signature, @Topic) on conflict do nothing",
            EventCatalog.All.Select(e => new { Event = (short)e.Kind, Contract = e.Contract.ToString(), e.Name, e.Signature, e.Topic }).ToArray(), transaction, ct: ct));
        await connection.ExecuteAsync(Sql.Command(
            """
            insert into checkpoints (chain_id, block_number, block_hash, finalized_number, finalized_hash)
            values (@ChainId, @Before, @Zero, -1, @Zero) on conflict do nothing
            """, new { network.ChainId, Before = (long)network.FirstBlock - 1, Bytes32.Zero }, transaction, ct: ct));
        var found = await connection.ExecuteScalarAsync<long>(Sql.Command(
            """
            select count(*) from chains c where c.chain_id = @ChainId and c.caip2 = @Caip2 and c.network_id = @NetworkId and c.first_block = @FirstBlock
              and c.breaker_window = @BreakerWindow
            """, new { network.ChainId, network.Caip2, network.NetworkId, FirstBlock = (long)network.FirstBlock, BreakerWindow = (long)network.BreakerWindow }, transaction, ct: ct));
        var stored = (await connection.QueryAsync<(short Contract, byte[] Address)>(Sql.Command(
            "select contract, address from contracts where chain_id = @ChainId", new { network.ChainId }, transaction, ct: ct))).ToList();
        if (found != 1 || stored.Count != contracts.Length || stored.Any(s => !network.Contracts.TryGetValue((ContractKind)s.Contract, out var a) || a != AccountId.FromNative(s.Address)))
        {
            throw new MirrorMismatchException(
                $"This database mirrors another deployment than {network.Caip2} network {network.NetworkId}. Use a database of its own, or drop the mirror with 'depin index rebuild'.");
        }

        await transaction.CommitAsync(ct);
    }

    /// <summary>How far the mirror is.</summary>
    public async Task<Checkpoint> GetCheckpointAsync(CancellationToken ct)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(ct);
        return await ReadCheckpointAsync(connection, null, ct);
    }

    /// <summary>Hashes of mirrored blocks <paramref name="from"/>…<paramref name="to"/> by number.</summary>
    public async Task<IReadOnlyDictionary<ulong, Bytes32>> GetHashesAsync(ulong from, ulong to, CancellationToken ct)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<(long Number, byte[] Hash)>(Sql.Command(
            "select block_number, block_hash from blocks where chain_id = @ChainId and block_number between @from and @to",
            new { network.ChainId, from = (long)from, to = (long)to }, ct: ct));
        return rows.ToDictionary(r => (ulong)r.Number, r => new Bytes32(r.Hash));
    }

    /// <summary>
    /// Adds consecutive blocks after <paramref name="expected"/>, first dropping all blocks above <paramref name="keep"/> if one is given, in one transaction.
    /// </summary>
    /// <param name="expected">The checkpoint that the caller saw.</param>
    /// <param name="keep">On a reorg, the last block that both branches have.</param>
    /// <param name="ranges">Ranges of blocks, each linked to the one before, the first to the checkpoint or to <paramref name="keep"/>.</param>
    /// <param name="finalized">The finalized block as the source says.</param>
    /// <param name="ct">Cancels; nothing is written then.</param>
    /// <exception cref="CheckpointMovedException">Somebody else wrote.</exception>
    public async Task ApplyAsync(BlockPoint expected, BlockPoint? keep, IReadOnlyList<BlockRange> ranges, BlockPoint? finalized, CancellationToken ct)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var stored = await ReadCheckpointAsync(connection, transaction, ct, forUpdate: true);
        if (stored.Block != expected)
            throw new CheckpointMovedException($"The mirror is at block {stored.Block.Number}, not at {expected.Number}: another follower writes to it. Stop one of them.");
        if (keep is { } common) await RollBackAsync(connection, common, stored, ct);

        var at = keep ?? expected;
        try
        {
            var kinds = ranges.Select(range => Classify(range.Logs)).ToArray();
            await LoadAsync(connection, ranges, kinds, ct);
            // The state is computed while the server takes in the logs that it follows from.
            var reducing = Task.Run(() => Reduce(ranges, kinds), ct);
            try
            {
                for (var i = 0; i < ranges.Count; i++)
                {
                    await CopyBlocksAsync(connection, ranges[i], ct);
                    await CopyLogsAsync(connection, ranges[i].Logs, kinds[i], ct);
                }
            }
            finally
            {
                await ((Task)reducing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // before what it works on is cleared
            }

            await reducing;
            await FlushAsync(connection, ct);
            if (ranges.LastOrDefault(range => range.Headers.Count > 0) is { } last) at = last.Headers[^1].Point;
        }
        finally
        {
            _reducer.Clear();
        }

        await WriteCheckpointAsync(connection, at, Newer(stored.Finalized, finalized, at), ct);
        await transaction.CommitAsync(ct);
    }

    /// <summary>Notes that more of what is mirrored is final.</summary>
    public async Task FinalizeAsync(BlockPoint finalized, CancellationToken ct)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(Sql.Command(
            """
            update checkpoints c set finalized_number = @Number, finalized_hash = @Hash
            where c.chain_id = @ChainId and c.finalized_number < @Number and c.block_number >= @Number
              and exists (select from blocks b where b.chain_id = c.chain_id and b.block_number = @Number and b.block_hash = @Hash)
            """, new { network.ChainId, Number = (long)finalized.Number, finalized.Hash }, ct: ct));
    }

    /// <summary>The epoch of a root that claims may be made against; null where the mirror has no such root.</summary>
    public async Task<Epoch?> FindEpochOfRootAsync(Bytes32 root, CancellationToken ct)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(ct);
        return await connection.ExecuteScalarAsync<long?>(Sql.Command(
            "select epoch from roots where chain_id = @ChainId and root = @root order by epoch desc limit 1", new { network.ChainId, root }, ct: ct)) is { } epoch ? new Epoch((ulong)epoch) : null;
    }

    /// <summary>Stops the mirror for good, or with null lets it run again.</summary>
    public async Task HaltAsync(string? reason, CancellationToken ct)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(Sql.Command("update checkpoints set halted = @reason where chain_id = @ChainId", new { network.ChainId, reason }, ct: ct));
    }

    private async Task<Checkpoint> ReadCheckpointAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, CancellationToken ct, bool forUpdate = false)
    {
        const string text = "select block_number, block_hash, finalized_number, finalized_hash, halted from checkpoints where chain_id = @ChainId";
        var row = await connection.QuerySingleOrDefaultAsync<CheckpointRow>(
            Sql.Command(forUpdate ? text + " for update" : text, new { network.ChainId }, transaction, ct: ct));
        return row?.ToCheckpoint() ?? throw new MirrorMismatchException($"The mirror has no checkpoint for {network.Caip2}: initialize it first.");
    }

    private async Task WriteCheckpointAsync(NpgsqlConnection connection, BlockPoint block, BlockPoint? finalized, CancellationToken ct)
    {
        // A hash that is not the mirrored block's is a node on another branch: its word on finality waits.
        await connection.ExecuteAsync(Sql.Command(
            """
            update checkpoints c set block_number = @Number, block_hash = @Hash,
                finalized_number = coalesce(f.block_number, c.finalized_number), finalized_hash = coalesce(f.block_hash, c.finalized_hash)
            from (select 1) one left join blocks f on f.chain_id = @ChainId and f.block_number = @FinalizedNumber and f.block_hash = @FinalizedHash
            where c.chain_id = @ChainId
            """,
            new
            {
                network.ChainId,
                Number = (long)block.Number,
                block.Hash,
                FinalizedNumber = finalized is { } f ? (long)f.Number : NothingFinalized,
                FinalizedHash = finalized?.Hash ?? Bytes32.Zero,
            }, ct: ct));
    }

    /// <summary>
    /// What is final of a mirror that ends at <paramref name="head"/>: the source's finalized block, or all of the mirror while that is still ahead.
    /// Null where that is no news.
    /// </summary>
    private static BlockPoint? Newer(BlockPoint? stored, BlockPoint? said, BlockPoint head)
    {
        if (said is not { } final) return null;
        var reached = final.Number > head.Number ? head : final;
        return stored is { } old && old.Number >= reached.Number ? null : reached;
    }

    private async Task RollBackAsync(NpgsqlConnection connection, BlockPoint keep, Checkpoint stored, CancellationToken ct)
    {
        if (stored.Finalized is { } finalized && keep.Number < finalized.Number)
            throw new ReorgPastFinalizedException($"Rolling back to block {keep.Number} would drop block {finalized.Number}, which was final.");
        var last = (long)keep.Number;
        await ReadDroppedTransfersAsync(connection, last, ct);
        await _reducer.Holders.FlushAsync(connection, network.ChainId, undo: true, ct);
        _reducer.Clear();
        foreach (var table in _reducer.Tables.All)
            await table.RollBackAsync(connection, network.ChainId, last, ct);
        foreach (var table in (string[])[.. Additions.TableNames, "logs", "blocks"])
        {
            await using var delete = new NpgsqlCommand($"delete from {table} where chain_id = $1 and block_number > $2", connection);
            delete.Parameters.Add(new NpgsqlParameter { Value = network.ChainId });
            delete.Parameters.Add(new NpgsqlParameter { Value = last });
            await delete.ExecuteNonQueryAsync(ct);
        }
    }

    private async Task ReadDroppedTransfersAsync(NpgsqlConnection connection, long last, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("select topics, data from logs where chain_id = $1 and block_number > $2 and event = $3", connection);
        command.Parameters.Add(new NpgsqlParameter { Value = network.ChainId });
        command.Parameters.Add(new NpgsqlParameter { Value = last });
        command.Parameters.Add(new NpgsqlParameter { Value = (short)EventKind.TokenTransfer });
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            var words = new LogWords(reader.GetFieldValue<byte[]>(0), reader.GetFieldValue<byte[]>(1));
            _reducer.Holders.Transfer(words.TopicAccount(1), words.TopicAccount(2), words.AmountAt(0));
        }
    }

    private (ContractKind Contract, EventKind Event)[] Classify(LogBatch logs)
    {
        var kinds = new (ContractKind, EventKind)[logs.Count];
        for (var i = 0; i < kinds.Length; i++)
        {
            var log = logs[i];
            var (contract, definition) = network.Find(logs, log);
            kinds[i] = (contract ?? throw new ChainSourceException($"The node sent a log of {log.Emitter}, which is not one of the network's contracts."), definition?.Kind ?? EventKind.Unknown);
        }

        return kinds;
    }

    private async Task CopyBlocksAsync(NpgsqlConnection connection, BlockRange range, CancellationToken ct)
    {
        if (range.Headers.Count == 0) return;
        await using var writer = await connection.BeginBinaryImportAsync(
            "copy blocks (chain_id, block_number, block_hash, parent_hash, block_time, log_count) from stdin (format binary)", ct);
        var log = 0;
        foreach (var header in range.Headers)
        {
            var first = log;
            while (log < range.Logs.Count && range.Logs[log].BlockNumber == header.Number) log++;
            await writer.StartRowAsync(ct);
            await writer.WriteAsync(network.ChainId, NpgsqlDbType.Smallint, ct);
            await writer.WriteAsync((long)header.Number, NpgsqlDbType.Bigint, ct);
            await writer.WriteAsync(header.Hash.ToArray(), NpgsqlDbType.Bytea, ct);
            await writer.WriteAsync(header.ParentHash.ToArray(), NpgsqlDbType.Bytea, ct);
            await writer.WriteAsync(DateTimeOffset.FromUnixTimeSeconds((long)header.Timestamp).UtcDateTime, NpgsqlDbType.TimestampTz, ct);
            await writer.WriteAsync(log - first, NpgsqlDbType.Integer, ct);
        }

        await writer.CompleteAsync(ct);
    }

    private async Task CopyLogsAsync(NpgsqlConnection connection, LogBatch logs, (ContractKind Contract, EventKind Event)[] kinds, CancellationToken ct)
    {
        if (logs.Count == 0) return;
        await using var writer = await connection.BeginBinaryImportAsync(
            "copy logs (chain_id, block_number, log_index, transaction_index, transaction_hash, contract, event, topics, data) from stdin (format binary)", ct);
        for (var i = 0; i < logs.Count; i++)
        {
            var log = logs[i];
            await writer.StartRowAsync(ct);
            await writer.WriteAsync(network.ChainId, NpgsqlDbType.Smallint, ct);
            await writer.WriteAsync((long)log.BlockNumber, NpgsqlDbType.Bigint, ct);
            await writer.WriteAsync(log.LogIndex, NpgsqlDbType.Integer, ct);
            await writer.WriteAsync(log.TransactionIndex, NpgsqlDbType.Integer, ct);
            await writer.WriteAsync(logs.TransactionHash(log), NpgsqlDbType.Bytea, ct);
            await writer.WriteAsync((short)kinds[i].Contract, NpgsqlDbType.Smallint, ct);
            await writer.WriteAsync((short)kinds[i].Event, NpgsqlDbType.Smallint, ct);
            await writer.WriteAsync(logs.Topics(log), NpgsqlDbType.Bytea, ct);
            await writer.WriteAsync(logs.Data(log), NpgsqlDbType.Bytea, ct);
        }

        await writer.CompleteAsync(ct);
    }

    private async Task LoadAsync(NpgsqlConnection connection, IReadOnlyList<BlockRange> ranges, (ContractKind Contract, EventKind Event)[][] kinds, CancellationToken ct)
    {
        for (var i = 0; i < ranges.Count; i++) Touch(ranges[i].Logs, kinds[i]);
        foreach (var table in _reducer.Tables.All)
            await table.LoadAsync(connection, network.ChainId, ct);
    }

    private void Reduce(IReadOnlyList<BlockRange> ranges, (ContractKind Contract, EventKind Event)[][] kinds)
    {
        for (var i = 0; i < ranges.Count; i++) Apply(ranges[i], kinds[i]);
    }

    private async Task FlushAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await _reducer.Holders.FlushAsync(connection, network.ChainId, undo: false, ct);
        foreach (var table in _reducer.Tables.All)
            await table.FlushAsync(connection, network.ChainId, ct);
        await _reducer.Additions.FlushAsync(connection, network.ChainId, ct);
    }

    private void Touch(LogBatch logs, (ContractKind Contract, EventKind Event)[] kinds)
    {
        for (var i = 0; i < kinds.Length; i++)
        {
            if (kinds[i].Event == EventKind.Unknown) continue;
            try
            {
                _reducer.Touch(kinds[i].Event, Words(logs, logs[i]));
            }
            catch (MalformedLogException error)
            {
                throw Explain(error, kinds[i].Event, logs[i]);
            }
        }
    }

    private void Apply(BlockRange range, (ContractKind Contract, EventKind Event)[] kinds)
    {
        var logs = range.Logs;
        var header = 0;
        for (var i = 0; i < kinds.Length; i++)
        {
            if (kinds[i].Event == EventKind.Unknown) continue;
            var log = logs[i];
            while (range.Headers[header].Number < log.BlockNumber) header++;
            var context = new LogContext((long)log.BlockNumber, (long)range.Headers[header].Timestamp, log.LogIndex, logs.TransactionHash(log));
            try
            {
                _reducer.Apply(kinds[i].Event, Words(logs, log), context);
            }
            catch (MalformedLogException error)
            {
                throw Explain(error, kinds[i].Event, log);
            }
        }
    }

    private static LogWords Words(LogBatch logs, in LogEntry log) => new(logs.Topics(log).Span, logs.Data(log).Span);

    private static MalformedLogException Explain(MalformedLogException error, EventKind kind, in LogEntry log) => new(
        $"Log {log.LogIndex} of block {log.BlockNumber} does not decode as {kind}: {error.Message} The node truncated it, or the manifest names a wrong contract.");
}
