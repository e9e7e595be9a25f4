using System.Data;
using System.Globalization;
using System.Numerics;
using Dapper;
using DePin.Abi;
using DePin.Chain.Evm;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.Storage;
using Npgsql;

namespace DePin.Mirror;

/// <summary>One value that mirror and chain do not agree on.</summary>
/// <param name="What">Table and key.</param>
/// <param name="Mirror">As mirrored.</param>
/// <param name="Chain">As the contract answers.</param>
public sealed record MirrorDifference(string What, string Mirror, string Chain);

/// <summary>What a comparison found.</summary>
/// <param name="Block">The block at which both sides were read.</param>
/// <param name="Compared">Values compared, by table.</param>
/// <param name="Differences">Those that differ; at most the first thousand.</param>
public sealed record MirrorVerification(BlockPoint Block, IReadOnlyDictionary<string, int> Compared, IReadOnlyList<MirrorDifference> Differences);

/// <summary>Compares a mirror with its chain, value by value.</summary>
public interface IMirrorVerifier
{
    /// <summary>Compares at the newest final block of the mirror, or at <paramref name="at"/> where the chain answers for the past.</summary>
    /// <exception cref="MirrorBehindException">The mirror does not have that block.</exception>
    /// <exception cref="NotSupportedException">The chain's nodes answer for the present alone, and <paramref name="at"/> was given.</exception>
    Task<MirrorVerification> VerifyAsync(ulong? at, CancellationToken ct);
}

/// <summary>
/// Compares the mirror with contract calls at one block, value by value: what <c>depin index verify</c> and the reconciling job run. Both sides are
/// brought to the same text, so that every difference can be shown.
/// </summary>
public sealed class MirrorVerifier(MirrorDatabase database, MirroredNetwork network, EmissionSchedule emission, EvmRpc rpc) : IMirrorVerifier
{
    private const int MostDifferences = 1_000;
    private const int CallsAtOnce = 2_000;
    private const string AsOf = "chain_id = @ChainId and valid_from <= @n and valid_to > @n";

    private sealed record Entry(string Key, string Value);

    /// <summary>One run: where it reads, what it found so far.</summary>
    private sealed class Run(NpgsqlConnection connection, BlockPoint block, short chainId)
    {
        public NpgsqlConnection Connection => connection;
        public BlockTag Tag { get; } = BlockTag.At(block.Hash);
        public object At { get; } = new { ChainId = chainId, n = (long)block.Number };
        public SortedDictionary<string, int> Compared { get; } = new(StringComparer.Ordinal);
        public List<MirrorDifference> Differences { get; } = [];

        public void Compare(string table, string key, string mirror, string chain)
        {
            Compared[table] = Compared.GetValueOrDefault(table) + 1;
            if (mirror != chain && Differences.Count < MostDifferences) Differences.Add(new MirrorDifference($"{table} {key}".TrimEnd(), mirror, chain));
        }
    }

