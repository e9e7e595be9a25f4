using System.Text.RegularExpressions;
using DePin.Cli.Dev;

namespace DePin.EndToEnd.Tests.Dev;

/// <summary>The live table in terminals of any size.</summary>
public sealed partial class LiveTableTests
{
    private static readonly string Headline = "block 1077 (finalized 1075), 18 devices, 17 providers, sending: 53171 proofs to 2026-12-07 14:39, 41481 certified, 11690 pending, 0 refused";

    private static readonly EpochLine[] Epochs =
    [
        new(14, "pending", false, 0, 0, 0, 0, "", "0x9c14d820…", 5, "0x1093dde3…"),
        .. Enumerable.Range(1, 13).Reverse().Select(i => new EpochLine(i, "final", true, 16, 123_334, 624, 186, "UnknownTransmitterPosition 220, DuplicateReception 163, Replayed 62", "0x5430cb58…", 3, "0x1093dde3…")),
    ];

    [Fact]
    public void No_line_is_wider_than_the_terminal_and_no_table_is_higher()
    {
        for (var width = 1; width <= 220; width++)
        {
            for (var height = 3; height <= 20; height++)
            {
                var lines = LiveTable.Draw(Headline, Epochs, width, height);
                Assert.All(lines, l => Assert.True(Plain(l).Length <= width, $"{width} columns: {Plain(l)}"));
                Assert.True(lines.Count <= Math.Max(height, 4), $"{lines.Count} lines in {height}");
                Assert.All(lines, l => Assert.DoesNotContain('\n', l));
            }
        }
    }

    [Theory]
    [InlineData(160, "epoch,status,devices,accepted,rejected,inconclusive,main reasons,cut,signatures,root")]
    [InlineData(80, "epoch,status,devices,accepted,rejected,inconclusive,root")]
    [InlineData(40, "epoch,status,accepted,rejected")]
    public void The_most_telling_columns_stay_when_it_gets_narrow(int width, string columns)
    {
        var header = Plain(LiveTable.Draw(Headline, Epochs, width, 20)[1]);
        Assert.Equal(columns, string.Join(',', Words().Split(header.Trim())));
    }

    [Fact]
    public void Columns_stand_under_their_titles()
    {
        var lines = LiveTable.Draw(Headline, Epochs, 160, 20).Select(Plain).ToList();
        var at = lines[1].IndexOf("accepted", StringComparison.Ordinal) + "accepted".Length;
        Assert.Equal("·", lines[2][(at - 1)..at]);
        Assert.Equal("123,334", lines[3][(at - 7)..at]);
    }

    [Fact]
    public void A_frame_covers_the_one_before_and_a_resized_terminal_is_wiped()
    {
        using var terminal = new StringWriter();
        var screen = new LiveScreen(terminal);
        screen.Show(["one", "two"], 80, 24);
        Assert.DoesNotContain("\x1b[2J", terminal.ToString(), StringComparison.Ordinal); // what stood above stays
        terminal.GetStringBuilder().Clear();
        screen.Show(["three"], 80, 24);
        Assert.StartsWith("\x1b[2A\r", terminal.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("\x1b[J", terminal.ToString(), StringComparison.Ordinal);
        terminal.GetStringBuilder().Clear();
        screen.Show(["four"], 60, 24);
        Assert.StartsWith("\x1b[2J\x1b[H", terminal.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("\x1b[?25l", terminal.ToString(), StringComparison.Ordinal); // the cursor is never hidden
    }

    private static string Plain(string line) => Escapes().Replace(line, "");

    [GeneratedRegex("\x1b\\[[0-9;]*m")]
    private static partial Regex Escapes();

    [GeneratedRegex(" {2,}")]
    private static partial Regex Words();
}
