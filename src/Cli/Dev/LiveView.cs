using System.Globalization;
using DePin.Client;
using DePin.Cryptography;
using DePin.Protocol.Verification;

namespace DePin.Cli.Dev;

/// <summary>A network to look at.</summary>
/// <param name="Name">In front of its lines; empty where it is the only one.</param>
/// <param name="Api">About this network.</param>
/// <param name="Sending">What its replayer says.</param>
public sealed record NetworkView(string Name, IDePinApi Api, Func<string> Sending);

/// <summary>What the running networks look like: tables for people, a line for each change otherwise. Everything comes from the API.</summary>
public sealed class LiveView(IReadOnlyList<NetworkView> networks, Output output)
{
    private const int Rows = 8;
    private readonly Dictionary<NetworkView, string> lastLines = [];

    private sealed record Seen(NetworkTotals Totals, MirrorHead? Mirror, List<EpochLine> Lines)
    {
        // Final on chain, and its evidence recomputed by the indexer: only then is there something to show and to claim by.
        public long Final => (long)Math.Min(Totals.LastFinalEpoch.Value, Totals.LastImportedEpoch.Value);
    }

    /// <summary>Shows until <paramref name="enough"/> (given the newest epoch that is final on all) says so or <paramref name="tend"/> throws; polls every second.</summary>
    public async Task RunAsync(Func<long, bool> enough, Func<CancellationToken, Task> tend, CancellationToken ct)
    {
        var screen = output.IsInteractive ? new LiveScreen(Console.Out) : null;
        while (true)
        {
            await tend(ct).ConfigureAwait(false);
            var seen = await Task.WhenAll(networks.Select(async n => (Network: n, Seen: await LookAsync(n.Api, ct).ConfigureAwait(false)))).ConfigureAwait(false);
            if (screen is null)
            {
                foreach (var (network, known) in seen)
                {
                    if (known is not null) Print(network, known);
                }
            }
            else
            {
                // A pseudo-terminal that nobody sized says 0.
                var (width, height) = (Console.WindowWidth is > 0 and var w ? w : 80, Console.WindowHeight is > 0 and var h ? h : 24);
                screen.Show([.. seen.SelectMany(s => s.Seen is null
                    ? [Headline(s.Network, null)]
                    : LiveTable.Draw(Headline(s.Network, s.Seen), s.Seen.Lines, width - 1, (height - 2) / networks.Count))], width, height);
            }

            if (seen.All(s => s.Seen is not null) && enough(seen.Min(s => s.Seen!.Final))) return;
            await Task.Delay(TimeSpan.FromSeconds(1), ct).ConfigureAwait(false);
        }
    }

    private static async Task<Seen?> LookAsync(IDePinApi api, CancellationToken ct)
    {
        if (await TryAsync<Client.Network>(async () => await api.GetNetworkAsync(ct).ConfigureAwait(false)).ConfigureAwait(false) is not { } network) return null;
        var lines = await ReadLinesAsync(api, ct).ConfigureAwait(false);
        var indexer = await TryAsync<IndexerState>(async () => await api.GetIndexerAsync(ct).ConfigureAwait(false)).ConfigureAwait(false);
        return new Seen(network.Totals, indexer?.Mirror, lines);
    }

    private static async Task<List<EpochLine>> ReadLinesAsync(IDePinApi api, CancellationToken ct)
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

    private void Print(NetworkView network, Seen seen)
    {
        var lines = seen.Lines;
        var newest = lines.Count == 0
            ? "no report yet"
            : string.Join(" | ", lines.Where((l, i) => i == 0 || (l.Status == "final" && lines.FindIndex(x => x.Status == "final") == i)).Select(l => string.Create(CultureInfo.InvariantCulture,
                $"epoch {l.Epoch} {l.Status}{(l.Judged ? $": {l.Devices} devices, {l.Accepted} accepted, {l.Rejected} rejected, {l.Inconclusive} inconclusive" : "")}{(l.Reasons.Length > 0 ? $" ({l.Reasons})" : "")}, cut {l.Cut}, {l.Signatures} signatures, root {l.Root}")));
        if (lastLines.TryGetValue(network, out var last) && newest == last) return;
        lastLines[network] = newest;
        output.Remark($"{Headline(network, seen)} · {newest}");
    }

    private static string Headline(NetworkView network, Seen? seen)
    {
        var sending = network.Sending();
        return (network.Name.Length > 0 ? network.Name + ": " : "") + (seen is null ? "not indexed yet" : string.Create(CultureInfo.InvariantCulture,
            $"block {seen.Mirror?.BlockNumber ?? 0} (finalized {seen.Mirror?.FinalizedNumber ?? 0}), {seen.Totals.ActiveDevices} devices, {seen.Totals.Providers} providers{(sending.Length > 0 ? $", {sending}" : "")}"));
    }

    private static string Short(Bytes32? hash) => hash is { } known ? known.ToString()[..10] + "…" : "";
}
