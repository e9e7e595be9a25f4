using System.Collections.Immutable;
using DePin.Cryptography;
using DePin.Protocol.State;

namespace DePin.Protocol.Rewards;

/// <summary>The reward tree of a ledger: one leaf for each payout account, with prefix sums. Guarantees: the last prefix plus the last
/// cumulative is <see cref="Total"/>; the root depends on nothing but domain and ledger.</summary>
public sealed class RewardTree
{
    private readonly ImmutableArray<LedgerEntry> _ledger;
    private readonly UInt128[] _prefixes;

    private RewardTree(Bytes32 domain, ImmutableArray<LedgerEntry> ledger, UInt128[] prefixes, UInt128 total, PositionalTree tree)
    {
        Domain = domain;
        _ledger = ledger;
        _prefixes = prefixes;
        Total = total;
        Tree = tree;
    }

    /// <summary>Binds the leaves to chain, distributor and token.</summary>
    public Bytes32 Domain { get; }

    /// <summary>Sum of all cumulatives, in base units.</summary>
    public UInt128 Total { get; }

    /// <summary>The hashes, for storing and proofs.</summary>
    public PositionalTree Tree { get; }

    /// <summary>The root; zero without accounts.</summary>
    public Bytes32 Root => Tree.Root;

    /// <summary>Payout accounts.</summary>
    public uint LeafCount => (uint)_ledger.Length;

    /// <summary>Builds the tree on all cores.</summary>
    /// <exception cref="OverflowException">The cumulatives sum to 2^128 or more.</exception>
    public static RewardTree Build(Bytes32 domain, ImmutableArray<LedgerEntry> ledger)
    {
        var prefixes = GC.AllocateUninitializedArray<UInt128>(ledger.Length);
        UInt128 total = 0;
        for (var i = 0; i < ledger.Length; i++)
        {
            prefixes[i] = total;
            total = checked(total + ledger[i].Cumulative);
        }

        var tree = PositionalTree.Build(ledger.Length, (first, target) =>
        {
            Span<byte> preimage = stackalloc byte[RewardLeaf.PreimageSize];
            domain.CopyTo(preimage);
            for (var i = 0; i < target.Length; i++)
            {
                ref readonly var entry = ref ledger.ItemRef(first + i);
                new RewardLeaf((uint)(first + i), entry.Account, entry.Cumulative, prefixes[first + i], entry.ItemsHash).WriteFields(preimage);
                var inner = Keccak256.Hash(preimage);
                target[i] = Keccak256.Hash(inner.AsSpan());
            }
        });
        return new RewardTree(domain, ledger, prefixes, total, tree);
    }

    /// <summary>The leaf at a payout index.</summary>
    public RewardLeaf LeafAt(uint index) => new(index, _ledger[(int)index].Account, _ledger[(int)index].Cumulative, _prefixes[index], _ledger[(int)index].ItemsHash);

    /// <summary>The leaf with its siblings.</summary>
    public ClaimProof ProofAt(uint index) => new(LeafAt(index), Tree.Proof((int)index));
}
