using DePin.Cryptography;
using DePin.Protocol;

namespace DePin.Mirror;

/// <summary>The three bits of a value in a block's 2,048-bit logs bloom (Ethereum yellow paper, 4.3.1).</summary>
public readonly struct BloomBits
{
    private readonly ushort _a, _b, _c;

    /// <summary>The bits of an address or a topic.</summary>
    public BloomBits(ReadOnlySpan<byte> value)
    {
        var hash = Keccak256.Hash(value);
        var bytes = hash.AsSpan();
        _a = Bit(bytes);
        _b = Bit(bytes[2..]);
        _c = Bit(bytes[4..]);
    }

    /// <summary>Whether the block may hold the value; never false when it does.</summary>
    public bool IsIn(ReadOnlySpan<byte> bloom) => Has(bloom, _a) && Has(bloom, _b) && Has(bloom, _c);

    /// <summary>Sets the bits in a bloom of 256 bytes.</summary>
    public void AddTo(Span<byte> bloom)
    {
        foreach (var bit in (ReadOnlySpan<ushort>)[_a, _b, _c])
            bloom[255 - (bit >> 3)] |= (byte)(1 << (bit & 7));
    }

    private static ushort Bit(ReadOnlySpan<byte> pair) => (ushort)(((pair[0] << 8) | pair[1]) & 0x7ff);

    private static bool Has(ReadOnlySpan<byte> bloom, int bit) => (bloom[255 - (bit >> 3)] & (1 << (bit & 7))) != 0;
}

/// <summary>Tells whether a block's bloom speaks of logs of the network that an answer lacks.</summary>
public sealed class LogExpectation(MirroredNetwork network)
{
    private readonly (AccountId Address, BloomBits Bits)[] _addresses = [.. network.Contracts.Values.Select(a => (a, new BloomBits(a.ToNative())))];
    private readonly (Bytes32 Topic, BloomBits Bits)[] _topics = [.. EventCatalog.All.Select(e => e.Topic).Distinct().Select(t => (t, new BloomBits(t.AsSpan())))];

    // A bloom full of other logs names everything by chance. Of a block that did answer with logs, an address is missed by chance in at most an eighth of
    // the blocks below the first bound, and one of our topics in about one of a hundred below the second; above them the answer is believed.
    private const int MostBitsForAddresses = 512;
    private const int BloomBytes = 256;
    private const int MostBitsForTopics = 128;

    /// <summary>
    /// True when the bloom names one of the contracts or of its events and <paramref name="logs"/> has none of it in that block. A bloom may err this
    /// way too: then the block is asked again by its hash, and where that does not tell, all of its logs.
    /// </summary>
    /// <param name="header">The block.</param>
    /// <param name="logs">The answer.</param>
    /// <param name="first">First log of the block in it.</param>
    /// <param name="count">How many are of the block.</param>
    public bool Misses(BlockHeader header, LogBatch logs, int first, int count)
    {
        var bloom = header.LogsBloom.Span;
        if (bloom.Length != BloomBytes) return false;
        var bits = CountBits(bloom);
        if (count > 0 && bits > MostBitsForAddresses) return false;
        var named = false;
        foreach (var (address, place) in _addresses)
        {
            if (!place.IsIn(bloom)) continue;
            named = true;
            if (!HasAddress(logs, first, count, address)) return true;
        }

        if (!named || bits > MostBitsForTopics) return false;
        foreach (var (topic, place) in _topics)
        {
            if (place.IsIn(bloom) && !HasTopic(logs, first, count, topic)) return true;
        }

        return false;
    }

    /// <summary>Whether a bloom is so sparse that a contract is rarely named in it by chance: then a doubt is worth asking for the whole block.</summary>
    public static bool IsTelling(BlockHeader header) => header.LogsBloom.Length == BloomBytes && CountBits(header.LogsBloom.Span) <= MostBitsForAddresses;

    /// <summary>Whether these logs, of all contracts, make the block's bloom: nothing is missing but what others of the same address and topics hide.</summary>
    public static bool Makes(BlockHeader header, LogBatch logs)
    {
        Span<byte> bloom = stackalloc byte[BloomBytes];
        foreach (var log in logs.Entries)
        {
            new BloomBits(log.Emitter.Value.AsSpan()[^Address.Size..]).AddTo(bloom);
            var topics = logs.Topics(log).Span;
            for (var i = 0; i < log.TopicCount; i++) new BloomBits(topics.Slice(32 * i, 32)).AddTo(bloom);
        }

        return bloom.SequenceEqual(header.LogsBloom.Span);
    }

    /// <summary>Whether the network's contracts emitted the log.</summary>
    public bool Concerns(in LogEntry log)
    {
        foreach (var (address, _) in _addresses)
        {
            if (log.Emitter == address) return true;
        }

        return false;
    }

    private static int CountBits(ReadOnlySpan<byte> bloom)
    {
        var bits = 0;
        foreach (var word in System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ulong>(bloom)) bits += System.Numerics.BitOperations.PopCount(word);
        return bits;
    }

    private static bool HasAddress(LogBatch logs, int first, int count, AccountId address)
    {
        foreach (var log in logs.Entries.Slice(first, count))
        {
            if (log.Emitter == address) return true;
        }

        return false;
    }

    private static bool HasTopic(LogBatch logs, int first, int count, Bytes32 topic)
    {
        foreach (var log in logs.Entries.Slice(first, count))
        {
            if (log.TopicCount > 0 && logs.Topics(log).Span[..32].SequenceEqual(topic.AsSpan())) return true;
        }

        return false;
    }
}
