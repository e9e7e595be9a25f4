using static DePin.Abi.Solana.SolanaAccountMeta;

namespace DePin.Abi.Solana;

/// <summary>What an authority of a mint or a token account is over.</summary>
public enum TokenAuthority : byte
{
    /// <summary>Making tokens of a mint.</summary>
    MintTokens,

    /// <summary>Freezing accounts of a mint.</summary>
    FreezeAccount,

    /// <summary>A token account: its owner.</summary>
    AccountOwner,

    /// <summary>Closing a token account.</summary>
    CloseAccount,
}

/// <summary>
/// Instructions of SPL Token, and of Token-2022 where <c>program</c> says so. Amounts are the token's smallest unit. An authority signs alone: multisig accounts
/// are not served.
/// </summary>
public static class TokenProgram
{
    /// <summary>Makes an account of <see cref="TokenMint.Size"/> bytes, of the program's, a mint.</summary>
    public static SolanaInstruction InitializeMint(SolanaAddress mint, byte decimals, SolanaAddress mintAuthority, SolanaAddress? freezeAuthority = null, SolanaAddress? program = null) =>
        Call(program, new SolanaWriter().U8(20).U8(decimals).Address(mintAuthority).Option(freezeAuthority), Writable(mint));

    /// <summary>Makes an account of <see cref="TokenAccount.Size"/> bytes, of the program's, a token account.</summary>
    public static SolanaInstruction InitializeAccount(SolanaAddress account, SolanaAddress mint, SolanaAddress owner, SolanaAddress? program = null) =>
        Call(program, new SolanaWriter().U8(18).Address(owner), Writable(account), ReadOnly(mint));

    /// <summary>Makes tokens.</summary>
    public static SolanaInstruction MintTo(SolanaAddress mint, SolanaAddress account, SolanaAddress mintAuthority, ulong amount, SolanaAddress? program = null) =>
        Call(program, new SolanaWriter().U8(7).U64(amount), Writable(mint), Writable(account), Signer(mintAuthority));

    /// <summary>Moves tokens, and fails where the mint's decimals are others.</summary>
    public static SolanaInstruction TransferChecked(
        SolanaAddress from, SolanaAddress mint, SolanaAddress to, SolanaAddress owner, ulong amount, byte decimals, SolanaAddress? program = null) =>
        Call(program, new SolanaWriter().U8(12).U64(amount).U8(decimals), Writable(from), ReadOnly(mint), Writable(to), Signer(owner));

    /// <summary>Hands an authority over a mint or a token account to another; null gives it up for ever.</summary>
    public static SolanaInstruction SetAuthority(SolanaAddress account, TokenAuthority kind, SolanaAddress authority, SolanaAddress? next, SolanaAddress? program = null) =>
        Call(program, new SolanaWriter().U8(6).U8((byte)kind).Option(next), Writable(account), Signer(authority));

    /// <summary>Closes an empty token account; its lamports go to <paramref name="recipient"/>.</summary>
    public static SolanaInstruction CloseAccount(SolanaAddress account, SolanaAddress recipient, SolanaAddress owner, SolanaAddress? program = null) =>
        Call(program, new SolanaWriter().U8(9), Writable(account), Writable(recipient), Signer(owner));

    /// <summary>Makes a wallet's associated token account (<see cref="ProgramAddress.AssociatedToken"/>) where it is not there yet.</summary>
    public static SolanaInstruction CreateAssociated(SolanaAddress payer, SolanaAddress wallet, SolanaAddress mint, SolanaAddress? program = null)
    {
        var token = program ?? SolanaPrograms.Token;
        return new(
            SolanaPrograms.AssociatedToken,
            [WritableSigner(payer), Writable(ProgramAddress.AssociatedToken(wallet, mint, token)), ReadOnly(wallet), ReadOnly(mint), ReadOnly(SolanaPrograms.System), ReadOnly(token)],
            new SolanaWriter().U8(1).ToMemory());
    }

    private static SolanaInstruction Call(SolanaAddress? program, SolanaWriter data, params SolanaAccountMeta[] accounts) => new(program ?? SolanaPrograms.Token, [.. accounts], data.ToMemory());
}
