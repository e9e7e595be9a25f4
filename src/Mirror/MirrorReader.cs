using System.Data;
using System.Globalization;
using Dapper;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Registry;
using DePin.Storage;
using Npgsql;

namespace DePin.Mirror;

/// <summary>An accepted report as the chain has it.</summary>
/// <param name="Digest">Its digest.</param>
/// <param name="Epoch">Its epoch.</param>
/// <param name="Generation">Its generation.</param>
/// <param name="Bytes">Its 348 bytes.</param>
/// <param name="Signers">Bit i = signer i of the config.</param>
/// <param name="ClaimableAt">End of the challenge window, unix seconds.</param>
/// <param name="Status">pending, challenged, final or cancelled.</param>
public sealed record MirroredReport(Bytes32 Digest, Epoch Epoch, Generation Generation, byte[] Bytes, uint Signers, ulong ClaimableAt, string Status);

/// <summary>The mirror does not reach far enough for the question.</summary>
public sealed class MirrorBehindException(string message) : Exception(message);

/// <summary>Reads the mirror: where it is, and what the chain was at a block.</summary>
public sealed class MirrorReader(MirrorDatabase database, MirroredNetwork network, EmissionSchedule emission)
{
    private const string AsOf = "chain_id = @ChainId and valid_from <= @anchor and valid_to > @anchor";

    private sealed record BlockRow(long BlockNumber, Bytes32 BlockHash, DateTimeOffset BlockTime)
    {
        public BlockPoint Point => new((ulong)BlockNumber, BlockHash);
    }

    private sealed record DeviceRow(
        long TokenId, Bytes32 DeviceId, byte[] Owner, long ModelId, short KeyType, byte[] PublicKey, string Cell, Bytes32 Metadata, string Status,
        long RegisteredAt, int Class, long Capabilities, long Cadence);

    private sealed record ConfigRow(
        long ConfigCount, long FirstEpoch, Bytes32 Digest, short N, Bytes32 ParametersHash, Bytes32 RulesHash, byte[] ReportKeys, byte[] ProtocolKeys);

    private sealed record ReportRow(Bytes32 Digest, long Epoch, long Generation, byte[] Report, long Signers, long ClaimableAt, string Status);

