using System.Globalization;
using System.Numerics;
using DePin.Storage.Read;

namespace DePin.Api.Operators;

/// <summary>What an operator should know about its standing, its reports and its process, each with why it is so and what to do.</summary>
internal static class OperatorNotices
{
    private const string Alerts = "docs/alerts.md#";

    /// <summary>Reports of its set in a row without its signature after which it is told: by chance alone that hardly happens.</summary>
    private const int Silent = 4;

    public static IReadOnlyList<NoticeView> Of(OperatorStanding s, OwnOperatorRow row, OperatorMoment moment, OperatorRules rules)
    {
        var notices = new List<NoticeView>();
        switch (s.State)
        {
            case "slashed":
                notices.Add(new("bad", "slashed", "The bond was slashed", "The key signed two different reports for one epoch and generation; somebody proved it on chain, and the bond is gone.",
                    "Stop every process with these keys. The key signs no more; to operate again, make new keys and register anew: depin operator init, depin operator register.", Alerts + "operatoralarm"));
                break;
            case "withdrawn":
                notices.Add(new("info", "withdrawn", "The bond was taken back", "This operator has left for good: a key that left does not come back.", "To operate again, make new keys and register anew: depin operator init, depin operator register.", null));
                break;
            case "withdrawable":
                notices.Add(new("warn", "withdrawable", "The bond can be taken", $"Its thaw ended {Date(row.ExitAt)}, and nothing locks it.", "Withdraw it below.", null));
                break;
            case "thawing":
                notices.Add(new("info", "thawing", "The bond thaws", $"The thaw was asked for; it ends {Date(row.ExitAt)} of chain time.", "Wait, then withdraw it below.", null));
                break;
            case "left":
                notices.Add(s.LockedByEpoch is { } epoch
                    ? new("info", "left", "In no set any more", Say($"The bond is locked until epoch {epoch}, the last that it could sign, is final; the newest final epoch is {moment.Progress.LastFinal}."), "Wait, then ask for the bond below.", null)
                    : new("warn", "left", "In no set any more", "Every epoch that it could sign is final: nothing locks the bond.", $"Ask for the bond below{Thaw(rules)}.", null));
                break;
            case "waiting":
                notices.Add(new("warn", "waiting", "In no set yet", "It is registered and has its bond, but the owner of the registry has scheduled no set with it.",
                    "Ask the owner: depin operator schedule --add <report key>. Or take the bond back: ask for it below.", "docs/journeys.md"));
                break;
            case "joins":
                notices.Add(new("info", "joins", Say($"Signs from epoch {s.SignsFrom} on"), "A set with it is scheduled.", "Let its process run now, so that it has the lanes of its peers when the epoch begins.", null));
                break;
            case "leaves":
                notices.Add(new("warn", "leaves", Say($"Signs until epoch {s.SignsUntil}"), "A set without it is scheduled.", Say($"Keep its process running until epoch {s.SignsUntil} is final; then ask for the bond below."), null));
                break;
            default:
                notices.Add(new("good", "signs", "In the set", Say($"It signs since epoch {s.SignsFrom}, and no set without it is scheduled."), null, null));
                break;
        }

        if (s.State is "signs" or "leaves" or "joins" && EndpointLook.Root(row.Endpoint) is null)
            notices.Add(new("bad", "endpoint", "The end point is no address", "What is registered is not http(s)://host[:port]: devices and peers cannot reach it, and its lane is not acknowledged.", "Register another end point below.", Alerts + "laneuncertified"));
        if (s.State is "signs" or "leaves" or "joins" or "waiting" && rules.MinimumBond is { } least && BigInteger.Parse(row.Bond, CultureInfo.InvariantCulture) is var bond && bond < least)
            notices.Add(new("warn", "bond", "The bond is below the least", $"It is {rules.Tokens(bond)}; the registry asks {rules.Tokens(least)} of who registers now.", "Add to it below.", null));
        return Sorted(notices);
    }

