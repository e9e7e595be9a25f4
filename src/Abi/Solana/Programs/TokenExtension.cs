using System.Buffers.Binary;

namespace DePin.Abi.Solana;

/// <summary>What an extension of Token-2022 is; its numbers.</summary>
public enum TokenExtensionType : ushort
{
    /// <summary>A share of each transfer is kept back.</summary>
    TransferFeeConfig = 1,

    /// <summary>What was kept back in an account.</summary>
    TransferFeeAmount = 2,

    /// <summary>Somebody may close the mint while there are no tokens.</summary>
    MintCloseAuthority = 3,

    /// <summary>Balances may be secret.</summary>
    ConfidentialTransferMint = 4,

    /// <summary>An account's secret balance.</summary>
    ConfidentialTransferAccount = 5,

    /// <summary>Accounts may be born frozen.</summary>
    DefaultAccountState = 6,

    /// <summary>The account's owner stays.</summary>
    ImmutableOwner = 7,

    /// <summary>The account's owner may ask for a memo with each transfer to it.</summary>
    MemoTransfer = 8,

    /// <summary>Nothing is transferred.</summary>
    NonTransferable = 9,

    /// <summary>Wallets show balances that grow.</summary>
    InterestBearingConfig = 10,

    /// <summary>The account's owner may keep programs from moving its tokens for it.</summary>
    CpiGuard = 11,

    /// <summary>Somebody may move and burn everybody's tokens.</summary>
    PermanentDelegate = 12,

    /// <summary>An account of a mint whose tokens are not transferred.</summary>
    NonTransferableAccount = 13,

    /// <summary>A program is called at each transfer.</summary>
    TransferHook = 14,

    /// <summary>An account of a mint with such a program.</summary>
    TransferHookAccount = 15,

    /// <summary>Fees of secret transfers.</summary>
    ConfidentialTransferFeeConfig = 16,

    /// <summary>Fees of secret transfers that were kept back in an account.</summary>
    ConfidentialTransferFeeAmount = 17,

    /// <summary>Where name, symbol and link stand.</summary>
    MetadataPointer = 18,

    /// <summary>Name, symbol and link.</summary>
    TokenMetadata = 19,

    /// <summary>Where the group stands.</summary>
    GroupPointer = 20,

    /// <summary>Mints that belong together.</summary>
    TokenGroup = 21,

    /// <summary>Where the membership of a group stands.</summary>
    GroupMemberPointer = 22,

    /// <summary>The mint belongs to a group.</summary>
    TokenGroupMember = 23,

    /// <summary>The supply may be secret.</summary>
    ConfidentialMintBurn = 24,

    /// <summary>Wallets show balances times a number.</summary>
    ScaledUiAmount = 25,

    /// <summary>Somebody may stop all transfers.</summary>
    Pausable = 26,

    /// <summary>An account of a mint that may be stopped.</summary>
    PausableAccount = 27,

    /// <summary>Burning needs somebody's signature.</summary>
    PermissionedBurn = 28,
}

/// <summary>An extension of a mint or a token account of Token-2022.</summary>
/// <param name="Type">What it is; a number without a name is one that Token-2022 has learnt since.</param>
/// <param name="Value">Its bytes.</param>
public readonly record struct TokenExtension(TokenExtensionType Type, ReadOnlyMemory<byte> Value)
{
    private const int Head = 4; // type and length

    /// <summary>The extensions of a mint's account, in order; none of one of 82 bytes.</summary>
    /// <exception cref="FormatException">It is no mint, or the extensions are cut off, longer than it, or followed by something.</exception>
    public static IReadOnlyList<TokenExtension> OfMint(ReadOnlyMemory<byte> data) => Read(data, TokenMint.Size, 1, "a mint");

    /// <summary>The extensions of a token account, in order; none of one of 165 bytes.</summary>
    /// <exception cref="FormatException">It is no token account, or the extensions are cut off, longer than it, or followed by something.</exception>
    public static IReadOnlyList<TokenExtension> OfAccount(ReadOnlyMemory<byte> data) => Read(data, TokenAccount.Size, 2, "a token account");

    // Behind the kind of account, at byte 165: type u16, length u16, value; behind the last nothing but zeros.
    private static List<TokenExtension> Read(ReadOnlyMemory<byte> data, int size, byte kind, string subject)
    {
        var found = new List<TokenExtension>();
        if (!TokenExtensions.Follow(data.Span, size, kind, subject)) return found;
        var rest = data[(TokenAccount.Size + 1)..];
        while (rest.Length >= Head && BinaryPrimitives.ReadUInt16LittleEndian(rest.Span) is var type and not 0)
        {
            var length = BinaryPrimitives.ReadUInt16LittleEndian(rest.Span[sizeof(ushort)..]);
            if (length > rest.Length - Head) throw new FormatException($"Extension {type} of {subject} has {length} bytes, and {rest.Length - Head} follow.");
            found.Add(new TokenExtension((TokenExtensionType)type, rest.Slice(Head, length)));
            rest = rest[(Head + length)..];
        }

        return rest.Span.IndexOfAnyExcept((byte)0) < 0 ? found : throw new FormatException($"Behind the extensions of {subject} stands something that is none.");
    }
}
