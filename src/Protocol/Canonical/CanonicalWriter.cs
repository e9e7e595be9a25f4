using System.Buffers;
using System.Buffers.Binary;
using DePin.Cryptography;

namespace DePin.Protocol.Canonical;

/// <summary>Appends big-endian fields to a growing buffer: the writing half of every layout in docs/protocol.md.</summary>
public sealed class CanonicalWriter(int capacity = 256)
{
    private readonly ArrayBufferWriter<byte> _buffer = new(Math.Max(capacity, 16));

    /// <summary>Bytes written so far.</summary>
    public int Length => _buffer.WrittenCount;

    /// <summary>What was written; valid until the next write.</summary>
    public ReadOnlySpan<byte> Written => _buffer.WrittenSpan;

    /// <summary>A copy of what was written.</summary>
    public byte[] ToArray() => _buffer.WrittenSpan.ToArray();

    public CanonicalWriter U8(byte value)
    {
        _buffer.GetSpan(1)[0] = value;
        _buffer.Advance(1);
        return this;
    }

    public CanonicalWriter U16(ushort value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_buffer.GetSpan(2), value);
        _buffer.Advance(2);
        return this;
    }

    public CanonicalWriter U32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_buffer.GetSpan(4), value);
        _buffer.Advance(4);
        return this;
    }

    public CanonicalWriter U64(ulong value)
    {
        BinaryPrimitives.WriteUInt64BigEndian(_buffer.GetSpan(8), value);
        _buffer.Advance(8);
        return this;
    }

    /// <summary>Two's complement, 8 bytes.</summary>
    public CanonicalWriter I64(long value) => U64(unchecked((ulong)value));

    public CanonicalWriter U128(UInt128 value)
    {
        BinaryPrimitives.WriteUInt128BigEndian(_buffer.GetSpan(16), value);
        _buffer.Advance(16);
        return this;
    }

    public CanonicalWriter Word(in Bytes32 value)
    {
        value.CopyTo(_buffer.GetSpan(Bytes32.Size));
        _buffer.Advance(Bytes32.Size);
        return this;
    }

    public CanonicalWriter Address(in Address value)
    {
        value.CopyTo(_buffer.GetSpan(Cryptography.Address.Size));
        _buffer.Advance(Cryptography.Address.Size);
        return this;
    }

    /// <summary>The bytes as they are, without a length.</summary>
    public CanonicalWriter Bytes(ReadOnlySpan<byte> value)
    {
        _buffer.Write(value);
        return this;
    }

    /// <summary>Length u32, then the bytes.</summary>
    public CanonicalWriter Sized(ReadOnlySpan<byte> value) => U32((uint)value.Length).Bytes(value);

    /// <summary>keccak of what was written.</summary>
    public Bytes32 Keccak() => Keccak256.Hash(_buffer.WrittenSpan);

    /// <summary>SHA-256 of what was written.</summary>
    public Bytes32 Sha() => Sha256.Hash(_buffer.WrittenSpan);
}
