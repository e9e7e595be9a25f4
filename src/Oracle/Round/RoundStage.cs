using DePin.Oracle.Network;
using DePin.Oracle.Peers;
using DePin.Oracle.Report;
using DePin.Oracle.Running;
using DePin.Oracle.Score;
using DePin.Protocol.Lanes;
using DePin.Protocol.Rounds;
using DePin.Signing;
using DePin.Storage.Oracle;

namespace DePin.Oracle.Round;

/// <summary>
/// Starts an instance when its epoch is due, and again when a report was cancelled; keeps the one before alive, so that an operator that missed the
/// decision can catch up; makes a driver that stopped again from its log.
/// </summary>
public sealed class RoundStage(
    EpochDesk desk, ChainView chain, ReportStore reports, ReportSigner signer, Observer observer, RoundStore store, RoundInbox inbox, PeerOutbox outbox, NetworkView view, IOperatorSigner keys,
    RoundOptions options, ILogger<RoundDriver> logger) : IStage, IAsyncDisposable
{
    private const int KeptInstances = 2;

    private readonly List<(EpochTask Task, RoundDriver Driver)> _running = []; // oldest first
    private bool _spoke;

    /// <inheritdoc/>
    public string Name => "round";

    /// <inheritdoc/>
    public TimeSpan Pace => TimeSpan.FromMilliseconds(250);

    /// <summary>The newest instance's driver, null before the first.</summary>
    public RoundDriver? Newest => _running.Count == 0 ? null : _running[^1].Driver;

    /// <inheritdoc/>
    public async Task<bool> StepAsync(CancellationToken ct)
    {
        if (await chain.IsHaltedAsync(ct))
        {
            while (_running.Count > 0) await StopAsync(_running.Count - 1);
            return false;
        }

        await ReplaceStoppedAsync();
        if (await desk.GetNextAsync(ct) is not { } task || _running.Exists(one => one.Task.Instance == task.Instance)) return false;
        if (task.Roster.Find(keys.Address) is null) return false;
        // The first instance of a process may be one that it was in before: it hears what peers show of it before it speaks.
        Run(task, listen: !_spoke);
        _spoke = true;
        while (_running.Count > KeptInstances) await StopAsync(0);
        return false;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        while (_running.Count > 0) await StopAsync(_running.Count - 1);
    }

    private async Task ReplaceStoppedAsync()
    {
        for (var i = 0; i < _running.Count; i++)
        {
            switch (_running[i].Driver.Fault)
            {
                case null:
                case SignerUnreachableException when keys.Problem is not null: // it would stop at its first word
                case SigningRefusedException { Earlier: null }: // it would be refused again
                    continue;
            }

            var task = _running[i].Task;
            await StopAsync(i);
            Run(task, listen: false);
            return;
        }
    }

    private async Task StopAsync(int position)
    {
        var driver = _running[position].Driver;
        _running.RemoveAt(position);
        inbox.Detach(driver);
        await driver.DisposeAsync();
    }

    private void Run(EpochTask task, bool listen)
    {
        var self = task.Roster.Find(keys.Address)!;
        var context = new RoundContext
        {
            Instance = task.Instance,
            Network = view.Facts.Id,
            Operators = task.Roster.Set,
            Self = (byte)self.Index,
            PreviousCut = task.PreviousCut,
            AnchorNumber = task.Anchor.Number,
            AnchorHash = task.Anchor.Hash,
            Timings = options.Timings,
            Sign = keys.SignProtocol,
        };
        var work = new RoundWork
        {
            Observe = async ct => await observer.ObserveAsync(task.Roster.Set, await FindCancelledCutAsync(task.Instance, ct), ct),
            Recompute = async (cut, ct) => (await desk.ComputeAsync(task, cut, ct))?.Report.Digest.Value,
            SignReport = (value, ct) => signer.SignAsync(task.Instance, value.ReportDigest, async end => (await desk.ComputeAsync(task, value.Cut, end))?.Report, ct),
            Keep = (value, ct) => KeepAsync(task, value, ct),
            KeepSignature = (value, signature, ct) => signer.KeepSignatureAsync(task.Instance, task.Roster.Set, value.ReportDigest, signature, ct),
            KeepAttested = (value, signatures, ct) => signer.KeepAttestedAsync(task.Instance, task.Roster.Set, value.ReportDigest, signatures, ct),
        };
        var driver = new RoundDriver(context, work, store, outbox, options, logger);
        _running.Add((task, driver));
        _running.Sort(static (a, b) => (a.Task.Instance.Generation, a.Task.Instance.Epoch).CompareTo((b.Task.Instance.Generation, b.Task.Instance.Epoch)));
        inbox.Attach(driver);
        driver.Start(listen);
    }

    private async Task<Cut?> FindCancelledCutAsync(RoundInstance instance, CancellationToken ct) =>
        await reports.FindEarlierAsync((long)instance.Epoch.Value, (long)instance.Generation.Value, ct) is { } cancelled ? Cut.Parse(cancelled.Cut) : null;

    private async Task<bool> KeepAsync(EpochTask task, RoundValue value, CancellationToken ct)
    {
        if (await desk.ComputeAsync(task, value.Cut, ct) is not { } outcome) return false;
        if (outcome.Report.Digest.Value != value.ReportDigest)
        {
            throw new InvalidOperationException(
                $"{task.Instance} decided report {value.ReportDigest}, computed here as {outcome.Report.Digest.Value}: this operator cannot follow until the rule, data or version that differs is found.");
        }

        var began = OracleTraces.Source.Begin();
        await desk.KeepAsync(task, value.Cut, outcome, ct);
        OracleTraces.Judged(began, view.Facts.Id, outcome, keys.Address);
        return true;
    }
}
