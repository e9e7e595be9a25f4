using System.Collections.Immutable;

namespace DePin.Abi.Solana;

/// <summary>An account as an instruction takes it.</summary>
public readonly record struct SolanaAccountMeta(SolanaAddress Address, bool IsSigner, bool IsWritable)
{
    /// <summary>Read, not signed by.</summary>
    public static SolanaAccountMeta ReadOnly(SolanaAddress address) => new(address, false, false);

    /// <summary>Written, not signed by.</summary>
    public static SolanaAccountMeta Writable(SolanaAddress address) => new(address, false, true);

    /// <summary>Signed by, not written.</summary>
    public static SolanaAccountMeta Signer(SolanaAddress address) => new(address, true, false);

    /// <summary>Signed by and written, as who pays is.</summary>
    public static SolanaAccountMeta WritableSigner(SolanaAddress address) => new(address, true, true);
}

/// <summary>A call of one program.</summary>
/// <param name="Program">Whose code runs.</param>
/// <param name="Accounts">In the program's order; one may stand twice.</param>
/// <param name="Data">The program's own format.</param>
public sealed record SolanaInstruction(SolanaAddress Program, ImmutableArray<SolanaAccountMeta> Accounts, ReadOnlyMemory<byte> Data);
