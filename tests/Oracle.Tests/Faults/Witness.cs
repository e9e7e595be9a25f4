using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;
using DePin.Abi;
using DePin.Chain.Evm;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.Protocol.Evidence;
using DePin.Protocol.Reports;
using DePin.Protocol.Verification;
using DePin.TestKit;
using Npgsql;

namespace DePin.Oracle.Tests.Faults;

/// <summary>Looks at what a network did from outside: the chain, the operators' evidence, their databases.</summary>
public sealed class Witness(FaultNetwork network)
{
    private readonly SortedDictionary<ulong, EvidenceBundle> _audited = [];

    /// <summary>
    /// Recomputes every accepted epoch from the evidence of an operator and compares with the chain; returns how often each proof stands in the
    /// evidence. Epochs are contiguous, each follows from the one before, and no proof was turned away for when or how often it came.
    /// </summary>
    public async Task<Dictionary<Bytes32, int>> AuditAsync(ulong through, CancellationToken ct)
    {
        var times = new Dictionary<Bytes32, int>();
        for (ulong epoch = 1; epoch <= through; epoch++)
        {
            if (!_audited.TryGetValue(epoch, out var bundle)) _audited[epoch] = bundle = await AuditOneAsync(epoch, _audited.GetValueOrDefault(epoch - 1), ct);
            foreach (var proof in bundle.Batches.SelectMany(static batch => batch.Proofs)) times[proof.Id.Value] = times.GetValueOrDefault(proof.Id.Value) + 1;
        }

        return times;
    }

    /// <summary>Audits until every one of the proofs stands in the evidence; how often each does, and the last epoch looked at.</summary>
    public async Task<(ulong Through, Dictionary<Bytes32, int> Times)> TakenAsync(IReadOnlyCollection<Bytes32> proofs, CancellationToken ct)
    {
        var through = await network.NextEpochAsync(ct) - 1;
        var times = await AuditAsync(through, ct);
        await Eventually.HoldsAsync(
            async () =>
            {
                if (await network.NextEpochAsync(ct) - 1 is var next && next > through) times = await AuditAsync(through = next, ct);
                return proofs.All(times.ContainsKey);
            }, "every proof with a receipt stands in a cut", ct, FaultNetwork.Patience);
        return (through, times);
    }

    /// <summary>No report key signed two digests in an instance, by what any operator signed or received, and no operator caught an honest one lying.</summary>
    public async Task NobodySignedTwiceAsync(IEnumerable<TestDatabase> databases, IReadOnlyCollection<int> liars, CancellationToken ct)
    {
        var honest = network.Chain.Operators.Where((_, i) => !liars.Contains(i)).Select(o => o.Address).ToHashSet();
        var digests = new Dictionary<(Address Signer, Bytes32 Config, long Epoch, long Generation), HashSet<Bytes32>>();
        foreach (var database in databases)
        {
            await foreach (var row in ReadAsync(database,
                """
                select report_key, config_digest, epoch, generation, digest from oracle.signed_reports
                union select signer, config_digest, epoch, generation, digest from oracle.attestations
                """, ct))
            {
                var signer = new Address(row.GetFieldValue<byte[]>(0));
                if (!honest.Contains(signer)) continue;
                var key = (signer, new Bytes32(row.GetFieldValue<byte[]>(1)), row.GetInt64(2), row.GetInt64(3));
                if (!digests.TryGetValue(key, out var seen)) digests[key] = seen = [];
                seen.Add(new Bytes32(row.GetFieldValue<byte[]>(4)));
            }

            await foreach (var row in ReadAsync(database, "select sender from oracle.round_conflicts", ct))
                Assert.Contains((int)row.GetInt16(0), liars);
            await foreach (var row in ReadAsync(database, "select operator from oracle.lane_conflicts", ct))
                Assert.DoesNotContain(new Address(row.GetFieldValue<byte[]>(0)), honest);
        }

        Assert.True(digests.Count > 0);
        Assert.All(digests, slot => Assert.Single(slot.Value));
    }

    /// <summary>Every epoch up to one was accepted by exactly one transaction, in order.</summary>
    public async Task OneReportAnEpochAsync(ulong through, CancellationToken ct)
    {
        var epochs = (await LogsAsync<ReportVerifier.ReportAcceptedEvent>("ReportVerifier", ct)).Select(static log => (ulong)Word(log["topics"]![1]!)).ToList();
        Assert.Equal(Enumerable.Range(1, epochs.Count).Select(static e => (ulong)e), epochs);
        Assert.True(epochs.Count >= (int)through);
    }

