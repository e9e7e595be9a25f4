using Dapper;
using DePin.Cryptography;
using Npgsql;

namespace DePin.Storage.Oracle;

/// <summary>An evidence bundle that lies here.</summary>
/// <param name="Digest">Of the report.</param>
/// <param name="Epoch">From 1.</param>
/// <param name="Generation">Cancellations before it.</param>
/// <param name="Content">SHA-256 of the file.</param>
/// <param name="Length">Bytes of the file.</param>
/// <param name="Final">Whether its report is final.</param>
public sealed record BundleRow(Bytes32 Digest, long Epoch, long Generation, Bytes32 Content, long Length, bool Final);

/// <summary>Evidence bundles in pieces of <see cref="PieceSize"/> bytes, so that nobody holds one whole.</summary>
public sealed class BundleStore(NpgsqlDataSource dataSource)
{
    /// <summary>Bytes of every piece but the last.</summary>
    public const int PieceSize = 1 << 20;

    private const string Columns = "digest, epoch, generation, content, length, final";

    /// <summary>Writes a bundle unless it is here; whole or not at all.</summary>
    /// <param name="pieces">Each of <see cref="PieceSize"/> bytes but the last. Read once, while writing.</param>
    /// <param name="finish">After the pieces: SHA-256 and length of the whole.</param>
    public async Task AddAsync(
        Bytes32 digest, long epoch, long generation, IEnumerable<ReadOnlyMemory<byte>> pieces, Func<(Bytes32 Content, long Length)> finish, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var inserted = await connection.ExecuteAsync(Sql.Command(
            "insert into oracle.bundles (digest, epoch, generation, content, length) values (@digest, @epoch, @generation, @digest, 1) on conflict do nothing",
            new { digest, epoch, generation }, transaction, ct: ct));
        if (inserted == 0) return;
        var number = 0;
        foreach (var piece in pieces)
        {
            await connection.ExecuteAsync(Sql.Command(
                "insert into oracle.bundle_pieces (digest, piece, bytes) values (@digest, @number, @Bytes)",
                new { digest, number, Bytes = piece.ToArray() }, transaction, ct: ct));
            number++;
        }

        var (content, length) = finish();
        await connection.ExecuteAsync(Sql.Command(
            "update oracle.bundles set content = @content, length = @length where digest = @digest", new { digest, content, length }, transaction, ct: ct));
        await transaction.CommitAsync(ct);
    }

    /// <summary>The bundle of a report, or null.</summary>
    public Task<BundleRow?> FindAsync(Bytes32 digest, CancellationToken ct) =>
        OneAsync($"select {Columns} from oracle.bundles where digest = @digest", new { digest }, ct);

    /// <summary>The bundle of an epoch in its newest generation, or null.</summary>
    public Task<BundleRow?> FindAsync(long epoch, CancellationToken ct) =>
        OneAsync($"select {Columns} from oracle.bundles where epoch = @epoch order by generation desc limit 1", new { epoch }, ct);

    /// <summary>One piece of a bundle, or null where it was pruned meanwhile.</summary>
    public async Task<byte[]?> ReadPieceAsync(Bytes32 digest, int piece, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<byte[]>(Sql.Command(
            "select bytes from oracle.bundle_pieces where digest = @digest and piece = @piece", new { digest, piece }, ct: ct));
    }

    /// <summary>Marks a bundle as final; false where it is so already, or not here.</summary>
    public async Task<bool> FinalizeAsync(Bytes32 digest, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return await connection.ExecuteAsync(Sql.Command("update oracle.bundles set final = true where digest = @digest and not final", new { digest }, ct: ct)) == 1;
    }

    /// <summary>
    /// Drops what final bundles of epochs up to <paramref name="epoch"/> make superfluous: the batches below their cuts, and bundles of cancelled reports of
    /// those epochs. The final bundles themselves stay: they are the network's memory.
    /// </summary>
    /// <param name="heights">The cut of that epoch: lane by lane the last batch that may go.</param>
    /// <returns>Batches dropped.</returns>
    public async Task<int> PruneAsync(long epoch, IReadOnlyCollection<(Address Operator, long Height)> heights, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var parameters = new
        {
            epoch,
            Operators = heights.Select(h => h.Operator.ToArray()).ToArray(),
            Heights = heights.Select(h => h.Height).ToArray(),
        };
        var dropped = await connection.ExecuteAsync(Sql.Command(
            """
            delete from oracle.batches b using unnest(@Operators, @Heights) as cut (operator, height)
            where b.operator = cut.operator and b.index <= cut.height
            """, parameters, transaction, timeoutSeconds: 0, ct: ct));
        // The acknowledgement of the cut's own batch stays: it is what a later conflict would be told by.
        await connection.ExecuteAsync(Sql.Command(
            """
            delete from oracle.acknowledgements a using unnest(@Operators, @Heights) as cut (operator, height)
            where a.operator = cut.operator and a.index < cut.height
            """, parameters, transaction, timeoutSeconds: 0, ct: ct));
        await connection.ExecuteAsync(Sql.Command(
            """
            delete from oracle.certificates c using unnest(@Operators, @Heights) as cut (operator, height)
            where c.operator = cut.operator and c.index < cut.height
            """, parameters, transaction, timeoutSeconds: 0, ct: ct));
        await connection.ExecuteAsync(Sql.Command("delete from oracle.bundles where epoch <= @epoch and not final", parameters, transaction, timeoutSeconds: 0, ct: ct));
        await transaction.CommitAsync(ct);
        return dropped;
    }

    private async Task<BundleRow?> OneAsync(string sql, object parameters, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<BundleRow>(Sql.Command(sql, parameters, ct: ct));
    }
}
