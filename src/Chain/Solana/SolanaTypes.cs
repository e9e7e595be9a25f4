using System.Collections.Immutable;
using DePin.Abi.Solana;
using DePin.Cryptography;

namespace DePin.Chain.Solana;

/// <summary>An answer and the slot of the bank that gave it.</summary>
public readonly record struct SolanaContext<T>(ulong Slot, T Value);

/// <summary>A recent blockhash; transactions with it may be included up to that block height.</summary>
public readonly record struct SolanaBlockhash(Bytes32 Hash, ulong LastValidBlockHeight);

/// <summary>A block's slot and its height.</summary>
public readonly record struct SolanaHeight(ulong Slot, ulong Height);

/// <summary>An account as it stands. Where a slice was asked for, <paramref name="Data"/> is the slice and <paramref name="Space"/> the whole length, if the node tells.</summary>
/// <param name="Owner">The program that may change it.</param>
/// <param name="Lamports">Its balance.</param>
/// <param name="Executable">Whether it is a program.</param>
/// <param name="Data">Its bytes.</param>
/// <param name="Space">Their number.</param>
public sealed record SolanaAccount(SolanaAddress Owner, ulong Lamports, bool Executable, ReadOnlyMemory<byte> Data, ulong Space);

/// <summary>An account and where it is.</summary>
public sealed record SolanaKeyedAccount(SolanaAddress Address, SolanaAccount Account);

/// <summary>A part of each account's data.</summary>
public readonly record struct SolanaDataSlice(ulong Offset, ulong Length);

/// <summary>What accounts of a program must be like.</summary>
public abstract record SolanaAccountFilter
{
    private SolanaAccountFilter()
    {
    }

    /// <summary>The data is this long.</summary>
    public sealed record DataSize(ulong Length) : SolanaAccountFilter;

    /// <summary>The data has these bytes, at most 128, at this offset.</summary>
    public sealed record Memcmp(ulong Offset, ReadOnlyMemory<byte> Bytes) : SolanaAccountFilter;
}

/// <summary>A block with its transactions in order.</summary>
/// <param name="Slot">The slot it was made in.</param>
/// <param name="ParentSlot">The slot of the block before it: smaller by more than one where slots were skipped.</param>
/// <param name="Hash">Its blockhash.</param>
/// <param name="ParentHash">The blockhash of the block before it.</param>
/// <param name="Height">Number of blocks below it; null where the node does not know.</param>
/// <param name="Time">Unix seconds, an estimate of the cluster; null where the node does not know.</param>
/// <param name="Transactions">Failed ones are among them.</param>
public sealed record SolanaBlock(ulong Slot, ulong ParentSlot, Bytes32 Hash, Bytes32 ParentHash, ulong? Height, long? Time, ImmutableArray<SolanaTransactionRecord> Transactions);

/// <summary>A transaction as it was included.</summary>
/// <param name="Id">Its first signature.</param>
/// <param name="Slot">Where it was included.</param>
/// <param name="Time">Unix seconds; null where the node does not know.</param>
/// <param name="Bytes">Signatures and message.</param>
/// <param name="Meta">What came of it.</param>
public sealed record SolanaTransactionRecord(TransactionId Id, ulong Slot, long? Time, ReadOnlyMemory<byte> Bytes, SolanaTransactionMeta Meta);

/// <summary>What came of a transaction.</summary>
/// <param name="Error">Why it failed; null where it succeeded.</param>
/// <param name="Fee">Lamports paid, also for a failure.</param>
/// <param name="ComputeUnits">Used; null where the node does not record it.</param>
/// <param name="Logs">Lines of log; default (not empty) where the node records none. The runtime cuts them at 10,000 bytes.</param>
/// <param name="InnerInstructions">Calls between programs; default where the node records none.</param>
/// <param name="LoadedWritable">Addresses from lookup tables, written; they follow the message's own in the order of indexes.</param>
/// <param name="LoadedReadOnly">Addresses from lookup tables, read; they follow the written ones.</param>
public sealed record SolanaTransactionMeta(
    SolanaTransactionError? Error,
    ulong Fee,
    ulong? ComputeUnits,
    ImmutableArray<string> Logs,
    ImmutableArray<SolanaInnerInstruction> InnerInstructions,
    ImmutableArray<SolanaAddress> LoadedWritable,
    ImmutableArray<SolanaAddress> LoadedReadOnly);

/// <summary>A call that a program made.</summary>
/// <param name="Outer">Index of the transaction's instruction in the course of which it was made.</param>
/// <param name="ProgramIndex">Index of the called program among the transaction's accounts.</param>
/// <param name="Accounts">Indexes of the accounts it was given.</param>
/// <param name="Data">What it was told.</param>
/// <param name="StackHeight">2 = called by the transaction's instruction itself; null where the node does not record it.</param>
public sealed record SolanaInnerInstruction(int Outer, int ProgramIndex, ImmutableArray<int> Accounts, ReadOnlyMemory<byte> Data, int? StackHeight);

/// <summary>A line of an account's history, newest first as nodes give it.</summary>
public sealed record SolanaSignatureInfo(TransactionId Id, ulong Slot, SolanaTransactionError? Error, long? Time, Finality? Confirmation);

/// <summary>Where a transaction stands.</summary>
/// <param name="Slot">Where it was included.</param>
/// <param name="Error">Why it failed; null where it succeeded.</param>
/// <param name="Confirmation">How settled its block is.</param>
public sealed record SolanaSignatureStatus(ulong Slot, SolanaTransactionError? Error, Finality Confirmation);

/// <summary>What a transaction would do.</summary>
/// <param name="Error">Why it would fail; null where it would succeed.</param>
/// <param name="Logs">Lines of log.</param>
/// <param name="ComputeUnits">It would use.</param>
/// <param name="ReturnData">What the last program to do so returned; null where none did.</param>
public sealed record SolanaSimulation(SolanaTransactionError? Error, ImmutableArray<string> Logs, ulong ComputeUnits, ReadOnlyMemory<byte>? ReturnData);

/// <summary>The least fee that a transaction of that slot paid, in millionths of a lamport a compute unit.</summary>
public readonly record struct SolanaPriorityFee(ulong Slot, ulong MicroLamports);

/// <summary>What runs at the other end.</summary>
public sealed record SolanaVersion(string Core, uint? FeatureSet)
{
    /// <summary>Whether it is Surfpool's runtime, whose blocks need <see cref="SurfpoolBlocks"/>.</summary>
    public bool IsSurfpool { get; init; }
}
