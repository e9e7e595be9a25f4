using DePin.Abi;
using DePin.Cryptography;

namespace DePin.Chain.Evm;

/// <summary>What a block's header says.</summary>
/// <param name="Number">Height.</param>
/// <param name="Hash">Its hash.</param>
/// <param name="ParentHash">The block before it.</param>
/// <param name="Timestamp">Unix seconds.</param>
/// <param name="BaseFee">Wei a unit of gas (EIP-1559); null on a chain without.</param>
/// <param name="GasLimit">Gas of a whole block.</param>
/// <param name="LogsBloom">256 bytes, or empty where the node gives none.</param>
/// <param name="Proven">Whether the hash is that of these very fields; false also on chains whose headers are made of others.</param>
public sealed record EvmHeader(
    ulong Number, Bytes32 Hash, Bytes32 ParentHash, ulong Timestamp, UInt256? BaseFee, ulong GasLimit, ReadOnlyMemory<byte> LogsBloom, bool Proven)
{
    /// <summary>Number and hash.</summary>
    public BlockRef Block => new(Number, Hash);
}

/// <summary>What became of an included transaction.</summary>
/// <param name="TransactionHash">Which.</param>
/// <param name="BlockNumber">Height of its block.</param>
/// <param name="BlockHash">Its block.</param>
/// <param name="Succeeded">False if it reverted.</param>
/// <param name="GasUsed">Units.</param>
/// <param name="EffectiveGasPrice">Wei a unit.</param>
/// <param name="ContractAddress">Of the contract it made, if any.</param>
/// <param name="Logs">In order.</param>
public sealed record EvmReceipt(
    Bytes32 TransactionHash, ulong BlockNumber, Bytes32 BlockHash, bool Succeeded, ulong GasUsed, UInt256 EffectiveGasPrice, Address? ContractAddress, EvmLogBatch Logs);

/// <summary>Where a transaction that the node knows stands.</summary>
/// <param name="Nonce">Of its sender.</param>
/// <param name="BlockNumber">Null while it waits.</param>
public sealed record EvmTransactionInfo(ulong Nonce, ulong? BlockNumber);

/// <summary>Which logs to return: a range of blocks or one block, of these contracts, with one of these first topics (none = all).</summary>
public sealed record EvmLogFilter
{
    /// <summary>First block, inclusive.</summary>
    public ulong FromBlock { get; init; }

    /// <summary>Last block, inclusive.</summary>
    public ulong ToBlock { get; init; }

    /// <summary>Exactly this block instead of the range.</summary>
    public Bytes32? BlockHash { get; init; }

    /// <summary>The contracts; empty = all.</summary>
    public IReadOnlyList<Address> Addresses { get; init; } = [];

    /// <summary>First topics; empty = all.</summary>
    public IReadOnlyList<Bytes32> Topics { get; init; } = [];
}

/// <summary>A call as <c>eth_call</c> and <c>eth_estimateGas</c> take it.</summary>
public sealed record EvmCall(Address? To, ReadOnlyMemory<byte> Data)
{
    /// <summary>The caller; null = the zero address.</summary>
    public Address? From { get; init; }

    /// <summary>Wei sent along.</summary>
    public UInt256 Value { get; init; }
}
