namespace DePin.Abi.Solana;

/// <summary>What an account of the upgradeable loader's holds: one of the three below. Bytes alone do not say whose they are: compare the account's owner first.</summary>
public abstract record LoaderAccount
{
    /// <summary>Reads an account's data; a buffer's and a program's code is not copied.</summary>
    /// <exception cref="FormatException">Anything else, also an account that is not initialised or was closed.</exception>
    public static LoaderAccount Decode(ReadOnlyMemory<byte> data)
    {
        var reader = new SolanaReader(data.Span, "The loader's account");
        return reader.U32("kind") switch
        {
            0 => throw new FormatException("The loader's account holds nothing: it is not initialised, or was closed."),
            1 => new LoaderBuffer(Authority(ref reader), Code(data, LoaderBuffer.CodeOffset)),
            2 => new LoaderProgram(reader.Address("program data")),
            3 => new LoaderProgramData(reader.U64("slot"), Authority(ref reader), Code(data, LoaderProgramData.CodeOffset)),
            var kind => throw new FormatException($"The loader's account is of kind {kind}, which is none."),
        };
    }

    private static SolanaAddress? Authority(ref SolanaReader reader) => reader.Flag("authority's presence") ? reader.Address("authority") : null;

    // Code starts at one place, whether an authority stands before it or not.
    private static ReadOnlyMemory<byte> Code(ReadOnlyMemory<byte> data, int offset) =>
        data.Length >= offset ? data[offset..] : throw new FormatException($"The loader's account ends before its code: {offset} bytes come first and it has {data.Length}.");
}

/// <summary>A buffer: kind u32 (1) · authority, optional · code from byte 37.</summary>
/// <param name="Authority">Who may write and use it.</param>
/// <param name="Code">As far as it was written, and zeros.</param>
public sealed record LoaderBuffer(SolanaAddress? Authority, ReadOnlyMemory<byte> Code) : LoaderAccount
{
    /// <summary>Bytes before the code.</summary>
    public const int CodeOffset = 37;
}

/// <summary>A program: kind u32 (2) · data account.</summary>
/// <param name="ProgramData">Where its code is.</param>
public sealed record LoaderProgram(SolanaAddress ProgramData) : LoaderAccount
{
    /// <summary>Bytes of the account.</summary>
    public const int Size = 36;
}

/// <summary>A program's data: kind u32 (3) · slot u64 · authority, optional · code from byte 45.</summary>
/// <param name="Slot">When it was deployed last.</param>
/// <param name="Authority">Who may upgrade it; null where it is final.</param>
/// <param name="Code">The code, and zeros up to the length that was reserved.</param>
public sealed record LoaderProgramData(ulong Slot, SolanaAddress? Authority, ReadOnlyMemory<byte> Code) : LoaderAccount
{
    /// <summary>Bytes before the code.</summary>
    public const int CodeOffset = 45;
}
