using System.Buffers.Binary;

namespace DePin.SbfLinker;

/// <summary>
/// Holds the text of a section to what SBPF version 0 runs as LLVM means it. The loader refuses some of what is refused here; the rest it runs
/// and computes otherwise (signed division and sign-extending moves of BPF v4 differ from the unsigned ones only in the offset field, which v0 does not read).
/// </summary>
internal static class Instructions
{
    public const int Size = 8;
    public const byte LoadImmediate = 0x18, Call = 0x85, CallRegister = 0x8d, Exit = 0x95;
    private const int FramePointer = 10;

    // Loads 61 69 71 79, stores 62 6a 72 7a and 63 6b 73 7b; atomics (c3 db) and sign-extending loads (81 89 91) are not among them.
    private static readonly bool[] Known = MakeKnown();

    private static bool[] MakeKnown()
    {
        var known = new bool[256];
        foreach (var opcode in (byte[])[0x18, 0x61, 0x69, 0x71, 0x79, 0x62, 0x6a, 0x72, 0x7a, 0x63, 0x6b, 0x73, 0x7b, Call, CallRegister, Exit, 0x05, 0xd4, 0xdc, 0x84, 0x87])
            known[opcode] = true;
        // ALU of 32 and 64 bits: add sub mul div or and lsh rsh (neg) mod xor mov arsh, immediate and register.
        foreach (var operation in (byte[])[0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xa0, 0xb0, 0xc0])
        {
            foreach (var form in (byte[])[0x04, 0x0c, 0x07, 0x0f]) known[operation | form] = true;
        }

        // Conditional jumps of class 5; class 6 (32-bit jumps of v3) is unknown to v0.
        foreach (var condition in (byte[])[0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0])
        {
            known[condition | 0x05] = true;
            known[condition | 0x0d] = true;
        }

        return known;
    }

    /// <summary>Checks every instruction and rewrites indirect calls to v0's form.</summary>
    /// <param name="text">The whole section.</param>
    /// <param name="name">The section's name, for messages.</param>
    /// <param name="isRelocated">Whether a relocation rewrites the instruction at that offset.</param>
    /// <returns>For each eight bytes whether an instruction begins there.</returns>
    /// <exception cref="LinkException">The first instruction that cannot stay.</exception>
    public static bool[] CheckAndAdapt(Span<byte> text, string name, Func<int, bool> isRelocated)
    {
        if (text.Length == 0 || text.Length % Size != 0) throw new LinkException(LinkFault.BadInstruction, $"'{name}' has {text.Length} bytes, not a whole number of instructions.");
        var starts = new bool[(text.Length / Size) + 1];
        for (var at = 0; at < text.Length; at += Step(text, at)) starts[at / Size] = true;
        for (var at = 0; at < text.Length; at += Step(text, at)) CheckOne(text, at, name, starts, isRelocated(at));
        return starts;
    }

    private static int Step(ReadOnlySpan<byte> text, int at) => text[at] == LoadImmediate ? 2 * Size : Size;

    private static void CheckOne(Span<byte> text, int at, string name, bool[] starts, bool relocated)
    {
        var opcode = text[at];
        int destination = text[at + 1] & 15, source = text[at + 1] >> 4;
        var offset = BinaryPrimitives.ReadInt16LittleEndian(text[(at + 2)..]);
        var immediate = BinaryPrimitives.ReadInt32LittleEndian(text[(at + 4)..]);
        if (!Known[opcode]) throw Bad(LinkFault.BadInstruction, $"opcode 0x{opcode:x2} does not exist in SBPF v0; compile with -C target-cpu=v2");
        if (destination > FramePointer || source > FramePointer) throw Bad(LinkFault.BadInstruction, "a register above r10");
        var kind = opcode & 7;
        switch (kind)
        {
            case 0:
                if (at + (2 * Size) > text.Length || text[at + Size] != 0) throw Bad(LinkFault.BadInstruction, "a 64-bit load without its second half");
                if (source != 0) throw Bad(LinkFault.BadInstruction, $"a 64-bit load of kind {source}");
                break;
            case 4 or 7:
                if (offset != 0) throw Bad(LinkFault.BadInstruction, "arithmetic with an offset (signed division or a sign-extending move of BPF v4), which SBPF v0 would compute as unsigned; compile with -C target-cpu=v2");
                if ((opcode & 0xf0) is 0x30 or 0x90 && (opcode & 8) == 0 && immediate == 0) throw Bad(LinkFault.BadInstruction, "a division by the constant zero");
                if ((opcode & 0xf0) is 0x60 or 0x70 or 0xc0 && (opcode & 8) == 0 && (immediate < 0 || immediate >= (kind == 4 ? 32 : 64))) throw Bad(LinkFault.BadInstruction, $"a shift by {immediate}");
                if (opcode is 0xd4 or 0xdc && immediate is not (16 or 32 or 64)) throw Bad(LinkFault.BadInstruction, $"a byte swap of {immediate} bits");
                break;
            case 5 when opcode == CallRegister:
                // LLVM names the register in the destination, version 0 in the immediate.
                if (source != 0 || immediate != 0 || destination == FramePointer) throw Bad(LinkFault.BadInstruction, "an indirect call of an unknown form");
                BinaryPrimitives.WriteInt32LittleEndian(text[(at + 4)..], destination);
                text[at + 1] = 0;
                return;
            case 5 when opcode == Call:
                if (relocated) break;
                if (source != 1) throw Bad(LinkFault.BadInstruction, "a call by number, which Solana does not have");
                CheckTarget(at / Size + 1L + immediate);
                break;
            case 5 when opcode != Exit:
                CheckTarget(at / Size + 1L + offset);
                break;
        }

        if (kind is 0 or 1 or 4 or 7 && destination == FramePointer) throw Bad(LinkFault.BadInstruction, "r10 is written");

        void CheckTarget(long target)
        {
            if (target < 0 || target >= starts.Length - 1 || !starts[target]) throw Bad(LinkFault.BadJump, $"a jump to instruction {target}");
        }

        LinkException Bad(LinkFault fault, string what) => new(fault, $"'{name}', byte {at}: {what}.");
    }
}
