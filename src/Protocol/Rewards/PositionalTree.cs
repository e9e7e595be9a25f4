using System.Collections.Immutable;
using DePin.Cryptography;

namespace DePin.Protocol.Rewards;

/// <summary>
/// A Merkle tree whose proofs fix the leaf's place: leaves by index, padded with zero words to 2^d where d is the least with
/// 2^d ≥ leaf count; node = keccak(left · right). Padding is neither stored nor hashed anew: a subtree of zeros has a known root.
/// Layer k holds ⌈leaves / 2^k⌉ nodes; layer 0 the leaves, layer d the root.
/// </summary>
public sealed class PositionalTree
{
    /// <summary>Leaves that one task hashes up to the root of their subtree: 2^12.</summary>
    private const int BlockBits = 12;

    private static readonly Bytes32[] ZeroRoots = MakeZeroRoots();

    private readonly Bytes32[][] _layers;

    private PositionalTree(Bytes32[][] layers) => _layers = layers;

    /// <summary>How many leaves.</summary>
    public int LeafCount => _layers[0].Length;

    /// <summary>d: how many siblings a proof has.</summary>
    public int Depth => _layers.Length - 1;

    /// <summary>The root; zero for a tree without leaves.</summary>
    public Bytes32 Root => LeafCount == 0 ? default : _layers[^1][0];

    /// <summary>The least d with 2^d ≥ <paramref name="leafCount"/>.</summary>
    public static int DepthOf(uint leafCount)
    {
        var depth = 0;
        while ((1UL << depth) < leafCount) depth++;
        return depth;
    }

    /// <summary>The root of 2^<paramref name="depth"/> zero leaves; for depth 0 the zero word.</summary>
    public static Bytes32 ZeroRoot(int depth) => ZeroRoots[depth];

    /// <summary>The nodes of one layer, for storing: a proof's sibling on layer k stands at (index >> k) ^ 1, and is <see cref="ZeroRoot"/>(k) beyond its end.</summary>
    public ReadOnlySpan<Bytes32> Layer(int layer) => _layers[layer];

    /// <summary>Builds the tree over leaf hashes, which are kept.</summary>
    public static PositionalTree Build(Bytes32[] leaves) => Build(leaves.Length, (first, target) => leaves.AsSpan(first, target.Length).CopyTo(target));

    /// <summary>
    /// Builds the tree, asking <paramref name="fill"/> (from several threads, each range once) for the leaf hashes from a first index on.
    /// The result does not depend on how many threads there are.
    /// </summary>
    public static PositionalTree Build(int leafCount, LeafFiller fill)
    {
        var depth = DepthOf((uint)leafCount);
        var layers = new Bytes32[depth + 1][];
        for (var k = 0; k <= depth; k++) layers[k] = GC.AllocateUninitializedArray<Bytes32>((int)(((long)leafCount + (1L << k) - 1) >> k));

        var inBlock = Math.Min(BlockBits, depth);
        var blocks = (leafCount + (1 << inBlock) - 1) >> inBlock;
        void Block(int block)
        {
            var first = block << inBlock;
            fill(first, layers[0].AsSpan(first, Math.Min(1 << inBlock, leafCount - first)));
            for (var k = 1; k <= inBlock; k++) HashLayer(layers[k - 1], layers[k], k, block << (inBlock - k), 1 << (inBlock - k));
        }

        if (blocks > 1) Parallel.For(0, blocks, Block);
        else if (blocks == 1) Block(0);
        for (var k = inBlock + 1; k <= depth; k++) HashLayer(layers[k - 1], layers[k], k, 0, layers[k].Length);
        return new PositionalTree(layers);
    }

    /// <summary>The siblings of the leaf at <paramref name="index"/>, bottom first; exactly <see cref="Depth"/>.</summary>
    public ImmutableArray<Bytes32> Proof(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, LeafCount);
        var siblings = ImmutableArray.CreateBuilder<Bytes32>(Depth);
        for (var k = 0; k < Depth; k++)
        {
            var at = (index >> k) ^ 1;
            siblings.Add(at < _layers[k].Length ? _layers[k][at] : ZeroRoots[k]);
        }
        return siblings.MoveToImmutable();
    }

    /// <summary>Whether <paramref name="leaf"/> stands at <paramref name="index"/> of the tree with this root and leaf count.</summary>
    public static bool Verify(in Bytes32 root, in Bytes32 leaf, uint index, uint leafCount, ReadOnlySpan<Bytes32> proof)
    {
        if (index >= leafCount || proof.Length != DepthOf(leafCount)) return false;
        var node = leaf;
        for (var k = 0; k < proof.Length; k++)
            node = ((index >> k) & 1) == 0 ? Keccak256.Hash(in node, in proof[k]) : Keccak256.Hash(in proof[k], in node);
        return node == root;
    }

    private static void HashLayer(Bytes32[] below, Bytes32[] layer, int k, int first, int count)
    {
        var end = Math.Min(first + count, layer.Length);
        for (var i = first; i < end; i++)
            layer[i] = Keccak256.Hash(in below[2 * i], in (2 * i) + 1 < below.Length ? ref below[(2 * i) + 1] : ref ZeroRoots[k - 1]);
    }

    private static Bytes32[] MakeZeroRoots()
    {
        var roots = new Bytes32[33];
        for (var k = 1; k < roots.Length; k++) roots[k] = Keccak256.Hash(in roots[k - 1], in roots[k - 1]);
        return roots;
    }
}

/// <summary>Writes the leaf hashes of the places from <paramref name="first"/> on; as many as <paramref name="target"/> is long.</summary>
public delegate void LeafFiller(int first, Span<Bytes32> target);
