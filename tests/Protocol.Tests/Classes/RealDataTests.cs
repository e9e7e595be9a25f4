using System.Security.Cryptography;
using DePin.ClassReport;
using DePin.DataSets;

namespace DePin.Protocol.Tests.Classes;

/// <summary>A slice of what docs/classes reports, so that no change of rules can quietly break it. The command gives the full figures.</summary>
public sealed class RealDataTests
{
    [Fact]
    public void Honest_sensors_are_not_rejected_and_a_frozen_one_is_noticed()
    {
        var figures = Measurement.Run(Set("aberdeen"), days: 1, wanted: static name => name == "M7");

        Assert.Equal(0, figures.Honest.Rejected);
        Assert.True(figures.Honest.SensorFaults * 1_000 <= figures.Honest.Proofs, "More than a thousandth of a day's honest readings are called sensor faults.");
        Assert.True(figures.Honest.Accepted * 100 >= figures.Honest.Proofs * 60, "Fewer than three fifths of a humid day's honest readings are accepted.");
        Assert.True(figures.Honest.Quality > 0.9);
        Assert.True(figures.OrderIndependent);
        Assert.True(Assert.Single(figures.Adversaries).DetectedShare > 0.9);
    }

    [Fact]
    public void Honest_receptions_are_not_rejected_and_forged_ones_are()
    {
        var figures = Measurement.Run(Set("grenoble-sainteynard"), days: 2, wanted: static _ => true);

        Assert.Equal(0, figures.Honest.Rejected);
        Assert.True(figures.Honest.Accepted * 100 >= figures.Honest.Proofs * 80);
        Assert.True(figures.OrderIndependent);
        var detected = figures.Adversaries.ToDictionary(adversary => adversary.Name, adversary => adversary.DetectedShare);
        foreach (var certain in new[] { "M1", "M2", "M3t", "M4", "M9", "M10", "M18", "W3", "W4" }) Assert.True(detected[certain] > 0.95, $"{certain}: {detected[certain]:P1}");
        // What the data cannot show stays undetected: a rule that claims otherwise is wrong.
        Assert.True(detected["M3"] < 0.05);
    }

    [Fact]
    public void Few_of_the_single_hotspot_receptions_break_the_free_space_bound()
    {
        foreach (var name in new[] { "grenoble-ems", "grenoble-ftd" })
        {
            var honest = Measurement.Run(Set(name), days: 4, wanted: static _ => false).Honest;

            Assert.True(honest.Rejected * 500 <= honest.Proofs, $"{name}: {honest.Rejected} of {honest.Proofs} rejected.");
        }
    }

    [Fact]
    public void The_extracts_are_the_published_rows()
    {
        var folder = DataFolder.Own();
        var lines = File.ReadAllLines(Path.Combine(folder, "SHA256SUMS"));

        Assert.True(lines.Length >= 14);
        foreach (var line in lines)
            Assert.Equal(line[..64], Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(folder, line[66..])))));
        Assert.Equal(85_672, Set("aberdeen").Rows.Count);
        Assert.Equal(4_041, Set("grenoble-sainteynard").Rows.Count);
    }

    private static DataSet Set(string name) => DataFolder.Read(DataFolder.Own()).Single(set => set.Name == name);
}
