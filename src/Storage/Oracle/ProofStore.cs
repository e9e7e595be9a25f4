using Dapper;
using DePin.Cryptography;
using Npgsql;
using NpgsqlTypes;

namespace DePin.Storage.Oracle;

/// <summary>A proof that passed ingest.</summary>
/// <param name="Epoch">Epoch of the device's own time; a function of the envelope.</param>
/// <param name="Id">SHA-256 of the envelope.</param>
/// <param name="Device">keccak(key type · public key).</param>
/// <param name="Class">Resource class.</param>
/// <param name="Schema">Payload layout within the class.</param>
/// <param name="Sequence">The device's counter.</param>
/// <param name="DeviceTime">ms since 1970, network time, as the device says.</param>
/// <param name="ReceivedAt">ms since 1970, network time, here.</param>
/// <param name="Envelope">The signed bytes.</param>
/// <param name="Signature">64 bytes.</param>
public sealed record ReceivedProof(
    long Epoch, Bytes32 Id, Bytes32 Device, int Class, int Schema, long Sequence, long DeviceTime, long ReceivedAt,
    ReadOnlyMemory<byte> Envelope, ReadOnlyMemory<byte> Signature);

/// <summary>A proof on its way into a batch.</summary>
public sealed record UnsealedProof(long Epoch, Bytes32 Id, byte[] Envelope, byte[] Signature);

/// <summary>How far a proof has come at this operator.</summary>
/// <param name="ReceivedAt">ms since 1970, network time.</param>
/// <param name="BatchIndex">Batch of the own lane, or null until sealed.</param>
/// <param name="Certified">Whether q operators hold that batch.</param>
/// <param name="Judgement">Item-level judgement number, or null until judged.</param>
/// <param name="Reason">Item-level reason number, or null until judged.</param>
public sealed record ProofStatus(long ReceivedAt, long? BatchIndex, bool Certified, short? Judgement, int? Reason);

/// <summary>Proofs that arrived at this operator: <c>oracle.proofs</c>.</summary>
public sealed class ProofStore(NpgsqlDataSource dataSource)
{
    // Partitions known to exist; asking again costs a round trip only.
    private readonly HashSet<long> _epochs = [];

    private const string Insert =
        """
        insert into oracle.proofs (epoch, id, device_id, class, schema, sequence, device_time, received_at, envelope, signature)
        select * from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict do nothing
        """;

    /// <summary>
    /// Makes the proofs durable in one transaction, which is committed when this returns. A proof that is there already is left as it is.
    /// </summary>
    /// <param name="proofs">Any number; repeated ids are allowed.</param>
    /// <param name="ct">Cancels; then nothing or everything is stored.</param>
    /// <returns>For each proof when it was received first: of a repeated one the time of its first arrival.</returns>
    public async Task<long[]> InsertAsync(IReadOnlyList<ReceivedProof> proofs, CancellationToken ct)
    {
        foreach (var epoch in proofs.Select(p => p.Epoch).Distinct()) await EnsureEpochAsync(epoch, ct);

        // One order for all writers, so that two of them with the same proofs wait for each other instead of dead-locking.
        var order = Enumerable.Range(0, proofs.Count).ToArray();
        Array.Sort(order, (a, b) => proofs[a].Id.CompareTo(proofs[b].Id));
        T[] Column<T>(Func<ReceivedProof, T> select) => Array.ConvertAll(order, i => select(proofs[i]));

        await using var command = dataSource.CreateCommand(Insert);
        Add(command, NpgsqlDbType.Bigint, Column(p => p.Epoch));
        Add(command, NpgsqlDbType.Bytea, Column(p => p.Id.ToArray()));
        Add(command, NpgsqlDbType.Bytea, Column(p => p.Device.ToArray()));
        Add(command, NpgsqlDbType.Integer, Column(p => p.Class));
        Add(command, NpgsqlDbType.Integer, Column(p => p.Schema));
        Add(command, NpgsqlDbType.Bigint, Column(p => p.Sequence));
        Add(command, NpgsqlDbType.Bigint, Column(p => p.DeviceTime));
        Add(command, NpgsqlDbType.Bigint, Column(p => p.ReceivedAt));
        Add(command, NpgsqlDbType.Bytea, Column(p => p.Envelope));
        Add(command, NpgsqlDbType.Bytea, Column(p => p.Signature));
        var inserted = await command.ExecuteNonQueryAsync(ct);

        var receivedAt = new long[proofs.Count];
        if (inserted == proofs.Count)
        {
            for (var i = 0; i < proofs.Count; i++) receivedAt[i] = proofs[i].ReceivedAt;
            return receivedAt;
        }

        var known = await FindAsync([.. proofs.Select(p => p.Id)], ct);
        for (var i = 0; i < proofs.Count; i++) receivedAt[i] = known[proofs[i].Id];
        return receivedAt;
    }

