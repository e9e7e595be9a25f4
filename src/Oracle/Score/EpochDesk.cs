using DePin.Cryptography;
using DePin.Mirror;
using DePin.Oracle.Network;
using DePin.Protocol;
using DePin.Protocol.Epochs;
using DePin.Protocol.Lanes;
using DePin.Protocol.Registry;
using DePin.Protocol.Reports;
using DePin.Protocol.Rounds;
using DePin.Protocol.State;
using DePin.Protocol.Verification;
using DePin.Storage.Oracle;

namespace DePin.Oracle.Score;

/// <summary>An epoch that is ready to be agreed on: everything that all operators read from the chain alike.</summary>
/// <param name="Instance">Config, epoch, generation.</param>
/// <param name="Window">The period and the parent.</param>
/// <param name="Config">The config in force.</param>
/// <param name="Roster">Its operators with endpoints.</param>
/// <param name="Anchor">The last block before the period's end.</param>
/// <param name="PreviousCut">Cut of the parent over the present operators.</param>
/// <param name="PreviousState">State after the parent.</param>
public sealed record EpochTask(
    RoundInstance Instance, EpochWindow Window, NetworkConfig Config, OperatorRoster Roster, BlockPoint Anchor, Cut PreviousCut, NetworkState PreviousState);

/// <summary>
/// Says which epoch comes next and what it comes to. The computation is the protocol's pure function; this gathers its inputs from the own mirror
/// and the own lanes, and keeps the last outcomes by cut.
/// </summary>
public sealed partial class EpochDesk(
    ChainView chain, MirrorReader mirror, ReportStore reports, EvidenceReader evidence, NetworkView view, ClassCatalog catalog, NetworkParameters parameters,
    ILogger<EpochDesk> logger)
{
    private const int Kept = 4;

    private readonly Lock _gate = new();
    private (Bytes32 Digest, NetworkState State) _parent = (Bytes32.Zero, NetworkState.Genesis);
    private readonly VerifiedSignatures _verified = new();
    private readonly List<((RoundInstance Instance, Cut Cut) Key, EpochOutcome Outcome)> _outcomes = [];

    /// <summary>
    /// The epoch after the newest report that stands, once its period is over for good and the grace has passed; null before, and while this node
    /// lacks the parent's state.
    /// </summary>
    public async Task<EpochTask?> GetNextAsync(CancellationToken ct)
    {
        if (await chain.GetHeadAsync(ct) is not { FinalizedTime: { } finalizedTime } head) return null;
        var last = await chain.GetLastReportAsync(ct);
        var epoch = new Epoch((ulong)(last?.Epoch ?? 0) + 1);
        var generation = new Generation((ulong)await chain.GetGenerationAsync(ct));
        var facts = view.Facts;
        var window = EpochWindow.At(epoch, generation, facts.GenesisSeconds, facts.EpochSeconds, new ReportDigest(last?.Digest ?? Bytes32.Zero));
        if ((ulong)finalizedTime.ToUnixTimeSeconds() < window.EndSeconds + facts.GraceSeconds) return null;
        if (await mirror.FindAnchorAsync(window.EndSeconds, ct) is not { } anchor) return null;
        if (await mirror.FindConfigAsync(epoch, (ulong)head.FinalizedNumber, ct) is not { } config) return null;
        if (view.ForDigest(config.Digest.Value) is not { } roster) return null;

        var cut = Cut.Empty(roster.Set.Addresses);
        var state = NetworkState.Genesis;
        if (last is not null)
        {
            if (await reports.FindAsync(last.Digest, ct) is not { } parent)
            {
                LogParentMissing(logger, last.Epoch, last.Digest);
                return null;
            }

            cut = Cut.Parse(parent.Cut).Over(roster.Set.Addresses);
            if (_parent.Digest != parent.Digest) _parent = (parent.Digest, NetworkState.Parse(parent.State));
            state = _parent.State;
        }

        return new EpochTask(new RoundInstance(config.Digest.Value, epoch, generation), window, config, roster, anchor, cut, state);
    }

    /// <summary>What the epoch comes to on this cut; null while a batch of it is missing here. Cached: the same cut is computed once.</summary>
    public async Task<EpochOutcome?> ComputeAsync(EpochTask task, Cut cut, CancellationToken ct)
    {
        lock (_gate)
        {
            if (_outcomes.Find(o => o.Key.Instance == task.Instance && o.Key.Cut.Equals(cut)).Outcome is { } known) return known;
        }

        if (await evidence.ReadAsync(view.Facts.Id, task.PreviousCut, cut, ct) is not { } proofs) return null;
        var snapshot = await mirror.SnapshotAtAsync(task.Config, task.Window.Epoch, task.Window.StartSeconds, task.Anchor.Number, ct);
        if (snapshot.AnchorHash != task.Anchor.Hash) return null; // the mirror moved to another branch: start over
        var started = TimeProvider.System.GetTimestamp();
        EpochAids aids;
        lock (_gate) aids = _verified.For(task.Instance.Epoch);
        var outcome = await Task.Run(() => EpochComputation.Run(
            catalog, task.PreviousState, snapshot, parameters, task.Window, new EpochEvidence(task.PreviousCut, cut, proofs), aids), ct);
        var took = TimeProvider.System.GetElapsedTime(started);
        LogComputed(logger, task.Instance.Epoch.Value, proofs.Count, outcome.Report.Digest.Value, took);
        foreach (var fault in outcome.Faults) LogClassFault(logger, fault.Class, task.Instance.Epoch.Value, fault.Problem);
        lock (_gate)
        {
            _outcomes.Add(((task.Instance, cut), outcome));
            if (_outcomes.Count > Kept) _outcomes.RemoveAt(0);
        }

        return outcome;
    }

    /// <summary>Keeps a decided epoch's report, cut and state: the next epoch starts from them, and every later stage works from this row.</summary>
    public Task KeepAsync(EpochTask task, Cut cut, EpochOutcome outcome, CancellationToken ct) => reports.AddAsync(
        new ReportRow(
            outcome.Report.Digest.Value, task.Instance.ConfigDigest, (long)task.Instance.Epoch.Value, (long)task.Instance.Generation.Value,
            outcome.Report.Encode(), cut.Encode(), outcome.Manifest.ToArray(), outcome.State.ToBytes(), "decided"), ct);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Epoch {Epoch} was reported without this operator: its state ({Digest}) is fetched from a peer's evidence before the next round")]
    private static partial void LogParentMissing(ILogger logger, long epoch, Bytes32 digest);

    [LoggerMessage(Level = LogLevel.Information, Message = "Computed epoch {Epoch} from {Proofs} proofs: report {Digest} in {Took}")]
    private static partial void LogComputed(ILogger logger, ulong epoch, int proofs, Bytes32 digest, TimeSpan took);

    [LoggerMessage(Level = LogLevel.Critical, Message = "Class {Class} broke a rule of the engine in epoch {Epoch}; its claims are void: {Problem}")]
    private static partial void LogClassFault(ILogger logger, ClassId @class, ulong epoch, string problem);
}
