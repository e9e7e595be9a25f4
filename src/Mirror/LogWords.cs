using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using DePin.Cryptography;
using DePin.Protocol;

namespace DePin.Mirror;

/// <summary>A log's bytes do not have the layout of its event.</summary>
public sealed class MalformedLogException(string message) : ChainSourceException(message);

/// <summary>
/// ABI words of one log, read in place. Numbers that the tables keep in 64 bits are capped at 2^63 − 1 ("never"), so that no
/// value that somebody may emit can stop the mirror.
/// </summary>
public readonly ref struct LogWords(ReadOnlySpan<byte> topics, ReadOnlySpan<byte> data)
{
    private readonly ReadOnlySpan<byte> _topics = topics;
    private readonly ReadOnlySpan<byte> _data = data;

    /// <summary>Topic <paramref name="index"/>; 0 is the event's.</summary>
    public ReadOnlySpan<byte> Topic(int index) =>
        _topics.Length >= 32 * (index + 1) ? _topics.Slice(32 * index, 32) : throw new MalformedLogException($"Topic {index} is missing.");

    /// <summary>Word <paramref name="index"/> of the data.</summary>
    public ReadOnlySpan<byte> Word(int index) => WordAt(32L * index);

    public Bytes32 TopicBytes32(int index) => new(Topic(index));
    public Address TopicAddress(int index) => new(Topic(index)[12..]);
    public AccountId TopicAccount(int index) => new(TopicBytes32(index));
    public long TopicInt64(int index) => Number(Topic(index));
    public Bytes32 Bytes32At(int index) => new(Word(index));
    public Address AddressAt(int index) => new(Word(index)[12..]);
    public AccountId AccountAt(int index) => new(Bytes32At(index));
    public long Int64At(int index) => Number(Word(index));
    public BigInteger AmountAt(int index) => new(Word(index), isUnsigned: true, isBigEndian: true);
    public bool BoolAt(int index) => Word(index)[31] != 0;

    /// <summary>A small enumeration or uint8 in word <paramref name="index"/>.</summary>
    public byte ByteAt(int index) => Word(index)[31];

    /// <summary>The dynamic bytes whose offset stands in word <paramref name="index"/>.</summary>
    public ReadOnlySpan<byte> BytesAt(int index)
    {
        var (start, length) = Dynamic(index);
        return length <= _data.Length - start ? _data.Slice((int)start, (int)length) : throw Short();
    }

    /// <summary>
    /// The dynamic string in word <paramref name="index"/>. Invalid UTF-8 and NUL, which PostgreSQL refuses, become U+FFFD: anybody may emit them.
    /// </summary>
    public string StringAt(int index) => Encoding.UTF8.GetString(BytesAt(index)).Replace('\0', '\uFFFD');

    /// <summary>Number of elements of the dynamic array in word <paramref name="index"/>, each of <paramref name="words"/> words.</summary>
    public int ArrayLength(int index, int words)
    {
        var (start, length) = Dynamic(index);
        return length * words <= (_data.Length - start) / 32 ? (int)length : throw Short();
    }

    /// <summary>Word <paramref name="word"/> of the array in word <paramref name="index"/>.</summary>
    public ReadOnlySpan<byte> ArrayWord(int index, int word) => WordAt(Dynamic(index).Start + (32L * word));

    /// <summary>An unsigned word capped at 2^63 − 1.</summary>
    public static long Number(ReadOnlySpan<byte> word)
    {
        if (word[..24].IndexOfAnyExcept((byte)0) >= 0) return long.MaxValue;
        var value = BinaryPrimitives.ReadUInt64BigEndian(word[24..]);
        return value > long.MaxValue ? long.MaxValue : (long)value;
    }

    private (long Start, long Length) Dynamic(int index)
    {
        var offset = Number(Word(index));
        if (offset > _data.Length - 32) throw Short();
        var length = Number(WordAt(offset));
        return length <= _data.Length ? (offset + 32, length) : throw Short();
    }

    private ReadOnlySpan<byte> WordAt(long offset) => offset <= _data.Length - 32 ? _data.Slice((int)offset, 32) : throw Short();

    private MalformedLogException Short() => new($"Its {_data.Length} bytes of data end too early.");
}