    private sealed record Found(Bytes32 Id, long ReceivedAt);

    /// <summary>When those of the proofs that are durable here were received.</summary>
    public async Task<IReadOnlyDictionary<Bytes32, long>> FindAsync(IReadOnlyCollection<Bytes32> ids, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<Found>(Sql.Command(
            "select id, received_at from oracle.proofs where id = any(@Ids)",
            new { Ids = ids.Select(id => id.ToArray()).ToArray() }, ct: ct));
        return rows.ToDictionary(row => row.Id, row => row.ReceivedAt);
    }

    /// <summary>How far a proof has come, or null where this operator never received it.</summary>
    /// <param name="id">SHA-256 of the envelope.</param>
    /// <param name="self">This operator's report key, which names its lane.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<ProofStatus?> GetStatusAsync(Bytes32 id, Address self, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<ProofStatus>(Sql.Command(
            """
            select p.received_at, p.batch_index, coalesce(p.batch_index <= l.certified_height, false) certified, v.judgement, v.reason
            from oracle.proofs p
            left join oracle.lanes l on l.operator = @self
            left join oracle.verdicts v on v.proof_id = p.id and v.epoch = p.epoch
            where p.id = @id
            """, new { id, self }, ct: ct));
    }

    private sealed record Staged(Bytes32 Id, bool Certified);

    /// <summary>Whether each of the proofs that are durable here is certified; others are left out.</summary>
    public async Task<IReadOnlyDictionary<Bytes32, bool>> GetStagesAsync(IReadOnlyCollection<Bytes32> ids, Address self, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<Staged>(Sql.Command(
            """
            select p.id, coalesce(p.batch_index <= l.certified_height, false) certified
            from oracle.proofs p left join oracle.lanes l on l.operator = @self
            where p.id = any(@Ids)
            """, new { self, Ids = ids.Select(id => id.ToArray()).ToArray() }, ct: ct));
        return rows.ToDictionary(row => row.Id, row => row.Certified);
    }

    /// <summary>Makes the partitions of an epoch where they are missing.</summary>
    public async Task EnsureEpochAsync(long epoch, CancellationToken ct)
    {
        lock (_epochs)
        {
            if (_epochs.Contains(epoch)) return;
        }

        await using var connection = await dataSource.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(Sql.Command("select oracle.ensure_epoch(@epoch)", new { epoch }, ct: ct));
        lock (_epochs) _epochs.Add(epoch);
    }

    /// <summary>Drops the proofs and verdicts of an epoch of device time, all of which is final and in a bundle.</summary>
    public async Task DropEpochAsync(long epoch, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(Sql.Command("select oracle.drop_epoch(@epoch)", new { epoch }, timeoutSeconds: 0, ct: ct));
        lock (_epochs) _epochs.Remove(epoch);
    }

    /// <summary>Proofs not in a batch yet, oldest first. The rows stay locked until the caller's transaction ends; rows locked by others are passed over.</summary>
    internal static async Task<IReadOnlyList<UnsealedProof>> ClaimUnsealedAsync(NpgsqlTransaction transaction, int max, CancellationToken ct) =>
        [.. await transaction.Connection!.QueryAsync<UnsealedProof>(Sql.Command(
            """
            select epoch, id, envelope, signature from oracle.proofs
            where batch_index is null order by received_at limit @max for update skip locked
            """, new { max }, transaction, ct: ct))];

    internal static async Task MarkSealedAsync(NpgsqlTransaction transaction, IReadOnlyList<UnsealedProof> proofs, long index, CancellationToken ct)
    {
        var changed = await transaction.Connection!.ExecuteAsync(Sql.Command(
            """
            update oracle.proofs p set batch_index = @index
            from unnest(@Ids, @Epochs) as sealed (id, epoch)
            where p.id = sealed.id and p.epoch = sealed.epoch and p.batch_index is null
            """,
            new { index, Ids = proofs.Select(p => p.Id.ToArray()).ToArray(), Epochs = proofs.Select(p => p.Epoch).ToArray() }, transaction, ct: ct));
        if (changed != proofs.Count)
            throw new InvalidOperationException($"Batch {index} was to seal {proofs.Count} proofs, but {changed} rows changed; the transaction is given up.");
    }

    private static void Add<T>(NpgsqlCommand command, NpgsqlDbType type, T[] values) =>
        command.Parameters.Add(new NpgsqlParameter<T[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | type });
}
