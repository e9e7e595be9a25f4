using System.Globalization;
using DePin.Cryptography;
using DePin.Mirror;
using DePin.Protocol;
using DePin.Protocol.Epochs;
using DePin.Protocol.Evidence;
using DePin.Protocol.Reports;
using DePin.Protocol.State;
using DePin.Protocol.Verification;
using DePin.Storage.Evidence;

namespace DePin.Indexer;

/// <summary>What the importer last did.</summary>
/// <param name="Imported">Newest imported epoch; null before the first.</param>
/// <param name="Waiting">Final epochs that are not imported yet.</param>
/// <param name="Problem">Why the next one is not; null when nothing is wrong.</param>
public sealed record ImportStatus(ulong? Imported, int Waiting, string? Problem);

/// <summary>
/// Publishes final epochs: fetches the evidence bundle from any operator, compares everything in it that could be made up with the own mirror
/// (report, parent's state, registry snapshot), computes the epoch anew, and writes leaves, lines and verdicts only if the report comes out to the byte.
/// </summary>
public sealed partial class EvidenceImporter(
    MirrorReader reader, EvidenceStore store, IEvidenceSource source, ClassCatalog catalog, NetworkId network, TimeProvider time, ILogger<EvidenceImporter> logger)
{
    private ImportStatus _status = new(null, 0, null);

    /// <summary>What it last did.</summary>
    public ImportStatus Status => Volatile.Read(ref _status);

    /// <summary>Imports the next final epoch, if there is one. False when there is none or nobody gives a good bundle of it.</summary>
    public async Task<bool> StepAsync(CancellationToken ct)
    {
        var last = await store.GetLastAsync(network, ct);
        var waiting = await reader.GetFinalReportsAfterAsync(last ?? new Epoch(0), ct);
        if (waiting.Count == 0)
        {
            Volatile.Write(ref _status, new ImportStatus(last?.Value, 0, null));
            return false;
        }

        var began = ImportTraces.Source.Begin();
        var report = waiting[0];
        var parent = await ReadParentAsync(report, ct);
        var problems = new List<string>();
        await foreach (var candidate in source.FetchAsync(report, ct))
        {
            var (outcome, problem) = candidate.Bytes is { } bytes ? await TryImportAsync(report, parent, bytes, ct) : (null, candidate.Problem);
            if (outcome is not null)
            {
                ImportTraces.Imported(began, network, report.Digest, outcome);
                Volatile.Write(ref _status, new ImportStatus(report.Epoch.Value, waiting.Count - 1, null));
                LogImported(report.Epoch.Value, candidate.From);
                return true;
            }

            problems.Add($"{candidate.From}: {problem}");
            LogRefused(report.Epoch.Value, candidate.From, problem ?? "");
        }

        var why = problems.Count == 0 ? "no operator is known" : string.Join("; ", problems);
        Volatile.Write(ref _status, new ImportStatus(last?.Value, waiting.Count, string.Create(CultureInfo.InvariantCulture, $"Epoch {report.Epoch.Value}: {why}")));
        return false;
    }

    /// <summary>The report of the epoch before, whose state root the bundle must start from; null for the first epoch.</summary>
    private async Task<Report?> ReadParentAsync(MirroredReport report, CancellationToken ct)
    {
        if (report.Epoch == Epoch.First) return null;
        var parents = await reader.GetReportsAsync(new Epoch(report.Epoch.Value - 1), ct);
        return Report.Parse(parents.Single(p => p.Status == "final").Bytes);
    }

    /// <summary>What the epoch came to, if it is imported; else what is wrong with the bundle.</summary>
    private async Task<(EpochOutcome? Outcome, string? Problem)> TryImportAsync(MirroredReport report, Report? parent, ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        EvidenceBundle bundle;
        AuditResult audit;
        try
        {
            bundle = EvidenceBundle.Parse(bytes);
            if (bundle.Report.Report.Digest.Value != report.Digest) return (null, $"its report is {bundle.Report.Report.Digest}, the chain's {report.Digest}");
            var expectedState = parent?.StateRoot ?? NetworkState.Genesis.Root;
            if (bundle.PreviousState.Root != expectedState) return (null, $"its previous state is {bundle.PreviousState.Root}, the parent's {expectedState}");
            var config = await reader.FindConfigAsync(report.Epoch, null, ct);
            if (config is null || config.Digest != bundle.Report.Report.Config) return (null, $"its config is {bundle.Report.Report.Config}, the chain's {config?.Digest}");
            var window = bundle.Report.Report;
            var snapshot = await reader.SnapshotAtAsync(config, report.Epoch, window.PeriodStart, window.AnchorNumber, ct);
            if (snapshot.Hash != bundle.Snapshot.Hash) return (null, $"its registry snapshot is {bundle.Snapshot.Hash}, the mirror's at block {window.AnchorNumber} {snapshot.Hash}");
            audit = await Task.Run(() => EpochAudit.Run(catalog, bundle), ct);
        }
        catch (Exception error) when (error is EvidenceException or Protocol.Canonical.CanonicalFormatException or EpochInputException or Protocol.Parameters.ParameterException or ArgumentException)
        {
            return (null, error.Message);
        }

        if (!audit.Matches) return (null, string.Join(", ", audit.Differences.Select(d => $"{d.Field} comes out as {d.Recomputed} and was attested as {d.Attested}")));
        await store.WriteAsync(bundle, audit.Outcome, Sha256.Hash(bytes.Span), bytes.Length, time.GetUtcNow(), ct);
        return (audit.Outcome, null);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Imported the evidence of epoch {Epoch} from {Source}")]
    private partial void LogImported(ulong epoch, string source);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Did not import the evidence of epoch {Epoch} from {Source}: {Problem}")]
    private partial void LogRefused(ulong epoch, string source, string problem);
}
