using System.Globalization;
using System.Text.Json.Nodes;
using DePin.Cli.Network;

namespace DePin.Cli.Dev;

/// <summary>What the running network looks like: a table for people, a line for each change otherwise. Everything comes from the API.</summary>
public sealed class LiveView(ApiClient api, Output output)
{
    private const int Rows = 8;
    private string lastLine = "";

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

    private async Task PollAsync(Func<long, bool> enough, Func<CancellationToken, Task> tend, Action<JsonNode, List<EpochLine>> show, CancellationToken ct)
    {
        while (true)
        {
            await tend(ct).ConfigureAwait(false);
            if (await api.TryGetAsync("/v1/network", ct).ConfigureAwait(false) is { } network)
            {
                var lines = await ReadLinesAsync(ct).ConfigureAwait(false);
                var indexer = await api.TryGetAsync("/v1/indexer", ct).ConfigureAwait(false);
                var head = new JsonObject { ["totals"] = network["totals"]?.DeepClone(), ["indexer"] = indexer?.DeepClone() };
                show(head, lines);
                // Final on chain, and its evidence recomputed by the indexer: only then is there something to show and to claim by.
                if (enough(Math.Min(Number(network["totals"], "lastFinalEpoch"), Number(network["totals"], "lastImportedEpoch")))) return;
            }

            await Task.Delay(TimeSpan.FromSeconds(1), ct).ConfigureAwait(false);
        }
    }

    private async Task<List<EpochLine>> ReadLinesAsync(CancellationToken ct)
    {
        var lines = new List<EpochLine>();
        if (await api.TryGetAsync(string.Create(CultureInfo.InvariantCulture, $"/v1/epochs?limit={Rows}"), ct).ConfigureAwait(false) is not { } page) return lines;
        foreach (var row in page["items"]?.AsArray() ?? [])
        {
            if (row is null) continue;
            var epoch = Number(row, "epoch");
            var detail = await api.TryGetAsync(string.Create(CultureInfo.InvariantCulture, $"/v1/epochs/{epoch}"), ct).ConfigureAwait(false);
            var report = detail?["report"];
            var reasons = (detail?["reasons"]?.AsArray() ?? [])
                .Where(r => r is not null && Text(r, "judgement") is not "accept")
                .OrderByDescending(r => Number(r, "proofs"))
                .Take(3)
                .Select(r => string.Create(CultureInfo.InvariantCulture, $"{Text(r, "reasonName")} {Number(r, "proofs"):N0}"));
            lines.Add(new EpochLine(epoch, Text(row, "status"), row["accepted"] is not null, Number(row, "devices"), Number(row, "accepted"), Number(row, "rejected"), Number(row, "inconclusive"), string.Join(", ", reasons),
                Short(Text(report, "evidenceRoot")), detail?["signers"]?.AsArray().Count ?? 0, Short(Text(report, "rewardsRoot"))));
        }

        return lines;
    }

    private void Print(JsonNode head, string sending, List<EpochLine> lines)
    {
        var newest = lines.Count == 0
            ? "no report yet"
            : string.Join(" | ", lines.Where((l, i) => i == 0 || (l.Status == "final" && lines.FindIndex(x => x.Status == "final") == i)).Select(l => string.Create(CultureInfo.InvariantCulture,
                $"epoch {l.Epoch} {l.Status}{(l.Judged ? $": {l.Devices} devices, {l.Accepted} accepted, {l.Rejected} rejected, {l.Inconclusive} inconclusive" : "")}{(l.Reasons.Length > 0 ? $" ({l.Reasons})" : "")}, cut {l.Cut}, {l.Signatures} signatures, root {l.Root}")));
        if (newest == lastLine) return;
        lastLine = newest;
        output.Remark($"{Headline(head, sending)} · {newest}");
    }

    private static string Headline(JsonNode head, string sending)
    {
        var mirror = head["indexer"]?["mirror"];
        return string.Create(CultureInfo.InvariantCulture,
            $"block {Number(mirror, "blockNumber")} (finalized {Number(mirror, "finalizedNumber")}), {Number(head["totals"], "activeDevices")} devices, {Number(head["totals"], "providers")} providers{(sending.Length > 0 ? $", {sending}" : "")}");
    }

    private static string Short(string hash) => hash.Length > 12 ? hash[..10] + "…" : hash;

    private static long Number(JsonNode? node, string name) => node?[name] is JsonValue value && value.TryGetValue<long>(out var number) ? number : 0;

    private static string Text(JsonNode? node, string name) => node?[name]?.ToString() ?? "";
}
