using System.Buffers;
using System.Buffers.Binary;
using DePin.Cryptography;

namespace DePin.Abi;

/// <summary>Writes RLP (Yellow Paper, appendix B) as one list, members in order.</summary>
public sealed class RlpWriter
{
    private readonly ArrayBufferWriter<byte> _body = new();

    /// <summary>A byte string.</summary>
    public RlpWriter Bytes(ReadOnlySpan<byte> value)
    {
        if (value.Length == 1 && value[0] < 0x80)
        {
            _body.Write(value);
            return this;
        }

        WriteLength(_body, value.Length, 0x80);
        _body.Write(value);
        return this;
    }

    /// <summary>A number: big-endian without leading zeros, 0 as the empty string.</summary>
    public RlpWriter Number(UInt256 value)
    {
        Span<byte> bytes = stackalloc byte[32];
        value.WriteBigEndian(bytes);
        return Bytes(bytes[(32 - ((value.BitLength + 7) / 8))..]);
    }

    /// <summary>An address.</summary>
    public RlpWriter Address(Address value) => Bytes(value.AsSpan());

    /// <summary>A nested list.</summary>
    public RlpWriter List(RlpWriter list)
    {
        _body.Write(list.ToArray());
        return this;
    }

    /// <summary>The list, after <paramref name="prefix"/>.</summary>
    public byte[] ToArray(ReadOnlySpan<byte> prefix = default)
    {
        var result = new ArrayBufferWriter<byte>(prefix.Length + 9 + _body.WrittenCount);
        result.Write(prefix);
        WriteLength(result, _body.WrittenCount, 0xc0);
        result.Write(_body.WrittenSpan);
        return result.WrittenSpan.ToArray();
    }

    private static void WriteLength(ArrayBufferWriter<byte> target, int length, byte offset)
    {
        if (length <= 55)
        {
            target.Write([(byte)(offset + length)]);
            return;
        }

        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, length);
        var skip = bytes.IndexOfAnyExcept((byte)0);
        target.Write([(byte)(offset + 55 + 4 - skip)]);
        target.Write(bytes[skip..]);
    }
}

/// <summary>An RLP item: a byte string or a list.</summary>
public sealed record RlpItem(byte[]? Bytes, IReadOnlyList<RlpItem>? Items)
{
    private const int MaximumDepth = 32;

    /// <summary>Reads one item and nothing more; false unless it is canonical (shortest lengths, single bytes as themselves).</summary>
    public static bool TryDecode(ReadOnlySpan<byte> data, out RlpItem? item) => TryRead(ref data, 0, out item) && data.IsEmpty;

    private static bool TryRead(ref ReadOnlySpan<byte> data, int depth, out RlpItem? item)
    {
        item = null;
        if (data.IsEmpty || depth > MaximumDepth) return false;
        var first = data[0];
        if (first < 0x80)
        {
            item = new RlpItem([first], null);
            data = data[1..];
            return true;
        }

        var isList = first >= 0xc0;
        if (!TryLength(ref data, isList ? 0xc0 : 0x80, out var length)) return false;
        var content = data[..length];
        data = data[length..];
        if (!isList)
        {
            item = new RlpItem(content.ToArray(), null);
            return length != 1 || content[0] >= 0x80;
        }

        var items = new List<RlpItem>();
        while (!content.IsEmpty)
        {
            if (!TryRead(ref content, depth + 1, out var member)) return false;
            items.Add(member!);
        }

        item = new RlpItem(null, items);
        return true;
    }

    private static bool TryLength(ref ReadOnlySpan<byte> data, int offset, out int length)
    {
        length = data[0] - offset;
        data = data[1..];
        if (length > 55)
        {
            var size = length - 55;
            if (size > 4 || data.Length < size || data[0] == 0) return false;
            long value = 0;
            for (var i = 0; i < size; i++) value = (value << 8) | data[i];
            data = data[size..];
            if (value <= 55 || value > int.MaxValue) return false;
            length = (int)value;
        }

        return length <= data.Length;
    }
}
