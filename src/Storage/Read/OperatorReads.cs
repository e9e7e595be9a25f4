using System.Numerics;
using Dapper;
using DePin.Cryptography;
using Npgsql;

namespace DePin.Storage.Read;

/// <summary>An operator as the chain has it. Amounts are decimal text in base units; <paramref name="ExitAt"/> is in Unix seconds of chain time, 0 = no thaw was asked for.</summary>
public sealed record OwnOperatorRow(byte[] ReportKey, byte[] ProtocolKey, string Bond, string Endpoint, long ExitAt, bool Slashed);

/// <summary>A config as far as membership goes; <paramref name="ScheduledAt"/> is the time of its block, Unix seconds, null where that is not kept.</summary>
public sealed record SetRow(long ConfigCount, long FirstEpoch, short N, short Q, byte[] ReportKeys, long? ScheduledAt);

/// <summary>An accepted report as it concerns one operator. <paramref name="Place"/> is the operator's in the report's config, null where it was no member.</summary>
public sealed record OwnReportRow(long Epoch, long Generation, string Digest, string Status, int? Place, bool HasSigned, string? Challenger, short? CancelReason, long ClaimableAt, long AcceptedBlock,
    DateTime? AcceptedAt, string Transaction, bool Minted);

/// <summary>Where a network's reports stand.</summary>
/// <param name="NextReport">Epoch whose report the chain expects.</param>
/// <param name="LastFinal">Newest final epoch, 0 before the first.</param>
public sealed record ReportProgress(long NextReport, long LastFinal);

/// <summary>Reads about single operators, for those who run them.</summary>
public sealed class OperatorReads(NpgsqlDataSource source)
{
    // Numbers of the mirror's event catalogue, which are never reused.
    private const short TokenTransfer = 101;
    private const short EpochMinted = 202;

    // Of operators o. An account of 32 bytes signs in by the report key, which is secp256k1 on every chain; one of 20 bytes only by itself.
    private const string Own = "(o.account = @account or octet_length(o.account) = 32 and o.report_key = @account)";

    /// <summary>
    /// Whether an address is the account of an operator, not slashed, whose report key stands in a configuration in force or to come. Having a bond is not enough, for anybody may bond.
    /// </summary>
    public async Task<bool> IsInConfigurationAsync(string caip2, Address account, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return await connection.ExecuteScalarAsync<bool>(Sql.Command(
            $"""
            with here as (
                select c.chain_id, (select coalesce(max(r.epoch), 0) + 1 from chain.reports r where r.chain_id = c.chain_id and r.status <> 'cancelled') as epoch
                from chain.chains c where c.caip2 = @caip2)
            select exists (
                select from here join chain.operators o using (chain_id) join chain.configs f using (chain_id)
                where {Own} and not o.slashed
                    and f.config_count >= coalesce((select max(n.config_count) from chain.configs n where n.chain_id = here.chain_id and n.first_epoch <= here.epoch), 0)
                    and exists (select from generate_series(0, f.n - 1) i where substr(f.report_keys, 1 + 20 * i, 20) = o.report_key))
            """, new { caip2, account = account.ToArray() }, ct: ct));
    }

    /// <summary>Whether an address ever registered an operator on a chain whose CAIP-2 id is <paramref name="caip2"/>, or on any of a namespace (<c>solana:</c>), or on any (empty). The contract forgets none.</summary>
    public async Task<bool> HasRegisteredAsync(string caip2, Address account, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return await connection.ExecuteScalarAsync<bool>(Sql.Command(
            $"select exists (select from chain.operators o join chain.chains c using (chain_id) where {Own} and (c.caip2 = @caip2 or right(@caip2, 1) = ':' and starts_with(c.caip2, @caip2) or @caip2 = ''))",
            new { caip2, account = account.ToArray() }, ct: ct));
    }

