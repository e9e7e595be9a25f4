using System.Globalization;
using DePin.Adversaries;
using DePin.DataSets;
using DePin.Protocol.Verification;
using DePin.Protocol.Verification.Sensing;
using DePin.Protocol.Verification.Wireless;

namespace DePin.ClassReport;

/// <summary>How honest rows fared.</summary>
/// <param name="Proofs">Rows sent.</param>
/// <param name="Accepted">Of them accepted.</param>
/// <param name="Inconclusive">Of them without judgement: earns nothing, is no fault.</param>
/// <param name="SensorFaults">Rejected for what is a fault of the sensor, not of the rule: stuck and spiking values, a gateway's clock.</param>
/// <param name="Rejected">Rejected for anything else: false rejects.</param>
/// <param name="Quality">Mean quality of the accepted.</param>
/// <param name="Reasons">Count by reason, accepted left out, most frequent first.</param>
public sealed record HonestFigures(int Proofs, int Accepted, int Inconclusive, int SensorFaults, int Rejected, double Quality, IReadOnlyList<KeyValuePair<string, int>> Reasons);

/// <summary>How an adversary fared.</summary>
/// <param name="Name">Which.</param>
/// <param name="Meaning">What it does.</param>
/// <param name="Altered">Statements it had a hand in.</param>
/// <param name="Rejected">Of them rejected.</param>
/// <param name="Inconclusive">Of them left without pay or fault.</param>
/// <param name="DetectedShare">Share of the credit (quality of what is accepted) of the honest originals that the altered statements lose; of additional statements, of full credit.</param>
/// <param name="IncomeKept">The adversaries' weight against what they earn honestly.</param>
/// <param name="OthersHarmed">Share of the others' accepted statements that are no longer accepted.</param>
/// <param name="Reasons">Count by reason among the altered ones, most frequent first.</param>
public sealed record AdversaryFigures(
    string Name, string Meaning, int Altered, int Rejected, int Inconclusive, double DetectedShare, double? IncomeKept, double OthersHarmed, IReadOnlyList<KeyValuePair<string, int>> Reasons);

/// <summary>The figures of one data set.</summary>
/// <param name="Set">Its name.</param>
/// <param name="Class">Its class.</param>
/// <param name="Days">Epochs run.</param>
/// <param name="Devices">Devices in it.</param>
/// <param name="Honest">Honest rows.</param>
/// <param name="Adversaries">Adversaries, in the order of the list.</param>
/// <param name="OrderIndependent">Whether reversing and doubling the evidence (M19, M20) left every root the same.</param>
public sealed record SetFigures(
    string Set, string Class, int Days, int Devices, HonestFigures Honest, IReadOnlyList<AdversaryFigures> Adversaries, bool OrderIndependent);

/// <summary>Runs a data set through the engine, honestly and with each adversary.</summary>
public static class Measurement
{
    // Every so many-th device is an adversary.
    private const int AdversaryEvery = 4;

    // Of sensing: values that stick or spike. Of wireless: a gateway whose own clock is wrong.
    private static readonly ushort[] SensingFaults = [SensingReason.Stuck, SensingReason.Spike], WirelessFaults = [WirelessReason.ReceiveTimeMismatch];

    /// <summary>Measures; <paramref name="days"/> limits the epochs; only the adversaries whose name is <paramref name="wanted"/> are run.</summary>
    public static SetFigures Run(DataSet set, int days, Func<string, bool> wanted)
    {
        days = Math.Min(days, set.Days);
        var sensing = set.Devices[0].Class == EnvironmentSensing.ClassId;
        ClassDescriptor descriptor = sensing ? new EnvironmentSensing(new SensingParameters()).Descriptor : new WirelessCoverage(new WirelessParameters()).Descriptor;
        var names = descriptor.Reasons.ToDictionary(reason => reason.Id, reason => reason.Name);
        string Name(ushort reason) => reason < RejectReasons.FirstOfClass ? ((RejectReason)reason).ToString() : names[reason];

        var honest = Play(new Laboratory(set), days);
        var fates = honest.SelectMany(result => result.Fates).ToList();
        var rejected = fates.Where(fate => fate.Verdict.Judgement == Judgement.Reject).ToList();
        var faults = rejected.Count(fate => (sensing ? SensingFaults : WirelessFaults).Contains(fate.Verdict.Reason));
        var figures = new HonestFigures(
            fates.Count, fates.Count(Accepted), fates.Count(fate => fate.Verdict.Judgement == Judgement.Inconclusive), faults, rejected.Count - faults,
            fates.Sum(Credit) / Math.Max(1, fates.Count(Accepted)), Reasons(fates, Name));
        var results = Adversarial(set, days, honest, wanted, Name);
        return new SetFigures(set.Name, descriptor.Name, days, set.Devices.Count, figures, results, OrderIndependent(set, Math.Min(days, 2)));
    }

