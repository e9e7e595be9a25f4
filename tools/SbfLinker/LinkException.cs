namespace DePin.SbfLinker;

/// <summary>Why an object cannot become a Solana program.</summary>
public enum LinkFault
{
    /// <summary>No little-endian 64-bit ELF relocatable for BPF, or a header field has a value that no such file has.</summary>
    NotABpfObject = 1,
    /// <summary>A table, a section or a name reaches past the end of the file.</summary>
    Truncated = 2,
    /// <summary>A section, symbol or relocation points at something that is not there or not of its kind.</summary>
    BadReference = 3,
    /// <summary>No global function named <c>entrypoint</c>, or one that is not a function of the object.</summary>
    NoEntryPoint = 4,
    /// <summary>The program reaches writable data, which Solana does not have.</summary>
    WritableData = 5,
    /// <summary>A relocation of a type, at a place or against a symbol that the loader cannot carry out.</summary>
    BadRelocation = 6,
    /// <summary>An instruction that SBPF v0 does not have, or computes otherwise than LLVM means it.</summary>
    BadInstruction = 7,
    /// <summary>A jump or call that leaves its section or lands inside an instruction.</summary>
    BadJump = 8,
    /// <summary>What is reachable exceeds the largest program that the loader takes.</summary>
    TooLarge = 9,
}

/// <summary>An object that cannot be linked. The message names the section or symbol and says what to do.</summary>
public sealed class LinkException(LinkFault fault, string message) : Exception(message)
{
    /// <summary>The kind of fault.</summary>
    public LinkFault Fault { get; } = fault;
}