    public static IReadOnlyList<NoticeView> Of(IReadOnlyList<OwnReportRow> reports)
    {
        var notices = new List<NoticeView>();
        var own = reports.Where(r => r.Status != "cancelled" && r.Place is not null).Take(Silent).ToList();
        if (own.Count == Silent && own.TrueForAll(r => !r.HasSigned))
        {
            notices.Add(new("bad", "silent", Say($"None of the last {Silent} reports carries its signature"),
                "A report carries a quorum of signatures, taken in turn; to be left out of so many hardly happens to an operator that signs in time.",
                "Look at its process above. If it is well, look at its log for stages that fail, and whether its peers reach its end point.", Alerts + "operatordown"));
        }

        foreach (var r in reports.Where(r => r.Status == "challenged").Take(3))
        {
            notices.Add(new("bad", "challenged", Say($"The report of epoch {r.Epoch} is challenged"), Say($"{r.Challenger} put a bond on its being wrong. The arbiter may cancel it; if it is silent, the report stands."),
                Say($"Recompute it on another machine: depin audit --epoch {r.Epoch}. If it is right, say so to the arbiter; if it is wrong, compare versions."), Alerts + "networkalarm"));
        }

        foreach (var r in reports.Where(r => r.Status == "cancelled").Take(3))
        {
            notices.Add(new("warn", "cancelled", Say($"A report of epoch {r.Epoch} was cancelled"), r.CancelReason == 2 ? "Its reward tree was proven wrong." : "The arbiter cancelled it.",
                r.HasSigned ? "It carries your signature: find out why your node computed the same, before it signs the next generation." : "Nothing, if your node computed another.", Alerts + "networkalarm"));
        }

        return Sorted(notices);
    }

    public static IReadOnlyList<NoticeView> Of(string reportKey, ProcessAnswerView health, ProcessAnswerView ready)
    {
        var notices = new List<NoticeView>();
        if (health.Status is null)
        {
            notices.Add(new("bad", "process-down", "Its process does not answer", $"{health.Problem} (asked for /health at its registered end point).",
                "Start it again, and open its port to the outside: nothing that has a receipt is lost. If it listens elsewhere, register that end point below.", Alerts + "operatordown"));
            return notices;
        }

        if (health.Problem is { } unreadable) notices.Add(new("bad", "process-strange", "What answers is no operator", $"{unreadable} (asked for /health at its registered end point).", "Is another program behind that address? Register the right end point below.", Alerts + "operatordown"));
        switch (health.State)
        {
            case null or "ok":
                break;
            case "halted":
                notices.Add(new("bad", "halted", "Its chain follower halted", health.Why ?? "", "Compare nodes; if the chain really dropped finalized blocks: stop the host, depin index rebuild --promote --database …, start it.", Alerts + "mirrorhalted"));
                break;
            case "signer unreachable":
                notices.Add(new("bad", "signer-unreachable", "Its signer does not answer", health.Why ?? "", "Start the signer: depin signer run.", Alerts + "operatoralarm"));
                break;
            case "no quorum":
                notices.Add(new("bad", "no-quorum", "Its JSON-RPC providers do not agree", health.Why ?? "", "Look at its /health for who is down or disagrees, and replace that provider.", Alerts + "noquorumofproviders"));
                break;
            default:
                notices.Add(new("warn", "process-state", $"It says: {health.State}", health.Why ?? "", null, null));
                break;
        }

        if (ready.Status is not (>= 200 and < 300)) notices.Add(new("warn", "not-ready", "It takes no proofs", ready.Why ?? ready.Problem ?? Say($"/ready answers {ready.Status}."), "Wait while it starts; else look at its log.", Alerts + "chainbehind"));
        else if (ready.Operator is { } other && !string.Equals(other, reportKey, StringComparison.OrdinalIgnoreCase))
            notices.Add(new("bad", "another-operator", "Another operator answers there", $"The process at this end point has the report key {other}.", "Register the right end point below, or start the process with the right keys.", null));
        else if (ready.Epoch - ready.NextReport >= 2)
            notices.Add(new("warn", "report-overdue", "The network's report is overdue", Say($"Epoch {ready.Epoch} runs, and the chain still expects the report of epoch {ready.NextReport}."), "Ask the other operators; look at its log for views that change and reports that do not land.", Alerts + "reportoverdue"));
        if (notices.Count == 0) notices.Add(new("good", "process", "Its process answers", "It takes proofs, and nothing keeps it from signing.", null, null));
        return Sorted(notices);
    }

    private static IReadOnlyList<NoticeView> Sorted(List<NoticeView> notices) => [.. notices.OrderBy(n => n.Level switch { "bad" => 0, "warn" => 1, "info" => 2, _ => 3 })];

    private static string Say(FormattableString text) => FormattableString.Invariant(text);

    private static string Date(long seconds) => OperatorStanding.Time(seconds).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    private static string Thaw(OperatorRules rules) => rules.ThawSeconds is { } seconds ? Say($"; it thaws for {seconds / 3600.0:0.#} hours of chain time, then it can be taken") : "";
}
