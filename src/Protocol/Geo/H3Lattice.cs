namespace DePin.Protocol.Geo;

/// <summary>A point of a hexagon lattice in two axes 120 degrees apart: i along the face's first vertex, j along its second.</summary>
internal readonly record struct Hex(long I, long J)
{
    // By digit: centre, K, J, JK, I, IK, IJ.
    private static readonly Hex[] Units = [new(0, 0), new(-1, -1), new(0, 1), new(-1, 0), new(1, 0), new(0, -1), new(1, 1)];
    private static readonly byte[] DirectionOfDigit = [0, 4, 2, 3, 0, 5, 1];
    private static readonly byte[] DigitOfDirection = [4, 6, 2, 3, 1, 5];

    public static Hex Unit(int digit) => Units[digit];
    public static Hex operator +(Hex a, Hex b) => new(a.I + b.I, a.J + b.J);
    public static Hex operator -(Hex a, Hex b) => new(a.I - b.I, a.J - b.J);

    /// <summary>The same place on the next finer lattice, an odd (turned) or an even one.</summary>
    public Hex Finer(bool toOdd) => toOdd ? new Hex(2 * I + J, 3 * J - I) : new Hex(3 * I - J, I + 2 * J);

    /// <summary>The centre of the parent on the next coarser lattice.</summary>
    public Hex Parent(bool fromOdd) => fromOdd
        ? new Hex(RoundSeventh(3 * I - J), RoundSeventh(I + 2 * J))
        : new Hex(RoundSeventh(2 * I + J), RoundSeventh(3 * J - I));

    /// <summary>Steps between neighbouring cells to the origin.</summary>
    public long Length => Math.Max(Math.Max(Math.Abs(I), Math.Abs(J)), Math.Abs(I - J));

    /// <summary>The digit of a step of length at most one; -1 for anything longer.</summary>
    public int Digit => (I, J) switch
    {
        (0, 0) => 0,
        (-1, -1) => 1,
        (0, 1) => 2,
        (-1, 0) => 3,
        (1, 0) => 4,
        (0, -1) => 5,
        (1, 1) => 6,
        _ => -1,
    };

    /// <summary>The vector turned counter-clockwise by that many sixths.</summary>
    public Hex Turned(int sixths)
    {
        var v = this;
        for (var n = Mod6(sixths); n > 0; n--) v = new Hex(v.I - v.J, v.I);
        return v;
    }

    /// <summary>The digit turned counter-clockwise by that many sixths; the centre stays.</summary>
    public static int TurnDigit(int digit, int sixths) =>
        digit == 0 ? 0 : DigitOfDirection[Mod6(DirectionOfDigit[digit] + sixths)];

    public static int Direction(int digit) => DirectionOfDigit[digit];

    public static int Mod6(int n) => ((n % 6) + 6) % 6;

    /// <summary>The lattice point nearest to (i / s, j / s), by rounding the three cube coordinates and mending the worst.</summary>
    public static Hex Nearest(Int128 i, Int128 j, Int128 s)
    {
        var k = j - i;                                   // cube coordinates i, k, -j: they sum to zero
        Int128 ri = RoundRatio(i, s), rj = RoundRatio(j, s), rk = RoundRatio(k, s);
        if (ri + rk - rj != 0)
        {
            var di = Int128.Abs(ri * s - i);
            var dj = Int128.Abs(rj * s - j);
            var dk = Int128.Abs(rk * s - k);
            if (di > dj && di > dk) ri = rj - rk;
            else if (dj > dk) rj = ri + rk;
        }
        return new Hex((long)ri, (long)rj);
    }

    private static Int128 RoundRatio(Int128 n, Int128 s)
    {
        var doubled = 2 * n + s;
        var q = doubled / (2 * s);
        return doubled < 0 && q * 2 * s != doubled ? q - 1 : q;
    }

    // A remainder of a seventh is never a half, so ties do not arise.
    private static long RoundSeventh(long n) => n >= 0 ? (2 * n + 7) / 14 : -((-2 * n + 7) / 14);
}

/// <summary>
/// A place on the icosahedron: a face and whole barycentric weights of its three vertices. Weights may be negative: then the
/// place lies beyond an edge, in the plane of this face, and <see cref="Settle"/> folds it over onto the face it belongs to.
/// </summary>
internal struct FacePlace
{
    public int Face;
    public long A, B, C;

    /// <summary>By how many sixths this face's axes lead those of the face where folding began, counter-clockwise.</summary>
    public int Turn;

    /// <summary>Folds over edges until no weight is negative.</summary>
    public void Settle()
    {
        for (var n = 0; n < 8; n++)
        {
            if (A >= 0 && B >= 0 && C >= 0) return;
            Cross(A <= B && A <= C ? 0 : B <= C ? 1 : 2);
        }
        throw new InvalidOperationException("A lattice point lies more than eight faces away from its face; the cell tables are broken.");
    }

    /// <summary>Goes over to the face behind the edge opposite to <paramref name="slot"/>'s vertex; the place stays the same.</summary>
    public void Cross(int slot)
    {
        var edge = Icosahedron.Edge(Face, slot);
        var (opposite, next, last) = slot switch { 0 => (A, B, C), 1 => (B, C, A), _ => (C, A, B) };
        // Unfolded, the vertex v opposite the edge and the new one w satisfy v + w = sum of the edge's ends.
        Span<long> weights = stackalloc long[3];
        weights[edge.NewSlot] = -opposite;
        weights[edge.NextSlot] = next + opposite;
        weights[edge.LastSlot] = last + opposite;
        (A, B, C) = (weights[0], weights[1], weights[2]);
        Face = edge.Face;
        Turn = Hex.Mod6(Turn + edge.Turn);
    }
}
