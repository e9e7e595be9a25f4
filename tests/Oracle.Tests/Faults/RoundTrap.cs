using DePin.Protocol.Rounds;
using DePin.TestKit;
using Npgsql;

namespace DePin.Oracle.Tests.Faults;

/// <summary>
/// Holds an operator at one point of a round: in the midst of the transaction that makes one of its own messages durable, which is before anybody
/// gets that message. Killed there, it has everything before it in its log and nothing from it on.
/// </summary>
public sealed class RoundTrap : IAsyncDisposable
{
    private const long Key = 4_711;
    private readonly TestDatabase _database;
    private readonly NpgsqlConnection _holder;
    private bool _released;

    private RoundTrap(TestDatabase database, NpgsqlConnection holder) => (_database, _holder) = (database, holder);

    /// <summary>
    /// Sets it for the first message of a kind that the operator says in <paramref name="epoch"/>, or <paramref name="every"/> epochs later, or twice that:
    /// a quorum of the others may decide an epoch before it has come so far.
    /// </summary>
    public static async Task<RoundTrap> SetAsync(TestDatabase database, ulong epoch, MessageKind kind, CancellationToken ct, int every = 1)
    {
        var holder = await database.DataSource.OpenConnectionAsync(ct);
        await ExecuteAsync(holder, $"select pg_advisory_lock({Key})", ct);
        // Who stands in the trap holds the lock of two keys, which tells the epoch, and waits for the one of one key.
        await ExecuteAsync(holder,
            $"""
            create function public.trap() returns trigger language plpgsql as $$
                begin perform pg_advisory_xact_lock({Key}, new.epoch::int); perform pg_advisory_xact_lock({Key}); return new; end $$;
            create trigger trap before insert on oracle.round_records for each row
                when (new.kind = 1 and new.message_kind = {(int)kind} and new.epoch >= {epoch} and (new.epoch - {epoch}) % {every} = 0) execute function public.trap()
            """, ct);
        return new RoundTrap(database, holder);
    }

    /// <summary>Waits until the operator stands at the point; of which epoch.</summary>
    public async Task<ulong> SprungAsync(CancellationToken ct, Func<Task<string>>? tell = null)
    {
        long? epoch = null;
        await Eventually.HoldsAsync(
            async () => (epoch = await _database.ScalarAsync<long?>(
                $"""
                select min(told.objid::bigint) from pg_locks told join pg_locks waits using (locktype, database, pid)
                where locktype = 'advisory' and told.objsubid = 2 and told.classid = {Key} and not waits.granted
                    and database = (select oid from pg_database where datname = current_database())
                """, ct)) is not null,
            "the operator is in the trap", ct, FaultNetwork.Patience, tell);
        return (ulong)epoch!.Value;
    }

    /// <summary>After the operator was killed: its unfinished transaction dies with it, and nothing is held any more.</summary>
    public async Task ReleaseAsync()
    {
        if (_released) return;
        _released = true;
        await ExecuteAsync(_holder, "select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = current_database() and application_name = 'depin-oracle'", CancellationToken.None);
        await ExecuteAsync(_holder, $"drop trigger trap on oracle.round_records; drop function public.trap(); select pg_advisory_unlock({Key})", CancellationToken.None);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await ReleaseAsync();
        await _holder.DisposeAsync();
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 120 };
        await command.ExecuteNonQueryAsync(ct);
    }
}
