using DePin.Cryptography;
using DePin.Protocol.Rewards;

namespace DePin.Storage.Evidence;

/// <summary>
/// The layout of <c>evidence.tree_chunks</c>: five levels of a positional Merkle tree a row, so that a claim proof reads
/// ceil(depth / 5) rows and hashes nothing. Level 0 holds the leaves, padded to 2^depth.
/// </summary>
public static class TreeChunks
{
    /// <summary>Levels a chunk.</summary>
    public const int Levels = 5;

    /// <summary>One row.</summary>
    /// <param name="Tier">Lowest level / 5.</param>
    /// <param name="Position">Index of the chunk among those of its tier: node index of the lowest level / 32.</param>
    /// <param name="Nodes">The lowest level's nodes under the chunk's ancestor, then the level above, and so on; 32 bytes each.</param>
    public readonly record struct Chunk(short Tier, int Position, byte[] Nodes);

    /// <summary>Cuts a tree into chunks. The root itself is in no chunk, and no chunk holds padding alone: no proof asks for one.</summary>
    public static IEnumerable<Chunk> Cut(PositionalTree tree)
    {
        ArgumentNullException.ThrowIfNull(tree);
        for (var tier = 0; tier * Levels < tree.Depth; tier++)
        {
            var lowest = tier * Levels;
            var height = Math.Min(Levels, tree.Depth - lowest);
            var width = 1 << height;
            var chunks = (tree.Layer(lowest).Length + width - 1) / width;
            for (var position = 0; position < chunks; position++)
                yield return new Chunk((short)tier, position, Pack(tree, lowest, height, width, position));
        }
    }

    private static byte[] Pack(PositionalTree tree, int lowest, int height, int width, int position)
    {
        var nodes = new byte[((2 * width) - 2) * Bytes32.Size];
        var at = 0;
        for (var i = 0; i < height; i++)
        {
            var layer = tree.Layer(lowest + i);
            var padding = PositionalTree.ZeroRoot(lowest + i);
            var count = width >> i;
            for (var n = position * count; n < (position + 1) * count; n++)
            {
                (n < layer.Length ? layer[n] : padding).CopyTo(nodes.AsSpan(at));
                at += Bytes32.Size;
            }
        }

        return nodes;
    }

    /// <summary>The rows that hold the proof of leaf <paramref name="index"/> in a tree of <paramref name="depth"/>, lowest first.</summary>
    public static IReadOnlyList<(short Tier, int Position)> KeysOf(uint index, int depth)
    {
        var keys = new List<(short, int)>((depth + Levels - 1) / Levels);
        for (var tier = 0; tier * Levels < depth; tier++)
        {
            var lowest = tier * Levels;
            var height = Math.Min(Levels, depth - lowest);
            keys.Add(((short)tier, (int)(index >> (lowest + height))));
        }

        return keys;
    }

    /// <summary>Takes the rows of one proof apart that were joined, lowest first; one that is missing shows in <see cref="Proof"/> as damaged.</summary>
    public static IReadOnlyList<byte[]> Split(byte[] joined, int depth)
    {
        ArgumentNullException.ThrowIfNull(joined);
        var rows = new List<byte[]>();
        var at = 0;
        for (var tier = 0; tier * Levels < depth && at < joined.Length; tier++)
        {
            var size = Math.Min(((2 << Math.Min(Levels, depth - (tier * Levels))) - 2) * Bytes32.Size, joined.Length - at);
            rows.Add(joined[at..(at + size)]);
            at += size;
        }

        return rows;
    }

    /// <summary>The siblings of leaf <paramref name="index"/>, bottom first, from the rows that <see cref="KeysOf"/> named, in that order.</summary>
    /// <exception cref="InvalidDataException">A row is missing or not as long as its place in the tree asks.</exception>
    public static Bytes32[] Proof(uint index, int depth, IReadOnlyList<byte[]> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var siblings = new Bytes32[depth];
        for (var tier = 0; tier * Levels < depth; tier++)
        {
            var lowest = tier * Levels;
            var height = Math.Min(Levels, depth - lowest);
            var width = 1 << height;
            if (tier >= rows.Count || rows[tier].Length != ((2 * width) - 2) * Bytes32.Size)
                throw new InvalidDataException($"Tree chunk of tier {tier} for leaf {index} is missing or damaged: rebuild the epoch with 'depin index rebuild'.");
            var start = 0;
            for (var i = 0; i < height; i++)
            {
                var count = width >> i;
                var sibling = (int)((index >> (lowest + i)) & (uint)(count - 1)) ^ 1;
                siblings[lowest + i] = new Bytes32(rows[tier].AsSpan((start + sibling) * Bytes32.Size, Bytes32.Size));
                start += count;
            }
        }

        return siblings;
    }
}
