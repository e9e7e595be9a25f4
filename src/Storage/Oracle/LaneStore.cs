using System.Collections.Immutable;
using Dapper;
using DePin.Cryptography;
using DePin.Protocol.Lanes;
using Npgsql;

namespace DePin.Storage.Oracle;

/// <summary>How far a lane is held and how far it is certified.</summary>
public sealed record LaneRow(Address Operator, long Height, Bytes32 Digest, long CertifiedHeight);

/// <summary>A batch as it lies here.</summary>
public sealed record BatchRow(Address Operator, long Index, Bytes32 Digest, byte[] Header, byte[] Body);

/// <summary>What became of a batch that another operator sealed.</summary>
public enum BatchAcceptance
{
    /// <summary>It extends the lane and is durable now, with the own acknowledgement.</summary>
    Stored,

    /// <summary>It was here already.</summary>
    Known,

    /// <summary>It extends the lane and is durable now, but this operator had acknowledged another batch at its index and acknowledges no second.</summary>
    StoredSilently,

    /// <summary>It lies at or below the height that an accepted report's cut lifted this lane to: it is in evidence bundles and not in the lane.</summary>
    Settled,

    /// <summary>Batches before it are missing here.</summary>
    Gap,

    /// <summary>Another batch is here at this index, or the link to the one before does not fit: the lane's operator lies, or was restored from an old copy.</summary>
    Conflict,

    /// <summary>A conflict that is on record already.</summary>
    KnownConflict,
}

/// <summary>The lanes of all operators, with acknowledgements and certificates. Every change that leads to a signature commits before the signature leaves.</summary>
public sealed class LaneStore(NpgsqlDataSource dataSource)
{
    /// <summary>Seals the own lane's next batch from proofs that wait.</summary>
    /// <param name="self">The own lane.</param>
    /// <param name="maxProofs">Most proofs to take.</param>
    /// <param name="seal">Pure: builds the batch after the given head (null before the first) with the own acknowledgement; says how many of the proofs, from the front, it holds.</param>
    /// <param name="ct">Cancels; then nothing is sealed.</param>
    /// <returns>The head after sealing, or null where no proof waits.</returns>
    public async Task<LaneHead?> SealAsync(
        Address self, int maxProofs, Func<LaneHead?, IReadOnlyList<UnsealedProof>, (Batch Batch, Acknowledgement Own, int Taken)> seal, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var lane = await LockLaneAsync(transaction, self, ct);
        var waiting = await ProofStore.ClaimUnsealedAsync(transaction, maxProofs, ct);
        if (waiting.Count == 0) return null;

        var (batch, own, taken) = seal(HeadOf(lane), waiting);
        await AppendAsync(transaction, batch, ct);
        await AddAcknowledgementAsync(transaction, own, ct);
        await ProofStore.MarkSealedAsync(transaction, [.. waiting.Take(taken)], (long)batch.Header.Index, ct);
        await transaction.CommitAsync(ct);
        return new LaneHead(batch.Header.Index, batch.Digest);
    }

