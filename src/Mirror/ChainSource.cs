using DePin.Cryptography;

namespace DePin.Mirror;

/// <summary>A block by number and hash.</summary>
/// <param name="Number">Height.</param>
/// <param name="Hash">Its hash; zero for "before the first block that we follow".</param>
public readonly record struct BlockPoint(ulong Number, Bytes32 Hash);

/// <summary>What the follower checks a block by.</summary>
/// <param name="Number">Height.</param>
/// <param name="Hash">Block hash.</param>
/// <param name="ParentHash">Hash of the block before it.</param>
/// <param name="Timestamp">Unix seconds.</param>
/// <param name="LogsBloom">256 bytes, or empty where the chain has none: then empty answers cannot be doubted.</param>
/// <param name="Proven">Whether the fields were found to make the hash. False does not mean forged: not every chain's headers can be checked.</param>
public sealed record BlockHeader(ulong Number, Bytes32 Hash, Bytes32 ParentHash, ulong Timestamp, ReadOnlyMemory<byte> LogsBloom, bool Proven = false)
{
    /// <summary>Number of the block before it; not one less where the chain skips numbers, as Solana does the slots whose leader was away.</summary>
    public ulong ParentNumber { get; init; } = Number == 0 ? 0 : Number - 1;

    /// <summary>Number and hash.</summary>
    public BlockPoint Point => new(Number, Hash);
}

/// <summary>The newest block and the newest that cannot be undone, as one node sees them.</summary>
/// <param name="Latest">Newest block.</param>
/// <param name="Finalized">Newest finalized block; null before there is one.</param>
public sealed record ChainHeads(BlockHeader Latest, BlockPoint? Finalized);

/// <summary>Headers of blocks of which each is the parent of the next, and the logs of the network's contracts in them.</summary>
/// <param name="Headers">Ascending, none missing; empty where the chain skipped all of the numbers.</param>
/// <param name="Logs">Ascending by block and log index.</param>
public sealed record BlockRange(IReadOnlyList<BlockHeader> Headers, LogBatch Logs);

/// <summary>
/// What the mirror asks of a chain. Implementations: an EVM node over JSON-RPC, several that must agree, and the tests' fake chain. Answers are not
/// trusted to be complete or to belong together: <see cref="RangeReader"/> checks them.
/// </summary>
public interface IChainSource
{
    /// <summary>Whether the chain leaves out numbers: then a range may end before its last number, and only the next block tells whether one is missing.</summary>
    bool SkipsNumbers { get; }

    /// <summary>Newest and finalized block.</summary>
    Task<ChainHeads> GetHeadsAsync(CancellationToken ct);

    /// <summary>Headers of <paramref name="from"/>…<paramref name="to"/>, ascending; fewer where the node does not have them.</summary>
    Task<IReadOnlyList<BlockHeader>> GetHeadersAsync(ulong from, ulong to, CancellationToken ct);

    /// <summary>Logs of the network's contracts in <paramref name="from"/>…<paramref name="to"/>.</summary>
    /// <exception cref="RangeTooLargeException">The node refuses so much at once.</exception>
    Task<LogBatch> GetLogsAsync(ulong from, ulong to, CancellationToken ct);

    /// <summary>Logs of the network's contracts in each of these blocks, in the given order.</summary>
    /// <exception cref="ChainSourceException">The node does not know one of the blocks.</exception>
    Task<LogBatch> GetLogsByHashAsync(IReadOnlyList<BlockPoint> blocks, CancellationToken ct);

    /// <summary>Logs of a block, of whatever contract: those that its bloom was made of.</summary>
    /// <exception cref="ChainSourceException">The node does not know the block.</exception>
    Task<LogBatch> GetBlockLogsAsync(BlockPoint block, CancellationToken ct);
}

/// <summary>The source failed or contradicted itself; trying again may help.</summary>
public class ChainSourceException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The node refuses a range of this size; ask for less.</summary>
public sealed class RangeTooLargeException(string message, Exception? inner = null) : ChainSourceException(message, inner);

/// <summary>Too few providers answer, or too few say the same. Nothing is taken in until enough agree.</summary>
public sealed class NoQuorumException(string message) : ChainSourceException(message);

/// <summary>The chain dropped a block that it had called finalized. The follower stops for good: somebody must look.</summary>
public sealed class ReorgPastFinalizedException(string message) : Exception(message);
