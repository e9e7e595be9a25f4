using System.Text.Json;
using Dapper;
using Npgsql;

namespace DePin.Storage.Jobs;

/// <summary>Severity of an alarm.</summary>
public enum AlarmSeverity
{
    /// <summary>Look at it today.</summary>
    Warning,

    /// <summary>Look at it now: rewards stop, or money is at risk.</summary>
    Critical,
}

/// <summary>A condition that holds now. One open alarm a <paramref name="Key"/>.</summary>
public sealed record AlarmCondition(string Key, AlarmSeverity Severity, string Text);

/// <summary>An alarm as recorded.</summary>
public sealed record AlarmRow(long Id, string Key, string Severity, string Text, DateTime RaisedAt, DateTime LastSeenAt, DateTime? ClearedAt);

/// <summary>What the alarm rules look at, read in one statement so that the conditions belong together.</summary>
public sealed record NetworkPulse(short ChainId, string Caip2, long BlockNumber, DateTime? BlockTime, string? Halted, long FinalizedNumber, DateTime? LastAcceptedTime, long Reports, long Challenged,
    long Faults, long LastAccepted, long LastFinal, long LastImported, string BreakerUsed, string BreakerCapacity, string? EmptyEpoch);

/// <summary>The newest reconciliation of a chain.</summary>
public sealed record ReconciliationRow(long Id, string Chain, long BlockNumber, long Compared, string Differences, DateTime RanAt);

/// <summary>The job host's own tables and the reads that its rules need. Every write is idempotent: a job may run twice.</summary>
public sealed class HousekeepingStore(NpgsqlDataSource source)
{
    /// <summary>Most epochs that one roll-up takes.</summary>
    public const int MostEpochs = 200;

    /// <summary>Records a comparison; <paramref name="differences"/> empty = identical.</summary>
    public async Task AddReconciliationAsync(string chain, long block, long compared, IReadOnlyList<string> differences, DateTimeOffset at, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(Sql.Command(
            "insert into jobs.reconciliations (chain, block_number, compared, differences, ran_at) values (@chain, @block, @compared, @json::jsonb, @at)",
            new { chain, block, compared, json = JsonSerializer.Serialize(differences), at }, ct: ct));
    }