    private static List<AdversaryFigures> Adversarial(DataSet set, int days, List<EpochResult> honest, Func<string, bool> wanted, Func<ushort, string> name)
    {
        var earning = Enumerable.Range(0, set.Devices.Count).Where(device => honest.Exists(result => result.Weights.GetValueOrDefault(device) > 0)).ToList();
        // Of few devices at least one.
        var who = earning.Where((_, n) => n % AdversaryEvery == AdversaryEvery - 1).ToHashSet();
        if (who.Count == 0) who = [.. earning.TakeLast(1)];
        var results = new List<AdversaryFigures>();
        foreach (var adversary in Frauds.Of(set.Devices[0].Class).Where(adversary => wanted(adversary.Name)))
        {
            var most = adversary.Days == 0 ? days : Math.Min(days, adversary.Days);
            var run = Play(new Laboratory(new Cast(set, [(adversary, who)]), adversary.Signing), most);
            results.Add(Compare(adversary.Name, adversary.Meaning, who, [.. honest.Take(most)], run, adversary.Extra, name));
        }
        return results;
    }

    private static AdversaryFigures Compare(
        string title, string meaning, HashSet<int> who, List<EpochResult> honest, List<EpochResult> run, bool extra, Func<ushort, string> name)
    {
        var altered = run.SelectMany(result => result.Fates).Where(fate => fate.Altered).ToList();
        var others = run.SelectMany(result => result.Fates).Count(fate => !who.Contains(fate.Device) && Accepted(fate));
        var othersBefore = honest.SelectMany(result => result.Fates).Count(fate => !who.Contains(fate.Device) && Accepted(fate));
        // Statements that replace rows are measured against the acceptance of those rows; additional ones against all.
        var originals = honest.SelectMany(result => result.Fates).Where(fate => who.Contains(fate.Device)).ToList();
        var rate = extra || originals.Count == 0 ? 1 : originals.Sum(Credit) / originals.Count;
        var detected = altered.Count == 0 ? 0 : Math.Max(0, 1 - altered.Sum(Credit) / (rate * altered.Count));
        double before = Income(honest, who), after = Income(run, who);
        return new AdversaryFigures(
            title, meaning, altered.Count, altered.Count(fate => fate.Verdict.Judgement == Judgement.Reject),
            altered.Count(fate => fate.Verdict.Judgement == Judgement.Inconclusive), detected, before == 0 ? null : after / before,
            othersBefore == 0 ? 0 : Math.Max(0, 1 - others / (double)othersBefore), Reasons(altered, name));
    }

    private static double Income(List<EpochResult> results, HashSet<int> who) => results.Sum(result => who.Sum(device => (double)result.Weights.GetValueOrDefault(device)));

    private static bool OrderIndependent(DataSet set, int days)
    {
        var (straight, other) = (new Laboratory(set), new Laboratory(set));
        for (var day = 0; day < days; day++)
        {
            var first = straight.Run(straight.Sign(day)).Root;
            var proofs = other.Sign(day);
            proofs.Reverse();
            // In two pieces that overlap, back to front.
            if (other.Run([.. proofs.Skip(proofs.Count / 3), .. proofs.Take(proofs.Count / 2)]).Root != first) return false;
        }
        return true;
    }

    private static List<EpochResult> Play(Laboratory lab, int days)
    {
        var results = new List<EpochResult>();
        for (var day = 0; day < days; day++) results.Add(lab.Run(lab.Sign(day)));
        return results;
    }

    // A proof of several values may keep part of its credit.
    private static double Credit(Judged fate) => Accepted(fate) ? fate.Verdict.QualityPpm / 1e6 : 0;

    private static bool Accepted(Judged fate) => fate.Verdict.Judgement == Judgement.Accept;

    private static IReadOnlyList<KeyValuePair<string, int>> Reasons(IEnumerable<Judged> fates, Func<ushort, string> name) =>
        [.. fates.Where(fate => !Accepted(fate)).GroupBy(fate => (fate.Verdict.Judgement, fate.Verdict.Reason))
            .OrderByDescending(group => group.Count()).ThenBy(group => group.Key.Reason)
            .Select(group => KeyValuePair.Create(string.Create(CultureInfo.InvariantCulture, $"{name(group.Key.Reason)}{(group.Key.Judgement == Judgement.Inconclusive ? " (inconclusive)" : "")}"), group.Count()))];
}
