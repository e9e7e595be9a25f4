using static DePin.Abi.Solana.SolanaAccountMeta;

namespace DePin.Abi.Solana;

/// <summary>
/// Instructions of the upgradeable loader, version 3: a program's account names its data account (<see cref="ProgramData"/>), which holds the code and who may
/// upgrade it; code comes through a buffer, written in pieces. Accounts are made with <see cref="SystemProgram.CreateAccount"/> in the same transaction as the
/// first instruction here, or a stranger takes them.
/// </summary>
public static class UpgradeableLoader
{
    /// <summary>Bytes of code that one <see cref="Write"/> carries, alone in a legacy transaction whose payer is the authority.</summary>
    public const int MaxWrite = 1012;

    /// <summary>Fewest bytes of <see cref="ExtendProgram"/>.</summary>
    public const int MinExtension = 10_240;

    /// <summary>The account of a program's code.</summary>
    public static SolanaAddress ProgramData(SolanaAddress program) => ProgramAddress.Find(SolanaPrograms.UpgradeableLoader, program.ToArray()).Address;

    /// <summary>Makes an account of <see cref="LoaderBuffer.CodeOffset"/> bytes and the code's length, of the loader's, a buffer.</summary>
    public static SolanaInstruction InitializeBuffer(SolanaAddress buffer, SolanaAddress authority) => Call(new SolanaWriter().U32(0), Writable(buffer), ReadOnly(authority));

    /// <summary>Writes a piece of the code, <paramref name="offset"/> bytes from its start.</summary>
    public static SolanaInstruction Write(SolanaAddress buffer, SolanaAddress authority, uint offset, ReadOnlySpan<byte> code) =>
        Call(new SolanaWriter().U32(1).U32(offset).U64((ulong)code.Length).Bytes(code), Writable(buffer), Signer(authority));

    /// <summary>Makes an account of <see cref="LoaderProgram.Size"/> bytes, of the loader's, the program of a buffer's code; callable from the next slot on. Empties the buffer.</summary>
    /// <param name="payer">Pays the data account's rent and has the buffer's.</param>
    /// <param name="program">The program.</param>
    /// <param name="buffer">Holds the code.</param>
    /// <param name="authority">The buffer's, and from now on the program's.</param>
    /// <param name="maxLength">Bytes of code that upgrades may have; at least the buffer's. Leave room: more costs <see cref="ExtendProgram"/>.</param>
    public static SolanaInstruction Deploy(SolanaAddress payer, SolanaAddress program, SolanaAddress buffer, SolanaAddress authority, ulong maxLength) => Call(
        new SolanaWriter().U32(2).U64(maxLength),
        WritableSigner(payer), Writable(ProgramData(program)), Writable(program), Writable(buffer), ReadOnly(SolanaSysvars.Rent), ReadOnly(SolanaSysvars.Clock), ReadOnly(SolanaPrograms.System), Signer(authority));

    /// <summary>Replaces a program's code by a buffer's of the same authority; the buffer's lamports that are left go to <paramref name="recipient"/>.</summary>
    public static SolanaInstruction Upgrade(SolanaAddress program, SolanaAddress buffer, SolanaAddress authority, SolanaAddress recipient) => Call(
        new SolanaWriter().U32(3),
        Writable(ProgramData(program)), Writable(program), Writable(buffer), Writable(recipient), ReadOnly(SolanaSysvars.Rent), ReadOnly(SolanaSysvars.Clock), Signer(authority));

    /// <summary>Hands a buffer, or a program (name its data account), to another authority, which need not agree; null makes a program final for ever.</summary>
    public static SolanaInstruction SetAuthority(SolanaAddress account, SolanaAddress authority, SolanaAddress? next)
    {
        SolanaAccountMeta[] accounts = next is { } address ? [Writable(account), Signer(authority), ReadOnly(address)] : [Writable(account), Signer(authority)];
        return Call(new SolanaWriter().U32(4), accounts);
    }

    /// <summary>Hands a buffer, or a program (name its data account), to another authority, which signs too: so that nothing goes to an address nobody has.</summary>
    public static SolanaInstruction SetAuthorityChecked(SolanaAddress account, SolanaAddress authority, SolanaAddress next) =>
        Call(new SolanaWriter().U32(7), Writable(account), Signer(authority), Signer(next));

    /// <summary>Closes a buffer and takes its lamports back.</summary>
    public static SolanaInstruction CloseBuffer(SolanaAddress buffer, SolanaAddress recipient, SolanaAddress authority) =>
        Call(new SolanaWriter().U32(5), Writable(buffer), Writable(recipient), Signer(authority));

    /// <summary>Closes a program for ever and takes its data account's lamports back; nothing can be deployed to its address again.</summary>
    public static SolanaInstruction CloseProgram(SolanaAddress program, SolanaAddress recipient, SolanaAddress authority) =>
        Call(new SolanaWriter().U32(5), Writable(ProgramData(program)), Writable(recipient), Signer(authority), Writable(program));

    /// <summary>Makes room for longer code, usable from the next slot on; whoever pays the rent may. Clusters take at least <see cref="MinExtension"/> bytes, or all up to 10 MiB.</summary>
    public static SolanaInstruction ExtendProgram(SolanaAddress program, SolanaAddress payer, uint bytes) =>
        Call(new SolanaWriter().U32(6).U32(bytes), Writable(ProgramData(program)), Writable(program), ReadOnly(SolanaPrograms.System), WritableSigner(payer));

    private static SolanaInstruction Call(SolanaWriter data, params SolanaAccountMeta[] accounts) => new(SolanaPrograms.UpgradeableLoader, [.. accounts], data.ToMemory());
}
