using System.Globalization;
using System.Text;

namespace DePin.Cli.Dev;

/// <summary>One epoch as the live table shows it.</summary>
/// <param name="Judged">Whether its verdicts are published: once it is final and its evidence was recomputed.</param>
public sealed record EpochLine(long Epoch, string Status, bool Judged, long Devices, long Accepted, long Rejected, long Inconclusive, string Reasons, string Cut, int Signatures, string Root);

/// <summary>Lays the live table out for a terminal: no line is wider than it and there are no more lines than it has, so that nothing wraps or scrolls.</summary>
public static class LiveTable
{
    private const int Hash = 11;
    private const int LeastReasons = 16;

    private sealed record Column(string Title, int Width, bool Right, Func<EpochLine, string> Text);

    /// <summary>The lines, without escape codes except for the status's colour.</summary>
    /// <param name="headline">What is going on; cut where the terminal ends.</param>
    /// <param name="epochs">Newest first.</param>
    /// <param name="width">Columns of the terminal.</param>
    /// <param name="height">Lines that there is room for, at least 3.</param>
    public static IReadOnlyList<string> Draw(string headline, IReadOnlyList<EpochLine> epochs, int width, int height)
    {
        var columns = Fit(width);
        var lines = new List<string> { Cut(headline, width), Row(columns, c => c.Title.PadRightOrLeft(c), width) };
        foreach (var epoch in epochs.Take(Math.Max(1, height - lines.Count - 1))) lines.Add(Row(columns, c => Coloured(c, epoch), width));
        if (epochs.Count == 0) lines.Add(Cut("no report yet: the first comes soon after the first day's end", width));
        lines.Add(Cut("Ctrl-C stops", width));
        return lines;
    }

    // The columns that fit, the most telling first; reasons take what is left.
    private static List<Column> Fit(int width)
    {
        (Column Column, int Rank)[] all =
        [
            (new Column("epoch", 5, true, l => Number(l.Epoch)), 0),
            (new Column("status", 10, false, l => l.Status), 1),
            (new Column("devices", 7, true, l => Judged(l, l.Devices)), 5),
            (new Column("accepted", 9, true, l => Judged(l, l.Accepted)), 2),
            (new Column("rejected", 8, true, l => Judged(l, l.Rejected)), 3),
            (new Column("inconclusive", 12, true, l => Judged(l, l.Inconclusive)), 4),
            (new Column("main reasons", LeastReasons, false, l => l.Reasons), 9),
            (new Column("cut", Hash, false, l => l.Cut), 8),
            (new Column("signatures", 10, true, l => Number(l.Signatures)), 7),
            (new Column("root", Hash, false, l => l.Root), 6),
        ];
        var chosen = new HashSet<Column>();
        var used = 0;
        foreach (var (column, _) in all.OrderBy(c => c.Rank))
        {
            var more = column.Width + (used == 0 ? 0 : 2);
            if (used + more > width) break;
            used += more;
            chosen.Add(column);
        }

        return [.. all.Where(c => chosen.Contains(c.Column)).Select(c => c.Column.Title == "main reasons" ? c.Column with { Width = LeastReasons + width - used } : c.Column)];
    }

    private static string Row(List<Column> columns, Func<Column, string> text, int width) => columns.Count == 0 ? Cut("…", width) : string.Join("  ", columns.Select(text)).TrimEnd();

    private static string Coloured(Column column, EpochLine line)
    {
        var text = column.Text(line).PadRightOrLeft(column);
        return column.Title != "status" ? text : $"\x1b[{line.Status switch { "final" => 32, "cancelled" => 31, _ => 33 }}m{text}\x1b[0m";
    }

    private static string PadRightOrLeft(this string text, Column column)
    {
        var cut = Cut(text, column.Width);
        return column.Right ? cut.PadLeft(column.Width) : cut.PadRight(column.Width);
    }

    private static string Cut(string text, int width) => text.Length <= width ? text : width <= 1 ? text[..Math.Max(0, width)] : text[..(width - 1)] + "…";

    private static string Judged(EpochLine line, long value) => line.Judged ? Number(value) : "·";

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}

/// <summary>Draws lines over the ones it drew before. The cursor stays visible and below them, so that the terminal is sane however the program ends.</summary>
public sealed class LiveScreen(TextWriter terminal)
{
    private int drawn;
    private (int Width, int Height) size;

    /// <summary>Replaces what was drawn. After a change of the terminal's size everything is wiped first: nobody knows how it wrapped.</summary>
    public void Show(IReadOnlyList<string> lines, int width, int height)
    {
        var text = new StringBuilder();
        if (drawn > 0) text.Append(size == (width, height) ? string.Create(CultureInfo.InvariantCulture, $"\x1b[{drawn}A\r") : "\x1b[2J\x1b[H");
        foreach (var line in lines) text.Append(line).Append("\x1b[K\n");
        text.Append("\x1b[J");
        terminal.Write(text.ToString());
        terminal.Flush();
        (drawn, size) = (lines.Count, (width, height));
    }
}