    /// <summary>How far the mirror is; null where the network is not mirrored yet.</summary>
    public async Task<Checkpoint?> GetCheckpointAsync(CancellationToken ct)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(ct);
        var found = await connection.ExecuteScalarAsync<bool>(Sql.Command("select exists (select from checkpoints where chain_id = @ChainId)", new { network.ChainId }, ct: ct));
        return found ? await new ChainMirror(database, network).GetCheckpointAsync(ct) : null;
    }

    /// <summary>
    /// The anchor of a period: the last block with a timestamp before its end. Null until the finalized head has passed the end, since only then can no
    /// other block take that place.
    /// </summary>
    /// <param name="periodEnd">Unix seconds.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<BlockPoint?> FindAnchorAsync(ulong periodEnd, CancellationToken ct)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(ct);
        var row = await connection.QuerySingleOrDefaultAsync<BlockRow>(Sql.Command(
            """
            select b.block_number, b.block_hash, b.block_time
            from blocks b
            where b.chain_id = @ChainId and b.block_time < @end
              and exists (select from checkpoints c join blocks f on f.chain_id = c.chain_id and f.block_number = c.finalized_number
                          where c.chain_id = @ChainId and f.block_time >= @end)
            order by b.block_number desc limit 1
            """, new { network.ChainId, end = Time(periodEnd) }, ct: ct));
        return row?.Point;
    }

    /// <summary>The config in force in an epoch, as the mirror knows it by <paramref name="asOf"/>; null before there is one.</summary>
    /// <param name="epoch">The epoch.</param>
    /// <param name="asOf">A block; null = the mirror's head. A recovery may replace the set of an epoch whose anchor has passed, so agreement asks at the finalized head.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<NetworkConfig?> FindConfigAsync(Epoch epoch, ulong? asOf, CancellationToken ct)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(ct);
        return await ReadConfigAsync(connection, null, epoch, asOf, ct);
    }

    /// <summary>
    /// The chain as <paramref name="epoch"/> sees it: devices, payout accounts and stakes at the anchor, the epoch's budget, and the hash of the first block
    /// at or after the period's start (of those since the deployment), from which the challenge seed follows.
    /// </summary>
    /// <param name="config">The config that governs the epoch.</param>
    /// <param name="epoch">The epoch.</param>
    /// <param name="periodStart">First second of its period.</param>
    /// <param name="anchor">Number of the anchor block.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="MirrorBehindException">The mirror does not have the anchor or the seed block yet.</exception>
    public async Task<RegistrySnapshot> SnapshotAtAsync(NetworkConfig config, Epoch epoch, ulong periodStart, ulong anchor, CancellationToken ct)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, ct);
        var at = new { network.ChainId, anchor = (long)anchor, start = Time(periodStart), epoch = (long)epoch.Value };
        var block = await connection.QuerySingleOrDefaultAsync<BlockRow>(Sql.Command(
            "select block_number, block_hash, block_time from blocks where chain_id = @ChainId and block_number = @anchor", at, transaction, ct: ct))
            ?? throw new MirrorBehindException($"The mirror does not have block {anchor} yet.");
        var seed = await connection.QuerySingleOrDefaultAsync<BlockRow>(Sql.Command(
            "select block_number, block_hash, block_time from blocks where chain_id = @ChainId and block_time >= @start order by block_number limit 1", at, transaction, ct: ct))
            ?? throw new MirrorBehindException($"The mirror has no block at or after the period's start ({periodStart}) yet.");
        var builder = new RegistrySnapshotBuilder(config)
        {
            AnchorNumber = anchor,
            AnchorHash = block.BlockHash,
            AnchorTimestamp = (ulong)block.BlockTime.ToUnixTimeSeconds(),
            SeedBlockHash = seed.BlockHash,
            Budget = await ReadBudgetAsync(connection, transaction, epoch, anchor, ct),
        };

        foreach (var device in await connection.QueryAsync<DeviceRow>(Sql.Command(
            $"""
            select d.token_id, d.device_id, d.owner, d.model_id, d.key_type, d.public_key, d.cell::text as cell, d.metadata, d.status, d.registered_at,
                m.class, m.capabilities, m.cadence
            from (select * from device_versions where {AsOf}) d join (select * from model_versions where {AsOf}) m using (model_id)
            """, at, transaction, ct: ct)))
            builder.Add(ToRecord(device));
        foreach (var account in await connection.QueryAsync<byte[]>(Sql.Command(
            $"select account from payout_account_versions where {AsOf} order by payout_index", at, transaction, ct: ct)))
            builder.AddPayoutAccount(AccountId.FromNative(account));
        foreach (var (provider, tokens) in await connection.QueryAsync<(byte[] Provider, string Tokens)>(Sql.Command(
            $"select provider, tokens::text from pool_versions where {AsOf}", at, transaction, ct: ct)))
            builder.AddStake(AccountId.FromNative(provider), UInt128.Parse(tokens, CultureInfo.InvariantCulture));
        return builder.Build();
    }

    /// <summary>What a report may pay to leaves in an epoch, by the splits scheduled up to a block.</summary>
    public async Task<UInt128> BudgetAtAsync(Epoch epoch, ulong asOf, CancellationToken ct)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(ct);
        return await ReadBudgetAsync(connection, null, epoch, asOf, ct);
    }

    /// <summary>The reports of an epoch, newest generation first; cancelled ones included.</summary>
    public async Task<IReadOnlyList<MirroredReport>> GetReportsAsync(Epoch epoch, CancellationToken ct)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(ct);
        return ToReports(await connection.QueryAsync<ReportRow>(Sql.Command(
            "select digest, epoch, generation, report, signers, claimable_at, status from reports where chain_id = @ChainId and epoch = @Epoch order by generation desc",
            new { network.ChainId, Epoch = (long)epoch.Value }, ct: ct)));
    }

    /// <summary>Final reports after an epoch, ascending.</summary>
    public async Task<IReadOnlyList<MirroredReport>> GetFinalReportsAfterAsync(Epoch epoch, CancellationToken ct)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(ct);
        return ToReports(await connection.QueryAsync<ReportRow>(Sql.Command(
            """
            select r.digest, r.epoch, r.generation, r.report, r.signers, r.claimable_at, r.status
            from reports r join checkpoints c using (chain_id)
            where r.chain_id = @ChainId and r.status = 'final' and r.epoch > @Epoch and r.block_number <= c.finalized_number order by r.epoch
            """, new { network.ChainId, Epoch = (long)epoch.Value }, ct: ct)));
    }

    private static MirroredReport[] ToReports(IEnumerable<ReportRow> rows) =>
        [.. rows.Select(r => new MirroredReport(r.Digest, new Epoch((ulong)r.Epoch), new Generation((ulong)r.Generation), r.Report, (uint)r.Signers, (ulong)r.ClaimableAt, r.Status))];

    private async Task<UInt128> ReadBudgetAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, Epoch epoch, ulong asOf, CancellationToken ct)
    {
        // scheduleSplits drops every schedule that starts at or after the new one, so the latest that starts in time is in force.
        var bps = await connection.QueryFirstOrDefaultAsync<int[]>(Sql.Command(
            $"select bps from split_versions where {AsOf} and first_epoch <= @epoch order by valid_from desc, log_index desc limit 1",
            new { network.ChainId, anchor = (long)asOf, epoch = (long)epoch.Value }, transaction, ct: ct));
        return emission.BudgetOf(epoch.Value, bps ?? []);
    }

    private async Task<NetworkConfig?> ReadConfigAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, Epoch epoch, ulong? asOf, CancellationToken ct)
    {
        var row = await connection.QueryFirstOrDefaultAsync<ConfigRow>(Sql.Command(
            $"""
            select config_count, first_epoch, digest, n, parameters_hash, rules_hash, report_keys, protocol_keys
            from config_versions where {AsOf} and first_epoch <= @epoch order by config_count desc limit 1
            """, new { network.ChainId, anchor = asOf is { } block ? (long)block : long.MaxValue - 1, epoch = (long)epoch.Value }, transaction, ct: ct));
        if (row is null) return null;
        var config = new NetworkConfig
        {
            Kind = network.Kind,
            Chain = network.Chain,
            Verifier = network.Contracts[ContractKind.ReportVerifier],
            Distributor = network.Contracts[ContractKind.RewardDistributor],
            Token = network.Contracts[ContractKind.NetworkToken],
            ConfigCount = (ulong)row.ConfigCount,
            FirstEpoch = new Epoch((ulong)row.FirstEpoch),
            Operators = [.. Enumerable.Range(0, row.N).Select(i => new OperatorKeys(
                new Address(row.ReportKeys.AsSpan(i * Address.Size, Address.Size)), new Bytes32(row.ProtocolKeys.AsSpan(i * Bytes32.Size, Bytes32.Size))))],
            ParametersHash = row.ParametersHash,
            RulesHash = row.RulesHash,
        };
        return config.Digest.Value == row.Digest
            ? config
            : throw new MirrorMismatchException($"Config {row.ConfigCount} of the mirror hashes to {config.Digest}, the chain says {row.Digest}: the manifest names other contracts than the chain's.");
    }

    private static DeviceRecord ToRecord(DeviceRow d) => new(
        new DeviceView(new DeviceId(d.DeviceId), new ClassId((ushort)d.Class), (uint)d.ModelId, (uint)d.Capabilities, (uint)d.Cadence,
            ulong.Parse(d.Cell, CultureInfo.InvariantCulture), (ulong)d.RegisteredAt, d.Metadata),
        (ulong)d.TokenId, AccountId.FromNative(d.Owner),
        d.Status switch
        {
            "active" => DeviceStatus.Active,
            "suspended" => DeviceStatus.Suspended,
            _ => DeviceStatus.Retired,
        },
        (KeyType)d.KeyType, d.PublicKey);

    private static DateTimeOffset Time(ulong seconds) => DateTimeOffset.FromUnixTimeSeconds((long)Math.Min(seconds, 253_402_300_799UL));
}
