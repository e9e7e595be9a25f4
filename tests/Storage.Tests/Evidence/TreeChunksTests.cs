using DePin.Cryptography;
using DePin.Storage.Evidence;

namespace DePin.Storage.Tests.Evidence;

public sealed class TreeChunksTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(11)]
    public void A_proof_read_from_chunks_hashes_to_the_root_for_every_leaf(int depth)
    {
        var levels = Tree(depth);
        var rows = TreeChunks.Cut(levels).ToDictionary(c => (c.Tier, c.Position), c => c.Nodes);
        for (uint index = 0; index < 1u << depth; index++)
        {
            var proof = TreeChunks.Proof(index, depth, [.. TreeChunks.KeysOf(index, depth).Select(k => rows[k])]);
            var node = levels[0].Span[(int)index];
            for (var l = 0; l < depth; l++)
                node = ((index >> l) & 1) == 0 ? Hash(node, proof[l]) : Hash(proof[l], node);
            Assert.Equal(levels[depth].Span[0], node);
        }
    }

    [Fact]
    public void A_missing_or_short_chunk_is_named()
    {
        var levels = Tree(6);
        var rows = TreeChunks.Cut(levels).ToDictionary(c => (c.Tier, c.Position), c => c.Nodes);
        var first = rows[TreeChunks.KeysOf(7, 6)[0]];
        Assert.Throws<InvalidDataException>(() => TreeChunks.Proof(7, 6, [first]));
        Assert.Throws<InvalidDataException>(() => TreeChunks.Proof(7, 6, [first[1..], first]));
    }

    private static List<ReadOnlyMemory<Bytes32>> Tree(int depth)
    {
        var level = Enumerable.Range(0, 1 << depth).Select(i => Bytes32.FromUInt64((ulong)i * 7919)).ToArray();
        List<ReadOnlyMemory<Bytes32>> levels = [level];
        while (level.Length > 1)
        {
            var below = level;
            level = [.. Enumerable.Range(0, below.Length / 2).Select(i => Hash(below[2 * i], below[(2 * i) + 1]))];
            levels.Add(level);
        }

        return levels;
    }

    private static Bytes32 Hash(Bytes32 left, Bytes32 right) => Keccak256.Hash([.. left.AsSpan(), .. right.AsSpan()]);
}