    /// <summary>
    /// Takes a batch of another lane if it is the lane's next. When this returns <see cref="BatchAcceptance.Stored"/> or
    /// <see cref="BatchAcceptance.Known"/>, batch and own acknowledgement are durable and the acknowledgement may be sent.
    /// </summary>
    /// <param name="batch">Checked: body, proofs and the lane operator's signature.</param>
    /// <param name="byLane">The lane operator's own acknowledgement.</param>
    /// <param name="own">The own acknowledgement, which stays secret unless this succeeds.</param>
    /// <param name="ct">Cancels; then nothing is stored.</param>
    public async Task<(BatchAcceptance Result, LaneRow Lane)> AcceptAsync(Batch batch, Acknowledgement byLane, Acknowledgement own, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var lane = await LockLaneAsync(transaction, batch.Header.Operator, ct);
        var index = (long)batch.Header.Index;
        if (index > lane.Height + 1) return (BatchAcceptance.Gap, lane);

        if (index <= lane.Height)
        {
            var stored = await connection.QuerySingleOrDefaultAsync<byte[]>(Sql.Command(
                "select digest from oracle.batches where operator = @Operator and index = @index", new { lane.Operator, index }, transaction, ct: ct));
            if (stored is null) return (await IsAcknowledgedAsync(transaction, own, ct) ? BatchAcceptance.Known : BatchAcceptance.Settled, lane);
            if (new Bytes32(stored) == batch.Digest)
                return (await IsAcknowledgedAsync(transaction, own, ct) ? BatchAcceptance.Known : BatchAcceptance.StoredSilently, lane);
            return (await AddConflictAsync(transaction, batch, byLane, ct) ? BatchAcceptance.Conflict : BatchAcceptance.KnownConflict, lane);
        }

        if (batch.Header.Previous != lane.Digest)
        {
            return (await AddConflictAsync(transaction, batch, byLane, ct) ? BatchAcceptance.Conflict : BatchAcceptance.KnownConflict, lane);
        }

        await AppendAsync(transaction, batch, ct);
        await AddAcknowledgementAsync(transaction, byLane, ct);
        await AddAcknowledgementAsync(transaction, own, ct);
        var acknowledged = await IsAcknowledgedAsync(transaction, own, ct);
        await transaction.CommitAsync(ct);
        return (acknowledged ? BatchAcceptance.Stored : BatchAcceptance.StoredSilently, lane with { Height = index, Digest = batch.Digest });
    }

    /// <summary>
    /// Puts a certified branch of a lane in place of the one that is here. Its operator lied: it signed two, and this node acknowledged the one that the
    /// others did not. Nothing is acknowledged by this; the evidence of the lie goes to <c>oracle.lane_conflicts</c>.
    /// </summary>
    /// <param name="branch">Ascending, linked; the first links to a batch that is here (or is the first of the lane), the last is certified.</param>
    /// <param name="byLane">The lane operator's acknowledgement of each.</param>
    /// <param name="ct">Cancels; then nothing changes.</param>
    /// <returns>False where the lane changed meanwhile, so that the branch no longer links.</returns>
    public async Task<bool> ReplaceAsync(IReadOnlyList<Batch> branch, IReadOnlyList<Acknowledgement> byLane, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var first = branch[0].Header;
        var lane = await LockLaneAsync(transaction, first.Operator, ct);
        var from = (long)first.Index;
        var parent = from == 1 ? Bytes32.Zero.ToArray() : await connection.QuerySingleOrDefaultAsync<byte[]>(Sql.Command(
            "select digest from oracle.batches where operator = @Operator and index = @from - 1", new { lane.Operator, from }, transaction, ct: ct));
        if (parent is null || new Bytes32(parent) != first.Previous) return false;

        await connection.ExecuteAsync(Sql.Command(
            """
            insert into oracle.lane_conflicts (operator, index, digest, header, signature)
            select b.operator, b.index, b.digest, b.header, a.signature
            from oracle.batches b
            join oracle.acknowledgements a on a.operator = b.operator and a.index = b.index and a.sender = b.operator and a.digest = b.digest
            where b.operator = @Operator and b.index >= @from on conflict do nothing
            """, new { lane.Operator, from }, transaction, ct: ct));
        await connection.ExecuteAsync(Sql.Command("delete from oracle.batches where operator = @Operator and index >= @from", new { lane.Operator, from }, transaction, ct: ct));
        // The lane operator's word for the dropped branch makes room for its word on this one; everybody else's stays as it is.
        await connection.ExecuteAsync(Sql.Command(
            "delete from oracle.acknowledgements where operator = @Operator and sender = @Operator and index >= @from", new { lane.Operator, from }, transaction, ct: ct));
        await connection.ExecuteAsync(Sql.Command(
            "update oracle.lanes set height = @from - 1, digest = @parent, adopted_height = least(adopted_height, @from - 1) where operator = @Operator", new { lane.Operator, from, parent }, transaction, ct: ct));
        for (var i = 0; i < branch.Count; i++)
        {
            await AppendAsync(transaction, branch[i], ct);
            await AddAcknowledgementAsync(transaction, byLane[i], ct);
        }

        await transaction.CommitAsync(ct);
        return true;
    }

