namespace DePin.Protocol.Geo;

/// <summary>
/// The H3 subset on whole numbers. A place is a face and a lattice point; children are seven times as fine and turned by 19.1 degrees at
/// odd resolutions, which is an integer matrix; going beyond an edge is a reflection of barycentric weights. Only where a
/// direction pierces a face (and back) is fixed-point arithmetic needed.
/// </summary>
internal static class H3Grid
{
    public const int BaseCellCount = 122;

    private static readonly sbyte[] VertexByBaseCell = BuildVertices();
    private static readonly sbyte[] SectorByVertexFace = BuildSectors();
    private static readonly Dictionary<(long, long), byte> BaseCellByPlace = BuildPlaces();
    private static ReadOnlySpan<long> PowersOfSeven => [1, 7, 49, 343, 2_401, 16_807, 117_649, 823_543, 5_764_801];

    // The sectors around a pentagon in counter-clockwise order, as directions; K (4) is the one that is missing.
    private static ReadOnlySpan<byte> SectorOrder => [5, 0, 1, 2, 3];

    /// <summary>The pentagon's vertex number, -1 for the other base cells.</summary>
    public static int VertexOf(int baseCell) => VertexByBaseCell[baseCell];

    public static H3Cell CellAt(GeoPoint point, int resolution)
    {
        if (!point.IsValid) throw new ArgumentOutOfRangeException(nameof(point), point, "Latitude lies in ±90, longitude in ±180 degrees.");
        ArgumentOutOfRangeException.ThrowIfNegative(resolution);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(resolution, H3Cell.MaxResolution);
        var (face, a, b, c) = Icosahedron.Pierce(point);
        var s = a + b + c;
        var scale = 2 * PowersOfSeven[resolution / 2];
        Int128 i = scale * (a - c), j = scale * (b - c);
        if (resolution % 2 == 1) (i, j) = (2 * i + j, 3 * j - i);
        return CellOf(face, Hex.Nearest(i, j, s), resolution);
    }

    public static GeoPoint Centre(H3Cell cell) => Icosahedron.Direction(PlaceOf(cell));

    public static IReadOnlyList<H3Cell> Disk(H3Cell cell, int steps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        var seen = new SortedSet<H3Cell> { cell };
        var ring = new List<H3Cell> { cell };
        for (var n = 0; n < steps; n++)
        {
            var next = new List<H3Cell>();
            foreach (var member in ring)
                foreach (var neighbour in Neighbours(member))
                    if (seen.Add(neighbour)) next.Add(neighbour);
            ring = next;
        }
        return [.. seen];
    }

    public static IEnumerable<H3Cell> Neighbours(H3Cell cell)
    {
        var resolution = cell.Resolution;
        var place = PlaceOf(cell);
        if (!cell.IsPentagon)
        {
            var (face, hex) = (place.Face, Lattice(place, resolution));
            for (var digit = 1; digit <= 6; digit++) yield return CellOf(face, hex + Hex.Unit(digit), resolution);
            yield break;
        }
        // On each of the five faces exactly one unit step stays inside: five neighbours.
        var vertex = VertexOf(cell.BaseCell);
        for (var face = 0; face < Icosahedron.FaceCount; face++)
        {
            var slot = Icosahedron.SlotOf(face, vertex);
            if (slot < 0) continue;
            var centre = VertexHex(slot, resolution);
            for (var digit = 1; digit <= 6; digit++)
            {
                var step = Weights(face, centre + Hex.Unit(digit), resolution);
                if (step is { A: >= 0, B: >= 0, C: >= 0 }) yield return CellOf(face, centre + Hex.Unit(digit), resolution);
            }
        }
    }

