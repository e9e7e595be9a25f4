using System.Runtime.InteropServices;
using DePin.Chain.Evm;
using DePin.Cryptography;
using DePin.Protocol;

namespace DePin.Mirror;

/// <summary>One log without its bytes, which lie in its <see cref="LogBatch"/>.</summary>
/// <param name="BlockNumber">Height.</param>
/// <param name="BlockHash">Hash of the block that the node took it from.</param>
/// <param name="LogIndex">Position in the block.</param>
/// <param name="TransactionIndex">Position of its transaction in the block.</param>
/// <param name="Emitter">Contract or program that wrote it.</param>
/// <param name="Offset">Where its bytes start: transaction hash, topics, data.</param>
/// <param name="TopicCount">0 to 4.</param>
/// <param name="DataLength">Bytes of data.</param>
public readonly record struct LogEntry(
    ulong BlockNumber, Bytes32 BlockHash, int LogIndex, int TransactionIndex, AccountId Emitter, int Offset, int TopicCount, int DataLength);

/// <summary>
/// Logs in one growing byte buffer: a few large arrays however many logs, so that a backfill makes no garbage per log.
/// </summary>
/// <param name="transactionHashLength">Bytes of a transaction's name: 32, on Solana 64.</param>
public sealed class LogBatch(int transactionHashLength = Bytes32.Size) : IEvmLogSink
{
    private readonly List<LogEntry> _entries = [];
    private byte[] _bytes = new byte[1024];
    private int _used;

    /// <summary>Number of logs.</summary>
    public int Count => _entries.Count;

    /// <summary>Bytes held.</summary>
    public int ByteCount => _used;

    /// <summary>The logs in order.</summary>
    public ReadOnlySpan<LogEntry> Entries => CollectionsMarshal.AsSpan(_entries);

    /// <summary>Log <paramref name="index"/>.</summary>
    public LogEntry this[int index] => _entries[index];

    /// <summary>Appends a log; <paramref name="topics"/> are 0 to 4 words one after another.</summary>
    public void Add(ulong blockNumber, Bytes32 blockHash, int logIndex, int transactionIndex, ReadOnlySpan<byte> transactionHash, AccountId emitter,
        ReadOnlySpan<byte> topics, ReadOnlySpan<byte> data)
    {
        if (topics.Length % 32 != 0 || topics.Length > 128) throw new ChainSourceException($"A log has {topics.Length} bytes of topics.");
        var span = Append(blockNumber, blockHash, logIndex, transactionIndex, emitter, topics.Length / 32, data.Length);
        if (transactionHash.Length != transactionHashLength) throw new ArgumentException($"Expected {transactionHashLength} bytes, got {transactionHash.Length}.", nameof(transactionHash));
        transactionHash.CopyTo(span);
        topics.CopyTo(span[transactionHashLength..]);
        data.CopyTo(span[(transactionHashLength + topics.Length)..]);
    }

    /// <summary>Appends a log and returns the place for its bytes: transaction hash, topics, data.</summary>
    public Span<byte> Append(ulong blockNumber, Bytes32 blockHash, int logIndex, int transactionIndex, AccountId emitter, int topicCount, int dataLength)
    {
        var size = transactionHashLength + (32 * topicCount) + dataLength;
        if (_used + size > _bytes.Length) Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _used + size));
        _entries.Add(new LogEntry(blockNumber, blockHash, logIndex, transactionIndex, emitter, _used, topicCount, dataLength));
        var span = _bytes.AsSpan(_used, size);
        _used += size;
        return span;
    }

    /// <inheritdoc/>
    public Span<byte> Append(in EvmLogHeader header, int topicCount, int dataLength)
    {
        var span = Append(header.BlockNumber, header.BlockHash, checked((int)header.LogIndex), checked((int)header.TransactionIndex), AccountId.From(header.Address), topicCount, dataLength);
        header.TransactionHash.CopyTo(span);
        return span[32..];
    }

    /// <summary>Appends log <paramref name="index"/> of <paramref name="other"/>.</summary>
    public void AddFrom(LogBatch other, int index)
    {
        var log = other._entries[index];
        var size = transactionHashLength + (32 * log.TopicCount) + log.DataLength;
        other._bytes.AsSpan(log.Offset, size).CopyTo(
            Append(log.BlockNumber, log.BlockHash, log.LogIndex, log.TransactionIndex, log.Emitter, log.TopicCount, log.DataLength));
    }

    /// <summary>Hash of the transaction that made it.</summary>
    public ReadOnlyMemory<byte> TransactionHash(in LogEntry log) => _bytes.AsMemory(log.Offset, transactionHashLength);

    /// <summary>Its topics, 32 bytes each.</summary>
    public ReadOnlyMemory<byte> Topics(in LogEntry log) => _bytes.AsMemory(log.Offset + transactionHashLength, 32 * log.TopicCount);

    /// <summary>Its data.</summary>
    public ReadOnlyMemory<byte> Data(in LogEntry log) => _bytes.AsMemory(log.Offset + transactionHashLength + (32 * log.TopicCount), log.DataLength);
}
