using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using DePin.Protocol.Evidence;
using DePin.Protocol.Reports;
using DePin.Protocol.Verification;

namespace DePin.Cli.Network;

/// <summary><c>depin audit</c>: recomputes an epoch from device-signed evidence and compares it with what was signed and what the chain holds.</summary>
public static class AuditCommands
{
    private static readonly Option<long?> Epoch = new("--epoch", "-e") { Description = "Epoch to audit (default: the newest final one)" };
    private static readonly Option<string?> Bundle = new("--bundle", "-b") { Description = "Evidence bundle in a file; without one it is fetched from the operators" };
    private static readonly Option<string?> Save = new("--save") { Description = "Keep the fetched bundle in this file" };
    private static readonly Option<bool> Offline = new("--offline") { Description = "Ask no chain: only whether the report follows from the bundle and is signed by a quorum" };

    private sealed record Check(string What, bool Holds, string Detail);

    /// <summary>The command.</summary>
    public static Command Create() => new Command("audit", "Recompute an epoch from its evidence and compare the report with the chain's, byte for byte")
    {
        Epoch, Bundle, Save, Offline, NetworkOptions.Manifest, NetworkOptions.Rpc,
    }.Does(AuditAsync);

    private static async Task<int> AuditAsync(ParseResult parsed, Output output, CancellationToken ct)
    {
        var offline = parsed.GetValue(Offline);
        if (offline && parsed.GetValue(Bundle) is null) throw new CliException("--offline needs the evidence in a file: pass --bundle.", ExitCodes.Usage);
        var settlement = offline ? null : await Settlement.OpenAsync(parsed, ct).ConfigureAwait(false);
        var bytes = parsed.GetValue(Bundle) is { } file ? await File.ReadAllBytesAsync(file, ct).ConfigureAwait(false) : await EvidenceDownload.FetchAsync(output, settlement!, (ulong?)parsed.GetValue(Epoch), ct).ConfigureAwait(false);
        if (parsed.GetValue(Save) is { } keep) await File.WriteAllBytesAsync(keep, bytes, ct).ConfigureAwait(false);
        var bundle = EvidenceBundle.Parse(bytes);
        var start = Stopwatch.GetTimestamp();
        var result = await output.WaitAsync($"recomputing epoch {bundle.Window.Epoch}", _ => Task.Run(() => EpochAudit.Run(BuiltInClasses.Catalog, bundle), ct)).ConfigureAwait(false);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;

        var checks = new List<Check>
        {
            new("the report follows from the evidence", result.Matches, string.Join("; ", result.Differences.Select(d => $"{d.Field}: recomputed {d.Recomputed}, attested {d.Attested}"))),
            new("a quorum of the config's operators signed it", result.Attestation == AttestationFault.None, result.Attestation == AttestationFault.None ? "" : result.Attestation.ToString()),
        };
        if (settlement is not null) checks.AddRange(await CompareWithChainAsync(settlement, bundle, ct).ConfigureAwait(false));
        var holds = checks.TrueForAll(c => c.Holds);
        var report = bundle.Report.Report;
        var verdicts = result.Outcome.Verdicts;
        output.Answer(
            new
            {
                epoch = report.Epoch.Value,
                generation = report.Generation.Value,
                holds,
                rewardsRoot = result.Outcome.Report.RewardsRoot,
                reportDigest = result.Outcome.Report.Digest.Value,
                proofs = verdicts.Length,
                accepted = verdicts.Count(v => v.Verdict.Judgement == Judgement.Accept),
                allocated = result.Outcome.Allocated,
                budget = result.Outcome.Budget,
                replay = bundle.Parameters.Replay.Select(r => new { set = r.Name, shiftSeconds = r.ShiftSeconds, days = r.Days }),
                seconds,
                checks,
            },
            [
                string.Create(CultureInfo.InvariantCulture, $"epoch {report.Epoch}, generation {report.Generation}: {verdicts.Length:N0} proofs judged anew in {seconds:0.0} s"),
                $"rewards root {result.Outcome.Report.RewardsRoot}",
                $"report       {result.Outcome.Report.Digest}",
                .. bundle.Parameters.Replay.Select(r => string.Create(CultureInfo.InvariantCulture, $"replayed     {r.Name}, shifted by {r.ShiftSeconds / 86_400} days and, lap by lap, by {r.Days} more")),
                .. checks.Select(c => $"{(c.Holds ? "yes" : "NO ")}  {c.What}{(c.Detail.Length > 0 ? $" ({c.Detail})" : "")}"),
                holds ? "The epoch is what its evidence says." : "The epoch is NOT what its evidence says.",
            ]);
        return holds ? ExitCodes.Success : ExitCodes.Refused;
    }

    private static async Task<IReadOnlyList<Check>> CompareWithChainAsync(ISettlementReader settlement, EvidenceBundle bundle, CancellationToken ct)
    {
        var report = bundle.Report.Report;
        var accepted = await settlement.FindAcceptedAsync(report.Epoch, ct).ConfigureAwait(false);
        var config = await settlement.GetConfigAsync(report.Epoch, ct).ConfigureAwait(false);
        var anchor = await settlement.FindBlockAsync(report.AnchorNumber, ct).ConfigureAwait(false);
        return
        [
            new("the chain accepted this very report", accepted?.Digest == report.Digest.Value, accepted is null ? settlement.WhyNoReport : accepted.Digest == report.Digest.Value ? "" : $"it holds {accepted.Digest}"),
            new("the chain holds this rewards root", accepted?.RewardsRoot == report.RewardsRoot, accepted is null ? "it holds none" : accepted.RewardsRoot == report.RewardsRoot ? "" : $"it holds {accepted.RewardsRoot}"),
            new("the config is the one in force", config == report.Config.Value, config == report.Config.Value ? "" : $"the chain has {config}"),
            new("the anchor is a block of the chain", anchor == report.AnchorHash, anchor is null ? "the node does not have it" : anchor == report.AnchorHash ? "" : $"the node has {anchor}"),
        ];
    }
}
