using System.Buffers.Binary;
using DePin.Cryptography;

namespace DePin.Protocol.Canonical;

/// <summary>Bytes that were meant to be canonical are not; the message says what was being read, where, and what is wrong.</summary>
public sealed class CanonicalFormatException(string message) : FormatException(message);

/// <summary>
/// Reads big-endian fields in order and refuses anything else than the exact layout. <paramref name="what"/> names the thing
/// being read in every message.
/// </summary>
public ref struct CanonicalReader(ReadOnlySpan<byte> bytes, string what)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>Offset of the next byte.</summary>
    public int Offset { get; private set; }

    /// <summary>Bytes not read yet.</summary>
    public readonly int Remaining => _bytes.Length - Offset;

    public byte U8() => Take(1)[0];

    public ushort U16() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

    public uint U32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    public ulong U64() => BinaryPrimitives.ReadUInt64BigEndian(Take(8));

    /// <summary>Two's complement, 8 bytes.</summary>
    public long I64() => BinaryPrimitives.ReadInt64BigEndian(Take(8));

    public UInt128 U128() => BinaryPrimitives.ReadUInt128BigEndian(Take(16));

    public Bytes32 Word() => new(Take(Bytes32.Size));

    public Address Address() => new(Take(Cryptography.Address.Size));

    /// <summary>The next <paramref name="count"/> bytes, in place.</summary>
    public ReadOnlySpan<byte> Bytes(int count) => Take(count);

    /// <summary>Length u32 of at most <paramref name="limit"/>, then the bytes, in place.</summary>
    public ReadOnlySpan<byte> Sized(int limit)
    {
        var length = U32();
        if (length > (uint)limit) throw Wrong($"a length of {length} is above the limit of {limit}");
        return Take((int)length);
    }

    /// <summary>A count u32 of elements of at least <paramref name="elementSize"/> bytes each, which must fit in what remains.</summary>
    public int Count(int elementSize)
    {
        var count = U32();
        if (count > (uint)(Remaining / elementSize)) throw Wrong($"{count} elements of {elementSize} bytes do not fit in the remaining {Remaining}");
        return (int)count;
    }

    /// <summary>The next bytes must be these.</summary>
    public void Expect(ReadOnlySpan<byte> expected)
    {
        if (Remaining < expected.Length || !_bytes.Slice(Offset, expected.Length).SequenceEqual(expected))
            throw Wrong("the tag is missing: this is something else, or of another version");
        Offset += expected.Length;
    }

    /// <summary>Everything must have been read.</summary>
    public readonly void End()
    {
        if (Remaining != 0) throw Wrong($"{Remaining} bytes are left over");
    }

    /// <summary>An error at the present offset.</summary>
    public readonly CanonicalFormatException Wrong(string problem) => new($"Invalid {what} at byte {Offset}: {problem}.");

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > Remaining) throw Wrong($"{count} bytes were expected, {Remaining} remain");
        var taken = _bytes.Slice(Offset, count);
        Offset += count;
        return taken;
    }
}
