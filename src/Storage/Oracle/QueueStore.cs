using Dapper;
using Npgsql;

namespace DePin.Storage.Oracle;

/// <summary>What waits in an operator's database. Counts above <see cref="QueueStore.Most"/> are told as that.</summary>
/// <param name="Unsealed">Proofs that are in no batch yet.</param>
/// <param name="OldestUnsealed">When the oldest of them came, ms of network time; null where there is none.</param>
/// <param name="Unjudged">Batches without verdicts.</param>
/// <param name="Unlanded">Decided reports that are not on chain: without q signatures, or not sent yet.</param>
/// <param name="OpenTransactions">Transactions that are not final.</param>
/// <param name="UnwrittenBundles">Reports on chain whose evidence bundle is not written.</param>
public sealed record QueueDepths(long Unsealed, long? OldestUnsealed, long Unjudged, long Unlanded, long OpenTransactions, long UnwrittenBundles);

/// <summary>Reads how much waits between the stages, each by an index of what waits.</summary>
public sealed class QueueStore(NpgsqlDataSource dataSource)
{
    /// <summary>Nothing is counted further.</summary>
    public const int Most = 100_000;

    /// <summary>Counts.</summary>
    public async Task<QueueDepths> GetAsync(CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return await connection.QuerySingleAsync<QueueDepths>(Sql.Command(
            $"""
            select
                (select count(*) from (select from oracle.proofs where batch_index is null limit {Most}) waiting) as unsealed,
                (select min(received_at) from oracle.proofs where batch_index is null) as oldest_unsealed,
                (select count(*) from (select from oracle.batches where not judged limit {Most}) waiting) as unjudged,
                (select count(*) from oracle.reports where status in ('decided', 'attested')) as unlanded,
                (select count(*) from oracle.transmissions where status in ('prepared', 'sent', 'included')) as open_transactions,
                (select count(*) from oracle.reports r where r.status = 'accepted' and not exists (select from oracle.bundles b where b.digest = r.digest)) as unwritten_bundles
            """, ct: ct));
    }
}