    public static long? Distance(H3Cell from, H3Cell to)
    {
        if (from.Resolution != to.Resolution) throw new ArgumentException("Grid distance needs two cells of one resolution.", nameof(to));
        var resolution = from.Resolution;
        var a = PlaceOf(from);
        var start = Lattice(a, resolution);
        long? best = null;
        Unfold(PlaceOf(to), 2);
        return best;

        // Lays the target's face flat into this face's plane along every way over at most two edges.
        void Unfold(FacePlace place, int left)
        {
            if (place.Face == a.Face)
            {
                var length = (Lattice(place, resolution) - start).Length;
                if (best is null || length < best) best = length;
            }
            if (left == 0) return;
            for (var slot = 0; slot < 3; slot++)
            {
                var next = place;
                next.Cross(slot);
                Unfold(next, left - 1);
            }
        }
    }

    /// <summary>The index of a lattice point on a face or a little beyond its edges.</summary>
    private static H3Cell CellOf(int face, Hex hex, int resolution)
    {
        Span<byte> digits = stackalloc byte[H3Cell.MaxResolution + 1];
        for (var level = resolution; level > 0; level--)
        {
            var odd = level % 2 == 1;
            var parent = hex.Parent(odd);
            digits[level] = (byte)(hex - parent.Finer(odd)).Digit;
            hex = parent;
        }
        var place = Weights(face, hex, 0);
        place.Settle();
        var baseCell = BaseCellByPlace[Key(place)];
        var vertex = VertexOf(baseCell);
        int turn;
        if (vertex < 0)
        {
            var home = H3Tables.BaseCells[baseCell * 4];
            if (place.Face != home) place.Cross(place.A == 0 ? 0 : place.B == 0 ? 1 : 2); // it lies on an edge, home is the other side
            turn = H3Tables.BaseCells[baseCell * 4 + 3] - place.Turn;
        }
        else
        {
            turn = SectorTurn(vertex, place.Face) - place.Turn;
            var lead = Leading(digits, resolution);
            if (lead != 0 && Hex.TurnDigit(lead, turn) == 1) // into the missing sector: close the gap, away from this face's own sector
                turn += Sector(vertex, place.Face) == 3 ? 1 : -1;
        }
        for (var level = 1; level <= resolution; level++) digits[level] = (byte)Hex.TurnDigit(digits[level], turn);
        return H3Cell.Build(resolution, baseCell, digits);
    }

    /// <summary>Where a cell's centre lies; never with a negative weight.</summary>
    private static FacePlace PlaceOf(H3Cell cell)
    {
        if (!cell.IsValid) throw new ArgumentException($"{cell} is not the index of an H3 cell.", nameof(cell));
        var resolution = cell.Resolution;
        var baseCell = cell.BaseCell;
        var vertex = VertexOf(baseCell);
        int face = H3Tables.BaseCells[baseCell * 4], turn;
        Hex hex;
        if (vertex < 0)
        {
            hex = new Hex(H3Tables.BaseCells[baseCell * 4 + 1], H3Tables.BaseCells[baseCell * 4 + 2]);
            turn = H3Tables.BaseCells[baseCell * 4 + 3];
        }
        else
        {
            var lead = 0;
            for (var level = 1; level <= resolution && lead == 0; level++) lead = cell.Digit(level);
            if (lead != 0) face = FaceOfSector(vertex, Hex.Direction(lead));
            hex = VertexHex(Icosahedron.SlotOf(face, vertex), 0);
            turn = SectorTurn(vertex, face);
        }
        for (var level = 1; level <= resolution; level++)
            hex = hex.Finer(level % 2 == 1) + Hex.Unit(Hex.TurnDigit(cell.Digit(level), -turn));
        var place = Weights(face, hex, resolution);
        place.Settle();
        return place;
    }

    private static int Leading(ReadOnlySpan<byte> digits, int resolution)
    {
        for (var level = 1; level <= resolution; level++)
            if (digits[level] != 0) return digits[level];
        return 0;
    }

