using DePin.DataSets;

namespace DePin.Adversaries;

/// <summary>The devices of a data set, some of them adversaries, and what they say day by day.</summary>
public sealed class Cast
{
    private readonly IReadOnlyList<(Adversary Adversary, IReadOnlySet<int> Who)> _parts;

    /// <summary>Gives out the parts. A device has one at most.</summary>
    public Cast(DataSet set, IReadOnlyList<(Adversary Adversary, IReadOnlySet<int> Who)> parts)
    {
        Set = set;
        _parts = parts;
        foreach (var (adversary, who) in parts) adversary.Prepare?.Invoke(this, who);
    }

    /// <summary>The data set.</summary>
    public DataSet Set { get; }

    /// <summary>Cells that adversaries assert instead of their own, by device.</summary>
    public Dictionary<int, ulong> AssertedCells { get; } = [];

    /// <summary>Devices that register after all others.</summary>
    public HashSet<int> Newcomers { get; } = [];

    /// <summary>The adversary that a device is, or null.</summary>
    public Adversary? Of(int device)
    {
        foreach (var (adversary, who) in _parts)
            if (who.Contains(device)) return adversary;
        return null;
    }

    /// <summary>What is said on a day (from 0), in the order of sending.</summary>
    public IEnumerable<Statement> Day(int day)
    {
        var own = Set.Day(day).Select(row => (Row: row, Adversary: Of(row.Device))).ToList();
        var said = own.Where(entry => entry.Adversary is null or { Extra: true }).Select(entry => new Statement(entry.Row, false) { Repeated = entry.Adversary is { Repeats: true } })
            .Concat(own.Where(entry => entry.Adversary is { Alter: null }).Select(entry => new Statement(entry.Row, true)));
        foreach (var (adversary, who) in _parts)
            if (adversary.Alter is { } alter) said = said.Concat(alter(this, who, day));
        return said.OrderBy(statement => statement.SentMs).ThenBy(statement => statement.Row.Device);
    }
}
