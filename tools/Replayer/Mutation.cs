using System.Globalization;
using System.Text;
using DePin.Adversaries;
using DePin.Cryptography;
using DePin.DataSets;

namespace DePin.Replayer;

/// <summary>An adversary as asked for: which, and what share of the devices.</summary>
/// <param name="Adversary">One of docs/classes.</param>
/// <param name="Share">Share of a data set's devices, in millionths.</param>
public sealed record Mutation(string Adversary, int Share)
{
    /// <summary>Reads <c>M3:5%</c>.</summary>
    /// <exception cref="FormatException">Anything else, or an adversary that is not known; the message lists those that are.</exception>
    public static Mutation Parse(string text)
    {
        var parts = text.Split(':');
        if (parts.Length != 2 || !parts[1].EndsWith('%') || !decimal.TryParse(parts[1][..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent) || percent is <= 0 or > 100)
            throw new FormatException($"'{text}' is no adversary: write its name and the share of devices, for example M3:5%.");
        var known = Frauds.All.FirstOrDefault(adversary => string.Equals(adversary.Name, parts[0], StringComparison.OrdinalIgnoreCase))
            ?? throw new FormatException($"There is no adversary {parts[0]} here; there are: {string.Join(", ", Frauds.All.Select(adversary => adversary.Name))}.");
        return new Mutation(known.Name, (int)(percent * 10_000));
    }

    /// <summary>
    /// Gives out the parts in a data set: of each adversary that applies to its class the asked share of the devices, at least one, none twice.
    /// The draw follows from the names alone, so that an adversary stays one.
    /// </summary>
    public static Cast Cast(DataSet set, IReadOnlyList<Mutation> mutations)
    {
        var parts = new List<(Adversary, IReadOnlySet<int>)>();
        var taken = new HashSet<int>();
        foreach (var mutation in mutations)
        {
            if (Frauds.Of(set.Devices[0].Class).FirstOrDefault(adversary => adversary.Name == mutation.Adversary) is not { } adversary) continue;
            var who = Enumerable.Range(0, set.Devices.Count).Where(device => !taken.Contains(device))
                .OrderBy(device => Keccak256.Hash(Encoding.UTF8.GetBytes($"{mutation.Adversary}\n{set.Devices[device].Name}")))
                .Take(Math.Max(1, (int)((long)set.Devices.Count * mutation.Share / 1_000_000)))
                .ToHashSet();
            taken.UnionWith(who);
            if (who.Count > 0) parts.Add((adversary, who));
        }

        return new Cast(set, parts);
    }
}
