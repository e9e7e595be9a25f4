using System.Numerics;
using DePin.Protocol;
using Npgsql;
using NpgsqlTypes;

namespace DePin.Mirror.State;

/// <summary>
/// Balance changes of a batch, summed by account. They are differences, so a rollback is the same sums with the opposite sign; an account whose
/// last transfer is undone disappears, as if it had never been seen.
/// </summary>
internal sealed class HolderChanges
{
    private readonly Dictionary<AccountId, (BigInteger Amount, long Transfers)> _changes = [];
    private BigInteger _minted;
    private BigInteger _burned;
    private long _transfers;

    /// <summary>Counts one transfer; the zero address mints and burns.</summary>
    public void Transfer(AccountId from, AccountId to, BigInteger amount)
    {
        _transfers++;
        if (from.IsZero) _minted += amount;
        else Add(from, -amount);
        if (to.IsZero) _burned += amount;
        else Add(to, amount);
    }

    public void Clear()
    {
        _changes.Clear();
        (_minted, _burned, _transfers) = (0, 0, 0);
    }

    /// <summary>Adds the sums to the tables, or with <paramref name="undo"/> takes them away again.</summary>
    public async Task FlushAsync(NpgsqlConnection connection, short chainId, bool undo, CancellationToken ct)
    {
        if (_transfers == 0) return;
        var sign = undo ? -1 : 1;
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(Command(
            """
            insert into tokens as t (chain_id, minted, burned, transfers) values ($1, $2, $3, $4)
            on conflict (chain_id) do update set minted = t.minted + excluded.minted, burned = t.burned + excluded.burned, transfers = t.transfers + excluded.transfers
            """,
            (chainId, NpgsqlDbType.Smallint), (sign * _minted, NpgsqlDbType.Numeric), (sign * _burned, NpgsqlDbType.Numeric), (sign * _transfers, NpgsqlDbType.Bigint)));
        var changes = _changes.OrderBy(c => c.Key).ToList(); // in the key's order: neighbours lie on one page of the index
        var accounts = changes.ConvertAll(c => c.Key.ToNative()).ToArray();
        batch.BatchCommands.Add(Command(
            """
            insert into holders as h (chain_id, account, balance, transfers)
            select $1, d.account, d.amount, d.transfers from unnest($2, $3, $4) d (account, amount, transfers)
            on conflict (chain_id, account) do update set balance = h.balance + excluded.balance, transfers = h.transfers + excluded.transfers
            """,
            (chainId, NpgsqlDbType.Smallint), (accounts, NpgsqlDbType.Array | NpgsqlDbType.Bytea),
            (changes.ConvertAll(c => sign * c.Value.Amount).ToArray(), NpgsqlDbType.Array | NpgsqlDbType.Numeric),
            (changes.ConvertAll(c => sign * c.Value.Transfers).ToArray(), NpgsqlDbType.Array | NpgsqlDbType.Bigint)));
        if (undo)
        {
            batch.BatchCommands.Add(Command("delete from holders where chain_id = $1 and account = any($2) and transfers = 0",
                (chainId, NpgsqlDbType.Smallint), (accounts, NpgsqlDbType.Array | NpgsqlDbType.Bytea)));
            batch.BatchCommands.Add(Command("delete from tokens where chain_id = $1 and transfers = 0", (chainId, NpgsqlDbType.Smallint)));
        }

        await batch.ExecuteNonQueryAsync(ct);
    }

    private static NpgsqlBatchCommand Command(string sql, params ReadOnlySpan<(object Value, NpgsqlDbType Type)> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var (value, type) in parameters)
            command.Parameters.Add(new NpgsqlParameter { Value = value, NpgsqlDbType = type });
        return command;
    }

    private void Add(AccountId account, BigInteger amount)
    {
        ref var change = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_changes, account, out _);
        change = (change.Amount + amount, change.Transfers + 1);
    }
}
