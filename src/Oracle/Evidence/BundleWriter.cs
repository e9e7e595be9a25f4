using System.Security.Cryptography;
using DePin.Cryptography;
using DePin.Mirror;
using DePin.Oracle.Score;
using DePin.Protocol;
using DePin.Protocol.Epochs;
using DePin.Protocol.Evidence;
using DePin.Protocol.Lanes;
using DePin.Protocol.Registry;
using DePin.Protocol.Reports;
using DePin.Protocol.State;
using DePin.Storage.Oracle;

namespace DePin.Oracle.Evidence;

/// <summary>Puts the evidence bundle of a decided report together from mirror, lanes and the parent's row, and stores it in pieces.</summary>
public sealed class BundleWriter(ReportStore reports, BundleStore bundles, MirrorReader mirror, EvidenceReader evidence, NetworkParameters parameters)
{
    /// <summary>Writes the bundle of a report; false while an input is missing here.</summary>
    public async Task<bool> WriteAsync(ReportRow row, CancellationToken ct)
    {
        var report = Protocol.Reports.Report.Parse(row.Report);
        if (await mirror.FindConfigAsync(report.Epoch, report.AnchorNumber, ct) is not { } config || config.Digest != report.Config)
        {
            if ((config = await mirror.FindConfigAsync(report.Epoch, null, ct)) is null || config.Digest != report.Config) return false;
        }

        var (previousCut, previousState) = await ReadParentAsync(report, config, ct);
        if (previousCut is null) return false;
        var cut = Cut.Parse(row.Cut);
        if (await ReadBatchesAsync(config, previousCut, cut, ct) is not { } batches) return false;
        var snapshot = await mirror.SnapshotAtAsync(config, report.Epoch, report.PeriodStart, report.AnchorNumber, ct);
        var window = new EpochWindow(report.Epoch, report.Generation, report.PeriodStart, report.PeriodEnd, report.Previous);
        var attested = AttestedReport.From(report, config, await ReadSignaturesAsync(row.Digest, config, ct));
        var bundle = EvidenceBundle.Create(window, previousState, snapshot, parameters, previousCut, cut, batches, attested);

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long length = 0;
        await bundles.AddAsync(row.Digest, row.Epoch, row.Generation, Cutter.Cut(Hashed(), BundleStore.PieceSize),
            () => (new Bytes32(hash.GetHashAndReset()), length), ct);
        return true;

        IEnumerable<ReadOnlyMemory<byte>> Hashed()
        {
            foreach (var part in bundle.Encode())
            {
                hash.AppendData(part.Span);
                length += part.Length;
                yield return part;
            }
        }
    }

    private async Task<(Cut? Cut, NetworkState State)> ReadParentAsync(Protocol.Reports.Report report, NetworkConfig config, CancellationToken ct)
    {
        var operators = config.Operators.Select(o => o.ReportSigner);
        if (report.Previous == ReportDigest.None) return (Cut.Empty(operators), NetworkState.Genesis);
        return await reports.FindAsync(report.Previous.Value, ct) is { } parent
            ? (Cut.Parse(parent.Cut).Over(operators), NetworkState.Parse(parent.State))
            : (null, NetworkState.Genesis);
    }

    private async Task<List<Protocol.Lanes.Batch>?> ReadBatchesAsync(NetworkConfig config, Cut previous, Cut cut, CancellationToken ct)
    {
        var batches = new List<Protocol.Lanes.Batch>();
        foreach (var lane in cut.Lanes)
        {
            if (await evidence.ReadLaneAsync(config.NetworkId, previous.Of(lane.Operator), lane, ct) is not { } read) return null;
            batches.AddRange(read);
        }

        return batches;
    }

    private async Task<List<KeyValuePair<int, CompactSignature>>> ReadSignaturesAsync(Bytes32 digest, NetworkConfig config, CancellationToken ct)
    {
        var places = config.Operators.Select((keys, place) => (keys.ReportSigner, place)).ToDictionary(o => o.ReportSigner, o => o.place);
        return [.. (await reports.GetAttestationsAsync(digest, ct)).Where(a => places.ContainsKey(a.Signer))
            .Select(a => KeyValuePair.Create(places[a.Signer], new CompactSignature(a.Signature)))];
    }
}

/// <summary>Cuts a sequence of parts into pieces of one size, the last one shorter.</summary>
internal static class Cutter
{
    public static IEnumerable<ReadOnlyMemory<byte>> Cut(IEnumerable<ReadOnlyMemory<byte>> parts, int size)
    {
        var piece = new byte[size];
        var filled = 0;
        foreach (var part in parts)
        {
            for (var rest = part; rest.Length > 0;)
            {
                var taken = Math.Min(rest.Length, size - filled);
                rest[..taken].CopyTo(piece.AsMemory(filled));
                rest = rest[taken..];
                filled += taken;
                if (filled < size) continue;
                yield return piece;
                filled = 0;
            }
        }

        if (filled > 0) yield return piece.AsMemory(0, filled);
    }
}
