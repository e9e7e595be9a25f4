using Dapper;
using Npgsql;

namespace DePin.Storage.Read;

/// <summary>A report as the chain has it, with what its recomputation said; the recomputed part is null until the evidence is imported. Amounts are decimal text.</summary>
public sealed record EpochRow(long Epoch, long Generation, string Digest, string Report, string Status, long Signers, long ClaimableAt, string? Challenger, string? ChallengeBond,
    short? CancelReason, long AcceptedBlock, string AcceptedTransaction, string? BundleSha256, long? BundleBytes, int? Accounts, int? Devices, long? Accepted, long? Rejected,
    long? Inconclusive, long? Pending, string? Budget, string? Allocated, string? Unallocated);

/// <summary>One class of one epoch in sums.</summary>
public sealed record ClassTotals(int Class, long Devices, long Accounts, long Accepted, long Rejected, long Inconclusive, string Amount);

/// <summary>Reads about epochs and reports.</summary>
public sealed class EpochReads(NpgsqlDataSource source)
{
    private const string Columns =
        """
        select r.epoch, r.generation, '0x' || encode(r.digest, 'hex') as digest, '0x' || encode(r.report, 'hex') as report, r.status, r.signers, r.claimable_at,
            '0x' || encode(r.challenger, 'hex') as challenger, r.challenge_bond::text as challenge_bond, r.cancel_reason, r.accepted_block,
            '0x' || encode(r.accepted_transaction, 'hex') as accepted_transaction, '0x' || encode(e.bundle_sha256, 'hex') as bundle_sha256, e.bundle_bytes,
            e.accounts, e.devices, e.accepted, e.rejected, e.inconclusive, e.pending, e.budget::text as budget, e.allocated::text as allocated, e.unallocated::text as unallocated
        from chain.reports r join chain.chains c on c.chain_id = r.chain_id
        left join evidence.epochs e on e.network_id = c.network_id and e.epoch = r.epoch and e.report_digest = r.digest
        """;

    /// <summary>Accepted reports by epoch and generation; cancelled ones too, told by their status and generation.</summary>
    /// <param name="chain">Number of the chain.</param>
    /// <param name="status">Only these; null = all.</param>
    /// <param name="epochs">Only of these.</param>
    /// <param name="newestFirst">Descending.</param>
    /// <param name="after">The last row seen.</param>
    /// <param name="take">Page size; one more is read.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<IReadOnlyList<EpochRow>> ListAsync(short chain, string? status, EpochRange epochs, bool newestFirst, (long Epoch, long Generation)? after, int take, CancellationToken ct)
    {
        var (beyond, order) = newestFirst ? ("<", "desc") : (">", "asc");
        await using var connection = await source.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<EpochRow>(Sql.Command(
            Columns +
            $"""

            where r.chain_id = @chain and (@status::text is null or r.status = @status)
                and (@First::bigint is null or r.epoch >= @First) and (@End::bigint is null or r.epoch < @End)
                and (@epoch::bigint is null or (r.epoch, r.generation) {beyond} (@epoch, @generation))
            order by r.epoch {order}, r.generation {order} limit @take
            """, new { chain, status, epochs.First, epochs.End, epoch = after?.Epoch, generation = after?.Generation, take = take + 1 }, ct: ct))).AsList();
    }

    /// <summary>The reports that were ever accepted for one epoch, newest generation first; the first is the one that counts.</summary>
    public async Task<IReadOnlyList<EpochRow>> GetAsync(short chain, long epoch, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<EpochRow>(Sql.Command(Columns + "\nwhere r.chain_id = @chain and r.epoch = @epoch order by r.generation desc", new { chain, epoch }, ct: ct))).AsList();
    }

    /// <summary>An epoch's lines summed by class: from the roll-up, or from the lines where there is none yet.</summary>
    public async Task<IReadOnlyList<ClassTotals>> ClassesAsync(byte[] network, long epoch, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<ClassTotals>(Sql.Command(
            await IsRolledUpAsync(connection, network, epoch, ct)
            ? "select class, devices, accounts, accepted, rejected, inconclusive, amount::text as amount from jobs.epoch_classes where network_id = @network and epoch = @epoch order by class"
            : """
            select class, count(distinct device_id) as devices, count(distinct account) as accounts, sum(accepted)::bigint as accepted, sum(rejected)::bigint as rejected,
                sum(inconclusive)::bigint as inconclusive, sum(amount)::text as amount
            from evidence.lines where network_id = @network and epoch = @epoch group by class order by class
            """, new { network, epoch }, ct: ct))).AsList();
    }

    internal static Task<bool> IsRolledUpAsync(NpgsqlConnection connection, byte[] network, long epoch, CancellationToken ct) =>
        connection.ExecuteScalarAsync<bool>(Sql.Command("select exists (select from jobs.epoch_rollups where network_id = @network and epoch = @epoch)", new { network, epoch }, ct: ct));

    /// <summary>Report keys of a config, ascending, so that bit i of a bitmap is the i-th; null if there is no such config.</summary>
    public async Task<byte[]?> ReportKeysAsync(short chain, byte[] digest, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<byte[]>(Sql.Command("select report_keys from chain.configs where chain_id = @chain and digest = @digest", new { chain, digest }, ct: ct));
    }
}
