using System.Collections.Immutable;
using System.Globalization;
using DePin.Abi.Solana;

namespace DePin.Chain.Solana;

/// <summary>
/// A transaction failed, or would. <see cref="ChainRefusalException.ErrorName"/> is the program's name of its error (empty where nobody gave one), or the runtime's of its own;
/// the message names the program and the instruction. As <see cref="EvmRevertException"/> on the other chain.
/// </summary>
public sealed class SolanaProgramException(string errorName, SolanaTransactionError error, SolanaAddress? program, ImmutableArray<string> logs, string message) : ChainRefusalException(errorName, message)
{
    /// <summary>What the runtime says.</summary>
    public SolanaTransactionError Error { get; } = error;

    /// <summary>Whose error it is: the innermost program that failed; null where no instruction is to blame or the logs do not tell.</summary>
    public SolanaAddress? Program { get; } = program;

    /// <summary>The program's own number of the error; null where it is the runtime's.</summary>
    public uint? Code => Error.Custom;

    /// <summary>Lines of log, as far as the node kept them.</summary>
    public ImmutableArray<string> Logs { get; } = logs;

    /// <summary>Names a failure. <paramref name="what"/> says what was tried.</summary>
    /// <param name="error">What the runtime says.</param>
    /// <param name="logs">Lines of log; they tell which program failed.</param>
    /// <param name="names">Names of the programs' errors.</param>
    /// <param name="what">Begins the message.</param>
    /// <param name="called">The program of the instruction that failed, where the caller knows: for nodes that keep no logs.</param>
    public static SolanaProgramException Of(SolanaTransactionError error, ImmutableArray<string> logs, SolanaErrorNames names, string what, SolanaAddress? called = null)
    {
        var lines = logs.IsDefault ? [] : logs;
        var program = error.Instruction is null ? null : SolanaLogs.FailedProgram(lines) ?? called;
        if (error.Custom is not { } code) return new SolanaProgramException(error.InstructionError ?? error.Kind, error, program, lines, $"{what} failed: {Say(error, program)}");
        var known = program is { } p ? names.Find(p, code) : null;
        var number = code.ToString(CultureInfo.InvariantCulture);
        var reason = known is { } k ? k.Message.Length > 0 ? $"{k.Name} ({k.Message})" : k.Name : $"error {number}";
        return new SolanaProgramException(known?.Name ?? "", error, program, lines, $"{what} failed: {reason} of program {program?.ToString() ?? "unknown"}, instruction {error.Instruction}");
    }

    private static string Say(SolanaTransactionError error, SolanaAddress? program) => program is { } p ? $"{error}, in program {p}" : error.ToString();
}

/// <summary>An error of a program: its name and, if it has one, what it says.</summary>
public readonly record struct SolanaErrorName(string Name, string Message = "");

/// <summary>Names of programs' errors by number. Immutable; <see cref="Native"/> has those of the system and the token programs.</summary>
public sealed class SolanaErrorNames
{
    // solana-system-interface, SystemError.
    private static readonly string[] SystemErrors =
    [
        "AccountAlreadyInUse", "ResultWithNegativeLamports", "InvalidProgramId", "InvalidAccountDataLength", "MaxSeedLengthExceeded", "AddressWithSeedMismatch",
        "NonceNoRecentBlockhashes", "NonceBlockhashNotExpired", "NonceUnexpectedBlockhashValue",
    ];

    // spl-token, TokenError.
    private static readonly string[] TokenErrors =
    [
        "NotRentExempt", "InsufficientFunds", "InvalidMint", "MintMismatch", "OwnerMismatch", "FixedSupply", "AlreadyInUse", "InvalidNumberOfProvidedSigners",
        "InvalidNumberOfRequiredSigners", "UninitializedState", "NativeNotSupported", "NonNativeHasBalance", "InvalidInstruction", "InvalidState", "Overflow",
        "AuthorityTypeNotSupported", "MintCannotFreeze", "AccountFrozen", "MintDecimalsMismatch", "NonNativeNotSupported",
    ];

    // spl-token-2022, TokenError: those of SPL Token under their numbers, and what owners of token accounts bring about with extensions that a network's tokens may have.
    private static readonly Dictionary<uint, SolanaErrorName> Token2022Errors = new()
    {
        [36] = new("NoMemo", "the receiving token account asks for a memo with each transfer: its owner can lift that"),
        [42] = new("CpiGuardTransferBlocked", "the paying token account keeps programs from moving its tokens: its owner can lift that"),
    };

    private readonly ImmutableDictionary<(SolanaAddress Program, uint Code), SolanaErrorName> _names;

    private SolanaErrorNames(ImmutableDictionary<(SolanaAddress Program, uint Code), SolanaErrorName> names) => _names = names;

    /// <summary>Those of the system program, SPL Token and Token-2022.</summary>
    public static SolanaErrorNames Native { get; } = new SolanaErrorNames(ImmutableDictionary<(SolanaAddress Program, uint Code), SolanaErrorName>.Empty)
        .With(SolanaAddress.Zero, Numbered(SystemErrors))
        .With(SolanaPrograms.Token, Numbered(TokenErrors))
        .With(SolanaPrograms.Token2022, Numbered(TokenErrors))
        .With(SolanaPrograms.Token2022, Token2022Errors);

    /// <summary>These and a program's own.</summary>
    public SolanaErrorNames With(SolanaAddress program, IEnumerable<KeyValuePair<uint, SolanaErrorName>> errors) =>
        new(_names.SetItems(errors.Select(e => KeyValuePair.Create((program, e.Key), e.Value))));

    /// <summary>An error's name; null where none is known.</summary>
    public SolanaErrorName? Find(SolanaAddress program, uint code) => _names.TryGetValue((program, code), out var name) ? name : null;

    private static IEnumerable<KeyValuePair<uint, SolanaErrorName>> Numbered(string[] names) => names.Select((name, i) => KeyValuePair.Create((uint)i, new SolanaErrorName(name)));
}
