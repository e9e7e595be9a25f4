using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using DePin.Abi;
using DePin.Cryptography;

namespace DePin.Chain.Evm;

/// <summary>What a log says besides its topics and data.</summary>
public readonly record struct EvmLogHeader(ulong BlockNumber, Bytes32 BlockHash, Bytes32 TransactionHash, uint TransactionIndex, uint LogIndex, Address Address);

/// <summary>Takes logs as they are read off the wire.</summary>
public interface IEvmLogSink
{
    /// <summary>Room for one more log: its topics, 32 bytes each, then its data. The reader fills it before the next call.</summary>
    Span<byte> Append(in EvmLogHeader header, int topicCount, int dataLength);
}

/// <summary>Logs in two growing arrays, however many there are.</summary>
public sealed class EvmLogBatch : IEvmLogSink
{
    private Entry[] _entries = [];
    private byte[] _bytes = [];
    private int _count;
    private int _used;

    /// <summary>Number of logs.</summary>
    public int Count => _count;

    /// <summary>Block, transaction and contract of log <paramref name="index"/>.</summary>
    public ref readonly EvmLogHeader this[int index] => ref Get(index).Header;

    /// <summary>Log <paramref name="index"/> for a decoder; valid while the batch is not appended to.</summary>
    public EvmLogView View(int index)
    {
        ref readonly var entry = ref Get(index);
        var topics = MemoryMarshal.Cast<byte, Bytes32>(_bytes.AsSpan(entry.Offset, 32 * entry.TopicCount));
        return new EvmLogView(entry.Header.Address, topics, _bytes.AsSpan(entry.Offset + (32 * entry.TopicCount), entry.DataLength));
    }

    /// <inheritdoc/>
    public Span<byte> Append(in EvmLogHeader header, int topicCount, int dataLength)
    {
        var size = (32 * topicCount) + dataLength;
        if (_count == _entries.Length) Array.Resize(ref _entries, Math.Max(16, 2 * _count));
        if (_used + size > _bytes.Length) Array.Resize(ref _bytes, Math.Max(Math.Max(1024, 2 * _bytes.Length), _used + size));
        _entries[_count++] = new Entry(header, _used, topicCount, dataLength);
        var span = _bytes.AsSpan(_used, size);
        _used += size;
        return span;
    }

    /// <summary>Forgets the logs, keeps the arrays.</summary>
    public void Clear() => _count = _used = 0;

    private ref readonly Entry Get(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)_count, nameof(index));
        return ref _entries[index];
    }

    private readonly struct Entry(in EvmLogHeader header, int offset, int topicCount, int dataLength)
    {
        public readonly EvmLogHeader Header = header;
        public readonly int Offset = offset;
        public readonly int TopicCount = topicCount;
        public readonly int DataLength = dataLength;
    }
}

/// <summary>Reads arrays of logs from JSON into a sink: no strings, nothing allocated but the sink's own room.</summary>
public static class EvmLogReader
{
    private const int RequiredFields = 0b111_1111;

    /// <summary>Reads the array that the reader stands on.</summary>
    /// <exception cref="JsonException">It is no array of complete logs.</exception>
    public static void ReadArray<TSink>(ref Utf8JsonReader reader, TSink sink)
        where TSink : IEvmLogSink
    {
        if (reader.TokenType != JsonTokenType.StartArray) throw new JsonException("an array of logs was expected");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) ReadOne(ref reader, sink);
    }

    private static void ReadOne<TSink>(ref Utf8JsonReader reader, TSink sink)
        where TSink : IEvmLogSink
    {
        if (reader.TokenType != JsonTokenType.StartObject) throw new JsonException("a log was expected");
        TopicBuffer topics = default;
        var topicCount = 0;
        var fields = 0;
        ReadOnlySpan<byte> data = default;
        ulong blockNumber = 0, transactionIndex = 0, logIndex = 0;
        Bytes32 blockHash = default, transactionHash = default;
        Address address = default;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("address"u8)) { reader.Read(); address = JsonHex.Address(ref reader); fields |= 1; }
            else if (reader.ValueTextEquals("topics"u8)) topicCount = ReadTopics(ref reader, ref topics);
            else if (reader.ValueTextEquals("data"u8)) { reader.Read(); data = JsonHex.Digits(ref reader); fields |= 2; }
            else if (reader.ValueTextEquals("blockNumber"u8)) { reader.Read(); blockNumber = JsonHex.Number(ref reader); fields |= 4; }
            else if (reader.ValueTextEquals("blockHash"u8)) { reader.Read(); blockHash = JsonHex.Word(ref reader); fields |= 8; }
            else if (reader.ValueTextEquals("transactionHash"u8)) { reader.Read(); transactionHash = JsonHex.Word(ref reader); fields |= 16; }
            else if (reader.ValueTextEquals("transactionIndex"u8)) { reader.Read(); transactionIndex = JsonHex.Number(ref reader); fields |= 32; }
            else if (reader.ValueTextEquals("logIndex"u8)) { reader.Read(); logIndex = JsonHex.Number(ref reader); fields |= 64; }
            else { reader.Read(); reader.Skip(); }
        }

        if (fields != RequiredFields || (data.Length & 1) != 0) throw new JsonException("a log lacks a field");
        var header = new EvmLogHeader(blockNumber, blockHash, transactionHash, checked((uint)transactionIndex), checked((uint)logIndex), address);
        var room = sink.Append(in header, topicCount, data.Length / 2);
        MemoryMarshal.AsBytes(((ReadOnlySpan<Bytes32>)topics)[..topicCount]).CopyTo(room);
        JsonHex.Decode(data, room[(32 * topicCount)..]);
    }

    private static int ReadTopics(ref Utf8JsonReader reader, ref TopicBuffer topics)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray) throw new JsonException("a log's topics were expected");
        var count = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (count == 4) throw new JsonException("a log has at most four topics");
            topics[count++] = JsonHex.Word(ref reader);
        }

        return count;
    }

    [InlineArray(4)]
    private struct TopicBuffer
    {
        private Bytes32 _topic;
    }
}
