using DePin.Chain;
using DePin.Cryptography;
using DePin.Mirror;
using DePin.Oracle.Batch;
using DePin.Oracle.Network;
using DePin.Oracle.Running;
using DePin.Protocol;
using DePin.Protocol.Canonical;
using DePin.Protocol.Rewards;
using DePin.Protocol.State;
using DePin.Signing;
using DePin.Storage.Oracle;

namespace DePin.Oracle.Transmit;

/// <summary>The domain of the network's reward leaves.</summary>
public sealed class NetworkRewards(MirrorReader mirror)
{
    private Bytes32? _domain;

    /// <summary>keccak(tag · kind · chain · distributor · token): the same for every epoch of a network.</summary>
    public async Task<Bytes32?> FindDomainAsync(CancellationToken ct) =>
        _domain ??= (await mirror.FindConfigAsync(Epoch.First, null, ct))?.RewardDomain;
}

/// <summary>
/// Watches pending reports and operators. A pending report that is not the one computed here is compared with the tree that its signers publish: an
/// objective fault cancels it at once; where there is none to show, somebody is told. Two reports of one signer in one instance cost its bond.
/// </summary>
public sealed partial class WatchStage(
    ChainView chain, ReportStore reports, NetworkView view, NetworkRewards rewards, Transmitter transmitter, IVerifierTransactions transactions, Turn turn,
    IOperatorSigner keys, TransmitOptions options, IHttpClientFactory clients, ILogger<WatchStage> logger) : IStage
{
    private static readonly string[] Open = ["pending", "challenged"];
    private readonly HashSet<Bytes32> _told = [];
    private readonly HashSet<Bytes32> _faultless = []; // foreign trees that were looked through: a report's tree, its parent's and the index of an account never change

    /// <inheritdoc/>
    public string Name => "watch";

    /// <inheritdoc/>
    public TimeSpan Pace => options.Pace;

    /// <inheritdoc/>
    public async Task<bool> StepAsync(CancellationToken ct)
    {
        if (view.Current is not { } roster || await chain.IsHaltedAsync(ct)) return false;
        await ProveEquivocationsAsync(roster, ct);
        foreach (var pending in await chain.GetReportsAsync(Open, ct))
        {
            if (!await reports.HasAsync(pending.Digest, ct)) await ExamineAsync(pending, roster, ct);
        }

        return false;
    }

    private async Task ProveEquivocationsAsync(OperatorRoster roster, CancellationToken ct)
    {
        var slashed = (await chain.GetOperatorsAsync(ct)).Where(o => o.Slashed).Select(o => o.ReportKey).ToHashSet();
        foreach (var pair in await reports.FindEquivocationsAsync(ct))
        {
            if (slashed.Contains(pair.Signer)) continue;
            // By its signer: two that conspire sign the same two reports, and each loses its own bond.
            var subject = pair.Signer.ToBytes32();
            if (_told.Add(subject))
            {
                OracleMeters.Alarms.Add(1, new KeyValuePair<string, object?>("kind", "equivocation"));
                LogEquivocation(logger, pair.Signer, pair.Epoch, pair.Generation);
            }

            if (!turn.HasCome("equivocation", subject, roster, (ulong)pair.Epoch, (ulong)pair.Generation)) continue;
            await transmitter.SendAsync("equivocation", (ulong)pair.Epoch, (ulong)pair.Generation, subject,
                token => transactions.PrepareEquivocationAsync(pair.ReportA, pair.SignatureA, pair.ReportB, pair.SignatureB, token), ct);
        }
    }

    private async Task ExamineAsync(AcceptedReport pending, OperatorRoster roster, CancellationToken ct)
    {
        var report = Protocol.Reports.Report.Parse(pending.Report);
        // Only where this node came to something else does absence mean disagreement; a node that was away recovers first.
        var own = (await reports.GetAboveAsync(pending.Epoch - 1, ["decided", "attested"], ct))
            .FirstOrDefault(r => r.Epoch == pending.Epoch && r.Generation == pending.Generation);
        if (own is not null && _told.Add(pending.Digest))
        {
            OracleMeters.Alarms.Add(1, new KeyValuePair<string, object?>("kind", "foreign-report"));
            LogForeign(logger, pending.Epoch, pending.Digest, own.Digest);
        }

        if (_faultless.Contains(pending.Digest)) return;
        if (await rewards.FindDomainAsync(ct) is not { } domain || await FetchLeavesAsync(domain, report, roster, ct) is not { } leaves) return;
        var parent = report.Previous.Value.IsZero ? null : await reports.FindAsync(report.Previous.Value, ct);
        if (!report.Previous.Value.IsZero && parent is null) return;
        var parentTree = parent is null ? null : RewardTree.Build(domain, NetworkState.Parse(parent.State).Ledger);
        var accounts = await chain.GetPayoutAccountsAsync(ct);
        if (TreeFaults.Find(domain, leaves, parentTree, [.. accounts], report.CumulativeTotal) is not { } fault)
        {
            _faultless.Add(pending.Digest);
            return;
        }

        LogFault(logger, pending.Epoch, pending.Digest, fault.Kind, fault.Leaf.Leaf.Index);
        if (!turn.HasCome("tree_fault", pending.Digest, roster, (ulong)pending.Epoch, (ulong)pending.Generation)) return;
        await transmitter.SendAsync("tree_fault", (ulong)pending.Epoch, (ulong)pending.Generation, pending.Digest,
            token => transactions.PrepareTreeFaultAsync((ulong)pending.Epoch, fault, token), ct);
    }

    private async Task<System.Collections.Immutable.ImmutableArray<RewardLeaf>?> FetchLeavesAsync(
        Bytes32 domain, Protocol.Reports.Report report, OperatorRoster roster, CancellationToken ct)
    {
        foreach (var peer in roster.Members.Where(m => m.Address != keys.Address && m.Endpoint is not null))
        {
            try
            {
                using var client = clients.CreateClient(LaneClient.BundleClientName);
                using var response = await client.GetAsync(new Uri(peer.Endpoint!, $"/v1/leaves/{report.Digest}"), HttpCompletionOption.ResponseHeadersRead, ct);
                if (!response.IsSuccessStatusCode || response.Content.Headers.ContentLength != report.LeafCount * (long)LeafBytes.Size) continue;
                var leaves = LeafBytes.Decode(await response.Content.ReadAsByteArrayAsync(ct), report.LeafCount);
                if (leaves.Length > 0 && TreeFaults.TreeOf(domain, leaves).Root == report.RewardsRoot) return leaves;
            }
            catch (Exception error) when (error is HttpRequestException or TaskCanceledException or CanonicalFormatException && !ct.IsCancellationRequested)
            {
                LogNoLeaves(logger, peer.Address, error.Message);
            }
        }

        return null;
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "Operator {Signer} signed two reports of epoch {Epoch}, generation {Generation}")]
    private static partial void LogEquivocation(ILogger logger, Address signer, long epoch, long generation);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The chain accepted report {Digest} for epoch {Epoch}, this operator decided {Own}: challenge it or call the arbiter before its window ends")]
    private static partial void LogForeign(ILogger logger, long epoch, Bytes32 digest, Bytes32 own);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The tree of report {Digest} of epoch {Epoch} is wrong at leaf {Index}: {Fault}")]
    private static partial void LogFault(ILogger logger, long epoch, Bytes32 digest, LeafFaultKind fault, uint index);

    [LoggerMessage(Level = LogLevel.Debug, Message = "No leaves from {Peer}: {Problem}")]
    private static partial void LogNoLeaves(ILogger logger, Address peer, string problem);
}
