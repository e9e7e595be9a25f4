using System.Globalization;
using System.Text.Json.Nodes;
using DePin.Cli.Network;
using Spectre.Console;

namespace DePin.Cli.Dev;

/// <summary>What the running network looks like: a table for people, a line for each change otherwise. Everything comes from the API.</summary>
public sealed class LiveView(ApiClient api, Output output)
{
    private const int Rows = 8;
    private string lastLine = "";

    /// <summary>One epoch as shown.</summary>
    private sealed record Line(long Epoch, string Status, bool Judged, long Devices, long Accepted, long Rejected, long Inconclusive, string Reasons, string Cut, int Signatures, string Root, string Allocated);

    /// <summary>Shows until <paramref name="enough"/> (given the newest final epoch) says so or <paramref name="ended"/> throws; polls every second.</summary>
    public async Task RunAsync(Func<long, bool> enough, Func<string> sending, Action ended, CancellationToken ct)
    {
        if (output.IsInteractive)
        {
            await output.Console.Live(new Table()).StartAsync(async context =>
                await PollAsync(enough, ended, (head, lines) => context.UpdateTarget(Draw(head, sending(), lines)), ct).ConfigureAwait(false)).ConfigureAwait(false);
        }
        else
        {
            await PollAsync(enough, ended, (head, lines) => Print(head, sending(), lines), ct).ConfigureAwait(false);
        }
    }

    private async Task PollAsync(Func<long, bool> enough, Action ended, Action<JsonNode, List<Line>> show, CancellationToken ct)
    {
        while (true)
        {
            ended();
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

    private async Task<List<Line>> ReadLinesAsync(CancellationToken ct)
    {
        var lines = new List<Line>();
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
            lines.Add(new Line(epoch, Text(row, "status"), row["accepted"] is not null, Number(row, "devices"), Number(row, "accepted"), Number(row, "rejected"), Number(row, "inconclusive"), string.Join(", ", reasons),
                Short(Text(report, "evidenceRoot")), detail?["signers"]?.AsArray().Count ?? 0, Short(Text(report, "rewardsRoot")), Text(row, "allocated")));
        }

        return lines;
    }

    private static Panel Draw(JsonNode head, string sending, List<Line> lines)
    {
        var table = new Table().Border(TableBorder.Simple).Expand();
        foreach (var title in (string[])["epoch", "status", "devices", "accepted", "rejected", "inconclusive", "main reasons", "cut", "signatures", "root"]) table.AddColumn(title);
        foreach (var line in lines)
        {
            table.AddRow(
                Cell(line.Epoch),
                line.Status switch { "final" => "[green]final[/]", "cancelled" => "[red]cancelled[/]", var other => $"[yellow]{Markup.Escape(other)}[/]" },
                Cell(line, line.Devices), Cell(line, line.Accepted), Cell(line, line.Rejected), Cell(line, line.Inconclusive), Markup.Escape(line.Reasons), line.Cut, Cell(line.Signatures), line.Root);
        }

        return new Panel(table) { Header = new PanelHeader(Markup.Escape(Headline(head, sending))), Border = BoxBorder.Rounded };
    }

    private void Print(JsonNode head, string sending, List<Line> lines)
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

    // Verdicts are published once an epoch is final and its evidence was recomputed.
    private static string Cell(Line line, long value) => line.Judged ? Cell(value) : "·";

    private static string Cell(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Short(string hash) => hash.Length > 12 ? hash[..10] + "…" : hash;

    private static long Number(JsonNode? node, string name) => node?[name] is JsonValue value && value.TryGetValue<long>(out var number) ? number : 0;

    private static string Text(JsonNode? node, string name) => node?[name]?.ToString() ?? "";
}
