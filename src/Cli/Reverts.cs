using System.Globalization;
using DePin.Abi;
using DePin.Chain;
using DePin.Chain.Solana;
using DePin.Cli.Network;
using DePin.ContractBindings.Evm;

namespace DePin.Cli;

/// <summary>What a contract's refusal means for the person who sent the transaction.</summary>
public static class Reverts
{
    /// <summary>The contract's own words, and where there is one, the way out.</summary>
    public static string Explain(EvmRevertException problem) => Told(problem, Advice(problem));

    /// <summary>The program's own words, and where there is one, the way out.</summary>
    public static string Explain(SolanaProgramException problem) => Told(problem, Advice(problem.ErrorName));

    /// <summary>Sends what a program may refuse; where it is for the given error, the refusal is told with what only the sender knows.</summary>
    /// <exception cref="CliException">It was refused for that.</exception>
    public static async Task<T> WhereAsync<T>(Func<Task<T>> send, string error, Func<string> advice)
    {
        try
        {
            return await send().ConfigureAwait(false);
        }
        catch (SolanaProgramException problem) when (problem.ErrorName == error)
        {
            throw new CliException(Told(problem, advice()), ExitCodes.Refused, problem);
        }
    }

    /// <summary>Whether the outflow breaker had no room left.</summary>
    public static bool IsBreaker(Exception refusal) => refusal is SolanaProgramException { ErrorName: "BreakerExhausted" } || (refusal is EvmRevertException revert && revert.Is<RewardDistributor.BreakerExhaustedError>(out _));

    /// <summary>What to do with a thaw that goes on.</summary>
    public static string ThawIsOverAt(UInt256 seconds) => $"The thaw is over at {Time(seconds)} by the chain's clock; withdraw then.";

    /// <summary>What to do with a device's key that the chain knows already.</summary>
    public const string KeyUsed = "A device key can be registered once and for all. Make another with `depin device keygen`.";

    private const string NoRoom = "The outflow breaker lets no more through now; it drains with chain time. Try later.";
    private const string WrongThaw = "The number is not that of an open thaw of yours: `depin unstake` told it; --provider must be the same pool.";
    private const string RatioExceeded = "The provider must stake more of its own before others may delegate that much.";

    // Some messages end as sentences do.
    private static string Told(Exception problem, string? advice) => $"{problem.Message.TrimEnd('.')}.{(advice is null ? "" : " " + advice)}";

    private static string? Advice(string solanaError) => solanaError switch
    {
        "NotAuthorized" => "The sender does not own the network. Pass the owner's key with --key; where the owner is a multisig, use --print and let it send the message.",
        "EpochStarted" => "Name a later epoch with --from-epoch.",
        "BadSetSize" => "There must be 3f + 1 operators, 4 to 31.",
        "OperatorSlashed" or "OperatorExiting" => "Leave that operator out of the set.",
        "BondTooLow" => "Raise --bond.",
        "AccountNotFound" or "InsufficientFundsForFee" or "InsufficientFundsForRent" => "The account that sends needs SOL for fees and rent.",
        "UnknownThaw" => WrongThaw,
        "RatioExceeded" => RatioExceeded,
        "NotMaker" or "BadMakerSignature" => "Pass the key file of the maker's account, or of its approval key, with --maker.",
        "MakerInactive" or "QuotaExceeded" => "The network's owner changes makers and their quotas.",
        "NotDeviceOwner" => "Pass the key of the device's owner with --key.",
        "BreakerExhausted" => NoRoom,
        _ => null,
    };

    private static string? Advice(EvmRevertException problem)
    {
        if (problem.Is<ProviderStaking.ThawNotReadyError>(out var early)) return ThawIsOverAt(early.ReadyAt);
        if (problem.Is<ProviderStaking.UnknownThawError>(out _)) return WrongThaw;
        if (problem.Is<ProviderStaking.BelowMinimumError>(out var low)) return $"Stake at least {Tokens.Show(low.Minimum)} tokens.";
        if (problem.Is<ProviderStaking.RatioExceededError>(out _)) return RatioExceeded;
        if (problem.Is<OperatorRegistry.NotOwnerError>(out var stranger)) return $"{stranger.Caller} does not own the contract. Pass the owner's key with --key; where the owner is a contract, use --print and let it send the call.";
        if (problem.Is<OperatorRegistry.UnknownOperatorError>(out var unknown)) return $"{unknown.ReportKey} is not registered yet: depin operator register.";
        if (problem.Is<OperatorRegistry.BadSetSizeError>(out var size)) return $"{size.N} operators cannot agree: there must be 3f + 1 of them, 4 to 31.";
        if (problem.Is<OperatorRegistry.EpochStartedError>(out var started)) return $"A config can start with epoch {started.Earliest} at the earliest: --from-epoch {started.Earliest}.";
        if (problem.Is<DeviceRegistry.KeyUsedError>(out _)) return KeyUsed;
        if (problem.Is<DeviceRegistry.UnknownModelError>(out _)) return "`depin device models` lists those that there are.";
        if (problem.Is<RewardDistributor.BreakerExhaustedError>(out _)) return NoRoom;
        return null;
    }

    private static string Time(UInt256 seconds) => ((ulong)seconds) <= 253_402_300_799 ? DateTimeOffset.FromUnixTimeSeconds((long)(ulong)seconds).ToString("u", CultureInfo.InvariantCulture) : seconds.ToString();
}
