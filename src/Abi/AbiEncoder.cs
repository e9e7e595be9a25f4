using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using DePin.Cryptography;

namespace DePin.Abi;

/// <summary>
/// Writes the contract ABI's canonical encoding front to back. Static values go into the open frame's head; a dynamic value puts its
/// offset there and its content at the end. The caller opens and closes frames; static tuples and arrays are just their members in order.
/// </summary>
public sealed class AbiEncoder
{
    private readonly Stack<(int Start, int Cursor)> _frames = new();
    private byte[] _buffer;
    private int _start;
    private int _cursor;
    private int _end;

    /// <summary>Opens the outermost frame: <paramref name="headWords"/> words after an optional prefix (a selector, or creation code).</summary>
    public AbiEncoder(ReadOnlySpan<byte> prefix, int headWords)
    {
        _buffer = new byte[prefix.Length + (32 * headWords)];
        prefix.CopyTo(_buffer);
        _start = _cursor = prefix.Length;
        _end = _buffer.Length;
    }

    /// <summary>uint8 to uint256.</summary>
    public void UInt(UInt256 value) => value.WriteBigEndian(NextWord());

    /// <summary>uint64 and narrower.</summary>
    public void UInt(ulong value) => BinaryPrimitives.WriteUInt64BigEndian(NextWord()[24..], value);

    /// <summary>int8 to int256, two's complement.</summary>
    public void Int(BigInteger value)
    {
        var word = NextWord();
        if (value.Sign < 0) word.Fill(0xff);
        if (!value.TryWriteBytes(word, out var written, isUnsigned: false, isBigEndian: true)) throw new OverflowException($"{value} does not fit in 256 bits.");
        if (written == 32) return;
        word[..written].CopyTo(word[(32 - written)..]);
        word[..(32 - written)].Fill(value.Sign < 0 ? (byte)0xff : (byte)0);
    }

    /// <summary>bool.</summary>
    public void Bool(bool value) => NextWord()[31] = value ? (byte)1 : (byte)0;

    /// <summary>address.</summary>
    public void Address(Address value) => value.CopyTo(NextWord()[12..]);

    /// <summary>bytes32.</summary>
    public void Bytes32(Bytes32 value) => value.CopyTo(NextWord());

    /// <summary>bytes1 to bytes31: exactly <paramref name="size"/> bytes, padded on the right.</summary>
    public void FixedBytes(ReadOnlySpan<byte> value, int size)
    {
        if (value.Length != size) throw new ArgumentException($"bytes{size} takes exactly {size} bytes, got {value.Length}.", nameof(value));
        value.CopyTo(NextWord());
    }

    /// <summary>bytes.</summary>
    public void Bytes(ReadOnlySpan<byte> value)
    {
        WriteOffset();
        var content = Append(32 + ((value.Length + 31) / 32 * 32));
        BinaryPrimitives.WriteInt32BigEndian(content[28..], value.Length);
        value.CopyTo(content[32..]);
    }

    /// <summary>string, in UTF-8.</summary>
    public void String(string value) => Bytes(Encoding.UTF8.GetBytes(value));

    /// <summary>Opens a dynamic tuple, or a fixed-length array of dynamic elements, whose heads take so many words.</summary>
    public void BeginTuple(int headWords)
    {
        WriteOffset();
        Push(headWords);
    }

    /// <summary>Opens an array of <paramref name="count"/> elements whose heads take so many words each.</summary>
    public void BeginArray(int count, int elementHeadWords)
    {
        WriteOffset();
        BinaryPrimitives.WriteInt32BigEndian(Append(32)[28..], count);
        Push(count * elementHeadWords);
    }

    /// <summary>Closes what was opened last.</summary>
    public void End() => (_start, _cursor) = _frames.Pop();

    /// <summary>The encoding.</summary>
    public byte[] ToArray() => _buffer.AsSpan(0, _end).ToArray();

    private void Push(int headWords)
    {
        _frames.Push((_start, _cursor));
        _start = _cursor = _end;
        Append(32 * headWords);
    }

    private void WriteOffset()
    {
        var offset = _end - _start;
        BinaryPrimitives.WriteInt32BigEndian(NextWord()[28..], offset);
    }

    private Span<byte> NextWord()
    {
        var word = _buffer.AsSpan(_cursor, 32);
        _cursor += 32;
        return word;
    }

    private Span<byte> Append(int count)
    {
        if (_end + count > _buffer.Length) Array.Resize(ref _buffer, Math.Max(2 * _buffer.Length, _end + count));
        var span = _buffer.AsSpan(_end, count);
        _end += count;
        return span;
    }
}
