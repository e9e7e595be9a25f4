using System.Collections.Immutable;
using System.Numerics;
using DePin.Protocol.Geo;

namespace DePin.Protocol.Verification.Wireless;

/// <summary>How densely receivers may stand at one resolution before they share.</summary>
/// <param name="Resolution">H3 resolution.</param>
/// <param name="Neighbours">Occupied cells of the seven around from which the limit grows.</param>
/// <param name="Target">Receivers that a cell holds in full.</param>
/// <param name="Maximum">Receivers that a cell among busy ones holds in full.</param>
public readonly record struct DensityLevel(int Resolution, int Neighbours, int Target, int Maximum);

/// <summary>
/// Transmit scale by density (HIP-17): from fine to coarse, each cell counts at most a limit of the receivers in it, and a receiver's scale is
/// the product of counted over actual along its ancestors. Pure; the order of the receivers does not matter.
/// </summary>
public sealed record DensityTable(ImmutableArray<DensityLevel> Levels)
{
    /// <summary>One in the unit of scales: four decimals.</summary>
    public const int One = 10_000;

    /// <summary>The scale of a device that the map does not know (as coded by the source: 0.2).</summary>
    public const int Unknown = 2_000;

    /// <summary>HIP-104, resolutions 10 to 4.</summary>
    public static DensityTable Hip104 { get; } = new(
        [new(10, 2, 1, 1), new(9, 2, 1, 1), new(8, 2, 1, 1), new(7, 4, 5, 10), new(6, 4, 25, 50), new(5, 4, 100, 200), new(4, 2, 500, 1000)]);

    /// <summary>HIP-17 as first published.</summary>
    public static DensityTable Hip17 { get; } = new(
        [new(10, 2, 1, 1), new(9, 2, 1, 2), new(8, 2, 1, 4), new(7, 2, 5, 20), new(6, 1, 25, 100), new(5, 1, 100, 400), new(4, 1, 250, 800)]);

    /// <summary>
    /// The scale of each distinct cell among the receivers' cells, in ten-thousandths, rounded half to even. Cells have resolution 11 or finer;
    /// several receivers in one cell are several entries.
    /// </summary>
    public SortedDictionary<H3Cell, int> Scales(IEnumerable<H3Cell> receivers)
    {
        var finest = Levels[0].Resolution + 1;
        var unclipped = new SortedDictionary<H3Cell, long>();
        var clipped = new SortedDictionary<H3Cell, long>();
        var scales = new SortedDictionary<H3Cell, int>();
        var present = new SortedSet<H3Cell>();
        foreach (var receiver in receivers)
        {
            var parent = receiver.Parent(finest);
            unclipped[parent] = clipped[parent] = unclipped.GetValueOrDefault(parent) + 1;
            present.Add(parent);
            scales[receiver] = 0;
        }
        foreach (var level in Levels)
        {
            var parents = new SortedSet<H3Cell>();
            foreach (var child in present)
            {
                var parent = child.Parent(level.Resolution);
                parents.Add(parent);
                unclipped[parent] = clipped[parent] = unclipped.GetValueOrDefault(parent) + clipped[child];
            }
            foreach (var parent in parents)
            {
                var occupied = parent.Disk(1).Count(cell => clipped.GetValueOrDefault(cell) >= level.Target);
                var limit = Math.Min(level.Maximum, level.Target * (long)Math.Max(occupied - level.Neighbours + 1, 1));
                clipped[parent] = Math.Min(limit, unclipped[parent]);
            }
            present = parents;
        }
        foreach (var receiver in scales.Keys.ToArray()) scales[receiver] = Scale(receiver, finest, unclipped, clipped);
        return scales;
    }

    private int Scale(H3Cell receiver, int finest, SortedDictionary<H3Cell, long> unclipped, SortedDictionary<H3Cell, long> clipped)
    {
        BigInteger numerator = One, denominator = 1;
        for (var resolution = finest; resolution >= Levels[^1].Resolution; resolution--)
        {
            var cell = receiver.Parent(resolution);
            numerator *= clipped[cell];
            denominator *= unclipped[cell];
        }
        var (quotient, remainder) = BigInteger.DivRem(numerator, denominator);
        var half = (remainder * 2).CompareTo(denominator);
        return (int)(half > 0 || (half == 0 && !quotient.IsEven) ? quotient + 1 : quotient);
    }
}
