using System.Collections.Immutable;
using System.Text.Json.Nodes;
using DePin.Cryptography;
using DePin.Protocol.Rewards;
using DePin.Protocol.State;
using DePin.Protocol.Tests.Support;

namespace DePin.Protocol.Tests.Vectors;

public sealed class RewardVectorTests
{
    public static TheoryData<int> Sizes => [0, 1, 2, 3, 4, 5, 6];

    [Theory]
    [MemberData(nameof(Sizes))]
    public void A_tree_has_the_leaves_root_and_proofs_that_an_independent_tree_has(int at)
    {
        var file = VectorFile.Load("tree");
        var vector = file.Rows("trees")[at]!;
        var domain = file.Word("domain");
        Assert.Equal(domain, VectorNetwork.Config().RewardDomain);
        var tree = RewardTree.Build(domain, Ledger(vector));

        Assert.Equal(vector.Word("root"), tree.Root);
        Assert.Equal((int)vector.Number("depth"), tree.Tree.Depth);
        Assert.Equal(vector.Number("total"), tree.Total);
        var preimage = new byte[RewardLeaf.PreimageSize];
        for (var i = 0; i < tree.LeafCount; i++)
        {
            var proof = tree.ProofAt((uint)i);
            proof.Leaf.WritePreimage(domain, preimage);
            Assert.Equal(vector.Rows("preimages")[i]!.GetValue<string>(), $"0x{Convert.ToHexStringLower(preimage)}");
            Assert.Equal(vector.Rows("prefixes")[i]!.Number(), proof.Leaf.Prefix);
            Assert.Equal(vector.Rows("leaves")[i]!.GetValue<string>(), proof.Leaf.Hash(domain).ToString());
            Assert.Equal(vector.Rows("leaves")[i]!.GetValue<string>(), tree.Tree.Layer(0)[i].ToString());
            Assert.Equal(vector.Rows("proofs")[i]!.AsArray().Select(node => node!.GetValue<string>()), proof.Siblings.Select(node => node.ToString()));
            Assert.True(proof.Verify(tree.Root, domain, tree.LeafCount));
            Assert.False((proof with { Leaf = proof.Leaf with { Cumulative = proof.Leaf.Cumulative + 1 } }).Verify(tree.Root, domain, tree.LeafCount));
        }
    }

    [Fact]
    public void Lines_and_their_chain_are_those_of_the_vector()
    {
        var file = VectorFile.Load("items");
        var lines = file.Rows("lines").Select(row => Line(row!)).ToArray();
        for (var i = 0; i < lines.Length; i++)
        {
            Assert.Equal(file.Rows("lines")[i]!.Bytes("bytes"), lines[i].Encode());
            Assert.Equal(RewardLine.Size, lines[i].Encode().Length);
            Assert.Equal(file.Rows("lines")[i]!.Word("hash"), lines[i].Hash());
        }

        var chain = default(Bytes32);
        foreach (var step in file.Rows("chain"))
        {
            Assert.Equal(step!.Word("previous"), chain);
            var root = ItemsChain.LinesTree(lines.AsSpan(0, (int)step!.Number("lines"))).Root;
            Assert.Equal(step!.Word("linesRoot"), root);
            chain = ItemsChain.Next(chain, new Epoch((ulong)step!.Number("epoch")), root);
            Assert.Equal(step!.Word("itemsHash"), chain);
        }
    }

    [Theory]
    [InlineData("wrongAccount")]
    [InlineData("decreased")]
    [InlineData("wrongPrefix")]
    [InlineData("firstPrefix")]
    [InlineData("wrongTotal")]
    public void Each_tree_fault_is_found_and_proven_with_the_leaves_of_the_vector(string name)
    {
        var file = VectorFile.Load("faults");
        var vector = file[name]!;
        var accounts = file.Rows("accounts").Select(row => new AccountId(Bytes32.LeftPad(VectorFile.Hex(row!.GetValue<string>())))).ToArray();
        var parent = RewardTree.Build(file.Word("domain"), Ledger(file["parent"]!));
        var leaf = Leaf(vector["leaf"]!);
        var proof = new ClaimProof(leaf, Words(vector.Rows("proof")));
        var leafCount = (uint)vector.Number("leafCount");
        Assert.True(proof.Verify(vector.Word("root"), file.Word("domain"), leafCount));

        var fault = name switch
        {
            "wrongAccount" => leaf.Account != accounts[leaf.Index],
            "decreased" => leaf.Cumulative < Other(vector, parent.Root, file, parent.LeafCount).Cumulative,
            "wrongPrefix" => Other(vector, vector.Word("root"), file, leafCount) is var before && leaf.Prefix != before.Prefix + before.Cumulative && before.Index + 1 == leaf.Index,
            "firstPrefix" => leaf.Index == 0 && leaf.Prefix != 0,
            _ => leaf.Index == leafCount - 1 && leaf.Prefix + leaf.Cumulative != vector.Number("cumulativeTotal"),
        };
        Assert.True(fault);
    }

