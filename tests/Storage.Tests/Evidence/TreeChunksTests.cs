using DePin.Cryptography;
using DePin.Protocol.Rewards;
using DePin.Storage.Evidence;

namespace DePin.Storage.Tests.Evidence;

public sealed class TreeChunksTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(13)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(64)]
    [InlineData(1000)]
    [InlineData(1025)]
    [InlineData(2500)]
    public void A_proof_read_from_chunks_verifies_for_every_leaf(int leaves)
    {
        var tree = Tree(leaves);
        var rows = TreeChunks.Cut(tree).ToDictionary(c => (c.Tier, c.Position), c => c.Nodes);
        for (uint index = 0; index < leaves; index++)
        {
            var found = TreeChunks.KeysOf(index, tree.Depth).Select(k => rows[k]).ToList();
            var proof = TreeChunks.Proof(index, tree.Depth, found);
            Assert.Equal(proof, TreeChunks.Proof(index, tree.Depth, TreeChunks.Split([.. found.SelectMany(r => r)], tree.Depth)));
            // A row that is not there moves the others down: that is noticed, not proven with.
            for (var lost = 0; lost < found.Count; lost++)
                Assert.Throws<InvalidDataException>(() => TreeChunks.Proof(index, tree.Depth, TreeChunks.Split([.. found.Where((_, n) => n != lost).SelectMany(r => r)], tree.Depth)));
            Assert.True(PositionalTree.Verify(tree.Root, tree.Layer(0)[(int)index], index, (uint)leaves, proof), $"leaf {index}");
        }
    }

    [Fact]
    public void A_missing_or_short_chunk_is_named()
    {
        var tree = Tree(64);
        var first = TreeChunks.Cut(tree).First().Nodes;
        Assert.Throws<InvalidDataException>(() => TreeChunks.Proof(7, tree.Depth, [first]));
        Assert.Throws<InvalidDataException>(() => TreeChunks.Proof(7, tree.Depth, [first[1..], first]));
    }

    private static PositionalTree Tree(int leaves) =>
        PositionalTree.Build([.. Enumerable.Range(1, leaves).Select(i => Keccak256.Hash(Bytes32.FromUInt64((ulong)i).AsSpan()))]);
}