    /// <summary>The newest comparison of each chain.</summary>
    public async Task<IReadOnlyList<ReconciliationRow>> ReconciliationsAsync(CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<ReconciliationRow>(Sql.Command(
            "select distinct on (chain) id, chain, block_number, compared, differences::text as differences, ran_at from jobs.reconciliations order by chain, id desc", ct: ct))).AsList();
    }

    /// <summary>Rolls up the imported epochs that are not yet, oldest first, at most <see cref="MostEpochs"/> a call, one transaction an epoch. Returns the number of epochs.</summary>
    public async Task<int> RollUpAsync(CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        var waiting = (await connection.QueryAsync<(byte[] Network, long Epoch)>(Sql.Command(
            """
            select e.network_id, e.epoch from evidence.epochs e
            where not exists (select from jobs.epoch_rollups r where r.network_id = e.network_id and r.epoch = e.epoch)
            order by e.network_id, e.epoch limit @MostEpochs
            """, new { MostEpochs }, ct: ct))).AsList();
        foreach (var (network, epoch) in waiting)
        {
            await using var transaction = await connection.BeginTransactionAsync(ct);
            await connection.ExecuteAsync(Sql.Command(
                """
                insert into jobs.epoch_classes (network_id, epoch, class, devices, accounts, accepted, rejected, inconclusive, amount)
                select network_id, epoch, class, count(distinct device_id), count(distinct account), sum(accepted), sum(rejected), sum(inconclusive), sum(amount)
                from evidence.lines where network_id = @network and epoch = @epoch group by network_id, epoch, class
                on conflict do nothing;
                insert into jobs.epoch_reasons (network_id, epoch, class, judgement, reason, proofs)
                select network_id, epoch, class, judgement, reason, count(*)
                from evidence.verdicts where network_id = @network and epoch = @epoch group by network_id, epoch, class, judgement, reason
                on conflict do nothing;
                insert into jobs.epoch_rollups (network_id, epoch) values (@network, @epoch) on conflict do nothing
                """, new { network, epoch }, transaction, timeoutSeconds: 600, ct: ct));
            await transaction.CommitAsync(ct);
        }

        return waiting.Count;
    }

    /// <summary>
    /// Says how far the indexer may prune evidence: verdicts of epochs older than <paramref name="keepVerdicts"/> that are rolled up, trees older than <paramref name="keepTrees"/>
    /// roots in final blocks. The indexer, the one writer of that schema, does it. Returns the rows changed.
    /// </summary>
    public async Task<int> SetRetentionAsync(int keepVerdicts, int keepTrees, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return await connection.ExecuteAsync(Sql.Command(
            """
            insert into jobs.retention (network_id, verdicts_before, trees_before)
            select e.network_id,
                greatest(0, least(max(e.epoch) - @keepVerdicts + 1,
                    min(e.epoch) filter (where not exists (select from jobs.epoch_rollups r where r.network_id = e.network_id and r.epoch = e.epoch)))),
                greatest(0, coalesce((select max(t.epoch) from chain.roots t join chain.chains c on c.chain_id = t.chain_id join chain.checkpoints k on k.chain_id = t.chain_id
                    where c.network_id = e.network_id and t.block_number <= k.finalized_number), 0) - @keepTrees + 1)
            from evidence.epochs e group by e.network_id
            on conflict (network_id) do update set verdicts_before = greatest(jobs.retention.verdicts_before, excluded.verdicts_before),
                trees_before = greatest(jobs.retention.trees_before, excluded.trees_before)
            where (jobs.retention.verdicts_before, jobs.retention.trees_before) is distinct from
                (greatest(jobs.retention.verdicts_before, excluded.verdicts_before), greatest(jobs.retention.trees_before, excluded.trees_before))
            """, new { keepVerdicts, keepTrees }, ct: ct));
    }

    /// <summary>Removes what nobody asks for any more: reconciliations and cleared alarms older than <paramref name="before"/>, but never the newest comparison of a chain.</summary>
    public async Task<int> PruneAsync(DateTimeOffset before, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return await connection.ExecuteAsync(Sql.Command(
            """
            with old as (delete from jobs.reconciliations r where r.ran_at < @before and exists (select from jobs.reconciliations n where n.chain = r.chain and n.id > r.id) returning 1)
            delete from jobs.alarms where cleared_at < @before
            """, new { before }, ct: ct));
    }

    /// <summary>Opens, refreshes and clears alarms so that exactly the given conditions of <paramref name="scope"/> are open.</summary>
    /// <returns>Keys raised and keys cleared now.</returns>
    public async Task<(IReadOnlyList<string> Raised, IReadOnlyList<string> Cleared)> SetAlarmsAsync(string scope, IReadOnlyList<AlarmCondition> conditions, DateTimeOffset at, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var keys = conditions.Select(c => $"{scope}/{c.Key}").ToArray();
        var cleared = (await connection.QueryAsync<string>(Sql.Command(
            "update jobs.alarms set cleared_at = @at where cleared_at is null and starts_with(key, @prefix) and not key = any(@keys) returning key",
            new { at, prefix = scope + "/", keys }, transaction, ct: ct))).AsList();
        var raised = new List<string>();
        foreach (var condition in conditions)
        {
            var fresh = await connection.ExecuteScalarAsync<bool>(Sql.Command(
                """
                insert into jobs.alarms (key, severity, text, raised_at, last_seen_at) values (@key, @severity, @text, @at, @at)
                on conflict (key) where cleared_at is null do update set last_seen_at = excluded.last_seen_at, text = excluded.text, severity = excluded.severity
                returning xmax = 0
                """,
                new { key = $"{scope}/{condition.Key}", severity = condition.Severity == AlarmSeverity.Critical ? "critical" : "warning", text = condition.Text, at }, transaction, ct: ct));
            if (fresh) raised.Add(condition.Key);
        }

        await transaction.CommitAsync(ct);
        return (raised, cleared);
    }

    /// <summary>Alarms, open ones first, then newest first.</summary>
    public async Task<IReadOnlyList<AlarmRow>> AlarmsAsync(int take, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<AlarmRow>(Sql.Command(
            "select id, key, severity, text, raised_at, last_seen_at, cleared_at from jobs.alarms order by cleared_at is not null, id desc limit @take", new { take }, ct: ct))).AsList();
    }

    /// <summary>What the alarm rules look at, one row a network.</summary>
    public async Task<IReadOnlyList<NetworkPulse>> PulsesAsync(CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<NetworkPulse>(Sql.Command(
            """
            select c.chain_id, c.caip2, k.block_number, b.block_time, k.halted, k.finalized_number,
                (select t.block_time from chain.reports r join chain.blocks t on t.chain_id = r.chain_id and t.block_number = r.accepted_block
                    where r.chain_id = c.chain_id and r.status <> 'cancelled' order by r.epoch desc limit 1) as last_accepted_time,
                (select count(*) from chain.reports r where r.chain_id = c.chain_id) as reports,
                (select count(*) from chain.reports r where r.chain_id = c.chain_id and r.status = 'challenged') as challenged,
                (select count(*) from chain.faults f where f.chain_id = c.chain_id) as faults,
                (select coalesce(max(epoch), 0) from chain.reports r where r.chain_id = c.chain_id and r.status <> 'cancelled') as last_accepted,
                (select coalesce(max(epoch), 0) from chain.reports r where r.chain_id = c.chain_id and r.status = 'final') as last_final,
                (select coalesce(max(epoch), 0) from evidence.epochs e where e.network_id = c.network_id) as last_imported,
                coalesce((select used::text from chain.breakers x where x.chain_id = c.chain_id and x.breaker = 0), '0') as breaker_used,
                coalesce((select capacity::text from chain.breakers x where x.chain_id = c.chain_id and x.breaker = 0), '0') as breaker_capacity,
                (select e.epoch::text from evidence.epochs e where e.network_id = c.network_id and e.allocated = 0
                    and e.epoch = (select max(epoch) from evidence.epochs n where n.network_id = c.network_id)) as empty_epoch
            from chain.chains c
            join chain.checkpoints k on k.chain_id = c.chain_id
            left join chain.blocks b on b.chain_id = k.chain_id and b.block_number = k.block_number
            order by c.chain_id
            """, ct: ct))).AsList();
    }
}
