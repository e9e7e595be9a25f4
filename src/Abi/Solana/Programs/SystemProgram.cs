using static DePin.Abi.Solana.SolanaAccountMeta;

namespace DePin.Abi.Solana;

/// <summary>Instructions of the system program. Amounts are lamports (10⁻⁹ SOL), spaces bytes.</summary>
public static class SystemProgram
{
    /// <summary>Makes an account, which signs, and pays its rent. Fails where the address holds lamports already.</summary>
    public static SolanaInstruction CreateAccount(SolanaAddress payer, SolanaAddress account, ulong lamports, ulong space, SolanaAddress owner) =>
        Call(0, d => d.U64(lamports).U64(space).Address(owner), WritableSigner(payer), WritableSigner(account));

    /// <summary>Makes an account at <see cref="ProgramAddress.CreateWithSeed"/>, for which <paramref name="baseAddress"/> signs.</summary>
    /// <exception cref="ArgumentException">A seed of more than 32 bytes.</exception>
    public static SolanaInstruction CreateAccountWithSeed(SolanaAddress payer, SolanaAddress account, SolanaAddress baseAddress, string seed, ulong lamports, ulong space, SolanaAddress owner)
    {
        _ = ProgramAddress.SeedBytes(seed);
        SolanaAccountMeta[] accounts = baseAddress == payer ? [WritableSigner(payer), Writable(account)] : [WritableSigner(payer), Writable(account), Signer(baseAddress)];
        return Call(3, d => d.Address(baseAddress).Text(seed).U64(lamports).U64(space).Address(owner), accounts);
    }

    /// <summary>Gives an account of the system program to another one.</summary>
    public static SolanaInstruction Assign(SolanaAddress account, SolanaAddress owner) => Call(1, d => d.Address(owner), WritableSigner(account));

    /// <summary>Gives an account of the system program its space.</summary>
    public static SolanaInstruction Allocate(SolanaAddress account, ulong space) => Call(8, d => d.U64(space), WritableSigner(account));

    /// <summary>Moves lamports.</summary>
    public static SolanaInstruction Transfer(SolanaAddress from, SolanaAddress to, ulong lamports) => Call(2, d => d.U64(lamports), WritableSigner(from), Writable(to));

    /// <summary>Makes an account of <see cref="DurableNonce.Size"/> bytes, of the system program's, a durable nonce.</summary>
    public static SolanaInstruction InitializeNonce(SolanaAddress nonce, SolanaAddress authority) =>
        Call(6, d => d.Address(authority), Writable(nonce), ReadOnly(SolanaSysvars.RecentBlockhashes), ReadOnly(SolanaSysvars.Rent));

    /// <summary>Spends a nonce's value: the first instruction of a transaction that has this value as its lifetime.</summary>
    public static SolanaInstruction AdvanceNonce(SolanaAddress nonce, SolanaAddress authority) =>
        Call(4, d => d, Writable(nonce), ReadOnly(SolanaSysvars.RecentBlockhashes), Signer(authority));

    /// <summary>Takes lamports out of a nonce account; all of them close it.</summary>
    public static SolanaInstruction WithdrawNonce(SolanaAddress nonce, SolanaAddress authority, SolanaAddress to, ulong lamports) =>
        Call(5, d => d.U64(lamports), Writable(nonce), Writable(to), ReadOnly(SolanaSysvars.RecentBlockhashes), ReadOnly(SolanaSysvars.Rent), Signer(authority));

    /// <summary>Hands a nonce to another authority.</summary>
    public static SolanaInstruction AuthorizeNonce(SolanaAddress nonce, SolanaAddress authority, SolanaAddress next) => Call(7, d => d.Address(next), Writable(nonce), Signer(authority));

    private static SolanaInstruction Call(uint tag, Func<SolanaWriter, SolanaWriter> data, params SolanaAccountMeta[] accounts) =>
        new(SolanaPrograms.System, [.. accounts], data(new SolanaWriter().U32(tag)).ToMemory());
}
