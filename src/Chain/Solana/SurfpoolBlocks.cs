using System.Globalization;
using DePin.Abi.Solana;
using DePin.Cryptography;

namespace DePin.Chain.Solana;

/// <summary>
/// Links the blocks of Surfpool's runtime (1.5.0): its empty blocks name one another as a cluster's do, by a hash that spells the slot, but a block with transactions says that it is its own
/// parent and gives the hash of a block some 30 slots before. Its block times are in thousands of seconds, so that <see cref="SolanaRpc.GetBlockTimeAsync"/> must be asked.
/// Such a hash says nothing of the block's content; the runtime never replaces a block.
/// </summary>
public static class SurfpoolBlocks
{
    private const string Prefix = "SURFNETxSAFEHASH";
    private const int Length = 43;

    /// <summary>The hash of a slot's block, and of what a block in the next slot names as the one before it.</summary>
    public static Bytes32 HashOf(ulong slot)
    {
        var number = slot.ToString("x", CultureInfo.InvariantCulture).Replace('0', 'x'); // base58 has no 0
        Span<byte> bytes = stackalloc byte[Bytes32.Size];
        return Base58.TryDecode(Prefix + number.PadLeft(Length - Prefix.Length, 'x'), bytes)
            ? new Bytes32(bytes)
            : throw new ArgumentOutOfRangeException(nameof(slot), $"Slot {slot} has no hash of 32 bytes in Surfpool's way.");
    }

    /// <summary>The block as it links to those around it.</summary>
    public static SolanaBlock Mend(SolanaBlock block) => block.ParentSlot < block.Slot
        ? block
        : block with { ParentSlot = block.Slot - 1, Hash = HashOf(block.Slot), ParentHash = HashOf(block.Slot - 1) };
}
