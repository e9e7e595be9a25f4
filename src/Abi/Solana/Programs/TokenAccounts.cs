namespace DePin.Abi.Solana;

/// <summary>
/// What a mint's account holds. Bytes alone do not say whose they are: compare the account's owner with <see cref="SolanaPrograms.Token"/> or
/// <see cref="SolanaPrograms.Token2022"/> first.
/// </summary>
/// <param name="MintAuthority">Who may make tokens; null where nobody may any more.</param>
/// <param name="Supply">How many there are, in the smallest unit.</param>
/// <param name="Decimals">A whole token is 10 to this power of the smallest unit.</param>
/// <param name="FreezeAuthority">Who may freeze accounts; null where nobody may.</param>
/// <param name="HasExtensions">Whether Token-2022's extensions follow: <see cref="TokenExtension.OfMint"/>.</param>
public sealed record TokenMint(SolanaAddress? MintAuthority, ulong Supply, byte Decimals, SolanaAddress? FreezeAuthority, bool HasExtensions)
{
    /// <summary>Bytes without extensions.</summary>
    public const int Size = 82;

    /// <summary>Reads an account's data: authority (u32 flag, address) · supply u64 · decimals u8 · initialised u8 · freeze authority (u32 flag, address).</summary>
    /// <exception cref="FormatException">Anything else.</exception>
    public static TokenMint Decode(ReadOnlySpan<byte> data)
    {
        var extended = TokenExtensions.Follow(data, Size, 1, "a mint");
        var reader = new SolanaReader(data[..Size], "The mint");
        var authority = TokenExtensions.Option(ref reader, "mint authority");
        var (supply, decimals) = (reader.U64("supply"), reader.U8("decimals"));
        if (!reader.Flag("initialised")) throw new FormatException("The mint is not initialised.");
        return new(authority, supply, decimals, TokenExtensions.Option(ref reader, "freeze authority"), extended);
    }
}

/// <summary>
/// What a token account holds. Bytes alone do not say whose they are: compare the account's owner with <see cref="SolanaPrograms.Token"/> or
/// <see cref="SolanaPrograms.Token2022"/> first.
/// </summary>
/// <param name="Mint">Of what.</param>
/// <param name="Owner">Whose.</param>
/// <param name="Amount">In the smallest unit.</param>
/// <param name="Delegate">Who else may spend <paramref name="DelegatedAmount"/> of it.</param>
/// <param name="IsFrozen">Whether nothing moves.</param>
/// <param name="NativeReserve">Of wrapped SOL, the lamports that are rent and no tokens; null of any other token.</param>
/// <param name="DelegatedAmount">In the smallest unit.</param>
/// <param name="CloseAuthority">Who else may close it.</param>
/// <param name="HasExtensions">Whether Token-2022's extensions follow: <see cref="TokenExtension.OfAccount"/>.</param>
public sealed record TokenAccount(
    SolanaAddress Mint, SolanaAddress Owner, ulong Amount, SolanaAddress? Delegate, bool IsFrozen, ulong? NativeReserve, ulong DelegatedAmount, SolanaAddress? CloseAuthority, bool HasExtensions)
{
    /// <summary>Bytes without extensions.</summary>
    public const int Size = 165;

    /// <summary>
    /// Reads an account's data: mint · owner · amount u64 · delegate (u32 flag, address) · state u8 (1, or 2 where frozen) · native reserve (u32 flag, u64) ·
    /// delegated amount u64 · close authority (u32 flag, address).
    /// </summary>
    /// <exception cref="FormatException">Anything else.</exception>
    public static TokenAccount Decode(ReadOnlySpan<byte> data)
    {
        var extended = TokenExtensions.Follow(data, Size, 2, "a token account");
        var reader = new SolanaReader(data[..Size], "The token account");
        var (mint, owner, amount) = (reader.Address("mint"), reader.Address("owner"), reader.U64("amount"));
        var spender = TokenExtensions.Option(ref reader, "delegate");
        var state = reader.U8("state");
        if (state is 0 or > 2) throw new FormatException(state == 0 ? "The token account is not initialised." : $"The token account has the state {state}, which is none.");
        var isNative = TokenExtensions.IsPresent(ref reader, "native reserve");
        var reserve = reader.U64("native reserve");
        return new(mint, owner, amount, spender, state == 2, isNative ? reserve : null, reader.U64("delegated amount"), TokenExtensions.Option(ref reader, "close authority"), extended);
    }
}

/// <summary>What both kinds of account share. Token-2022 pads a mint to a token account's 165 bytes, and says at byte 165 which of both it is.</summary>
internal static class TokenExtensions
{
    private const int MultisigSize = 355;

    public static bool Follow(ReadOnlySpan<byte> data, int size, byte kind, string subject)
    {
        if (data.Length == size) return false;
        if (data.Length <= TokenAccount.Size || data.Length == MultisigSize) throw new FormatException($"An account of {data.Length} bytes is not {subject}, which has {size}, or more than {TokenAccount.Size} with extensions.");
        if (data[TokenAccount.Size] != kind || data[size..TokenAccount.Size].IndexOfAnyExcept((byte)0) >= 0) throw new FormatException($"The account is not {subject}: its extensions are another kind's.");
        return true;
    }

    public static SolanaAddress? Option(ref SolanaReader reader, string field)
    {
        var present = IsPresent(ref reader, field);
        var address = reader.Address(field);
        return present ? address : null;
    }

    // A flag of four bytes; what follows is there either way.
    public static bool IsPresent(ref SolanaReader reader, string field) => reader.U32($"{field}'s presence") switch
    {
        0 => false,
        1 => true,
        var other => throw new FormatException($"The {field} of the token program's account is marked {other}, which is neither absent (0) nor present (1)."),
    };
}
