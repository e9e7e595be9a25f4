using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using DePin.Cryptography;

namespace DePin.Abi.Solana;

/// <summary>
/// Reads Borsh in place (https://borsh.io), and only what a strict writer gives: flags are 0 or 1, text is UTF-8, a length never names more
/// elements than the bytes that are left could hold. What is not so makes the reader fail for good: from then on it returns zeros, and
/// <see cref="Complete"/> says false. Allocates nothing but the strings and arrays asked for.
/// </summary>
public ref struct BorshReader
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private ReadOnlySpan<byte> _rest;
    private bool _failed;

    /// <summary>Reads from the first byte on.</summary>
    public BorshReader(ReadOnlySpan<byte> data) => _rest = data;

    /// <summary>Whether all so far was well formed.</summary>
    public readonly bool Ok => !_failed;

    /// <summary>Whether all was well formed and nothing is left: as for instructions and events.</summary>
    public readonly bool Complete() => !_failed && _rest.IsEmpty;

    /// <summary>Whether all was well formed and nothing but zeros is left: as for accounts, which may be larger than what they hold.</summary>
    public readonly bool CompleteBeforeZeros() => !_failed && _rest.IndexOfAnyExcept((byte)0) < 0;

    /// <summary>Bytes not read yet; 0 if the reader failed.</summary>
    public readonly int Left => _rest.Length;

    /// <summary>Skips the discriminator; fails if the data begins otherwise.</summary>
    public void Discriminator(scoped ReadOnlySpan<byte> expected)
    {
        if (!Take(expected.Length).SequenceEqual(expected)) Fail();
    }

    /// <summary>u8.</summary>
    public byte UInt8()
    {
        var bytes = Take(1);
        return _failed ? (byte)0 : bytes[0];
    }

    /// <summary>i8.</summary>
    public sbyte Int8() => (sbyte)UInt8();

    /// <summary>u16.</summary>
    public ushort UInt16()
    {
        var bytes = Take(2);
        return _failed ? (ushort)0 : BinaryPrimitives.ReadUInt16LittleEndian(bytes);
    }

    /// <summary>i16.</summary>
    public short Int16() => (short)UInt16();

    /// <summary>u32.</summary>
    public uint UInt32()
    {
        var bytes = Take(4);
        return _failed ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }

    /// <summary>i32.</summary>
    public int Int32() => (int)UInt32();

    /// <summary>u64.</summary>
    public ulong UInt64()
    {
        var bytes = Take(8);
        return _failed ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    /// <summary>i64.</summary>
    public long Int64() => (long)UInt64();

    /// <summary>u128.</summary>
    public UInt128 UInt128()
    {
        var bytes = Take(16);
        return _failed ? 0 : BinaryPrimitives.ReadUInt128LittleEndian(bytes);
    }

    /// <summary>i128.</summary>
    public Int128 Int128() => (Int128)UInt128();

    /// <summary>u256.</summary>
    public UInt256 UInt256()
    {
        var b = Take(32);
        return _failed ? default : new UInt256(Quarter(b, 3), Quarter(b, 2), Quarter(b, 1), Quarter(b, 0));

        static ulong Quarter(ReadOnlySpan<byte> bytes, int i) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[(8 * i)..]);
    }

    /// <summary>i256.</summary>
    public BigInteger Int256()
    {
        var bytes = Take(32);
        return _failed ? BigInteger.Zero : new BigInteger(bytes);
    }

    /// <summary>f32.</summary>
    public float Float32() => BitConverter.UInt32BitsToSingle(UInt32());

    /// <summary>f64.</summary>
    public double Float64() => BitConverter.UInt64BitsToDouble(UInt64());

    /// <summary>bool: 0 or 1.</summary>
    public bool Bool()
    {
        var value = UInt8();
        if (value > 1) Fail();
        return value == 1;
    }

    /// <summary>What comes before an option's value: whether there is one.</summary>
    public bool Some() => Bool();

    /// <summary>The number of an enum's variant, below <paramref name="count"/>.</summary>
    public byte Variant(int count)
    {
        var value = UInt8();
        if (value < count) return value;
        Fail();
        return 0;
    }

    /// <summary>pubkey.</summary>
    public SolanaAddress Address()
    {
        var bytes = Take(SolanaAddress.Size);
        return _failed ? default : MemoryMarshal.Read<SolanaAddress>(bytes);
    }

    /// <summary>[u8; 32].</summary>
    public Bytes32 Bytes32()
    {
        var bytes = Take(32);
        return _failed ? default : MemoryMarshal.Read<Bytes32>(bytes);
    }

    /// <summary>[u8; 20].</summary>
    public Address Address20()
    {
        var bytes = Take(20);
        return _failed ? default : MemoryMarshal.Read<Address>(bytes);
    }

    /// <summary>[u8; <paramref name="length"/>], where it lies; empty if the reader failed.</summary>
    public ReadOnlySpan<byte> Fixed(int length) => Take(length);

    /// <summary>bytes, and a vec of u8, where they lie.</summary>
    public ReadOnlySpan<byte> Bytes() => Take(Length(1));

    /// <summary>string: UTF-8.</summary>
    public string String()
    {
        var bytes = Bytes();
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            Fail();
            return "";
        }
    }

    /// <summary>A vec's length: 0 and failed if the bytes that are left cannot hold so many elements of at least <paramref name="elementSize"/> bytes.</summary>
    public int Length(int elementSize)
    {
        var length = UInt32();
        if (length <= (uint)(_rest.Length / elementSize)) return (int)length;
        Fail();
        return 0;
    }

    /// <summary>Whether the bytes that are left may hold so many elements of at least <paramref name="elementSize"/> bytes; otherwise the reader fails.</summary>
    public bool Holds(int length, int elementSize)
    {
        if (!_failed && length <= _rest.Length / elementSize) return true;
        Fail();
        return false;
    }

    /// <summary>Makes the reader fail: for what only the caller can see is wrong.</summary>
    public void Fail()
    {
        _failed = true;
        _rest = default;
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (_failed || length > _rest.Length)
        {
            Fail();
            return default;
        }

        var taken = _rest[..length];
        _rest = _rest[length..];
        return taken;
    }
}
