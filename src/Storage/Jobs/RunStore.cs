using System.Text;
using Dapper;
using DePin.Cryptography;
using Npgsql;

namespace DePin.Storage.Jobs;

/// <summary>A run as its host begins it.</summary>
/// <param name="FireInstance">Quartz's name of this run.</param>
/// <param name="Attempt">0, then 1 for the first automatic retry.</param>
/// <param name="RecoveringTrigger">Trigger of the lost run whose work this one does; null for any other run.</param>
/// <param name="AskedBy">Who asked for it; null: the schedule.</param>
/// <param name="RetryOf">The failed run that somebody asked to run again.</param>
public sealed record RunStart(string Job, string Trigger, string FireInstance, string Node, int Attempt, DateTimeOffset? ScheduledAt, DateTimeOffset StartedAt, string? RecoveringTrigger, Address? AskedBy, long? RetryOf);

/// <summary>A run as recorded. Times are UTC.</summary>
/// <param name="Outcome">running, succeeded, failed, cancelled, or lost: its host ended without saying how it went.</param>
/// <param name="Retrying">Failed, and another attempt is scheduled.</param>
/// <param name="Recovering">Runs again what a lost host had begun.</param>
/// <param name="RecoveredBy">Of a lost run: the run that did its work.</param>
/// <param name="AskedBy">Address of who asked for it; null: the schedule.</param>
/// <param name="RetryOf">The run that this one was asked to run again.</param>
/// <param name="RetriedBy">The newest run that was asked to run this one again.</param>
public sealed record RunRow(long Id, string Job, string Trigger, string Node, int Attempt, DateTime? ScheduledAt, DateTime StartedAt, DateTime? EndedAt, string Outcome, bool Retrying, bool Recovering,
    long? RecoveredBy, string? AskedBy, long? RetryOf, long? RetriedBy, string? Error);

/// <summary>Runs that ended otherwise than well since a moment.</summary>
public sealed record RunCounts(long Failed, long Lost);

/// <summary>The history of runs: one row a run, written when it begins and when it ends.</summary>
public sealed class RunStore(NpgsqlDataSource source)
{
    /// <summary>Most characters of an error that are kept.</summary>
    public const int MostErrorCharacters = 4000;

    private const int Patience = 10; // seconds: a slow database must not hold a job for long

    private const string Columns =
        """
        r.id, r.job, r.trigger, r.node, r.attempt, r.scheduled_at, r.started_at, r.ended_at, r.outcome, r.retrying, r.recovering, r.recovered_by, '0x' || encode(r.asked_by, 'hex') as asked_by,
        r.retry_of, (select max(a.id) from jobs.runs a where a.retry_of = r.id) as retried_by, r.error
        """;

    /// <summary>Records that a run began; a second call changes nothing. A run that recovers a lost one is named in that one's row.</summary>
    public async Task BeginAsync(RunStart run, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(Sql.Command(
            """
            with begun as (
                insert into jobs.runs (job, trigger, fire_instance, node, attempt, scheduled_at, started_at, outcome, recovering, asked_by, retry_of)
                values (@Job, @Trigger, @FireInstance, @Node, @Attempt, @ScheduledAt, @StartedAt, 'running', @RecoveringTrigger is not null, @AskedBy, (select id from jobs.runs where id = @RetryOf))
                on conflict (fire_instance) do nothing returning id)
            update jobs.runs r set outcome = 'lost', ended_at = coalesce(r.ended_at, @StartedAt), recovered_by = begun.id
            from begun where r.id = (
                select max(l.id) from jobs.runs l where l.job = @Job and l.trigger = @RecoveringTrigger and l.recovered_by is null and l.fire_instance <> @FireInstance
                    and (l.outcome = 'lost' or l.outcome = 'running' and not exists (select from jobs.qrtz_fired_triggers f where f.entry_id = l.fire_instance)))
            """, new { run.Job, run.Trigger, run.FireInstance, run.Node, run.Attempt, run.ScheduledAt, run.StartedAt, run.RecoveringTrigger, AskedBy = run.AskedBy?.ToArray(), run.RetryOf }, timeoutSeconds: Patience, ct: ct));
    }