    [Theory]
    [InlineData("wrongAccount")]
    [InlineData("decreased")]
    [InlineData("wrongPrefix")]
    [InlineData("firstPrefix")]
    [InlineData("wrongTotal")]
    public void The_search_comes_to_the_fault_of_the_vector(string name)
    {
        var file = VectorFile.Load("faults");
        var (vector, domain) = (file[name]!, file.Word("domain"));
        var accounts = file.Rows("accounts").Select(row => new AccountId(Bytes32.LeftPad(VectorFile.Hex(row!.GetValue<string>())))).ToImmutableArray();
        var parent = RewardTree.Build(domain, Ledger(file["parent"]!));
        var honest = Leaves(RewardTree.Build(domain, Ledger(file["honest"]!)));
        Assert.Null(TreeFaults.Find(domain, honest, parent, accounts, file["honest"]!.Number("total")));

        // The faulty tree: the vector's leaf in place of the honest one; where a cumulative changed, the prefixes after it follow.
        var leaf = Leaf(vector["leaf"]!);
        var leaves = honest.SetItem((int)leaf.Index, leaf);
        if (leaf.Cumulative != honest[(int)leaf.Index].Cumulative)
        {
            for (var i = (int)leaf.Index + 1; i < leaves.Length; i++) leaves = leaves.SetItem(i, leaves[i] with { Prefix = leaves[i - 1].Prefix + leaves[i - 1].Cumulative });
        }
        Assert.Equal(vector.Word("root"), TreeFaults.TreeOf(domain, leaves).Root);

        var fault = TreeFaults.Find(domain, leaves, parent, accounts, vector.Number("cumulativeTotal"))!;
        Assert.Equal((byte)vector.Number("fault"), (byte)fault.Kind);
        Assert.Equal(leaf, fault.Leaf.Leaf);
        Assert.Equal(Words(vector.Rows("proof")).AsEnumerable(), fault.Leaf.Siblings);
        // Where a fault needs no second leaf, the vector repeats the first.
        Assert.Equal(Leaf(vector["other"]!), fault.Other?.Leaf ?? leaf);
        Assert.Equal(Words(vector.Rows("otherProof")).AsEnumerable(), fault.Other?.Siblings ?? []);
    }

    [Fact]
    public void A_sum_past_128_bits_is_a_fault_and_not_a_crash()
    {
        var accounts = ImmutableArray.Create(new AccountId(Bytes32.FromUInt64(1)), new AccountId(Bytes32.FromUInt64(2)));
        var first = new RewardLeaf(0, accounts[0], UInt128.MaxValue, 0, default);
        var second = new RewardLeaf(1, accounts[1], 2, UInt128.MaxValue, default);
        Assert.Equal(LeafFaultKind.WrongTotal, TreeFaults.Find(default, [first, second], null, accounts, 1)!.Kind);
        Assert.Equal(LeafFaultKind.WrongAccount, TreeFaults.Find(default, [first, second], null, accounts[..1], 1)!.Kind);
        Assert.Null(TreeFaults.Find(default, [first], null, accounts, UInt128.MaxValue));
    }

    [Fact]
    public void A_tree_without_accounts_has_the_zero_root()
    {
        var tree = RewardTree.Build(default, []);
        Assert.True(tree.Root.IsZero);
        Assert.Equal(0u, tree.LeafCount);
    }

    [Fact]
    public void A_proof_that_is_too_short_too_long_or_of_another_index_is_refused()
    {
        var file = VectorFile.Load("tree");
        var tree = RewardTree.Build(file.Word("domain"), Ledger(file.Rows("trees")[5]!));
        var leaf = tree.Tree.Layer(0)[4];
        var siblings = tree.Tree.Proof(4);
        Assert.True(PositionalTree.Verify(tree.Root, leaf, 4, 13, siblings.AsSpan()));
        Assert.False(PositionalTree.Verify(tree.Root, leaf, 5, 13, siblings.AsSpan()));
        Assert.False(PositionalTree.Verify(tree.Root, leaf, 4 + 16, 32, siblings.AsSpan()));
        Assert.False(PositionalTree.Verify(tree.Root, leaf, 4, 13, siblings.AsSpan()[1..]));
        Assert.False(PositionalTree.Verify(tree.Root, leaf, 4, 13, siblings.Add(default).AsSpan()));
    }

    private static ImmutableArray<RewardLeaf> Leaves(RewardTree tree) => [.. Enumerable.Range(0, (int)tree.LeafCount).Select(i => tree.LeafAt((uint)i))];

    private static RewardLeaf Other(JsonNode vector, Bytes32 root, JsonNode file, uint leafCount)
    {
        var other = Leaf(vector["other"]!);
        Assert.True(new ClaimProof(other, Words(vector.Rows("otherProof"))).Verify(root, file.Word("domain"), leafCount));
        return other;
    }

    private static ImmutableArray<Bytes32> Words(JsonArray array) => [.. array.Select(node => Bytes32.Parse(node!.GetValue<string>()))];

    private static RewardLeaf Leaf(JsonNode node) =>
        new((uint)node.Number("index"), node.Account("account"), node.Number("cumulative"), node.Number("prefix"), node.Word("itemsHash"));

    private static ImmutableArray<LedgerEntry> Ledger(JsonNode tree) =>
    [
        .. tree.Rows("accounts").Select((account, i) => new LedgerEntry(
            new AccountId(Bytes32.LeftPad(VectorFile.Hex(account!.GetValue<string>()))), tree.Rows("cumulatives")[i]!.Number(),
            Bytes32.Parse(tree.Rows("itemsHashes")[i]!.GetValue<string>()))),
    ];

    private static RewardLine Line(JsonNode row) => new(
        0, new ClassId((ushort)row.Number("class")), new DeviceId(row.Word("device")), (ushort)row.Number("rule"), row.Number("weight"), row.Number("amount"),
        (uint)row.Number("accepted"), (uint)row.Number("rejected"), (uint)row.Number("inconclusive"));
}
