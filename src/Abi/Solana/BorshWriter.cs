using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Text;
using DePin.Cryptography;

namespace DePin.Abi.Solana;

/// <summary>Writes Borsh (https://borsh.io). Begins in the caller's span, and rents room when that is full.</summary>
public ref struct BorshWriter
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private Span<byte> _room;
    private byte[]? _rented;
    private int _length;

    /// <summary>Writes to <paramref name="room"/> first.</summary>
    public BorshWriter(Span<byte> room) => _room = room;

    /// <summary>What was written so far; valid until the next write.</summary>
    public readonly ReadOnlySpan<byte> Written => _room[.._length];

    /// <summary>A fresh array of what was written; the writer gives back what it rented and is empty.</summary>
    public byte[] ToArray()
    {
        var result = Written.ToArray();
        if (_rented is not null) ArrayPool<byte>.Shared.Return(_rented);
        this = default;
        return result;
    }

    /// <summary>u8.</summary>
    public void UInt8(byte value) => Room(1)[0] = value;

    /// <summary>i8.</summary>
    public void Int8(sbyte value) => UInt8((byte)value);

    /// <summary>u16.</summary>
    public void UInt16(ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Room(2), value);

    /// <summary>i16.</summary>
    public void Int16(short value) => UInt16((ushort)value);

    /// <summary>u32.</summary>
    public void UInt32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Room(4), value);

    /// <summary>i32.</summary>
    public void Int32(int value) => UInt32((uint)value);

    /// <summary>u64.</summary>
    public void UInt64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Room(8), value);

    /// <summary>i64.</summary>
    public void Int64(long value) => UInt64((ulong)value);

    /// <summary>u128.</summary>
    public void UInt128(UInt128 value) => BinaryPrimitives.WriteUInt128LittleEndian(Room(16), value);

    /// <summary>i128.</summary>
    public void Int128(Int128 value) => BinaryPrimitives.WriteInt128LittleEndian(Room(16), value);

    /// <summary>u256.</summary>
    public void UInt256(UInt256 value)
    {
        var room = Room(32);
        value.WriteBigEndian(room);
        room.Reverse();
    }

    /// <summary>i256.</summary>
    /// <exception cref="OverflowException">It has more than 256 bits.</exception>
    public void Int256(BigInteger value)
    {
        if (value.GetByteCount() > 32) throw new OverflowException($"{value} does not fit in a signed number of 256 bits.");
        var room = Room(32);
        room.Fill(value.Sign < 0 ? (byte)0xff : (byte)0);
        value.TryWriteBytes(room, out _);
    }

    /// <summary>f32.</summary>
    public void Float32(float value) => UInt32(BitConverter.SingleToUInt32Bits(value));

    /// <summary>f64.</summary>
    public void Float64(double value) => UInt64(BitConverter.DoubleToUInt64Bits(value));

    /// <summary>bool.</summary>
    public void Bool(bool value) => UInt8(value ? (byte)1 : (byte)0);

    /// <summary>What comes before an option's value; returns what it wrote.</summary>
    public bool Some(bool present)
    {
        Bool(present);
        return present;
    }

    /// <summary>The number of an enum's variant.</summary>
    /// <exception cref="ArgumentException">The enum has only <paramref name="count"/> variants.</exception>
    public void Variant(byte value, int count)
    {
        if (value >= count) throw new ArgumentException($"{value} is none of the enum's {count} variants.", nameof(value));
        UInt8(value);
    }

    /// <summary>pubkey.</summary>
    public void Address(SolanaAddress value) => value.CopyTo(Room(SolanaAddress.Size));

    /// <summary>[u8; 32].</summary>
    public void Bytes32(Bytes32 value) => value.CopyTo(Room(32));

    /// <summary>[u8; 20].</summary>
    public void Address20(Address value) => value.CopyTo(Room(20));

    /// <summary>[u8; <paramref name="length"/>].</summary>
    /// <exception cref="ArgumentException">There are more bytes or fewer.</exception>
    public void Fixed([NotNull] byte[]? value, int length)
    {
        Exactly(value, length);
        Raw(value);
    }

    /// <summary>bytes, and a vec of u8.</summary>
    public void Bytes([NotNull] byte[]? value)
    {
        ArgumentNullException.ThrowIfNull(value);
        UInt32((uint)value.Length);
        Raw(value);
    }

    /// <summary>string.</summary>
    /// <exception cref="EncoderFallbackException">It is not well-formed Unicode.</exception>
    public void String([NotNull] string? value)
    {
        ArgumentNullException.ThrowIfNull(value);
        var length = StrictUtf8.GetByteCount(value);
        UInt32((uint)length);
        StrictUtf8.GetBytes(value, Room(length));
    }

    /// <summary>Bytes as they are, such as a discriminator.</summary>
    public void Raw(scoped ReadOnlySpan<byte> bytes) => bytes.CopyTo(Room(bytes.Length));

    /// <summary>The length of the vec whose elements follow.</summary>
    public void Length<T>([NotNull] T[]? items)
    {
        ArgumentNullException.ThrowIfNull(items);
        UInt32((uint)items.Length);
    }

    /// <summary>Checks that an array has the length that its type has.</summary>
    /// <exception cref="ArgumentException">It has another.</exception>
    public static void Exactly<T>([NotNull] T[]? items, int length)
    {
        ArgumentNullException.ThrowIfNull(items);
        if (items.Length != length) throw new ArgumentException($"Exactly {length} elements are expected, got {items.Length}.", nameof(items));
    }

    private Span<byte> Room(int length)
    {
        if (_room.Length - _length < length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(checked(Math.Max(2 * _length, _length + length)));
            Written.CopyTo(larger);
            if (_rented is not null) ArrayPool<byte>.Shared.Return(_rented);
            _room = _rented = larger;
        }

        _length += length;
        return _room[(_length - length).._length];
    }
}
