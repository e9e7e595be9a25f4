using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using DePin.Protocol.Geo;

namespace DePin.Protocol.Tests.Geo;

/// <summary>The grid against the published reference library, run as a witness process.</summary>
public sealed class H3GridTests(H3Witness witness) : IClassFixture<H3Witness>
{
    [Fact]
    public void Agrees_with_the_reference_on_the_cell_of_every_random_point()
    {
        var wrong = new List<string>();
        foreach (var line in witness.Of("point"))
        {
            var cell = H3Cell.At(new GeoPoint(Int(line[1]), Int(line[2])), Int(line[3]));
            if (cell.ToString() != line[4] || cell.IsPentagon != (line[7] == "1")) wrong.Add($"{string.Join(' ', line)}: {cell}");
        }

        Assert.Equal(2 * H3Witness.Points, witness.Of("point").Count);
        Assert.True(wrong.Count == 0, $"{wrong.Count} differ:\n{string.Join('\n', wrong.Take(20))}");
    }

    [Fact]
    public void Agrees_with_the_reference_on_the_centre_of_every_cell()
    {
        var wrong = new List<string>();
        foreach (var line in witness.Of("point"))
            if (!Close(Cell(line[4]).Centre(), Int(line[5]), Int(line[6]))) wrong.Add($"{string.Join(' ', line)}: {Cell(line[4]).Centre()}");
        foreach (var line in witness.Of("cell"))
            if (!Close(Cell(line[1]).Centre(), Int(line[2]), Int(line[3]))) wrong.Add($"{string.Join(' ', line)}: {Cell(line[1]).Centre()}");

        Assert.Equal(5882, witness.Of("cell").Count);
        Assert.True(wrong.Count == 0, $"{wrong.Count} differ:\n{string.Join('\n', wrong.Take(20))}");
    }

    [Fact]
    public void Finds_every_cell_again_at_its_own_centre()
    {
        foreach (var line in witness.Of("cell"))
        {
            var cell = Cell(line[1]);
            Assert.Equal(cell, H3Cell.At(cell.Centre(), cell.Resolution));
        }
    }

    [Fact]
    public void Agrees_with_the_reference_on_disks_also_around_pentagons()
    {
        var disks = witness.Of("disk");
        var wrong = new List<string>();
        foreach (var line in disks)
        {
            var disk = string.Join(' ', Cell(line[1]).Disk(Int(line[2])));
            if (disk != string.Join(' ', line.Skip(3))) wrong.Add($"{line[1]} {line[2]}: expected {string.Join(' ', line.Skip(3))}, got {disk}");
        }

        Assert.True(disks.Count > 500);
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {disks.Count} differ:\n{string.Join('\n', wrong.Take(5))}");
    }

    [Fact]
    public void Agrees_with_the_reference_on_grid_distance()
    {
        var lines = witness.Of("distance");
        var wrong = lines.Where(line => Cell(line[1]).DistanceTo(Cell(line[2])) != Int(line[3])).Select(line => $"{string.Join(' ', line)}: {Cell(line[1]).DistanceTo(Cell(line[2]))}").ToList();

        Assert.True(lines.Count > 500);
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {lines.Count} differ:\n{string.Join('\n', wrong.Take(20))}");
    }

    [Fact]
    public void Agrees_with_the_reference_on_which_indexes_are_cells()
    {
        var wrong = witness.Of("valid").Where(line => Cell(line[1]).IsValid != (line[2] == "1")).Select(line => string.Join(' ', line)).ToList();

        Assert.Contains(witness.Of("valid"), line => line[2] == "0");
        Assert.True(wrong.Count == 0, $"{wrong.Count} differ:\n{string.Join('\n', wrong.Take(20))}");
    }

    [Fact]
    public void Knows_the_published_distance_between_Ealing_and_Finsbury()
    {
        var ealing = new H3Cell(644459695463521437);
        var finsbury = new H3Cell(644460986971331488);

        Assert.Equal(14_318, (GreatCircle.DistanceMillimetres(ealing.Centre(), finsbury.Centre()) + 500) / 1000);
        Assert.Equal(360, ealing.Parent(11).DistanceTo(finsbury.Parent(11)));
    }

    [Theory]
    [InlineData(627111975468974079UL, 7)]
    [InlineData(627111975465463807UL, 28)]
    public void Knows_the_published_cell_counts_of_the_minimum_distance_rule(ulong other, long cells)
    {
        var near = new H3Cell(other);
        Assert.True(near.IsValid);
        // The published pair: the first is 7 cells from the origin and refused, the second 28 and accepted.
        Assert.Contains(Origins(), origin => origin.DistanceTo(near) == cells);

        static IEnumerable<H3Cell> Origins() => [new H3Cell(631615575095659519).Parent(11)];
    }

    /// <summary>The least and greatest of h3-js's children; a pentagon is among them.</summary>
    [Theory]
    [InlineData(0x851f91b3fffffff, 7, 0x871f91b00ffffff, 0x871f91b36ffffff)]
    [InlineData(0x851f91b3fffffff, 5, 0x851f91b3fffffff, 0x851f91b3fffffff)]
    [InlineData(0x8009fffffffffff, 2, 0x820807fffffffff, 0x8209b7fffffffff)]
    [InlineData(0x8a1f91b1c8dffff, 15, 0x8f1f91b1c8d8000, 0x8f1f91b1c8dedb6)]
    public void The_descendants_of_a_cell_lie_between_two_indexes(ulong cell, int resolution, ulong first, ulong last) =>
        Assert.Equal((new H3Cell(first), new H3Cell(last)), new H3Cell(cell).Descendants(resolution));

    [Fact]
    public void Refuses_points_and_indexes_that_do_not_exist()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => H3Cell.At(new GeoPoint(900_000_001, 0), 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => H3Cell.At(new GeoPoint(0, 0), 16));
        Assert.Throws<ArgumentException>(() => new H3Cell(0).Centre());
        Assert.Throws<ArgumentOutOfRangeException>(() => H3Cell.At(new GeoPoint(0, 0), 5).Parent(6));
        Assert.Throws<ArgumentOutOfRangeException>(() => H3Cell.At(new GeoPoint(0, 0), 5).Descendants(4));
    }

    private static bool Close(GeoPoint point, int lat, int lng)
    {
        var apart = Math.Abs((long)point.LongitudeE7 - lng);
        apart = Math.Min(apart, 3_600_000_000 - apart);
        return Math.Abs((long)point.LatitudeE7 - lat) <= 1 && apart <= 1;
    }

    private static H3Cell Cell(string hex) => new(ulong.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
    private static int Int(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}

/// <summary>Runs witness.mjs once and keeps its lines.</summary>
public sealed class H3Witness
{
    public const int Points = 12_000;

    private readonly ILookup<string, string[]> _lines;

    public H3Witness() => _lines = Run().ToLookup(line => line[0]);

    public IReadOnlyList<string[]> Of(string kind) => [.. _lines[kind]];

    private static List<string[]> Run([CallerFilePath] string here = "")
    {
        var folder = Path.GetDirectoryName(here)!;
        var start = new ProcessStartInfo("node", [Path.Combine(folder, "witness.mjs"), "20260118", Points.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardOutput = true,
            WorkingDirectory = folder,
        };
        using var process = Process.Start(start) ?? throw new InvalidOperationException("node did not start; install Node.js 20 and run npm ci at the repository's root.");
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException("The H3 witness failed; run npm ci at the repository's root.");
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' '))];
    }
}
