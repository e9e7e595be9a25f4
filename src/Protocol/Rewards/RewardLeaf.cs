using System.Buffers.Binary;
using System.Collections.Immutable;
using DePin.Cryptography;

namespace DePin.Protocol.Rewards;

/// <summary>An account's place in the reward tree.</summary>
/// <param name="Index">Its permanent payout index.</param>
/// <param name="Account">Who is paid.</param>
/// <param name="Cumulative">Everything earned so far, in base units.</param>
/// <param name="Prefix">Sum of the cumulatives of all lower indices.</param>
/// <param name="ItemsHash">Chain over its lines.</param>
public readonly record struct RewardLeaf(uint Index, AccountId Account, UInt128 Cumulative, UInt128 Prefix, Bytes32 ItemsHash)
{
    /// <summary>Bytes under the leaf hash.</summary>
    public const int PreimageSize = 132;

    /// <summary>Writes the 132 bytes: domain 32 · index u32 · account 32 · cumulative u128 · prefix u128 · items hash 32.</summary>
    public void WritePreimage(in Bytes32 domain, Span<byte> destination)
    {
        domain.CopyTo(destination);
        WriteFields(destination);
    }

    /// <summary>keccak(keccak(preimage)).</summary>
    public Bytes32 Hash(in Bytes32 domain)
    {
        Span<byte> preimage = stackalloc byte[PreimageSize];
        WritePreimage(domain, preimage);
        return Keccak256.Hash(Keccak256.Hash(preimage).AsSpan());
    }

    /// <summary>Everything after the domain.</summary>
    internal void WriteFields(Span<byte> preimage)
    {
        BinaryPrimitives.WriteUInt32BigEndian(preimage[32..], Index);
        Account.Value.CopyTo(preimage[36..]);
        BinaryPrimitives.WriteUInt128BigEndian(preimage[68..], Cumulative);
        BinaryPrimitives.WriteUInt128BigEndian(preimage[84..], Prefix);
        ItemsHash.CopyTo(preimage[100..]);
    }
}

/// <summary>A leaf with what the contract needs to believe it: the siblings, bottom first.</summary>
public sealed record ClaimProof(RewardLeaf Leaf, ImmutableArray<Bytes32> Siblings)
{
    /// <summary>Whether it holds under this root.</summary>
    public bool Verify(in Bytes32 root, in Bytes32 domain, uint leafCount) =>
        PositionalTree.Verify(root, Leaf.Hash(domain), Leaf.Index, leafCount, Siblings.AsSpan());
}
