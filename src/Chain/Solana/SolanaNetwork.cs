using System.Buffers.Binary;
using DePin.Abi.Solana;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;

namespace DePin.Chain.Solana;

/// <summary>A network of the settlement program: where its accounts are follows from program and mint (contracts/solana/README.md, Accounts), and where wallets hold its tokens from the mint's program, too.</summary>
/// <param name="program">The settlement program.</param>
/// <param name="mint">The network's token.</param>
/// <param name="tokenProgram">The token program that owns the mint; SPL Token where it is null.</param>
public sealed partial class SolanaNetwork(SolanaAddress program, SolanaAddress mint, SolanaAddress? tokenProgram = null)
{
    /// <summary>Payout accounts of a page.</summary>
    public const uint PageSlots = 1_024;

    /// <summary>The program.</summary>
    public SolanaAddress Program { get; } = program;

    /// <summary>The network's token.</summary>
    public SolanaAddress Mint { get; } = mint;

    /// <summary>The token program that owns the mint, and is called for it: SPL Token or Token-2022, never another one later.</summary>
    public SolanaAddress TokenProgram { get; } = tokenProgram ?? SolanaPrograms.Token;

    /// <summary>The account that stands for the network and signs its events.</summary>
    public SolanaAddress Account { get; } = Depin.Addresses.Network(program, mint);

    /// <summary>Reports and sets: the report verifier of digests.</summary>
    public SolanaAddress Ledger => Depin.Addresses.Ledger(Program, Account);

    /// <summary>Roots and breaker: the distributor of digests.</summary>
    public SolanaAddress Distributor => Depin.Addresses.Distributor(Program, Account);

    /// <summary>A set of operators, from 1.</summary>
    public SolanaAddress Config(ulong count)
    {
        var bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, count);
        return Find("config"u8, bytes);
    }

    /// <summary>What the payout accounts of these indexes have claimed.</summary>
    /// <param name="index">Of any of the page's payout accounts.</param>
    public SolanaAddress PageOf(uint index)
    {
        var bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, index / PageSlots);
        return Find("page"u8, bytes);
    }

    /// <summary>An account's place in the rewards.</summary>
    public SolanaAddress Payout(SolanaAddress account) => Depin.Addresses.Payout(Program, Account, account);

    /// <summary>A wallet's associated token account for the network's token.</summary>
    public SolanaAddress TokensOf(SolanaAddress wallet) => ProgramAddress.AssociatedToken(wallet, Mint, TokenProgram);

    /// <summary>Makes <see cref="TokensOf"/> where it is not there yet.</summary>
    /// <param name="payer">Pays its rent.</param>
    /// <param name="wallet">Whose.</param>
    public SolanaInstruction OpenTokens(SolanaAddress payer, SolanaAddress wallet) => Abi.Solana.TokenProgram.CreateAssociated(payer, wallet, Mint, TokenProgram);

    /// <summary>Moves base units between associated token accounts.</summary>
    public SolanaInstruction SendTokens(SolanaAddress from, SolanaAddress to, ulong amount, byte decimals) =>
        Abi.Solana.TokenProgram.TransferChecked(TokensOf(from), Mint, TokensOf(to), from, amount, decimals, TokenProgram);

    /// <summary>Base units in what was read at <see cref="TokensOf"/>; 0 where nothing is there.</summary>
    /// <exception cref="FormatException">The account is no token account.</exception>
    public ulong BalanceIn(SolanaAccount? account) => account is not null && account.Owner == TokenProgram ? TokenAccount.Decode(account.Data.Span).Amount : 0;

    /// <summary>An operator by its report key.</summary>
    public SolanaAddress Operator(Address reportKey) => Depin.Addresses.Operator(Program, Account, reportKey);

    /// <summary>The challenge of a report.</summary>
    public SolanaAddress Challenge(Bytes32 digest) => Find("challenge"u8, digest.ToArray());

    /// <summary>Where signatures of a report are gathered that <paramref name="payer"/> pays for.</summary>
    public SolanaAddress Signatures(Bytes32 digest, SolanaAddress payer) => Find("signatures"u8, digest.ToArray(), payer.ToArray());

    private SolanaAddress Find(ReadOnlySpan<byte> first, params byte[][] others) => ProgramAddress.Find(Program, [first.ToArray(), Account.ToArray(), .. others]).Address;
}
