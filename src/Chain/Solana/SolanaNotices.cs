using System.Collections.Immutable;

namespace DePin.Chain.Solana;

/// <summary>
/// What a subscription yields: a notice, or (<see cref="IsGap"/>) that notices before it may have been missed, which is also its very first word. After a gap ask the
/// node for what may have happened meanwhile.
/// </summary>
public readonly record struct SolanaNotice<T>(bool IsGap, T Value);

/// <summary>A slot has begun.</summary>
public readonly record struct SolanaSlotNotice(ulong Slot, ulong Parent, ulong Root);

/// <summary>A transaction named an account. Whether it succeeded is not said here: some nodes tell of failed ones as if they had succeeded. Ask for the transaction.</summary>
public sealed record SolanaLogsNotice(ulong Slot, TransactionId Id, ImmutableArray<string> Logs);

/// <summary>An account was written. Null where it is gone.</summary>
public sealed record SolanaAccountNotice(ulong Slot, SolanaAccount? Account);

/// <summary>A transaction reached the commitment asked for. What came of it is to be asked with <see cref="SolanaRpc.GetSignatureStatusesAsync"/>.</summary>
public readonly record struct SolanaSignatureNotice(ulong Slot);