    /// <summary>Compares at the newest final block of the mirror, or at <paramref name="at"/>.</summary>
    /// <exception cref="MirrorBehindException">The mirror does not have that block.</exception>
    public async Task<MirrorVerification> VerifyAsync(ulong? at, CancellationToken ct)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(ct);
        await using var snapshot = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, ct);
        var point = await connection.QuerySingleOrDefaultAsync<(long Number, byte[] Hash)?>(Sql.Command(
            """
            select b.block_number, b.block_hash from checkpoints c join blocks b on b.chain_id = c.chain_id and b.block_number = coalesce(@at, c.finalized_number)
            where c.chain_id = @ChainId
            """, new { network.ChainId, at = at is { } number ? (long?)number : null }, ct: ct))
            ?? throw new MirrorBehindException(at is null ? "The mirror has no final block yet." : $"The mirror does not have block {at}.");
        var block = new BlockPoint((ulong)point.Number, new Bytes32(point.Hash));
        var run = new Run(connection, block, network.ChainId);
        await CompareTokenAsync(run, ct);
        await CompareEmissionAsync(run, ct);
        await CompareDevicesAsync(run, ct);
        await ComparePayoutsAsync(run, ct);
        await CompareStakesAsync(run, ct);
        await CompareOperatorsAsync(run, ct);
        await CompareReportsAsync(run, ct);
        return new MirrorVerification(block, run.Compared, run.Differences);
    }

    private Address Of(ContractKind kind) => Address.FromBytes32(network.Contracts[kind].Value);

    private static string Hex(ReadOnlySpan<byte> bytes) => $"0x{Convert.ToHexStringLower(bytes)}";

    private static string Text(params ReadOnlySpan<object> parts)
    {
        var texts = new string[parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            texts[i] = parts[i] switch
            {
                Address address => Hex(address.AsSpan()),
                Bytes32 word => Hex(word.AsSpan()),
                bool flag => flag ? "true" : "false",
                IFormattable value => value.ToString(null, CultureInfo.InvariantCulture),
                var other => other.ToString() ?? "",
            };
        }

        return string.Join(' ', texts);
    }

    /// <summary>Rows (key, value) of the mirror against a call for each key.</summary>
    private async Task RowsAsync<T>(Run run, string table, string sql, ContractKind contract, Func<string[], IContractCall<T>> call, Func<T, string> text, CancellationToken ct)
    {
        var rows = (await run.Connection.QueryAsync<Entry>(Sql.Command(sql, run.At, timeoutSeconds: 600, ct: ct))).ToList();
        foreach (var part in rows.Chunk(CallsAtOnce))
        {
            var answers = await rpc.CallAsync([.. part.Select(r => (Of(contract), call(r.Key.Split('/'))))], run.Tag, ct);
            for (var i = 0; i < part.Length; i++) run.Compare(table, part[i].Key, part[i].Value, text(answers[i]));
        }

        run.Compared.TryAdd(table, 0);
    }

    /// <summary>One value of the mirror against one call.</summary>
    private async Task OneAsync<T>(Run run, string what, string sql, ContractKind contract, IContractCall<T> call, Func<T, string> text, CancellationToken ct)
    {
        var mirrored = await run.Connection.ExecuteScalarAsync<string>(Sql.Command(sql, run.At, timeoutSeconds: 600, ct: ct)) ?? "";
        run.Compare(what, "", mirrored, text(await rpc.CallAsync(Of(contract), call, run.Tag, ct)));
    }

    private async Task CompareTokenAsync(Run run, CancellationToken ct)
    {
        // Balances are kept at the head alone: take back what was transferred since the block.
        var later = new Dictionary<Address, BigInteger>();
        BigInteger minted = 0, burned = 0;
        await using (var command = new NpgsqlCommand("select topics, data from logs where chain_id = $1 and block_number > $2 and event = $3", run.Connection))
        {
            var at = await run.Connection.ExecuteScalarAsync<long>(Sql.Command("select @n::bigint", run.At, ct: ct));
            command.Parameters.Add(new NpgsqlParameter { Value = network.ChainId });
            command.Parameters.Add(new NpgsqlParameter { Value = at });
            command.Parameters.Add(new NpgsqlParameter { Value = (short)EventKind.TokenTransfer });
            await using var reader = await command.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct))
            {
                var words = new LogWords(reader.GetFieldValue<byte[]>(0), reader.GetFieldValue<byte[]>(1));
                var (from, to, amount) = (words.TopicAddress(1), words.TopicAddress(2), words.AmountAt(0));
                if (from.IsZero) minted += amount;
                else later[from] = later.GetValueOrDefault(from) - amount;
                if (to.IsZero) burned += amount;
                else later[to] = later.GetValueOrDefault(to) + amount;
            }
        }

        var holders = (await run.Connection.QueryAsync<Entry>(Sql.Command(
            "select '0x' || encode(account, 'hex') as key, balance::text as value from holders where chain_id = @ChainId", run.At, ct: ct))).ToList();
        foreach (var part in holders.Chunk(CallsAtOnce))
        {
            var answers = await rpc.CallAsync([.. part.Select(h => (Of(ContractKind.NetworkToken), (IContractCall<UInt256>)new NetworkToken.BalanceOfCall(Address.Parse(h.Key))))], run.Tag, ct);
            for (var i = 0; i < part.Length; i++)
            {
                var balance = BigInteger.Parse(part[i].Value, CultureInfo.InvariantCulture) - later.GetValueOrDefault(Address.Parse(part[i].Key));
                run.Compare("holders", part[i].Key, Text(balance), Text((BigInteger)answers[i]));
            }
        }

        var totals = await run.Connection.QuerySingleOrDefaultAsync<(string Minted, string Burned)?>(Sql.Command(
            "select minted::text, burned::text from tokens where chain_id = @ChainId", run.At, ct: ct)) ?? ("0", "0");
        minted = BigInteger.Parse(totals.Minted, CultureInfo.InvariantCulture) - minted;
        burned = BigInteger.Parse(totals.Burned, CultureInfo.InvariantCulture) - burned;
        run.Compare("token", "totalSupply", Text(minted - burned), Text((BigInteger)await rpc.CallAsync(Of(ContractKind.NetworkToken), new NetworkToken.TotalSupplyCall(), run.Tag, ct)));
        run.Compare("token", "grossMinted", Text(minted), Text((BigInteger)await rpc.CallAsync(Of(ContractKind.NetworkToken), new NetworkToken.GrossMintedCall(), run.Tag, ct)));
    }

    private async Task CompareEmissionAsync(Run run, CancellationToken ct)
    {
        var controller = Of(ContractKind.EmissionController);
        run.Compare("emission", "base", Text(emission.Base), Text(await rpc.CallAsync(controller, new EmissionController.BaseCall(), run.Tag, ct)));
        run.Compare("emission", "decay", Text(emission.DecayQ96), Text((BigInteger)await rpc.CallAsync(controller, new EmissionController.DecayQ96Call(), run.Tag, ct)));
        await OneAsync(run, "emission nextEpoch", "select (count(*) + 1)::text from emission_epochs where chain_id = @ChainId and block_number <= @n",
            ContractKind.EmissionController, new EmissionController.NextEpochCall(), n => Text(n), ct);
        var next = await rpc.CallAsync(controller, new EmissionController.NextEpochCall(), run.Tag, ct);
        var block = (ulong)await run.Connection.ExecuteScalarAsync<long>(Sql.Command("select @n::bigint", run.At, ct: ct));
        var reader = new MirrorReader(database, network, emission);
        for (var epoch = next > 16 ? next - 16 : 1; epoch < next + 3; epoch++)
        {
            var budget = await reader.BudgetAtAsync(new Protocol.Epoch(epoch), block, ct);
            run.Compare("budget", Text(epoch), Text(budget), Text(await rpc.CallAsync(controller, new EmissionController.BudgetOfCall(epoch), run.Tag, ct)));
        }
    }

    private async Task CompareDevicesAsync(Run run, CancellationToken ct)
    {
        await OneAsync(run, "device count", $"select count(*)::text from device_versions where {AsOf}", ContractKind.DeviceRegistry, new DeviceRegistry.DeviceCountCall(), n => Text((BigInteger)n), ct);
        await RowsAsync(run, "devices",
            $"""
            select token_id::text as key, concat_ws(' ', model_id, case status when 'active' then 1 when 'suspended' then 2 else 3 end, key_type, registered_at, cell,
                '0x' || encode(device_id, 'hex')) as value
            from device_versions where {AsOf}
            """, ContractKind.DeviceRegistry, k => new DeviceRegistry.DeviceCall(Token(k[0])),
            d => Text(d.ModelId, d.Status, d.KeyType, d.RegisteredAt, d.Cell, d.DeviceId), ct);
        await RowsAsync(run, "device owners", $"select token_id::text as key, '0x' || encode(owner, 'hex') as value from device_versions where {AsOf}",
            ContractKind.DeviceRegistry, k => new DeviceRegistry.OwnerOfCall(Token(k[0])), a => Text(a), ct);
        await RowsAsync(run, "key changes",
            $"""
            select token_id::text as key, concat_ws(' ', '0x' || encode(coalesce(next_device_id, decode(repeat('00', 32), 'hex')), 'hex'), coalesce(next_key_type, 0), coalesce(next_ready_at, 0)) as value
            from device_versions where {AsOf}
            """, ContractKind.DeviceRegistry, k => new DeviceRegistry.RotationCall(Token(k[0])), r => Text(r.DeviceId, r.KeyType, r.ReadyAt), ct);
        await RowsAsync(run, "models",
            $"select model_id::text as key, concat_ws(' ', maker_id, class, capabilities, cadence, '0x' || encode(metadata, 'hex')) as value from model_versions where {AsOf}",
            ContractKind.DeviceRegistry, k => new DeviceRegistry.ModelCall(Number(k[0])), m => Text(m.MakerId, m.Class, m.Capabilities, m.Cadence, m.Metadata), ct);
        await RowsAsync(run, "makers",
            $"""
            select k.maker_id::text as key, concat_ws(' ', '0x' || encode(k.account, 'hex'), k.active::text, k.quota,
                (select count(*) from (select * from device_versions where {AsOf}) d join (select * from model_versions where {AsOf}) m using (model_id) where m.maker_id = k.maker_id)) as value
            from (select * from maker_versions where {AsOf}) k
            """, ContractKind.DeviceRegistry, k => new DeviceRegistry.MakerCall(Number(k[0])), m => Text(m.Account, m.Active, m.Quota, m.Issued), ct);
        await RowsAsync(run, "batches",
            $"""
            select b.batch_id::text as key, concat_ws(' ', '0x' || encode(b.root, 'hex'), b.maker_id, b.device_count,
                (select count(*) from (select * from device_versions where {AsOf}) d where d.batch_id = b.batch_id), b.revoked::text) as value
            from (select * from batch_versions where {AsOf}) b
            """,
            ContractKind.DeviceRegistry, k => new DeviceRegistry.BatchCall(ulong.Parse(k[0], CultureInfo.InvariantCulture)), b => Text(b.Root, b.MakerId, b.Count, b.Registered, b.Revoked), ct);
    }

    private async Task ComparePayoutsAsync(Run run, CancellationToken ct)
    {
        await OneAsync(run, "payout account count", $"select count(*)::text from payout_account_versions where {AsOf}", ContractKind.PayoutRegistry, new PayoutRegistry.CountCall(), n => Text(n), ct);
        await RowsAsync(run, "payout indexes", $"select payout_index::text as key, '0x' || encode(account, 'hex') as value from payout_account_versions where {AsOf}",
            ContractKind.PayoutRegistry, k => new PayoutRegistry.AccountAtCall(Number(k[0])), a => Text(a), ct);
        await RowsAsync(run, "recipients", $"select '0x' || encode(account, 'hex') as key, '0x' || encode(recipient, 'hex') as value from payout_account_versions where {AsOf}",
            ContractKind.PayoutRegistry, k => new PayoutRegistry.RecipientOfCall(Address.Parse(k[0])), a => Text(a), ct);
        await RowsAsync(run, "claimed",
            $"""
            select '0x' || encode(p.account, 'hex') as key, coalesce((select c.claimed::text from claims c where c.chain_id = @ChainId and c.account = p.account and c.block_number <= @n
                order by c.block_number desc, c.log_index desc limit 1), '0') as value
            from (select * from payout_account_versions where {AsOf}) p
            """, ContractKind.RewardDistributor, k => new RewardDistributor.ClaimedCall(Address.Parse(k[0])), c => Text(c), ct);
        await OneAsync(run, "total claimed", "select coalesce(sum(amount), 0)::text from claims where chain_id = @ChainId and block_number <= @n",
            ContractKind.RewardDistributor, new RewardDistributor.TotalClaimedCall(), t => Text((BigInteger)t), ct);
        await OneAsync(run, "breaker capacity", $"select capacity::text from breaker_versions where {AsOf}", ContractKind.RewardDistributor, new RewardDistributor.BreakerCapacityCall(), c => Text(c), ct);
    }

    private async Task CompareStakesAsync(Run run, CancellationToken ct)
    {
        await RowsAsync(run, "pools",
            $"select '0x' || encode(provider, 'hex') as key, concat_ws(' ', tokens, shares, thawing_tokens, thawing_shares, self_shares, generation) as value from pool_versions where {AsOf}",
            ContractKind.ProviderStaking, k => new ProviderStaking.PoolCall(Address.Parse(k[0])),
            p => Text(p.Tokens, p.Shares, p.ThawingTokens, p.ThawingShares, p.SelfShares, p.Generation), ct);
        await RowsAsync(run, "stakes",
            $"""
            select '0x' || encode(s.provider, 'hex') || '/0x' || encode(s.staker, 'hex') as key, case when s.generation = p.generation then s.shares else 0 end::text as value
            from (select * from stake_versions where {AsOf}) s join (select * from pool_versions where {AsOf}) p using (provider)
            """, ContractKind.ProviderStaking, k => new ProviderStaking.SharesOfCall(Address.Parse(k[0]), Address.Parse(k[1])), s => Text(s), ct);
        await RowsAsync(run, "thaws",
            $"""
            select '0x' || encode(provider, 'hex') || '/0x' || encode(staker, 'hex') || '/' || thaw_id as key,
                case status when 'thawing' then concat_ws(' ', shares, ready_at, generation) else '0 0 0' end as value
            from thaw_versions where {AsOf}
            """, ContractKind.ProviderStaking, k => new ProviderStaking.ThawCall(Address.Parse(k[0]), Address.Parse(k[1]), Token(k[2])), t => Text(t.Shares, t.ReadyAt, t.Generation), ct);
    }

    private async Task CompareOperatorsAsync(Run run, CancellationToken ct)
    {
        await RowsAsync(run, "operators",
            $"""
            select '0x' || encode(report_key, 'hex') as key, concat_ws(' ', '0x' || encode(account, 'hex'), '0x' || encode(protocol_key, 'hex'), bond, exit_at, slashed::text, endpoint) as value
            from operator_versions where {AsOf}
            """, ContractKind.OperatorRegistry, k => new OperatorRegistry.OperatorCall(Address.Parse(k[0])),
            o => Text(o.Account, o.ProtocolKey, o.Bond, o.ExitAt, o.Slashed, o.Endpoint.Replace('\0', '\uFFFD')), ct);
        await OneAsync(run, "config count", $"select count(*)::text from config_versions where {AsOf}", ContractKind.OperatorRegistry, new OperatorRegistry.ConfigCountCall(), n => Text(n), ct);
        await RowsAsync(run, "configs",
            $"""
            select config_count::text as key, concat_ws(' ', first_epoch, n, q, '0x' || encode(digest, 'hex'), '0x' || encode(parameters_hash, 'hex'), '0x' || encode(rules_hash, 'hex'),
                encode(report_keys, 'hex'), encode(protocol_keys, 'hex')) as value
            from config_versions where {AsOf}
            """, ContractKind.OperatorRegistry, k => new OperatorRegistry.ConfigByCountCall(ulong.Parse(k[0], CultureInfo.InvariantCulture)),
            c => Text(c.FirstEpoch, c.N, c.Q, c.Digest, c.ParametersHash, c.RulesHash,
                string.Concat(c.ReportKeys.Select(a => Convert.ToHexStringLower(a.AsSpan()))), string.Concat(c.ProtocolKeys.Select(p => Convert.ToHexStringLower(p.AsSpan())))), ct);
    }

    private async Task CompareReportsAsync(Run run, CancellationToken ct)
    {
        await RowsAsync(run, "reports",
            $"""
            select distinct on (epoch) epoch::text as key, concat_ws(' ', '0x' || encode(digest, 'hex'), claimable_at,
                case status when 'pending' then 1 when 'challenged' then 2 when 'final' then 3 else 4 end) as value
            from report_versions where {AsOf} order by epoch, generation desc
            """, ContractKind.ReportVerifier, k => new ReportVerifier.AcceptedCall(ulong.Parse(k[0], CultureInfo.InvariantCulture)), a => Text(a.Digest, a.ClaimableAt, a.Status), ct);
        await OneAsync(run, "next final epoch", $"select (coalesce(max(epoch), 0) + 1)::text from report_versions where {AsOf} and status = 'final'",
            ContractKind.ReportVerifier, new ReportVerifier.NextFinalCall(), n => Text(n), ct);
        await OneAsync(run, "generation", $"select count(*)::text from logs where chain_id = @ChainId and block_number <= @n and event = {(short)EventKind.ReportCancelled}",
            ContractKind.ReportVerifier, new ReportVerifier.GenerationCall(), g => Text(g), ct);
        await OneAsync(run, "current root",
            $"select coalesce((select concat_ws(' ', '0x' || encode(root, 'hex'), epoch, leaf_count, cumulative_total) from root_versions where {AsOf} order by epoch desc limit 1), '0x{new string('0', 64)} 0 0 0')",
            ContractKind.RewardDistributor, new RewardDistributor.CurrentCall(), r => Text(r.RootValue, r.Epoch, r.LeafCount, r.CumulativeTotal), ct);
    }

    private static UInt256 Token(string text) => ulong.Parse(text, CultureInfo.InvariantCulture);

    private static uint Number(string text) => uint.Parse(text, CultureInfo.InvariantCulture);
}
