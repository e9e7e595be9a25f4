using System.Data;
using System.Globalization;
using System.Text;
using Dapper;
using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Chain.Solana;
using DePin.Protocol;
using DePin.Storage;
using Npgsql;
using static DePin.ContractBindings.Solana.Depin;

namespace DePin.Mirror;

/// <summary>
/// Compares the mirror of a network on Solana with the program's accounts: for every kind all accounts of the network in one answer, and the mirror as of the slot that the answer is of. What a network
/// has and the mirror lacks is found as well as the other way round.
/// </summary>
/// <remarks>Not compared, since no account holds it: devices' public keys (their hashes are), splits and holders; and the breaker's level, which drains with the clock.</remarks>
public sealed class SolanaMirrorVerifier(MirrorDatabase database, MirroredNetwork network, SolanaRpc rpc) : IMirrorVerifier
{
    private const int MostDifferences = 1_000;
    private const int DiscriminatorLength = 8;
    private const string AsOf = "chain_id = @ChainId and valid_from <= @n and valid_to > @n";

    private readonly SolanaAddress _program = SolanaAddress.From(network.Contracts[ContractKind.SettlementProgram].Value);
    private readonly SolanaAddress _account = SolanaAddress.From(network.Contracts[ContractKind.NetworkAccount].Value);

    private sealed record Entry(string Key, string Value);

    /// <summary>Compares with what is finalized now.</summary>
    /// <exception cref="MirrorBehindException">The mirror has not reached a slot that the node answered for.</exception>
    /// <exception cref="NotSupportedException"><paramref name="at"/> was given: a cluster keeps no past of its accounts.</exception>
    public async Task<MirrorVerification> VerifyAsync(ulong? at, CancellationToken ct)
    {
        if (at is not null) throw new NotSupportedException("A Solana cluster keeps no past of its accounts: leave the block out to compare with what is finalized now.");
        await using var connection = await database.DataSource.OpenConnectionAsync(ct);
        await using var snapshot = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, ct);
        var head = await connection.QuerySingleAsync<(long Number, byte[] Hash)>(Sql.Command(
            "select block_number, block_hash from checkpoints where chain_id = @ChainId", new { network.ChainId }, ct: ct));
        var run = new Run(connection, (ulong)head.Number, (await rpc.GetVersionAsync(ct)).IsSurfpool);

