namespace DePin.Abi.Solana;

/// <summary>Instructions that say what a transaction may use and bids; each at most once, anywhere in it.</summary>
public static class ComputeBudget
{
    /// <summary>Most compute units of the whole transaction: where this is not said 200,000 an instruction, 3,000 of a builtin program. At most 1,400,000.</summary>
    public static SolanaInstruction SetUnitLimit(uint units) => Call(new SolanaWriter().U8(2).U32(units));

    /// <summary>The bid, in millionths of a lamport a compute unit of the limit.</summary>
    public static SolanaInstruction SetUnitPrice(ulong microLamports) => Call(new SolanaWriter().U8(3).U64(microLamports));

    /// <summary>The heap of each program, in bytes: a multiple of 1,024 from 32,768, which is the default, to 262,144.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Anything else, which a cluster refuses.</exception>
    public static SolanaInstruction RequestHeap(uint bytes) => bytes is >= 32_768 and <= 262_144 && bytes % 1024 == 0
        ? Call(new SolanaWriter().U8(1).U32(bytes))
        : throw new ArgumentOutOfRangeException(nameof(bytes), bytes, "A heap is a multiple of 1,024 bytes from 32,768 to 262,144.");

    /// <summary>Most bytes of accounts that are loaded, programs among them: 64 MiB where this is not said. What is asked for counts when a block is packed.</summary>
    public static SolanaInstruction SetLoadedDataLimit(uint bytes) => Call(new SolanaWriter().U8(4).U32(bytes));

    private static SolanaInstruction Call(SolanaWriter data) => new(SolanaPrograms.ComputeBudget, [], data.ToMemory());
}
