using System.Diagnostics;
using System.Globalization;
using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Tracing;

namespace DePin.Mirror;

/// <summary>
/// What a follower tells of blocks near the tip, once they are in its mirror: a report that was accepted, made final or cancelled in the trace of its epoch, a claim in that of its
/// transaction (docs/observability.md). A backfill tells of nothing: what it reads was news long ago.
/// </summary>
internal static class MirrorTraces
{
    /// <summary>Source <c>DePin.Mirror</c>.</summary>
    public static Tracer Source { get; } = new("DePin.Mirror");

    /// <summary>Tells of a range that was written.</summary>
    /// <param name="began">When its writing began; null where nobody listens.</param>
    /// <param name="mirror">Where it was written.</param>
    /// <param name="range">The blocks.</param>
    /// <param name="ct">Cancels.</param>
    public static async Task TellAsync(DateTimeOffset? began, ChainMirror mirror, BlockRange range, CancellationToken ct)
    {
        if (began is null) return;
        for (var i = 0; i < range.Logs.Count; i++)
        {
            if (KindOf(mirror.Network, range.Logs, i) is not { } kind) continue;
            if (kind is EventKind.Claimed) await TellClaimAsync(began, mirror, range.Logs, i, ct);
            else TellReport(began, mirror.Network, range.Logs, i, kind);
        }
    }

    private static EventKind? KindOf(MirroredNetwork network, LogBatch logs, int index)
    {
        var log = logs[index];
        return network.Find(logs, log).Event is { } definition
            && definition.Kind is EventKind.ReportAccepted or EventKind.ReportFinalized or EventKind.ReportCancelled or EventKind.Claimed ? definition.Kind : null;
    }

    private static void TellReport(DateTimeOffset? began, MirroredNetwork network, LogBatch logs, int index, EventKind kind)
    {
        var log = logs[index];
        var words = Words(logs, log);
        var epoch = words.TopicInt64(1);
        var (name, report) = kind switch
        {
            EventKind.ReportAccepted => ("epoch.accepted", words.TopicBytes32(3).ToString()),
            EventKind.ReportFinalized => ("epoch.final", words.TopicBytes32(2).ToString()),
            _ => ("epoch.cancelled", null),
        };
        Source.Tell(TraceIdentity.OfEpoch(new NetworkId(network.NetworkId), new Epoch((ulong)epoch)), new Span(name, began) { Kind = ActivityKind.Consumer },
            (Tags.Epoch, epoch), (Tags.Report, report), (Tags.Block, (long)log.BlockNumber), (Tags.Transaction, NameOf(logs, log)));
    }

    private static async Task TellClaimAsync(DateTimeOffset? began, ChainMirror mirror, LogBatch logs, int index, CancellationToken ct)
    {
        var log = logs[index];
        var root = Words(logs, log).Bytes32At(2);
        var epoch = await mirror.FindEpochOfRootAsync(root, ct);
        var words = Words(logs, log);
        Source.Tell(
            TraceIdentity.OfTransaction(TransactionOf(logs, log)),
            new Span("claim.mirrored", began) { Kind = ActivityKind.Consumer, Links = epoch is { } of ? [TraceIdentity.OfEpoch(new NetworkId(mirror.Network.NetworkId), of).ToLink()] : null },
            (Tags.Transaction, NameOf(logs, log)), (Tags.Block, (long)log.BlockNumber), (Tags.Account, new ChainAccount(mirror.Network.Kind, words.TopicAccount(1)).ToString()),
            (Tags.Amount, words.AmountAt(0).ToString(CultureInfo.InvariantCulture)), (Tags.Root, root.ToString()), (Tags.Epoch, (long?)epoch?.Value));
    }

    /// <summary>The transaction's hash; of a Solana signature its first 32 bytes.</summary>
    private static Bytes32 TransactionOf(LogBatch logs, in LogEntry log) => new(logs.TransactionHash(log).Span[..Bytes32.Size]);

    private static LogWords Words(LogBatch logs, in LogEntry log) => new(logs.Topics(log).Span, logs.Data(log).Span);

    /// <summary>As the chain's explorers write it.</summary>
    private static string NameOf(LogBatch logs, in LogEntry log)
    {
        var bytes = logs.TransactionHash(log).Span;
        return bytes.Length == Bytes32.Size ? new Bytes32(bytes).ToString() : Base58.Encode(bytes);
    }
}
