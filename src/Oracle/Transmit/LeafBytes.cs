using System.Collections.Immutable;
using DePin.Protocol;
using DePin.Protocol.Canonical;
using DePin.Protocol.Rewards;

namespace DePin.Oracle.Transmit;

/// <summary>A reported tree's leaves in transport, by index: account 32 · cumulative u128 · prefix u128 · items hash 32.</summary>
public static class LeafBytes
{
    /// <summary>Bytes of one leaf.</summary>
    public const int Size = 96;

    /// <summary>The leaves of a tree.</summary>
    public static byte[] Encode(RewardTree tree)
    {
        var writer = new CanonicalWriter((int)tree.LeafCount * Size);
        for (uint i = 0; i < tree.LeafCount; i++)
        {
            var leaf = tree.LeafAt(i);
            writer.Word(leaf.Account.Value).U128(leaf.Cumulative).U128(leaf.Prefix).Word(leaf.ItemsHash);
        }

        return writer.ToArray();
    }

    /// <summary>Reads exactly <paramref name="count"/> leaves, right or wrong.</summary>
    /// <exception cref="CanonicalFormatException">Another length.</exception>
    public static ImmutableArray<RewardLeaf> Decode(ReadOnlySpan<byte> bytes, uint count)
    {
        var reader = new CanonicalReader(bytes, "leaves of a reward tree");
        if (bytes.Length != count * (long)Size) throw reader.Wrong($"{bytes.Length} bytes are not those of {count} leaves");
        var leaves = ImmutableArray.CreateBuilder<RewardLeaf>((int)count);
        for (uint i = 0; i < count; i++) leaves.Add(new RewardLeaf(i, new AccountId(reader.Word()), reader.U128(), reader.U128(), reader.Word()));
        return leaves.MoveToImmutable();
    }
}
