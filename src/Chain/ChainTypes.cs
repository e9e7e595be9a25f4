using System.Collections.Immutable;
using DePin.Cryptography;

namespace DePin.Chain;

/// <summary>How settled a block is. On an EVM chain the tags of the same name; on Solana processed, confirmed and finalized.</summary>
public enum Finality
{
    /// <summary>The newest block a node has; may be undone.</summary>
    Latest,

    /// <summary>Unlikely to be undone.</summary>
    Safe,

    /// <summary>Cannot be undone short of breaking the chain.</summary>
    Finalized,
}

/// <summary>A block by number and hash.</summary>
public readonly record struct BlockRef(ulong Number, Bytes32 Hash);

/// <summary>A block with the logs of the network's contracts in it. <paramref name="Timestamp"/> is in unix seconds.</summary>
public sealed record ChainBlock(BlockRef Block, Bytes32 ParentHash, ulong Timestamp, ImmutableArray<ChainLog> Logs);

/// <summary>A log as it stands on the chain. <see cref="View"/> is what the generated event decoders take.</summary>
public sealed record ChainLog(Address Address, ImmutableArray<Bytes32> Topics, ReadOnlyMemory<byte> Data, Bytes32 TransactionHash, uint TransactionIndex, uint LogIndex)
{
    /// <summary>For <c>TryDecode</c> of an event record.</summary>
    public Abi.EvmLogView View => new(Address, Topics.AsSpan(), Data.Span);
}

/// <summary>A transaction's name on its chain: known from its bytes before it is sent.</summary>
public readonly record struct TransactionId(string Text)
{
    /// <inheritdoc/>
    public override string ToString() => Text;
}

/// <summary>
/// A transaction ready to be sent. Store it before sending: after a restart the same bytes may be sent again at no risk.
/// <paramref name="Sequence"/> is the sender's nonce; on Solana the last block height at which it may be included, or the greatest number where it spends a durable nonce.
/// </summary>
public sealed record SignedTransaction(ChainId Chain, TransactionId Id, ulong Sequence, ReadOnlyMemory<byte> Bytes);

/// <summary>What became of a transaction.</summary>
public enum TransmissionStatus
{
    /// <summary>The node does not know it; send it (again).</summary>
    Unknown,

    /// <summary>Waiting to be included.</summary>
    Pending,

    /// <summary>In a block that may still be undone.</summary>
    Included,

    /// <summary>In a block that cannot be undone.</summary>
    Finalized,

    /// <summary>Included and failed.</summary>
    Reverted,

    /// <summary>Can no longer be included: another transaction took its place, or its time is over.</summary>
    Expired,
}

/// <summary>A report that a quorum signed, as the contract takes it.</summary>
/// <param name="Report">348 bytes.</param>
/// <param name="Bitmap">Bit i = signer i of the config's ascending operators.</param>
/// <param name="Signatures">q compact EIP-2098 signatures of 64 bytes, ascending by signer.</param>
public sealed record AttestedReport(ReadOnlyMemory<byte> Report, uint Bitmap, ReadOnlyMemory<byte> Signatures);

/// <summary>Reads one chain as the network's contracts wrote it.</summary>
public interface IChainReader
{
    /// <summary>Which chain.</summary>
    ChainId Chain { get; }

    /// <summary>The newest block of that finality.</summary>
    Task<BlockRef> GetTipAsync(Finality finality, CancellationToken ct);

    /// <summary>At most <paramref name="max"/> blocks after <paramref name="number"/>, ascending, each the parent of the next, with their logs; empty where the chain has none yet.</summary>
    Task<ImmutableArray<ChainBlock>> ReadAfterAsync(ulong number, int max, CancellationToken ct);
}

/// <summary>Lands reports on one chain.</summary>
public interface IReportTransmitter
{
    /// <summary>Which chain.</summary>
    ChainId Chain { get; }

    /// <summary>Builds and signs the transaction; nothing is sent. Its id is known from now on.</summary>
    /// <exception cref="ChainRefusalException">The contract would refuse the report; says why.</exception>
    Task<SignedTransaction> PrepareAsync(AttestedReport report, CancellationToken ct);

    /// <summary>Sends it; sending the same bytes again does no harm.</summary>
    Task BroadcastAsync(SignedTransaction transaction, CancellationToken ct);

    /// <summary>The same transaction at a higher fee, to replace one that is stuck. Nothing is sent.</summary>
    Task<SignedTransaction> ReplaceAsync(SignedTransaction stuck, CancellationToken ct);

    /// <summary>What became of it.</summary>
    Task<TransmissionStatus> GetStatusAsync(SignedTransaction transaction, CancellationToken ct);

    /// <summary>What it used of the chain's own unit of work, as gas; null while it is in no block.</summary>
    Task<ulong?> GetGasUsedAsync(SignedTransaction transaction, CancellationToken ct);
}
