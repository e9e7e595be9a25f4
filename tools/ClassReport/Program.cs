using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using DePin.ClassReport;
using DePin.DataSets;

var folder = new Argument<string?>("data") { Description = "Folder of data sets; without it the repository's own extracts.", DefaultValueFactory = static _ => null };
var sets = new Option<string[]>("--set") { Description = "Only sets of these names.", AllowMultipleArgumentsPerToken = true };
var days = new Option<int>("--days") { Description = "At most so many days of each set.", DefaultValueFactory = static _ => int.MaxValue };
var only = new Option<string[]>("--adversary") { Description = "Only adversaries of these names, for example M4.", AllowMultipleArgumentsPerToken = true };
var honest = new Option<bool>("--honest-only") { Description = "Leave the adversaries out." };
var json = new Option<bool>("--json") { Description = "Print JSON." };
var root = new RootCommand("Measures the resource classes on real data: false rejects on honest rows, and what each adversary gets away with.") { folder, sets, days, only, honest, json };
root.SetAction(result =>
{
    try
    {
        var chosen = DataFolder.Read(result.GetValue(folder) ?? DataFolder.Own());
        if (result.GetValue(sets) is { Length: > 0 } names) chosen = [.. chosen.Where(set => names.Contains(set.Name, StringComparer.Ordinal))];
        if (chosen.Count == 0) throw new InvalidDataException("No data set has that name; leave --set away to see all.");
        var figures = new List<SetFigures>();
        foreach (var set in chosen)
        {
            if (!result.GetValue(json)) Console.Error.WriteLine($"{set.Name}: {set.Devices.Count} devices, {set.Rows.Count} rows, {set.Days} days …");
            figures.Add(Measurement.Run(set, result.GetValue(days), name => !result.GetValue(honest) && (result.GetValue(only) is not { Length: > 0 } some || some.Contains(name, StringComparer.OrdinalIgnoreCase))));
            if (!result.GetValue(json)) Console.Write(Table(figures[^1]));
        }
        if (result.GetValue(json)) Console.WriteLine(JsonSerializer.Serialize(figures, Json.Options));
        return 0;
    }
    catch (Exception error) when (error is IOException or InvalidDataException)
    {
        Console.Error.WriteLine(error.Message);
        return 1;
    }
});
return root.Parse(args).Invoke();

static string Table(SetFigures figures)
{
    static string Percent(double share) => share.ToString("P2", CultureInfo.InvariantCulture);
    var text = new StringBuilder();
    var h = figures.Honest;
    text.AppendLine(CultureInfo.InvariantCulture, $"## {figures.Set} ({figures.Class}, {figures.Days} days, {figures.Devices} devices)").AppendLine();
    text.AppendLine("| honest rows | accepted | mean quality | inconclusive | sensor faults | falsely rejected | order and doubling change nothing (M19, M20) |").AppendLine("|---|---|---|---|---|---|---|");
    text.AppendLine(CultureInfo.InvariantCulture, $"| {h.Proofs} | {Percent(h.Accepted / (double)h.Proofs)} | {Percent(h.Quality)} | {Percent(h.Inconclusive / (double)h.Proofs)} | {h.SensorFaults} ({Percent(h.SensorFaults / (double)h.Proofs)}) | {h.Rejected} ({Percent(h.Rejected / (double)h.Proofs)}) | {(figures.OrderIndependent ? "yes" : "NO")} |").AppendLine();
    text.AppendLine(CultureInfo.InvariantCulture, $"Not accepted: {string.Join(", ", h.Reasons.Select(reason => $"{reason.Key} {reason.Value}"))}.").AppendLine();
    if (figures.Adversaries.Count == 0) return text.ToString();
    text.AppendLine("| adversary | altered | detected | rejected | inconclusive | income kept | others harmed | main reasons |").AppendLine("|---|---|---|---|---|---|---|---|");
    foreach (var a in figures.Adversaries)
        text.AppendLine(CultureInfo.InvariantCulture, $"| {a.Name} {a.Meaning} | {a.Altered} | {Percent(a.DetectedShare)} | {a.Rejected} | {a.Inconclusive} | {(a.IncomeKept is { } kept ? Percent(kept) : "-")} | {Percent(a.OthersHarmed)} | {string.Join(", ", a.Reasons.Take(3).Select(reason => $"{reason.Key} {reason.Value}"))} |");
    return text.AppendLine().ToString();
}

internal static class Json
{
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { WriteIndented = true };
}
