using Dapper;
using DePin.Cryptography;
using Npgsql;

namespace DePin.Storage.Oracle;

/// <summary>A report that this operator computed for a decided value, with what follows from it.</summary>
/// <param name="Digest">keccak of the 348 bytes.</param>
/// <param name="ConfigDigest">Which operators.</param>
/// <param name="Epoch">From 1.</param>
/// <param name="Generation">Cancellations before it.</param>
/// <param name="Report">348 bytes.</param>
/// <param name="Cut">The agreed cut, as docs/protocol.md lays it out.</param>
/// <param name="Manifest">The evidence manifest.</param>
/// <param name="State">The network state after the epoch, canonical.</param>
/// <param name="Status">decided, attested, accepted, final or cancelled.</param>
public sealed record ReportRow(Bytes32 Digest, Bytes32 ConfigDigest, long Epoch, long Generation, byte[] Report, byte[] Cut, byte[] Manifest, byte[] State, string Status);

/// <summary>One operator's signature of a report digest; with the report's 348 bytes where they are known.</summary>
public sealed record AttestationRow(Bytes32 Digest, Address Signer, Bytes32 ConfigDigest, long Epoch, long Generation, byte[] Signature, byte[]? Report = null);

/// <summary>A report whose evidence bundle is to be written or marked final.</summary>
public sealed record OwedBundle(Bytes32 Digest, long Epoch, bool Final, bool Written);

/// <summary>Two reports that one operator signed under one (config, epoch, generation).</summary>
public sealed record Equivocation(Address Signer, long Epoch, long Generation, byte[] ReportA, byte[] SignatureA, Bytes32 DigestB, byte[] ReportB, byte[] SignatureB);

/// <summary>Decided reports, what the report key signed, and everybody's attestations.</summary>
public sealed class ReportStore(NpgsqlDataSource dataSource)
{
    private const string Columns = "digest, config_digest, epoch, generation, report, cut, manifest, state, status";

    /// <summary>Keeps a decided report. Repeats do no harm.</summary>
    public async Task AddAsync(ReportRow report, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(Sql.Command(
            """
            insert into oracle.reports (digest, config_digest, epoch, generation, report, cut, manifest, state, status)
            values (@Digest, @ConfigDigest, @Epoch, @Generation, @Report, @Cut, @Manifest, @State, @Status) on conflict do nothing
            """, report, ct: ct));
    }

    /// <summary>A report by its digest, or null where this operator never computed it.</summary>
    public async Task<ReportRow?> FindAsync(Bytes32 digest, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<ReportRow>(Sql.Command($"select {Columns} from oracle.reports where digest = @digest", new { digest }, ct: ct));
    }

    /// <summary>Whether this operator computed the report with this digest.</summary>
    public async Task<bool> HasAsync(Bytes32 digest, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return await connection.ExecuteScalarAsync<bool>(Sql.Command("select exists (select from oracle.reports where digest = @digest)", new { digest }, ct: ct));
    }

    /// <summary>The newest report of an epoch that this operator computed in a generation before <paramref name="generation"/>, or null.</summary>
    public async Task<ReportRow?> FindEarlierAsync(long epoch, long generation, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return await connection.QueryFirstOrDefaultAsync<ReportRow>(Sql.Command(
            $"select {Columns} from oracle.reports where epoch = @epoch and generation < @generation order by generation desc limit 1", new { epoch, generation }, ct: ct));
    }

