using System.Globalization;
using DePin.Client;
using DePin.Cryptography;
using DePin.Protocol.Verification;

namespace DePin.Cli.Dev;

/// <summary>What the running network looks like: a table for people, a line for each change otherwise. Everything comes from the API.</summary>
public sealed class LiveView(IDePinApi api, Output output)
{
    private const int Rows = 8;
    private string lastLine = "";

    private sealed record Head(NetworkTotals Totals, MirrorHead? Mirror);

    /// <summary>Shows until <paramref name="enough"/> (given the newest final epoch) says so or <paramref name="tend"/> throws; polls every second.</summary>
    public async Task RunAsync(Func<long, bool> enough, Func<string> sending, Func<CancellationToken, Task> tend, CancellationToken ct)
    {
        if (!output.IsInteractive)
        {
            await PollAsync(enough, tend, (head, lines) => Print(head, sending(), lines), ct).ConfigureAwait(false);
            return;
        }

        var screen = new LiveScreen(Console.Out);
        await PollAsync(enough, tend, (head, lines) =>
        {
            // A pseudo-terminal that nobody sized says 0.
            var (width, height) = (Console.WindowWidth is > 0 and var w ? w : 80, Console.WindowHeight is > 0 and var h ? h : 24);
            screen.Show(LiveTable.Draw(Headline(head, sending()), lines, width - 1, height - 2), width, height);
        }, ct).ConfigureAwait(false);
    }

    private async Task PollAsync(Func<long, bool> enough, Func<CancellationToken, Task> tend, Action<Head, List<EpochLine>> show, CancellationToken ct)
    {
        while (true)
        {
            await tend(ct).ConfigureAwait(false);
            if (await TryAsync<Client.Network>(async () => await api.GetNetworkAsync(ct).ConfigureAwait(false)).ConfigureAwait(false) is { } network)
            {
                var lines = await ReadLinesAsync(ct).ConfigureAwait(false);
                var indexer = await TryAsync<IndexerState>(async () => await api.GetIndexerAsync(ct).ConfigureAwait(false)).ConfigureAwait(false);
                show(new Head(network.Totals, indexer?.Mirror), lines);
                // Final on chain, and its evidence recomputed by the indexer: only then is there something to show and to claim by.
                if (enough((long)Math.Min(network.Totals.LastFinalEpoch.Value, network.Totals.LastImportedEpoch.Value))) return;
            }

            await Task.Delay(TimeSpan.FromSeconds(1), ct).ConfigureAwait(false);
        }
    }

    private async Task<List<EpochLine>> ReadLinesAsync(CancellationToken ct)
    {
        var lines = new List<EpochLine>();
        if (await TryAsync<Page<EpochSummary>>(async () => await api.ListEpochsAsync(default, ListOrder.Newest, new PageRequest(Rows), ct).ConfigureAwait(false)).ConfigureAwait(false) is not { } page) return lines;
        foreach (var row in page.Items)
        {
            var detail = await TryAsync(() => api.FindEpochAsync(row.Epoch, ct)).ConfigureAwait(false);
            var reasons = (detail?.Reasons ?? [])
                .Where(r => r.Judgement != Judgement.Accept)
                .OrderByDescending(r => r.Proofs)
                .Take(3)
                .Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.ReasonName} {r.Proofs:N0}"));
            lines.Add(new EpochLine((long)row.Epoch.Value, row.Status.ToString().ToLowerInvariant(), row.Accepted is not null, row.Devices ?? 0, row.Accepted ?? 0, row.Rejected ?? 0, row.Inconclusive ?? 0, string.Join(", ", reasons),
                Short(detail?.Report.EvidenceRoot), detail?.Signers.Count ?? 0, Short(detail?.Report.RewardsRoot)));
        }

        return lines;
    }

    // What cannot be had now is shown as missing.
    private static async Task<T?> TryAsync<T>(Func<Task<T?>> ask)
        where T : class
    {
        try
        {
            return await ask().ConfigureAwait(false);
        }
        catch (ApiException)
        {
            return null;
        }
    }

    private void Print(Head head, string sending, List<EpochLine> lines)
    {
        var newest = lines.Count == 0
            ? "no report yet"
            : string.Join(" | ", lines.Where((l, i) => i == 0 || (l.Status == "final" && lines.FindIndex(x => x.Status == "final") == i)).Select(l => string.Create(CultureInfo.InvariantCulture,
                $"epoch {l.Epoch} {l.Status}{(l.Judged ? $": {l.Devices} devices, {l.Accepted} accepted, {l.Rejected} rejected, {l.Inconclusive} inconclusive" : "")}{(l.Reasons.Length > 0 ? $" ({l.Reasons})" : "")}, cut {l.Cut}, {l.Signatures} signatures, root {l.Root}")));
        if (newest == lastLine) return;
        lastLine = newest;
        output.Remark($"{Headline(head, sending)} · {newest}");
    }

    private static string Headline(Head head, string sending) => string.Create(CultureInfo.InvariantCulture,
        $"block {head.Mirror?.BlockNumber ?? 0} (finalized {head.Mirror?.FinalizedNumber ?? 0}), {head.Totals.ActiveDevices} devices, {head.Totals.Providers} providers{(sending.Length > 0 ? $", {sending}" : "")}");

    private static string Short(Bytes32? hash) => hash is { } known ? known.ToString()[..10] + "…" : "";
}
