using System.Collections.Immutable;
using DePin.Cryptography;

namespace DePin.Protocol.Rewards;

/// <summary>What proves a reward tree wrong by itself; the numbers of the contract.</summary>
public enum LeafFaultKind : byte
{
    /// <summary>The account at an index is not the payout registry's.</summary>
    WrongAccount = 0,

    /// <summary>A cumulative is below that of the same index in the parent tree.</summary>
    Decreased = 1,

    /// <summary>A prefix is not prefix + cumulative of the leaf before, or that of index 0 is not zero.</summary>
    WrongPrefix = 2,

    /// <summary>Prefix + cumulative of the last leaf is not the report's cumulative total.</summary>
    WrongTotal = 3,
}

/// <summary>A fault with the leaves that show it to the contract.</summary>
/// <param name="Kind">Which fault.</param>
/// <param name="Leaf">The faulty leaf with its proof in the reported tree.</param>
/// <param name="Other">Decreased: the leaf of the parent tree; WrongPrefix above index 0: the leaf before; otherwise null.</param>
public sealed record LeafFault(LeafFaultKind Kind, ClaimProof Leaf, ClaimProof? Other);

/// <summary>Finds what cancels a pending report at once, given the leaves that its signers published for it.</summary>
public static class TreeFaults
{
    /// <summary>The first fault by index, or null where the tree has none that a contract could be shown.</summary>
    /// <param name="domain">The reward domain.</param>
    /// <param name="leaves">The reported leaves by index, prefixes as reported; their tree must have the reported root.</param>
    /// <param name="parent">The tree of the report before; null for the first report.</param>
    /// <param name="accounts">The payout registry by index, at least as many as leaves.</param>
    /// <param name="cumulativeTotal">As the report states it.</param>
    public static LeafFault? Find(
        Bytes32 domain, ImmutableArray<RewardLeaf> leaves, RewardTree? parent, ImmutableArray<AccountId> accounts, UInt128 cumulativeTotal)
    {
        var tree = TreeOf(domain, leaves);
        UInt128 expectedPrefix = 0;
        for (var i = 0; i < leaves.Length; i++)
        {
            var leaf = leaves[i];
            if (i >= accounts.Length || leaf.Account != accounts[i]) return new LeafFault(LeafFaultKind.WrongAccount, At(leaves, i, tree), null);
            if (parent is not null && i < parent.LeafCount && leaf.Cumulative < parent.LeafAt((uint)i).Cumulative)
                return new LeafFault(LeafFaultKind.Decreased, At(leaves, i, tree), parent.ProofAt((uint)i));
            if (leaf.Prefix != expectedPrefix) return new LeafFault(LeafFaultKind.WrongPrefix, At(leaves, i, tree), i == 0 ? null : At(leaves, i - 1, tree));
            // A sum past 2^128 cannot equal any prefix or total: it shows as a fault of the next leaf or of the total.
            var sum = unchecked(leaf.Prefix + leaf.Cumulative);
            if (sum < leaf.Prefix) return Overflowing(leaves, i, tree);
            expectedPrefix = sum;
        }
        return leaves.Length > 0 && expectedPrefix != cumulativeTotal ? new LeafFault(LeafFaultKind.WrongTotal, At(leaves, leaves.Length - 1, tree), null) : null;
    }

    /// <summary>The tree over leaves as they are reported, right or wrong.</summary>
    public static PositionalTree TreeOf(Bytes32 domain, ImmutableArray<RewardLeaf> leaves) => PositionalTree.Build(leaves.Length, (first, target) =>
    {
        for (var i = 0; i < target.Length; i++) target[i] = leaves[first + i].Hash(domain);
    });

    private static ClaimProof At(ImmutableArray<RewardLeaf> leaves, int index, PositionalTree tree) => new(leaves[index], tree.Proof(index));

    private static LeafFault Overflowing(ImmutableArray<RewardLeaf> leaves, int at, PositionalTree tree) => at + 1 < leaves.Length
        ? new LeafFault(LeafFaultKind.WrongPrefix, At(leaves, at + 1, tree), At(leaves, at, tree))
        : new LeafFault(LeafFaultKind.WrongTotal, At(leaves, at, tree), null);
}
