using System.Collections.Immutable;

namespace DePin.Abi.Solana;

/// <summary>What an address lookup table's account holds.</summary>
/// <param name="DeactivationSlot">The slot in which it was deactivated; null while it is in use.</param>
/// <param name="LastExtendedSlot">The slot that added the newest addresses, which count from the next one on.</param>
/// <param name="LastExtendedStart">How many addresses there were before that slot.</param>
/// <param name="Authority">Who may change it; null where nobody may any more.</param>
/// <param name="Addresses">All of them, the newest too.</param>
public sealed record LookupTableAccount(ulong? DeactivationSlot, ulong LastExtendedSlot, byte LastExtendedStart, SolanaAddress? Authority, ImmutableArray<SolanaAddress> Addresses)
{
    /// <summary>Bytes before the addresses.</summary>
    public const int HeadSize = 56;

    private const int MaxAddresses = 256;

    /// <summary>How many addresses a transaction of a slot may take.</summary>
    public int UsableAt(ulong slot) => slot > LastExtendedSlot ? Addresses.Length : LastExtendedStart;

    /// <summary>The table as <see cref="SolanaMessage.CompileV0"/> takes it in a slot.</summary>
    public SolanaLookupTable ToTable(SolanaAddress address, ulong slot) => new(address, Addresses[..UsableAt(slot)]);

    /// <summary>Reads an account's data: kind u32 (1) · deactivation slot u64 · last extended slot u64, start u8 · authority, optional · padding to 56 · addresses.</summary>
    /// <exception cref="FormatException">Anything else.</exception>
    public static LookupTableAccount Decode(ReadOnlySpan<byte> data)
    {
        var reader = new SolanaReader(data, "The lookup table");
        var kind = reader.U32("kind");
        if (kind != 1) throw new FormatException(kind == 0 ? "The lookup table is not initialised." : $"The lookup table is of kind {kind}, which is none.");
        var (deactivated, extended, start) = (reader.U64("deactivation slot"), reader.U64("last extended slot"), reader.U8("start"));
        var authority = reader.Flag("authority's presence") ? reader.Address("authority") : (SolanaAddress?)null;
        reader.Take(HeadSize - (data.Length - reader.Rest.Length), "padding");
        if (reader.Rest.Length % SolanaAddress.Size != 0) throw new FormatException($"The lookup table has {reader.Rest.Length} bytes of addresses, which is no multiple of {SolanaAddress.Size}.");
        var addresses = new SolanaAddress[reader.Rest.Length / SolanaAddress.Size];
        if (addresses.Length > MaxAddresses) throw new FormatException($"The lookup table has {addresses.Length} addresses, and {MaxAddresses} is the most.");
        if (start > addresses.Length) throw new FormatException($"The lookup table was last extended from {start} addresses, and has {addresses.Length}.");
        for (var i = 0; i < addresses.Length; i++) addresses[i] = reader.Address("addresses");
        return new(deactivated == ulong.MaxValue ? null : deactivated, extended, start, authority, [.. addresses]);
    }
}
