using System.Numerics;
using Dapper;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Epochs;
using DePin.Protocol.Evidence;
using Npgsql;
using static NpgsqlTypes.NpgsqlDbType;

namespace DePin.Storage.Evidence;

/// <summary>What one step of pruning took away.</summary>
/// <param name="Verdicts">Verdicts.</param>
/// <param name="Chunks">Chunks of reward trees.</param>
public sealed record PrunedRows(int Verdicts, int Chunks)
{
    /// <summary>Whether there may be more.</summary>
    public bool Any => Verdicts + Chunks > 0;
}

/// <summary>Writes what recomputed epochs say. One transaction an epoch; an epoch that is there stays as it is.</summary>
public sealed class EvidenceStore(NpgsqlDataSource dataSource)
{
    /// <summary>Registers a network, or brings its manifest up to date.</summary>
    /// <param name="network">Its id.</param>
    /// <param name="name">For people.</param>
    /// <param name="chain">CAIP-2.</param>
    /// <param name="manifest">Deployment manifest as JSON.</param>
    /// <param name="parameters">Parameter document as JSON.</param>
    /// <param name="ct">Cancels.</param>
    public async Task RegisterNetworkAsync(NetworkId network, string name, string chain, string manifest, string parameters, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(Sql.Command(
            """
            insert into evidence.networks (network_id, name, chain, manifest, parameters) values (@Id, @name, @chain, @manifest::jsonb, @parameters::jsonb)
            on conflict (network_id) do update set name = excluded.name, manifest = excluded.manifest, parameters = excluded.parameters
            """, new { Id = network.Value, name, chain, manifest, parameters }, ct: ct));
    }

    /// <summary>The newest epoch that is imported without a gap below it; null before the first.</summary>
    public async Task<Epoch?> GetLastAsync(NetworkId network, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        var last = await connection.ExecuteScalarAsync<long?>(Sql.Command("select max(epoch) from evidence.epochs where network_id = @Id", new { Id = network.Value }, ct: ct));
        return last is { } epoch ? new Epoch((ulong)epoch) : null;
    }

    /// <summary>Writes an epoch whose recomputed report is the one on chain.</summary>
    /// <returns>False if the epoch was there already.</returns>
    public async Task<bool> WriteAsync(EvidenceBundle bundle, EpochOutcome outcome, Bytes32 bundleHash, long bundleBytes, DateTimeOffset importedAt, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var network = bundle.Snapshot.Config.NetworkId.Value;
        var epoch = (long)outcome.Window.Epoch.Value;
        var judged = outcome.Verdicts.GroupBy(v => v.Verdict.Judgement).ToDictionary(g => g.Key, g => (long)g.Count());
        var inserted = await connection.ExecuteAsync(Sql.Command(
            """
            insert into evidence.epochs (network_id, epoch, generation, report_digest, report, bundle_sha256, bundle_bytes, period_start, period_end, accounts, devices,
                accepted, rejected, inconclusive, pending, budget, allocated, unallocated, imported_at)
            values (@network, @epoch, @Generation, @Digest, @Report, @bundleHash, @bundleBytes, @Start, @End, @Accounts, @Devices,
                @Accepted, @Rejected, @Inconclusive, @Pending, @Budget, @Allocated, @Unallocated, @importedAt)
            on conflict (network_id, epoch) do nothing
            """,
            new
            {
                network,
                epoch,
                Generation = (long)outcome.Window.Generation.Value,
                Digest = outcome.Report.Digest.Value,
                Report = outcome.Report.Encode(),
                bundleHash,
                bundleBytes,
                Start = DateTimeOffset.FromUnixTimeSeconds((long)outcome.Window.StartSeconds),
                End = DateTimeOffset.FromUnixTimeSeconds((long)outcome.Window.EndSeconds),
                Accounts = (int)outcome.Tree.LeafCount,
                Devices = outcome.Verdicts.Select(v => v.Device).Distinct().Count(),
                Accepted = judged.GetValueOrDefault(Protocol.Verification.Judgement.Accept),
                Rejected = judged.GetValueOrDefault(Protocol.Verification.Judgement.Reject),
                Inconclusive = judged.GetValueOrDefault(Protocol.Verification.Judgement.Inconclusive),
                Pending = (long)outcome.State.Deferred.Length,
                outcome.Budget,
                outcome.Allocated,
                outcome.Unallocated,
                importedAt,
            }, transaction, ct: ct));
        if (inserted == 0) return false;
        await TreeRows.CopyAsync(connection, network, epoch, outcome.Tree, ct);
        await CopyLinesAsync(connection, network, epoch, bundle, outcome, ct);
        await CopyVerdictsAsync(connection, network, epoch, bundle, outcome, ct);
        await transaction.CommitAsync(ct);
        return true;
    }