    /// <summary>Block, reporter, bond and the reporter's part of the one slash of an operator.</summary>
    public async Task<(ulong Block, Address Reporter, BigInteger Bond, BigInteger ToReporter)> FindSlashAsync(Address reportKey, CancellationToken ct)
    {
        var log = Assert.Single(
            await LogsAsync<OperatorRegistry.BondSlashedEvent>("OperatorRegistry", ct),
            log => log["topics"]![1]!.GetValue<string>().EndsWith(reportKey.ToString()[2..], StringComparison.OrdinalIgnoreCase));
        var data = Convert.FromHexString(log["data"]!.GetValue<string>()[2..]);
        return ((ulong)Word(log["blockNumber"]!), new Address(data.AsSpan(44, 20)), new UInt256(data.AsSpan(0, 32)), new UInt256(data.AsSpan(64, 32)));
    }

    private async Task<IEnumerable<JsonNode>> LogsAsync<T>(string contract, CancellationToken ct) where T : struct, IContractEvent<T> =>
        (await network.Chain.Node.Rpc.CallAsync(
            "eth_getLogs",
            [new JsonObject { ["fromBlock"] = "0x0", ["address"] = network.Chain.Manifest.AddressOf(contract).ToString(), ["topics"] = new JsonArray(T.Topic0.ToString()) }], ct))!
        .AsArray().Select(static log => log!);

    private static UInt128 Word(JsonNode hex) => UInt128.Parse(hex.GetValue<string>().AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private async Task<EvidenceBundle> AuditOneAsync(ulong epoch, EvidenceBundle? before, CancellationToken ct)
    {
        var accepted = await network.AskAsync(new ReportVerifier.AcceptedCall(epoch), ct);
        var bundle = EvidenceBundle.Parse(await FetchAsync(epoch, accepted.Digest, ct));
        var audit = EpochAudit.Run(ChainNetwork.Catalog, bundle);
        Assert.Empty(audit.Differences);
        Assert.Equal(AttestationFault.None, audit.Attestation);
        var report = audit.Outcome.Report;

        // What a bundle cannot prove is the chain's to say.
        Assert.Equal(accepted.Digest, report.Digest.Value);
        Assert.Equal(accepted.RewardsRoot, report.RewardsRoot);
        Assert.Equal(accepted.CumulativeTotal, report.CumulativeTotal);
        Assert.Equal(await network.AskAsync(new OperatorRegistry.ConfigDigestAtCall(epoch), ct, "OperatorRegistry"), report.Config.Value);
        Assert.Equal(await network.AskAsync(new EmissionController.BudgetOfCall(epoch), ct, "EmissionController"), bundle.Snapshot.Budget);
        Assert.Equal((await network.Chain.Rpc.GetHeaderAsync(BlockTag.At(report.AnchorNumber), ct))!.Hash, report.AnchorHash);
        Assert.Equal(network.Load.Devices, bundle.Snapshot.Devices.Length);
        Assert.Equal(before?.Report.Report.Digest.Value ?? Bytes32.Zero, report.Previous.Value);
        Assert.Equal(before?.Report.Report.StateRoot ?? Protocol.State.NetworkState.Genesis.Root, bundle.PreviousState.Root);
        if (before is not null) Assert.Equal(before.Cut, bundle.PreviousCut);
        Assert.DoesNotContain(audit.Outcome.Verdicts, static judged => judged.Verdict is { Judgement: Judgement.Reject, Reason: < RejectReasons.FirstOfClass });
        return bundle;
    }

    private async Task<byte[]> FetchAsync(ulong epoch, Bytes32 digest, CancellationToken ct)
    {
        byte[]? file = null;
        await Eventually.HoldsAsync(
            async () =>
            {
                foreach (var one in network.Processes)
                {
                    try
                    {
                        using var response = await one.Http.GetAsync(string.Create(CultureInfo.InvariantCulture, $"/v1/evidence/{epoch}?report={digest}"), ct);
                        if (!response.IsSuccessStatusCode) continue;
                        file = await response.Content.ReadAsByteArrayAsync(ct);
                        return true;
                    }
                    catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
                    {
                        // That one is down.
                    }
                }

                return false;
            }, $"somebody holds the evidence of epoch {epoch}", ct, FaultNetwork.Patience);
        return file!;
    }

    private static async IAsyncEnumerable<NpgsqlDataReader> ReadAsync(TestDatabase database, string sql, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        await using var command = database.DataSource.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) yield return reader;
    }
}