    /// <summary>Keeps acknowledgements of others. A second one of the same sender for an index is dropped: only the first counts here.</summary>
    public async Task AddAcknowledgementAsync(Acknowledgement acknowledgement, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        await InsertAcknowledgementAsync(connection, null, acknowledgement, ct);
    }

    private sealed record AckRow(long Index, Bytes32 Digest, Address Sender, byte[] Signature);

    /// <summary>
    /// The highest batch above the certified height of a lane that at least <paramref name="quorum"/> of <paramref name="members"/> acknowledged,
    /// with their acknowledgements ascending by sender; empty where there is none.
    /// </summary>
    public async Task<IReadOnlyList<Acknowledgement>> FindQuorumAsync(Address lane, IReadOnlyCollection<Address> members, int quorum, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<AckRow>(Sql.Command(
            """
            with certified as (
                select a.index, a.digest
                from oracle.acknowledgements a
                join oracle.lanes l on l.operator = a.operator
                where a.operator = @lane and a.index > l.certified_height and a.sender = any(@Members)
                group by a.index, a.digest having count(*) >= @quorum
                order by a.index desc limit 1)
            select a.index, a.digest, a.sender, a.signature
            from oracle.acknowledgements a join certified c on c.index = a.index and c.digest = a.digest
            where a.operator = @lane and a.sender = any(@Members)
            order by a.sender limit @quorum
            """, new { lane, Members = members.Select(m => m.ToArray()).ToArray(), quorum }, ct: ct));
        return [.. rows.Select(r => new Acknowledgement(lane, (ulong)r.Index, r.Digest, r.Sender, new ProtocolSignature(r.Signature)))];
    }

    /// <summary>Keeps a certificate, which the caller has verified, and raises the lane's certified height.</summary>
    /// <param name="acknowledgements">Of one batch, at least one, ascending by sender.</param>
    /// <returns>Whether the certified height rose.</returns>
    public async Task<bool> AddCertificateAsync(IReadOnlyList<Acknowledgement> acknowledgements, CancellationToken ct)
    {
        var first = acknowledgements[0];
        var parameters = new { Operator = first.Lane, Index = (long)first.Index, first.Digest, Signatures = Pack(acknowledgements) };
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await connection.ExecuteAsync(Sql.Command("insert into oracle.lanes (operator) values (@Operator) on conflict do nothing", parameters, transaction, ct: ct));
        await connection.ExecuteAsync(Sql.Command(
            "insert into oracle.certificates (operator, index, digest, signatures) values (@Operator, @Index, @Digest, @Signatures) on conflict do nothing",
            parameters, transaction, ct: ct));
        var raised = await connection.ExecuteAsync(Sql.Command(
            "update oracle.lanes set certified_height = @Index where operator = @Operator and certified_height < @Index", parameters, transaction, ct: ct));
        await transaction.CommitAsync(ct);
        return raised == 1;
    }

    private sealed record CertificateRow(Address Operator, long Index, Bytes32 Digest, byte[] Signatures);

    /// <summary>The highest certificate of every lane that has one, ascending by lane: the acknowledgements that make it.</summary>
    public async Task<IReadOnlyList<ImmutableArray<Acknowledgement>>> GetCertificatesAsync(CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<CertificateRow>(Sql.Command(
            """
            select c.operator, c.index, c.digest, c.signatures
            from oracle.lanes l join oracle.certificates c on c.operator = l.operator and c.index = l.certified_height
            order by c.operator
            """, ct: ct));
        return [.. rows.Select(Unpack)];
    }

    /// <summary>The lowest certificate of a lane at or above a height: the acknowledgements that make it; empty where there is none.</summary>
    public async Task<ImmutableArray<Acknowledgement>> FindCertificateAsync(Address lane, long height, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        var row = await connection.QueryFirstOrDefaultAsync<CertificateRow>(Sql.Command(
            "select operator, index, digest, signatures from oracle.certificates where operator = @lane and index >= @height order by index limit 1", new { lane, height }, ct: ct));
        return row is null ? [] : Unpack(row);
    }