        await CompareAsync<OperatorAccount>(run, "operators", o => [new(Hex(o.ReportKey.AsSpan()), Text(Hex(o.Account), Hex(o.ProtocolKey.AsSpan()), o.Bond, o.ExitAt, o.Slashed ? "true" : "false",
            Encoding.UTF8.GetString(o.Endpoint.AsSpan(0, o.EndpointLength)).Replace('\0', '\uFFFD')))],
            $"select '0x' || encode(report_key, 'hex') as key, concat_ws(' ', '0x' || encode(account, 'hex'), '0x' || encode(protocol_key, 'hex'), bond, exit_at, slashed::text, endpoint) as value from operator_versions where {AsOf}", ct);
        await CompareAsync<ConfigAccount>(run, "configs", c => [new(Text(c.Count), Text(c.FirstEpoch, c.N, c.Q, Hex(c.Digest.AsSpan()), Hex(c.ParametersHash.AsSpan()), Hex(c.RulesHash.AsSpan()),
            string.Concat(c.Members.Take(c.N).Select(m => Convert.ToHexStringLower(m.ReportKey.AsSpan()))), string.Concat(c.Members.Take(c.N).Select(m => Convert.ToHexStringLower(m.ProtocolKey.AsSpan())))))],
            $"""
            select config_count::text as key, concat_ws(' ', first_epoch, n, q, '0x' || encode(digest, 'hex'), '0x' || encode(parameters_hash, 'hex'), '0x' || encode(rules_hash, 'hex'),
                encode(report_keys, 'hex'), encode(protocol_keys, 'hex')) as value
            from config_versions where {AsOf}
            """, ct);
        await CompareAsync<PayoutAccount>(run, "payouts", p => [new(Hex(p.Account), Text(p.Index, Hex(p.Recipient), p.ReadyAt == 0 ? "-" : Hex(p.PendingRecipient), p.ReadyAt))],
            $"""
            select '0x' || encode(account, 'hex') as key,
                concat_ws(' ', payout_index, '0x' || encode(recipient, 'hex'), coalesce('0x' || encode(next_recipient, 'hex'), '-'), coalesce(next_ready_at, 0)) as value
            from payout_account_versions where {AsOf}
            """, ct);
        await CompareAsync<PageAccount>(run, "claimed", p => p.Claimed.Index().Where(c => c.Item > 0).Select(c => new Entry(Text((p.Number * SolanaNetwork.PageSlots) + (uint)c.Index), Text(c.Item))),
            "select payout_index::text as key, max(claimed)::text as value from claims where chain_id = @ChainId and block_number <= @n group by payout_index", ct);
        await CompareAsync<LedgerAccount>(run, "ledger", l => [new("", Text(l.LastEpoch, l.NextFinal, l.Generation, l.PayoutCount, l.ConfigCount))],
            $"""
            select '' as key, concat_ws(' ', (select coalesce(max(epoch), 0) from report_versions where {AsOf} and status <> 'cancelled'),
                (select coalesce(max(epoch), 0) + 1 from report_versions where {AsOf} and status = 'final'),
                (select count(*) from logs where chain_id = @ChainId and block_number <= @n and event = {(short)EventKind.ReportCancelled}),
                (select count(*) from payout_account_versions where {AsOf}), (select count(*) from config_versions where {AsOf})) as value
            """, ct);
        await CompareAsync<LedgerAccount>(run, "reports", l => l.Reports.Where(r => r.Status != 0 && r.Epoch <= l.LastEpoch).Select(r => new Entry(Text(r.Epoch), Text(Hex(r.Digest.AsSpan()), r.ClaimableAt, r.Status))),
            $"""
            select epoch::text as key, concat_ws(' ', '0x' || encode(digest, 'hex'), claimable_at, case status when 'pending' then 1 when 'challenged' then 2 else 3 end) as value
            from report_versions where {AsOf} and status <> 'cancelled'
              and epoch > (select coalesce(max(epoch), 0) from report_versions where {AsOf} and status <> 'cancelled') - 16
            """, ct);
        await CompareAsync<DistributorAccount>(run, "distributor", d => [new("", Text(Hex(d.Current.RootValue.AsSpan()), d.Current.Epoch, d.Current.LeafCount, d.Current.CumulativeTotal, d.TotalClaimed, d.Capacity))],
            $"""
            select '' as key, concat_ws(' ',
                coalesce((select concat_ws(' ', '0x' || encode(root, 'hex'), epoch, leaf_count, cumulative_total) from root_versions where {AsOf} order by epoch desc limit 1), '0x{new string('0', 64)} 0 0 0'),
                (select coalesce(sum(amount), 0) from claims where chain_id = @ChainId and block_number <= @n), (select capacity from breaker_versions where {AsOf})) as value
            """, ct);
        await CompareAsync<DeviceMakerAccount>(run, "makers", m => [new(Text(m.MakerId), Text(Hex(m.Account), m.Quota, m.Active == 0 ? "false" : "true"))],
            $"select maker_id::text as key, concat_ws(' ', '0x' || encode(account, 'hex'), quota, active::text) as value from maker_versions where {AsOf}", ct);
        await CompareAsync<DeviceModelAccount>(run, "models", m => [new(Text(m.ModelId), Text(m.MakerId, m.Class, m.Capabilities, m.Cadence, Hex(m.Metadata.AsSpan())))],
            $"select model_id::text as key, concat_ws(' ', maker_id, class, capabilities, cadence, '0x' || encode(metadata, 'hex')) as value from model_versions where {AsOf}", ct);
        await CompareAsync<DeviceBatchAccount>(run, "batches", b => [new(Text(b.BatchId), Text(b.MakerId, Hex(b.Root.AsSpan()), b.Count, b.Revoked == 0 ? "false" : "true"))],
            $"select batch_id::text as key, concat_ws(' ', maker_id, '0x' || encode(root, 'hex'), device_count, revoked::text) as value from batch_versions where {AsOf}", ct);
        await CompareAsync<DeviceAccount>(run, "devices", d => [new(Text(d.Token), Text(Hex(d.DeviceId.AsSpan()), Hex(d.Owner), d.ModelId, d.KeyType, d.Cell, d.Status, d.RegisteredAt,
            d.ReadyAt == 0 ? "-" : Hex(d.PendingDeviceId.AsSpan()), d.ReadyAt))],
            $"""
            select token_id::text as key, concat_ws(' ', '0x' || encode(device_id, 'hex'), '0x' || encode(owner, 'hex'), model_id, key_type, cell, case status when 'active' then 1 when 'suspended' then 2 else 3 end,
                registered_at, coalesce('0x' || encode(next_device_id, 'hex'), '-'), coalesce(next_ready_at, 0)) as value
            from device_versions where {AsOf}
            """, ct);
        await CompareAsync<PoolAccount>(run, "pools", p => [new(Hex(p.Provider), Text(p.Tokens, p.Shares, p.ThawingTokens, p.ThawingShares, p.SelfShares, p.Generation))],
            $"select '0x' || encode(provider, 'hex') as key, concat_ws(' ', tokens, shares, thawing_tokens, thawing_shares, self_shares, generation) as value from pool_versions where {AsOf}", ct);
        return new MirrorVerification(new BlockPoint((ulong)head.Number, new Cryptography.Bytes32(head.Hash)), run.Compared, run.Differences);
    }

    private sealed class Run(NpgsqlConnection connection, ulong head, bool isSurfpool)
    {
        public bool IsSurfpool => isSurfpool;
        public NpgsqlConnection Connection => connection;
        public ulong Head => head;
        public SortedDictionary<string, int> Compared { get; } = new(StringComparer.Ordinal);
        public List<MirrorDifference> Differences { get; } = [];
    }

    private async Task CompareAsync<T>(Run run, string table, Func<T, IEnumerable<Entry>> entries, string sql, CancellationToken ct)
        where T : struct, ISolanaAccount<T>
    {
        SolanaAccountFilter[] filters = [new SolanaAccountFilter.Memcmp(0, T.Discriminator.ToArray()), new SolanaAccountFilter.Memcmp(DiscriminatorLength, _account.ToArray())];
        var answer = await rpc.GetProgramAccountsAsync(_program, filters, Finality.Finalized, ct);
        // Surfpool answers of its newest slot whatever is asked for, and most slots are in no mirror: where the network had no transaction since the mirror's head, that is as good.
        var slot = run.IsSurfpool && answer.Slot > run.Head && await IsQuietSinceAsync(run.Head, ct) ? run.Head : answer.Slot;
        if (slot > run.Head) throw new MirrorBehindException($"The node answers for slot {answer.Slot}, the mirror is at {run.Head}. Try again when it has caught up.");
        var theirs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var keyed in answer.Value)
        {
            if (!T.TryDecode(keyed.Account.Data.Span, out var value))
            {
                Note(run, $"{table} {keyed.Address}", "", "does not decode: the program is of another version than this software");
                continue;
            }

            foreach (var (key, text) in entries(value)) theirs[key] = text;
        }

        var ours = (await run.Connection.QueryAsync<Entry>(Sql.Command(sql, new { network.ChainId, n = (long)slot }, timeoutSeconds: 600, ct: ct))).ToDictionary(e => e.Key, e => e.Value, StringComparer.Ordinal);
        foreach (var key in ours.Keys.Union(theirs.Keys))
        {
            var (mirror, chain) = (ours.GetValueOrDefault(key, ""), theirs.GetValueOrDefault(key, ""));
            if (mirror != chain) Note(run, $"{table} {key}".TrimEnd(), mirror, chain);
        }

        run.Compared[table] = theirs.Count;
    }

    private async Task<bool> IsQuietSinceAsync(ulong slot, CancellationToken ct) =>
        await rpc.GetSignaturesForAddressAsync(_account, null, null, 1, Finality.Safe, ct) is not [var newest, ..] || newest.Slot <= slot;

    private static void Note(Run run, string what, string mirror, string chain)
    {
        if (run.Differences.Count < MostDifferences) run.Differences.Add(new MirrorDifference(what, mirror, chain));
    }

    private static string Hex(ReadOnlySpan<byte> bytes) => $"0x{Convert.ToHexStringLower(bytes)}";

    private static string Hex(SolanaAddress address) => Hex(new AccountId(address.ToBytes32()).ToNative());

    private static string Text(params ReadOnlySpan<object> parts)
    {
        var texts = new string[parts.Length];
        for (var i = 0; i < parts.Length; i++) texts[i] = parts[i] is IFormattable value ? value.ToString(null, CultureInfo.InvariantCulture) : parts[i].ToString() ?? "";
        return string.Join(' ', texts);
    }
}