    // Weights of a lattice point in units of 1 / (6 · 7^⌈resolution/2⌉).
    private static FacePlace Weights(int face, Hex hex, int resolution)
    {
        var whole = 2 * PowersOfSeven[(resolution + 1) / 2];
        if (resolution % 2 == 1) hex = hex.Finer(toOdd: false);
        var c = whole - hex.I - hex.J;
        return new FacePlace { Face = face, A = c + 3 * hex.I, B = c + 3 * hex.J, C = c };
    }

    private static Hex Lattice(in FacePlace place, int resolution)
    {
        var hex = new Hex((place.A - place.C) / 3, (place.B - place.C) / 3);
        if (resolution % 2 == 0) return hex;
        hex = hex.Finer(toOdd: true);
        return new Hex(hex.I / 7, hex.J / 7);
    }

    private static Hex VertexHex(int slot, int resolution)
    {
        var hex = slot switch { 0 => new Hex(2, 0), 1 => new Hex(0, 2), _ => new Hex(-2, -2) };
        for (var level = 1; level <= resolution; level++) hex = hex.Finer(level % 2 == 1);
        return hex;
    }

    // One key per resolution-0 place, whichever of its faces it is seen from: its vertices with their weights, the zero ones left out.
    private static (long, long) Key(in FacePlace place)
    {
        Span<long> parts = stackalloc long[3];
        for (var slot = 0; slot < 3; slot++)
        {
            var weight = slot switch { 0 => place.A, 1 => place.B, _ => place.C };
            parts[slot] = weight == 0 ? 0 : 1 + Icosahedron.Vertex(place.Face, slot) * 16 + weight;
        }
        parts.Sort();
        return (parts[0] * 1024 + parts[1], parts[2]);
    }

    private static int Sector(int vertex, int face) => SectorByVertexFace[vertex * Icosahedron.FaceCount + face];

    // How far the pentagon's digits lead the face's: its sector there against the way from the vertex into the face.
    private static int SectorTurn(int vertex, int face) => Sector(vertex, face) - (2 * Icosahedron.SlotOf(face, vertex) + 3);

    private static int FaceOfSector(int vertex, int direction)
    {
        for (var face = 0; face < Icosahedron.FaceCount; face++)
            if (Sector(vertex, face) == direction) return face;
        throw new InvalidOperationException($"Vertex {vertex} has no sector {direction}; the cell tables are broken.");
    }

    private static sbyte[] BuildVertices()
    {
        var vertices = new sbyte[BaseCellCount];
        Array.Fill(vertices, (sbyte)-1);
        for (var n = 0; n < H3Tables.Pentagons.Length; n++) vertices[H3Tables.Pentagons[n]] = (sbyte)n;
        return vertices;
    }

    private static sbyte[] BuildSectors()
    {
        var sectors = new sbyte[12 * Icosahedron.FaceCount];
        Array.Fill(sectors, (sbyte)-1);
        for (var vertex = 0; vertex < 12; vertex++)
        {
            int face = H3Tables.BaseCells[H3Tables.Pentagons[vertex] * 4];
            foreach (var sector in SectorOrder)
            {
                sectors[vertex * Icosahedron.FaceCount + face] = (sbyte)sector;
                // Counter-clockwise around the vertex lies the face behind the edge from it to the last of its three vertices.
                face = Icosahedron.Edge(face, (Icosahedron.SlotOf(face, vertex) + 1) % 3).Face;
            }
        }
        return sectors;
    }

    private static Dictionary<(long, long), byte> BuildPlaces()
    {
        var places = new Dictionary<(long, long), byte>();
        for (var baseCell = 0; baseCell < BaseCellCount; baseCell++)
        {
            int face = H3Tables.BaseCells[baseCell * 4];
            var vertex = VertexByBaseCell[baseCell];
            var hex = vertex >= 0
                ? VertexHex(Icosahedron.SlotOf(face, vertex), 0)
                : new Hex(H3Tables.BaseCells[baseCell * 4 + 1], H3Tables.BaseCells[baseCell * 4 + 2]);
            places.Add(Key(Weights(face, hex, 0)), (byte)baseCell);
        }
        return places;
    }
}