    /// <summary>Reports with one of the statuses, ascending by epoch.</summary>
    public async Task<IReadOnlyList<ReportRow>> GetAsync(IReadOnlyCollection<string> statuses, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<ReportRow>(Sql.Command(
            $"select {Columns} from oracle.reports where status = any(@Statuses) order by epoch, generation", new { Statuses = statuses.ToArray() }, ct: ct))).AsList();
    }

    /// <summary>Reports of epochs above one, with one of the statuses, ascending by epoch.</summary>
    public async Task<IReadOnlyList<ReportRow>> GetAboveAsync(long epoch, IReadOnlyCollection<string> statuses, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<ReportRow>(Sql.Command(
            $"select {Columns} from oracle.reports where epoch > @epoch and status = any(@Statuses) order by epoch, generation",
            new { epoch, Statuses = statuses.ToArray() }, ct: ct))).AsList();
    }

    /// <summary>
    /// What evidence still owes: reports that stand, of epochs above one, whose bundle is missing or not yet marked final though they are; ascending by epoch, at most
    /// <paramref name="most"/>. Keys only: state and cut are large.
    /// </summary>
    public async Task<IReadOnlyList<OwedBundle>> GetOwedAsync(long epoch, int most, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<OwedBundle>(Sql.Command(
            """
            select r.digest, r.epoch, r.status = 'final' as final, b.digest is not null as written
            from oracle.reports r left join oracle.bundles b on b.digest = r.digest
            where r.epoch > @epoch and (r.status = 'accepted' and b.digest is null or r.status = 'final' and b.final is not true)
            order by r.epoch, r.generation limit @most
            """, new { epoch, most }, ct: ct))).AsList();
    }

    /// <summary>The last epoch up to which every report that stands has a final bundle, looking at epochs above one; that one where nothing changed. A node that joined late has nothing before its first.</summary>
    public async Task<long> GetSettledAsync(long epoch, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return await connection.QuerySingleAsync<long>(Sql.Command(
            """
            select coalesce(
                (select r.epoch - 1 from oracle.reports r left join oracle.bundles b on b.digest = r.digest
                    where r.epoch > @epoch and r.status in ('accepted', 'final') and b.final is not true order by r.epoch limit 1),
                (select max(r.epoch) from oracle.reports r where r.epoch > @epoch and r.status = 'final'),
                @epoch)
            """, new { epoch }, ct: ct));
    }

    /// <summary>Moves a report on; false where it was not in the expected status.</summary>
    public async Task<bool> MoveAsync(Bytes32 digest, string from, string to, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return await connection.ExecuteAsync(Sql.Command(
            "update oracle.reports set status = @to where digest = @digest and status = @from", new { digest, from, to }, ct: ct)) == 1;
    }

    /// <summary>
    /// Asks leave to sign: writes the unique row (key, config, epoch, generation → digest), durable on return. The digest that may be signed is the
    /// one returned, and only if it equals the one asked for.
    /// </summary>
    public async Task<Bytes32> ReserveSignatureAsync(Address reportKey, Bytes32 configDigest, long epoch, long generation, Bytes32 digest, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        var parameters = new { reportKey, configDigest, epoch, generation, digest };
        // One server process may run with synchronous_commit off; a licence to sign is never that.
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await connection.ExecuteAsync(Sql.Command("set local synchronous_commit to on", transaction: transaction, ct: ct));
        await connection.ExecuteAsync(Sql.Command(
            """
            insert into oracle.signed_reports (report_key, config_digest, epoch, generation, digest)
            values (@reportKey, @configDigest, @epoch, @generation, @digest) on conflict do nothing
            """, parameters, transaction, ct: ct));
        var reserved = await connection.QuerySingleAsync<byte[]>(Sql.Command(
            """
            select digest from oracle.signed_reports
            where report_key = @reportKey and config_digest = @configDigest and epoch = @epoch and generation = @generation
            """, parameters, transaction, ct: ct));
        await transaction.CommitAsync(ct);
        return new Bytes32(reserved);
    }

    /// <summary>Keeps the signature beside its licence, so that it is sent again and never made anew.</summary>
    public async Task SetSignatureAsync(Address reportKey, Bytes32 configDigest, long epoch, long generation, byte[] signature, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(Sql.Command(
            """
            update oracle.signed_reports set signature = @signature
            where report_key = @reportKey and config_digest = @configDigest and epoch = @epoch and generation = @generation and signature is null
            """, new { reportKey, configDigest, epoch, generation, signature }, ct: ct));
    }

    /// <summary>The digest and signature kept for an instance; null where the key signed nothing in it, a null signature where only the licence stands.</summary>
    public async Task<(Bytes32 Digest, byte[]? Signature)?> FindSignatureAsync(Address reportKey, Bytes32 configDigest, long epoch, long generation, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        var row = await connection.QuerySingleOrDefaultAsync<SignedRow>(Sql.Command(
            """
            select digest, signature from oracle.signed_reports
            where report_key = @reportKey and config_digest = @configDigest and epoch = @epoch and generation = @generation
            """, new { reportKey, configDigest, epoch, generation }, ct: ct));
        return row is null ? null : (row.Digest, row.Signature);
    }

    private sealed record SignedRow(Bytes32 Digest, byte[]? Signature);

    /// <summary>Keeps an attestation, which the caller has verified.</summary>
    public async Task AddAttestationAsync(AttestationRow attestation, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(Sql.Command(
            """
            insert into oracle.attestations as held (digest, signer, config_digest, epoch, generation, signature, report)
            values (@Digest, @Signer, @ConfigDigest, @Epoch, @Generation, @Signature, @Report)
            on conflict (digest, signer) do update set report = excluded.report where held.report is null and excluded.report is not null
            """, attestation, ct: ct));
    }

    /// <summary>The attestations of a digest, ascending by signer.</summary>
    public async Task<IReadOnlyList<AttestationRow>> GetAttestationsAsync(Bytes32 digest, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<AttestationRow>(Sql.Command(
            "select digest, signer, config_digest, epoch, generation, signature, report from oracle.attestations where digest = @digest order by signer",
            new { digest }, ct: ct))).AsList();
    }

    /// <summary>How many other reports of an instance with their bytes are kept of a signer.</summary>
    public async Task<long> CountHandedInAsync(Address signer, Bytes32 configDigest, long epoch, long generation, Bytes32 digest, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return await connection.ExecuteScalarAsync<long>(Sql.Command(
            """
            select count(*) from oracle.attestations
            where epoch = @epoch and generation = @generation and signer = @signer and config_digest = @configDigest and digest <> @digest and report is not null
            """, new { signer, configDigest, epoch, generation, digest }, ct: ct));
    }

    /// <summary>The newest attestations of reports that this operator did not compute, with their bytes.</summary>
    public async Task<IReadOnlyList<AttestationRow>> GetForeignAsync(int most, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<AttestationRow>(Sql.Command(
            """
            select digest, signer, config_digest, epoch, generation, signature, report from oracle.attestations a
            where report is not null and not exists (select from oracle.reports r where r.digest = a.digest)
            order by seen_at desc limit @most
            """, new { most }, ct: ct))).AsList();
    }

    /// <summary>Signers of two reports in one instance whose bytes are both known, from attestations, own computation or the chain; one pair each.</summary>
    public async Task<IReadOnlyList<Equivocation>> FindEquivocationsAsync(CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<Equivocation>(Sql.Command(
            """
            with known as (
                select a.signer, a.config_digest, a.epoch, a.generation, a.digest, a.signature, coalesce(a.report, r.report, c.report) as report
                from oracle.attestations a
                left join oracle.reports r on r.digest = a.digest
                left join chain.reports c on c.digest = a.digest)
            select distinct on (a.signer) a.signer, a.epoch, a.generation, a.report report_a, a.signature signature_a, b.digest digest_b, b.report report_b, b.signature signature_b
            from known a
            join known b on b.epoch = a.epoch and b.generation = a.generation and b.signer = a.signer
                and b.config_digest = a.config_digest and b.digest > a.digest
            where a.report is not null and b.report is not null
            order by a.signer, a.epoch, a.generation
            """, ct: ct))).AsList();
    }
}