    /// <summary>Records how a run ended, also where its beginning could not be recorded. <paramref name="error"/> is cut to <see cref="MostErrorCharacters"/>.</summary>
    public async Task EndAsync(RunStart run, string outcome, bool retrying, string? error, DateTimeOffset endedAt, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(Sql.Command(
            """
            insert into jobs.runs (job, trigger, fire_instance, node, attempt, scheduled_at, started_at, ended_at, outcome, retrying, recovering, asked_by, retry_of, error)
            values (@Job, @Trigger, @FireInstance, @Node, @Attempt, @ScheduledAt, @StartedAt, @endedAt, @outcome, @retrying, @RecoveringTrigger is not null, @AskedBy, (select id from jobs.runs where id = @RetryOf), @error)
            on conflict (fire_instance) do update set ended_at = excluded.ended_at, outcome = excluded.outcome, retrying = excluded.retrying, error = excluded.error
            """,
            new
            {
                run.Job,
                run.Trigger,
                run.FireInstance,
                run.Node,
                run.Attempt,
                run.ScheduledAt,
                run.StartedAt,
                run.RecoveringTrigger,
                AskedBy = run.AskedBy?.ToArray(),
                run.RetryOf,
                endedAt,
                outcome,
                retrying,
                error = Cut(error),
            }, timeoutSeconds: Patience, ct: ct));
    }

    /// <summary>Calls lost what is recorded as running but is run by no host any more, begun before <paramref name="before"/>. Returns the number of rows.</summary>
    public async Task<int> SettleAsync(DateTimeOffset before, DateTimeOffset now, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return await connection.ExecuteAsync(Sql.Command(
            """
            update jobs.runs r set outcome = 'lost', ended_at = @now
            where r.outcome = 'running' and r.started_at < @before and not exists (select from jobs.qrtz_fired_triggers f where f.entry_id = r.fire_instance)
            """, new { before, now }, ct: ct));
    }

    /// <summary>Keeps the newest <paramref name="keep"/> runs that went well and as many that did not, of each job. Returns the number of rows removed.</summary>
    public async Task<int> PruneAsync(int keep, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return await connection.ExecuteAsync(Sql.Command(
            """
            delete from jobs.runs r using (select id, row_number() over (partition by job, outcome = 'succeeded' order by id desc) as age from jobs.runs where outcome <> 'running') o
            where o.id = r.id and o.age > @keep
            """, new { keep }, timeoutSeconds: 600, ct: ct));
    }

    /// <summary>Runs, newest first, with an id below <paramref name="before"/>; one more than <paramref name="take"/> where there is one.</summary>
    /// <param name="job">Of this job only; null: of all.</param>
    /// <param name="outcomes">With one of these outcomes only; null: any.</param>
    public async Task<IReadOnlyList<RunRow>> ListAsync(string? job, string[]? outcomes, long? before, int take, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<RunRow>(Sql.Command(
            $"""
            select {Columns} from jobs.runs r
            where (@job::text is null or r.job = @job) and (@outcomes::text[] is null or r.outcome = any(@outcomes)) and (@before::bigint is null or r.id < @before)
            order by r.id desc limit @take + 1
            """, new { job, outcomes, before, take }, ct: ct))).AsList();
    }

    /// <summary>One run, or null.</summary>
    public async Task<RunRow?> FindAsync(long id, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<RunRow>(Sql.Command($"select {Columns} from jobs.runs r where r.id = @id", new { id }, ct: ct));
    }

    /// <summary>The newest ended run of each of the jobs.</summary>
    public async Task<IReadOnlyList<RunRow>> NewestAsync(string[] jobs, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<RunRow>(Sql.Command(
            $"select {Columns} from unnest(@jobs) j cross join lateral (select * from jobs.runs n where n.job = j and n.outcome <> 'running' order by n.id desc limit 1) r", new { jobs }, ct: ct))).AsList();
    }

    /// <summary>How many of the runs kept ended badly since <paramref name="since"/>.</summary>
    public async Task<RunCounts> CountAsync(DateTimeOffset since, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return await connection.QuerySingleAsync<RunCounts>(Sql.Command(
            """
            select count(*) filter (where outcome = 'failed') as failed, count(*) filter (where outcome = 'lost') as lost
            from jobs.runs where outcome in ('failed', 'cancelled', 'lost') and started_at >= @since
            """, new { since }, ct: ct));
    }

    // PostgreSQL's text takes no zero character and no half of a surrogate pair, cut by us or not.
    private static string? Cut(string? error)
    {
        if (error is null) return null;
        error = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(error[..Math.Min(error.Length, 4 * MostErrorCharacters)])).Replace("\0", "", StringComparison.Ordinal);
        if (error.Length <= MostErrorCharacters) return error;
        var end = MostErrorCharacters - 1;
        return error[..(char.IsHighSurrogate(error[end - 1]) ? end - 1 : end)] + "…";
    }
}