    /// <summary>The operators of an account, ascending by report key; at most 50.</summary>
    public async Task<IReadOnlyList<OwnOperatorRow>> OfAccountAsync(short chain, Address account, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<OwnOperatorRow>(Sql.Command(
            $"select report_key, protocol_key, bond::text as bond, endpoint, exit_at, slashed from chain.operators o where chain_id = @chain and {Own} order by report_key limit 50",
            new { chain, account = account.ToArray() }, ct: ct))).AsList();
    }

    /// <summary>One operator of an account; null where there is none, or it is somebody else's.</summary>
    public async Task<OwnOperatorRow?> FindAsync(short chain, Address account, byte[] reportKey, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<OwnOperatorRow>(Sql.Command(
            $"select report_key, protocol_key, bond::text as bond, endpoint, exit_at, slashed from chain.operators o where chain_id = @chain and {Own} and report_key = @reportKey",
            new { chain, account = account.ToArray(), reportKey }, ct: ct));
    }

    /// <summary>The newest 200 sets, newest first.</summary>
    public async Task<IReadOnlyList<SetRow>> SetsAsync(short chain, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<SetRow>(Sql.Command(
            """
            select f.config_count, f.first_epoch, f.n, f.q, f.report_keys, extract(epoch from b.block_time)::bigint as scheduled_at
            from chain.configs f left join chain.blocks b on b.chain_id = f.chain_id and b.block_number = f.block_number
            where f.chain_id = @chain order by f.config_count desc limit 200
            """, new { chain }, ct: ct))).AsList();
    }

    /// <summary>Where the reports stand.</summary>
    public async Task<ReportProgress> ProgressAsync(short chain, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return await connection.QuerySingleAsync<ReportProgress>(Sql.Command(
            """
            select coalesce(max(epoch) filter (where status <> 'cancelled'), 0) + 1 as next_report, coalesce(max(epoch) filter (where status = 'final'), 0) as last_final
            from chain.reports where chain_id = @chain
            """, new { chain }, ct: ct));
    }

    /// <summary>Accepted reports, newest first, cancelled ones too, with what they are to one operator.</summary>
    public async Task<IReadOnlyList<OwnReportRow>> ReportsAsync(short chain, byte[] reportKey, (long Epoch, long Generation)? before, int take, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<OwnReportRow>(Sql.Command(
            """
            with page as (
                select * from chain.reports where chain_id = @chain and (@epoch::bigint is null or (epoch, generation) < (@epoch, @generation))
                order by epoch desc, generation desc limit @take)
            select r.epoch, r.generation, '0x' || encode(r.digest, 'hex') as digest, r.status, m.place, coalesce((r.signers >> m.place) & 1 = 1, false) as has_signed,
                '0x' || encode(r.challenger, 'hex') as challenger, r.cancel_reason, r.claimable_at, r.accepted_block, b.block_time as accepted_at, '0x' || encode(r.accepted_transaction, 'hex') as transaction,
                e.epoch is not null and r.status = 'final' as minted
            from page r
            left join chain.configs f on f.chain_id = r.chain_id and f.digest = substr(r.report, 17, 32)
            left join lateral (select i as place from generate_series(0, f.n - 1) i where substr(f.report_keys, 1 + 20 * i, 20) = @reportKey) m on true
            left join chain.blocks b on b.chain_id = r.chain_id and b.block_number = r.accepted_block
            left join chain.emission_epochs e on e.chain_id = r.chain_id and e.epoch = r.epoch
            order by r.epoch desc, r.generation desc
            """, new { chain, reportKey, epoch = before?.Epoch, generation = before?.Generation, take = take + 1 }, ct: ct))).AsList();
    }

    /// <summary>
    /// What epochs brought an account as a sink of the emission, in base units by epoch: read from the token's own log, what was minted to it in the transaction that minted the epoch. An epoch that brought nothing is
    /// not among them.
    /// </summary>
    public async Task<IReadOnlyDictionary<long, BigInteger>> MintedToAsync(short chain, Address account, IReadOnlyCollection<long> epochs, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<(long Epoch, byte[] Data)>(Sql.Command(
            """
            select m.epoch, t.data from chain.emission_epochs m
            join chain.logs e on e.chain_id = m.chain_id and e.block_number = m.block_number and e.event = @minted and substr(e.topics, 57, 8) = int8send(m.epoch)
            join chain.logs t on t.chain_id = m.chain_id and t.block_number = m.block_number and t.event = @transfer and t.transaction_hash = e.transaction_hash
            where m.chain_id = @chain and m.epoch = any(@epochs) and substr(t.topics, 33, 64) = @fromNobody
            """,
            new { chain, epochs = epochs.ToArray(), minted = EpochMinted, transfer = TokenTransfer, fromNobody = (byte[])[.. new byte[32], .. account.ToBytes32().ToArray()] }, ct: ct));
        return rows.Where(r => r.Data.Length == 32).GroupBy(r => r.Epoch).ToDictionary(g => g.Key, g => g.Aggregate(BigInteger.Zero, (sum, r) => sum + new BigInteger(r.Data, isUnsigned: true, isBigEndian: true)));
    }
}
