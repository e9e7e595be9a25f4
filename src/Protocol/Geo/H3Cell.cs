using System.Globalization;

namespace DePin.Protocol.Geo;

/// <summary>
/// A cell of the published H3 grid: a 64-bit index of resolution 0 (about 1,100 km across) to 15 (about 1 m). Ordered by the index.
/// All geometry is integer arithmetic and agrees with the reference library except within 1 cm of a cell's edge.
/// </summary>
public readonly record struct H3Cell(ulong Value) : IComparable<H3Cell>
{
    /// <summary>The finest resolution.</summary>
    public const int MaxResolution = 15;

    private const int DigitBits = 3;
    private const ulong Mode = 1UL << 59;

    /// <summary>0 (coarsest) to 15.</summary>
    public int Resolution => (int)(Value >> 52) & 15;

    /// <summary>The resolution-0 ancestor's number, 0 to 121.</summary>
    public int BaseCell => (int)(Value >> 45) & 127;

    /// <summary>Whether this is a well-formed index of an existing cell.</summary>
    public bool IsValid
    {
        get
        {
            if (Value >> 56 != Mode >> 56 || BaseCell >= H3Grid.BaseCellCount) return false;
            var leading = true;
            var pentagon = H3Grid.VertexOf(BaseCell) >= 0;
            for (var level = 1; level <= MaxResolution; level++)
            {
                var digit = Digit(level);
                if (level > Resolution) { if (digit != 7) return false; continue; }
                if (digit == 7) return false;
                if (digit == 0) continue;
                if (leading && pentagon && digit == 1) return false; // the removed subsequence
                leading = false;
            }
            return true;
        }
    }

    /// <summary>Whether the cell has five neighbours instead of six.</summary>
    public bool IsPentagon
    {
        get
        {
            if (H3Grid.VertexOf(BaseCell) < 0) return false;
            for (var level = 1; level <= Resolution; level++)
                if (Digit(level) != 0) return false;
            return true;
        }
    }

    /// <summary>The digit at a level from 1 to 15: 0 to 6, or 7 beyond the resolution.</summary>
    public int Digit(int level) => (int)(Value >> ((MaxResolution - level) * DigitBits)) & 7;

    /// <summary>The ancestor at a coarser or equal resolution.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="resolution"/> is finer than this cell's.</exception>
    public H3Cell Parent(int resolution)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(resolution);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(resolution, Resolution);
        var below = (1UL << ((MaxResolution - resolution) * DigitBits)) - 1;
        return new H3Cell((Value & ~(15UL << 52)) | ((ulong)resolution << 52) | below);
    }

    /// <summary>The first and the last index that a descendant of a finer or equal resolution can have; a pentagon's has gaps between.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="resolution"/> is coarser than this cell's, or beyond 15.</exception>
    public (H3Cell First, H3Cell Last) Descendants(int resolution)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(resolution, Resolution);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(resolution, MaxResolution);
        var first = (Value & ~(15UL << 52)) | ((ulong)resolution << 52);
        var last = first;
        for (var level = Resolution + 1; level <= resolution; level++)
        {
            var shift = (MaxResolution - level) * DigitBits;
            first &= ~(7UL << shift);
            last = (last & ~(7UL << shift)) | (6UL << shift);
        }

        return (new H3Cell(first), new H3Cell(last));
    }

    /// <summary>The cell of that resolution that holds the point.</summary>
    public static H3Cell At(GeoPoint point, int resolution) => H3Grid.CellAt(point, resolution);

    /// <summary>The cell's centre, rounded to 10^-7 degree.</summary>
    public GeoPoint Centre() => H3Grid.Centre(this);

    /// <summary>All cells within <paramref name="steps"/> steps, this one included, ascending.</summary>
    public IReadOnlyList<H3Cell> Disk(int steps) => H3Grid.Disk(this, steps);

    /// <summary>
    /// Steps between this cell and another of the same resolution; null where their faces lie more than two edges apart, that is
    /// always beyond about 3,000 km. Within a few cells of a pentagon it may be smaller by the missing sector than walking would give.
    /// </summary>
    public long? DistanceTo(H3Cell other) => H3Grid.Distance(this, other);

    /// <summary>Builds an index from its parts.</summary>
    internal static H3Cell Build(int resolution, int baseCell, ReadOnlySpan<byte> digits)
    {
        var value = Mode | ((ulong)resolution << 52) | ((ulong)baseCell << 45);
        for (var level = 1; level <= MaxResolution; level++)
            value |= (level <= resolution ? digits[level] : 7UL) << ((MaxResolution - level) * DigitBits);
        return new H3Cell(value);
    }

    /// <inheritdoc/>
    public int CompareTo(H3Cell other) => Value.CompareTo(other.Value);

    public static bool operator <(H3Cell left, H3Cell right) => left.Value < right.Value;
    public static bool operator >(H3Cell left, H3Cell right) => left.Value > right.Value;
    public static bool operator <=(H3Cell left, H3Cell right) => left.Value <= right.Value;
    public static bool operator >=(H3Cell left, H3Cell right) => left.Value >= right.Value;

    /// <summary>Fifteen or sixteen lower-case hexadecimal digits, as the reference library prints it.</summary>
    public override string ToString() => Value.ToString("x", CultureInfo.InvariantCulture);
}