    /// <summary>All lanes, ascending.</summary>
    public async Task<IReadOnlyList<LaneRow>> GetLanesAsync(CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<LaneRow>(Sql.Command(
            "select operator, height, digest, certified_height from oracle.lanes order by operator", ct: ct))).AsList();
    }

    /// <summary>One lane; height 0 where nothing of it is here.</summary>
    public async Task<LaneRow> GetLaneAsync(Address @operator, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<LaneRow>(Sql.Command(
            "select operator, height, digest, certified_height from oracle.lanes where operator = @operator", new { @operator }, ct: ct))
            ?? new LaneRow(@operator, 0, Bytes32.Zero, 0);
    }

    /// <summary>A batch, or null where it is not here (any more).</summary>
    public async Task<BatchRow?> FindBatchAsync(Address @operator, long index, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<BatchRow>(Sql.Command(
            "select operator, index, digest, header, body from oracle.batches where operator = @operator and index = @index", new { @operator, index }, ct: ct));
    }

    /// <summary>Whether its operator signed a second batch for an index up to the next one.</summary>
    public async Task<bool> HasConflictAsync(Address lane, long height, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return await connection.ExecuteScalarAsync<bool>(Sql.Command(
            "select exists (select from oracle.lane_conflicts where operator = @lane and index <= @height + 1)", new { lane, height }, ct: ct));
    }

    /// <summary>One operator's acknowledgement of a batch, or null.</summary>
    public async Task<Acknowledgement?> FindAcknowledgementAsync(Address lane, long index, Address sender, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        var row = await connection.QuerySingleOrDefaultAsync<AckRow>(Sql.Command(
            "select index, digest, sender, signature from oracle.acknowledgements where operator = @lane and index = @index and sender = @sender",
            new { lane, index, sender }, ct: ct));
        return row is null ? null : new Acknowledgement(lane, (ulong)row.Index, row.Digest, row.Sender, new ProtocolSignature(row.Signature));
    }

    /// <summary>The highest index of a lane that an operator acknowledged, 0 for none: where pushing to it goes on.</summary>
    public async Task<long> GetAcknowledgedHeightAsync(Address lane, Address sender, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return await connection.ExecuteScalarAsync<long>(Sql.Command(
            "select coalesce(max(index), 0) from oracle.acknowledgements where operator = @lane and sender = @sender", new { lane, sender }, ct: ct));
    }

    /// <summary>
    /// Lifts a lane that is held less far to a height that an accepted report's cut names. What lies below is in evidence bundles; nothing is acknowledged by it.
    /// </summary>
    public async Task AdoptAsync(LaneHeight height, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await LockLaneAsync(transaction, height.Operator, ct);
        await connection.ExecuteAsync(Sql.Command(
            "update oracle.lanes set height = @Height, digest = @Digest where operator = @Operator and height < @Height",
            new { height.Operator, Height = (long)height.Height, height.Digest }, transaction, ct: ct));
        await transaction.CommitAsync(ct);
    }

    private static Task<bool> IsAcknowledgedAsync(NpgsqlTransaction transaction, Acknowledgement own, CancellationToken ct) =>
        transaction.Connection!.ExecuteScalarAsync<bool>(Sql.Command(
            "select exists (select from oracle.acknowledgements where operator = @Lane and index = @Index and sender = @Signer and digest = @Digest)",
            new { own.Lane, Index = (long)own.Index, own.Signer, own.Digest }, transaction, ct: ct));

    private static LaneHead? HeadOf(LaneRow lane) => lane.Height == 0 ? null : new LaneHead((ulong)lane.Height, lane.Digest);

    private static async Task<LaneRow> LockLaneAsync(NpgsqlTransaction transaction, Address @operator, CancellationToken ct)
    {
        await transaction.Connection!.ExecuteAsync(Sql.Command(
            "insert into oracle.lanes (operator) values (@operator) on conflict do nothing", new { @operator }, transaction, ct: ct));
        return await transaction.Connection!.QuerySingleAsync<LaneRow>(Sql.Command(
            "select operator, height, digest, certified_height from oracle.lanes where operator = @operator for update", new { @operator }, transaction, ct: ct));
    }

    private static async Task AppendAsync(NpgsqlTransaction transaction, Batch batch, CancellationToken ct)
    {
        var header = batch.Header;
        var parameters = new
        {
            header.Operator,
            Index = (long)header.Index,
            batch.Digest,
            Header = header.Encode(),
            Body = batch.Body.ToArray(),
            Count = (int)header.Count,
            SealedAt = unchecked((long)header.SealedAtMs),
        };
        await transaction.Connection!.ExecuteAsync(Sql.Command(
            """
            insert into oracle.batches (operator, index, digest, header, body, count, sealed_at)
            values (@Operator, @Index, @Digest, @Header, @Body, @Count, @SealedAt)
            """, parameters, transaction, ct: ct));
        var moved = await transaction.Connection!.ExecuteAsync(Sql.Command(
            "update oracle.lanes set height = @Index, digest = @Digest where operator = @Operator and height = @Index - 1", parameters, transaction, ct: ct));
        if (moved != 1) throw new InvalidOperationException($"Lane {header.Operator} was not at height {header.Index - 1}; batch {header.Index} is given up.");
    }

    private static Task<int> AddAcknowledgementAsync(NpgsqlTransaction transaction, Acknowledgement acknowledgement, CancellationToken ct) =>
        InsertAcknowledgementAsync(transaction.Connection!, transaction, acknowledgement, ct);

    private static Task<int> InsertAcknowledgementAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, Acknowledgement acknowledgement, CancellationToken ct) =>
        connection.ExecuteAsync(Sql.Command(
            """
            insert into oracle.acknowledgements (operator, index, sender, digest, signature)
            values (@Lane, @Index, @Signer, @Digest, @Signature) on conflict do nothing
            """,
            new
            {
                acknowledgement.Lane,
                Index = (long)acknowledgement.Index,
                acknowledgement.Signer,
                acknowledgement.Digest,
                Signature = acknowledgement.Signature.ToArray(),
            }, transaction, ct: ct));

    /// <returns>Whether it is new.</returns>
    private static async Task<bool> AddConflictAsync(NpgsqlTransaction transaction, Batch batch, Acknowledgement byLane, CancellationToken ct)
    {
        var added = await transaction.Connection!.ExecuteAsync(Sql.Command(
            """
            insert into oracle.lane_conflicts (operator, index, digest, header, signature)
            values (@Lane, @Index, @Digest, @Header, @Signature) on conflict do nothing
            """,
            new { byLane.Lane, Index = (long)byLane.Index, byLane.Digest, Header = batch.Header.Encode(), Signature = byLane.Signature.ToArray() }, transaction, ct: ct));
        await transaction.CommitAsync(ct);
        return added == 1;
    }

    private static byte[] Pack(IReadOnlyList<Acknowledgement> acknowledgements)
    {
        var packed = new byte[acknowledgements.Count * (Address.Size + ProtocolSignature.Size)];
        var at = packed.AsSpan();
        foreach (var acknowledgement in acknowledgements)
        {
            acknowledgement.Signer.CopyTo(at);
            acknowledgement.Signature.CopyTo(at[Address.Size..]);
            at = at[(Address.Size + ProtocolSignature.Size)..];
        }

        return packed;
    }

    private static ImmutableArray<Acknowledgement> Unpack(CertificateRow row)
    {
        const int size = Address.Size + ProtocolSignature.Size;
        var unpacked = ImmutableArray.CreateBuilder<Acknowledgement>(row.Signatures.Length / size);
        for (var i = 0; i < unpacked.Capacity; i++)
        {
            var entry = row.Signatures.AsSpan(i * size, size);
            unpacked.Add(new Acknowledgement(row.Operator, (ulong)row.Index, row.Digest, new Address(entry[..Address.Size]), new ProtocolSignature(entry[Address.Size..])));
        }

        return unpacked.MoveToImmutable();
    }
}
