using System.Buffers;
using System.Buffers.Binary;
using DePin.Abi.Solana;
using DePin.Cryptography;

namespace DePin.Mirror;

/// <summary>
/// Lays an event out as the EVM contracts' event of the same meaning is: topics and words of data, an account as all of its 32 bytes. This is the form in which
/// <c>chain.logs</c> keeps events of every chain, so that state follows from them by one set of rules. Not thread-safe; one serves any number of events.
/// </summary>
public sealed class EventForm
{
    private const int MostTopics = 4;

    private readonly byte[] _topics = new byte[MostTopics * Bytes32.Size];
    private readonly ArrayBufferWriter<byte> _data = new(1024);
    private readonly ArrayBufferWriter<byte> _tail = new(1024); // what lengths and offsets point to
    private int _topicCount;
    private int _headWords;

    /// <summary>Topics, 32 bytes each.</summary>
    public ReadOnlySpan<byte> Topics => _topics.AsSpan(0, _topicCount * Bytes32.Size);

    /// <summary>Words of data.</summary>
    public ReadOnlySpan<byte> Data => _data.WrittenSpan;

    /// <summary>Begins an event whose data have <paramref name="headWords"/> words before those that offsets point to.</summary>
    public EventForm Begin(EventKind kind, int headWords = 0)
    {
        _topicCount = 0;
        _headWords = headWords;
        _data.ResetWrittenCount();
        _tail.ResetWrittenCount();
        return Topic(EventCatalog.Of(kind).Topic);
    }

    /// <summary>Ends it: data that offsets point to come last.</summary>
    public void End()
    {
        if (_data.WrittenCount != (_headWords == 0 ? _data.WrittenCount : _headWords * Bytes32.Size)) throw new InvalidOperationException("An event was laid out with other words than it said.");
        _data.Write(_tail.WrittenSpan);
    }

    public EventForm Topic(in Bytes32 value)
    {
        value.CopyTo(_topics.AsSpan(_topicCount++ * Bytes32.Size));
        return this;
    }

    public EventForm Topic(ulong value) => Topic(Bytes32.FromUInt64(value));
    public EventForm Topic(SolanaAddress value) => Topic(value.ToBytes32());
    public EventForm Topic(Address value) => Topic(value.ToBytes32());

    public EventForm Word(in Bytes32 value)
    {
        value.CopyTo(_data.GetSpan(Bytes32.Size));
        _data.Advance(Bytes32.Size);
        return this;
    }

    public EventForm Word(UInt128 value)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, value);
        return Word(Bytes32.LeftPad(bytes));
    }

    public EventForm Word(bool value) => Word(value ? 1u : 0u);
    public EventForm Word(SolanaAddress value) => Word(value.ToBytes32());

    /// <summary>Dynamic bytes.</summary>
    public EventForm Bytes(ReadOnlySpan<byte> value)
    {
        Word(Offset(value.Length));
        var padded = (value.Length + Bytes32.Size - 1) / Bytes32.Size * Bytes32.Size;
        var room = _tail.GetSpan(padded)[..padded];
        room.Clear();
        value.CopyTo(room);
        _tail.Advance(padded);
        return this;
    }

    /// <summary>A dynamic array of <paramref name="count"/> elements; its words follow by <see cref="Element"/>, before any other dynamic value.</summary>
    public EventForm Array(int count) => Word(Offset(count));

    /// <summary>A word of the array that was begun last.</summary>
    public EventForm Element(in Bytes32 value)
    {
        value.CopyTo(_tail.GetSpan(Bytes32.Size));
        _tail.Advance(Bytes32.Size);
        return this;
    }

    private ulong Offset(int length)
    {
        var offset = (ulong)((_headWords * Bytes32.Size) + _tail.WrittenCount);
        Element(Bytes32.FromUInt64((ulong)length));
        return offset;
    }
}
