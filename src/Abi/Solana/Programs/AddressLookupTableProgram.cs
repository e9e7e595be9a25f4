using System.Buffers.Binary;
using static DePin.Abi.Solana.SolanaAccountMeta;

namespace DePin.Abi.Solana;

/// <summary>Instructions of the program that owns address lookup tables.</summary>
public static class AddressLookupTableProgram
{
    /// <summary>Where the table of an authority lies that is made with a recent slot's number.</summary>
    public static (SolanaAddress Table, byte Bump) Find(SolanaAddress authority, ulong recentSlot)
    {
        var slot = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(slot, recentSlot);
        return ProgramAddress.Find(SolanaPrograms.AddressLookupTable, authority.ToArray(), slot);
    }

    /// <summary>Makes an empty table at <see cref="Find"/>.</summary>
    /// <param name="authority">Who may extend and close it.</param>
    /// <param name="payer">Who pays its rent.</param>
    /// <param name="recentSlot">One of the last 512 slots that had a block.</param>
    public static SolanaInstruction Create(SolanaAddress authority, SolanaAddress payer, ulong recentSlot)
    {
        var (table, bump) = Find(authority, recentSlot);
        return Call(new SolanaWriter().U32(0).U64(recentSlot).U8(bump), Writable(table), Signer(authority), WritableSigner(payer), ReadOnly(SolanaPrograms.System));
    }

    /// <summary>Adds addresses, which can be used from the next slot on; about 30 fit one transaction, and 256 a table.</summary>
    public static SolanaInstruction Extend(SolanaAddress table, SolanaAddress authority, SolanaAddress payer, params ReadOnlySpan<SolanaAddress> addresses)
    {
        var data = new SolanaWriter().U32(2).U64((ulong)addresses.Length);
        foreach (var address in addresses) data.Address(address);
        return Call(data, Writable(table), Signer(authority), WritableSigner(payer), ReadOnly(SolanaPrograms.System));
    }

    /// <summary>Starts to retire a table: transactions may use it for 512 slots more.</summary>
    public static SolanaInstruction Deactivate(SolanaAddress table, SolanaAddress authority) => Call(new SolanaWriter().U32(3), Writable(table), Signer(authority));

    /// <summary>Closes a retired table and takes its rent back.</summary>
    public static SolanaInstruction Close(SolanaAddress table, SolanaAddress authority, SolanaAddress recipient) =>
        Call(new SolanaWriter().U32(4), Writable(table), Signer(authority), Writable(recipient));

    private static SolanaInstruction Call(SolanaWriter data, params SolanaAccountMeta[] accounts) => new(SolanaPrograms.AddressLookupTable, [.. accounts], data.ToMemory());
}