    /// <summary>
    /// Takes away what <c>jobs.retention</c> gives up, oldest first: at most <paramref name="rows"/> verdicts and as many tree chunks, in one transaction. Whatever the retention
    /// says, it keeps verdicts that are not rolled up, verdicts and trees from the previous root on (the contract pays against that one and the newest, as final blocks have them),
    /// and the newest tree. Epochs, leaves and lines are never taken. Without two roots in final blocks nothing goes.
    /// </summary>
    public async Task<PrunedRows> PruneAsync(NetworkId network, int rows, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var bounds = await connection.QuerySingleOrDefaultAsync<(long Verdicts, long Trees)?>(Sql.Command(
            """
            insert into evidence.pruned as p (network_id, verdicts_before, trees_before)
            select r.network_id, greatest(0, least(r.verdicts_before, claimable.epoch, summed.epoch)), greatest(0, least(r.trees_before, claimable.epoch, imported.epoch))
            from jobs.retention r
            cross join lateral (select t.epoch from chain.roots t join chain.chains c on c.chain_id = t.chain_id join chain.checkpoints k on k.chain_id = t.chain_id
                where c.network_id = r.network_id and t.block_number <= k.finalized_number order by t.epoch desc offset 1 limit 1) claimable
            cross join lateral (select min(e.epoch) as epoch from evidence.epochs e where e.network_id = r.network_id
                and not exists (select from jobs.epoch_rollups u where u.network_id = e.network_id and u.epoch = e.epoch)) summed
            join lateral (select max(e.epoch) as epoch from evidence.epochs e where e.network_id = r.network_id) imported on imported.epoch is not null
            where r.network_id = @Id
            on conflict (network_id) do update set verdicts_before = greatest(p.verdicts_before, excluded.verdicts_before), trees_before = greatest(p.trees_before, excluded.trees_before)
            returning verdicts_before, trees_before
            """, new { Id = network.Value }, transaction, ct: ct));
        if (bounds is not { } before) return new PrunedRows(0, 0);
        var verdicts = await connection.ExecuteAsync(Sql.Command(
            "delete from evidence.verdicts where ctid = any(array(select ctid from evidence.verdicts where network_id = @Id and epoch < @before order by epoch limit @rows))",
            new { Id = network.Value, before = before.Verdicts, rows }, transaction, ct: ct));
        var chunks = await connection.ExecuteAsync(Sql.Command(
            "delete from evidence.tree_chunks where ctid = any(array(select ctid from evidence.tree_chunks where network_id = @Id and epoch < @before order by epoch limit @rows))",
            new { Id = network.Value, before = before.Trees, rows }, transaction, ct: ct));
        await transaction.CommitAsync(ct);
        return new PrunedRows(verdicts, chunks);
    }

    private static async Task CopyLinesAsync(NpgsqlConnection connection, Bytes32 network, long epoch, EvidenceBundle bundle, EpochOutcome outcome, CancellationToken ct)
    {
        var id = network.ToArray();
        await using var writer = await connection.BeginBinaryImportAsync(
            "copy evidence.lines (network_id, epoch, account, class, device_id, rule, weight, amount, accepted, rejected, inconclusive) from stdin (format binary)", ct);
        foreach (var line in outcome.Lines)
        {
            await writer.StartRowAsync(ct);
            await writer.WriteAsync(id, Bytea, ct);
            await writer.WriteAsync(epoch, Bigint, ct);
            await writer.WriteAsync(bundle.Snapshot.PayoutAccounts[(int)line.PayoutIndex].Value.ToArray(), Bytea, ct);
            await writer.WriteAsync((int)line.Class.Value, Integer, ct);
            await writer.WriteAsync(line.Device.Value.ToArray(), Bytea, ct);
            await writer.WriteAsync((int)line.Rule, Integer, ct);
            await writer.WriteAsync((BigInteger)line.Weight, Numeric, ct);
            await writer.WriteAsync((BigInteger)line.Amount, Numeric, ct);
            await writer.WriteAsync((long)line.Accepted, Bigint, ct);
            await writer.WriteAsync((long)line.Rejected, Bigint, ct);
            await writer.WriteAsync((long)line.Inconclusive, Bigint, ct);
        }

        await writer.CompleteAsync(ct);
    }

    private static async Task CopyVerdictsAsync(NpgsqlConnection connection, Bytes32 network, long epoch, EvidenceBundle bundle, EpochOutcome outcome, CancellationToken ct)
    {
        var id = network.ToArray();
        var times = new Dictionary<ProofId, ulong>();
        foreach (var proof in bundle.Evidence.Proofs) times[proof.Id] = proof.Proof.TimeMs;
        foreach (var proof in bundle.PreviousState.Deferred) times[proof.Id] = proof.TimeMs;
        await using var writer = await connection.BeginBinaryImportAsync(
            "copy evidence.verdicts (network_id, epoch, proof_id, device_id, class, sequence, device_time, judgement, reason, quality) from stdin (format binary)", ct);
        foreach (var judged in outcome.Verdicts)
        {
            await writer.StartRowAsync(ct);
            await writer.WriteAsync(id, Bytea, ct);
            await writer.WriteAsync(epoch, Bigint, ct);
            await writer.WriteAsync(judged.Proof.Value.ToArray(), Bytea, ct);
            await writer.WriteAsync(judged.Device.Value.ToArray(), Bytea, ct);
            await writer.WriteAsync((int)judged.Class.Value, Integer, ct);
            await writer.WriteAsync((BigInteger)judged.Sequence, Numeric, ct);
            await writer.WriteAsync(DeviceTime(times[judged.Proof]), TimestampTz, ct);
            await writer.WriteAsync((short)judged.Verdict.Judgement, Smallint, ct);
            await writer.WriteAsync((int)judged.Verdict.Reason, Integer, ct);
            await writer.WriteAsync((int)judged.Verdict.QualityPpm, Integer, ct);
        }

        await writer.CompleteAsync(ct);
    }

    /// <summary>A device may claim any time; what no calendar holds is shown as its end.</summary>
    private static DateTime DeviceTime(ulong ms) => DateTimeOffset.FromUnixTimeMilliseconds((long)Math.Min(ms, 253_402_300_799_000UL)).UtcDateTime;
}
