using DePin.Protocol.Maths;

namespace DePin.Protocol.Geo;

/// <summary>The icosahedron under the grid: which faces meet at which edges, and where a direction pierces it.</summary>
internal static class Icosahedron
{
    /// <summary>Across an edge: the face there, the slots there of its far vertex and of this edge's two ends (in the order after the
    /// opposite slot), and by how many sixths its axes lead.</summary>
    internal readonly record struct EdgeTo(int Face, int NewSlot, int NextSlot, int LastSlot, int Turn);

    public const int FaceCount = 20;

    private static readonly EdgeTo[] Edges = BuildEdges();
    private static readonly Int128[] Normals = BuildNormals();

    public static int Vertex(int face, int slot) => H3Tables.Faces[face * 3 + slot];

    public static int SlotOf(int face, int vertex)
    {
        for (var slot = 0; slot < 3; slot++)
            if (Vertex(face, slot) == vertex) return slot;
        return -1;
    }

    public static EdgeTo Edge(int face, int slot) => Edges[face * 3 + slot];

    /// <summary>The face that a direction pierces, and its weights of the three vertices in units of 2^-62.</summary>
    public static (int Face, Int128 A, Int128 B, Int128 C) Pierce(GeoPoint point)
    {
        var (sinLat, cosLat) = FixedMath.SinCosDegreesE7(point.LatitudeE7);
        var (sinLng, cosLng) = FixedMath.SinCosDegreesE7(point.LongitudeE7);
        Int128 x = (cosLat * cosLng).Raw >> 2, y = (cosLat * sinLng).Raw >> 2, z = sinLat.Raw >> 2;
        var best = (Face: -1, A: Int128.Zero, B: Int128.Zero, C: Int128.Zero);
        var depth = Int128.MinValue;
        for (var face = 0; face < FaceCount; face++)
        {
            Int128 a = Dot(face * 9, x, y, z), b = Dot(face * 9 + 3, x, y, z), c = Dot(face * 9 + 6, x, y, z);
            var least = Int128.Min(a, Int128.Min(b, c));
            if (least <= depth) continue;
            (best, depth) = ((face, a, b, c), least);
            if (least > 0) break;
        }
        return best;
    }

    /// <summary>The direction of a place on a face: the weighted sum of its vertices, of any length.</summary>
    public static GeoPoint Direction(in FacePlace place)
    {
        Int128 x = 0, y = 0, z = 0;
        for (var slot = 0; slot < 3; slot++)
        {
            var weight = (Int128)(slot switch { 0 => place.A, 1 => place.B, _ => place.C });
            var vertex = Vertex(place.Face, slot) * 3;
            x += weight * H3Tables.Vertices[vertex];
            y += weight * H3Tables.Vertices[vertex + 1];
            z += weight * H3Tables.Vertices[vertex + 2];
        }
        var flat = FixedMath.Sqrt(new Fixed(x) * new Fixed(x) + new Fixed(y) * new Fixed(y));
        return new GeoPoint(ToDegreesE7(FixedMath.Atan2(new Fixed(z), flat)), ToDegreesE7(FixedMath.Atan2(new Fixed(y), new Fixed(x))));
    }

    private static int ToDegreesE7(Fixed radians) => (int)(radians / FixedMath.Pi).RoundScaled(1_800_000_000);

    private static Int128 Dot(int at, Int128 x, Int128 y, Int128 z) =>
        (Normals[at] * x + Normals[at + 1] * y + Normals[at + 2] * z) >> 62;

    // Inward normals of the planes through the centre and each edge, in units of 2^-62: b×c, c×a, a×b.
    private static Int128[] BuildNormals()
    {
        var normals = new Int128[FaceCount * 9];
        for (var face = 0; face < FaceCount; face++)
            for (var slot = 0; slot < 3; slot++)
            {
                int b = Vertex(face, (slot + 1) % 3) * 3, c = Vertex(face, (slot + 2) % 3) * 3;
                for (var axis = 0; axis < 3; axis++)
                {
                    int p = (axis + 1) % 3, q = (axis + 2) % 3;
                    var v = H3Tables.Vertices;
                    normals[face * 9 + slot * 3 + axis] = ((Int128)v[b + p] * v[c + q] - (Int128)v[b + q] * v[c + p]) >> 62;
                }
            }
        return normals;
    }

    private static EdgeTo[] BuildEdges()
    {
        var edges = new EdgeTo[FaceCount * 3];
        for (var face = 0; face < FaceCount; face++)
            for (var slot = 0; slot < 3; slot++)
            {
                int next = Vertex(face, (slot + 1) % 3), last = Vertex(face, (slot + 2) % 3);
                for (var other = 0; other < FaceCount; other++)
                {
                    if (other == face) continue;
                    int nextSlot = SlotOf(other, next), lastSlot = SlotOf(other, last);
                    if (nextSlot < 0 || lastSlot < 0) continue;
                    var newSlot = 3 - nextSlot - lastSlot;
                    // Unfolded, the far vertex lies opposite to ours (three sixths on from our slot's axis), and the other face's
                    // slot s points two sixths per slot on from its own i axis.
                    var turn = Hex.Mod6(2 * slot + 3 - 2 * newSlot);
                    edges[face * 3 + slot] = new EdgeTo(other, newSlot, nextSlot, lastSlot, turn);
                }
            }
        return edges;
    }
}
