using System.Numerics;
using System.Text;
using DePin.Cryptography;

namespace DePin.Abi.Solana;

/// <summary>Seeds of program addresses, for generated code: values as Anchor's seeds have them. Unlike Borsh, text and bytes have no length before them.</summary>
public static class SolanaSeeds
{
    /// <summary>u8.</summary>
    public static byte[] Of(byte value) => [value];

    /// <summary>i8.</summary>
    public static byte[] Of(sbyte value) => [(byte)value];

    /// <summary>u16.</summary>
    public static byte[] Of(ushort value) => Little(value, 2);

    /// <summary>i16.</summary>
    public static byte[] Of(short value) => Little((ushort)value, 2);

    /// <summary>u32.</summary>
    public static byte[] Of(uint value) => Little(value, 4);

    /// <summary>i32.</summary>
    public static byte[] Of(int value) => Little((uint)value, 4);

    /// <summary>u64.</summary>
    public static byte[] Of(ulong value) => Little(value, 8);

    /// <summary>i64.</summary>
    public static byte[] Of(long value) => Little((ulong)value, 8);

    /// <summary>u128.</summary>
    public static byte[] Of(UInt128 value) => Little(value, 16);

    /// <summary>i128.</summary>
    public static byte[] Of(Int128 value) => Little((UInt128)value, 16);

    /// <summary>u256.</summary>
    public static byte[] Of(UInt256 value)
    {
        var writer = new BorshWriter(stackalloc byte[32]);
        writer.UInt256(value);
        return writer.ToArray();
    }

    /// <summary>i256.</summary>
    public static byte[] Of(BigInteger value)
    {
        var writer = new BorshWriter(stackalloc byte[32]);
        writer.Int256(value);
        return writer.ToArray();
    }

    /// <summary>The UTF-8 of a string.</summary>
    public static byte[] Of(string value) => Encoding.UTF8.GetBytes(value);

    /// <summary>bytes and [u8; N].</summary>
    public static byte[] Of(byte[] value) => value;

    /// <summary>[u8; 32].</summary>
    public static byte[] Of(Bytes32 value) => value.ToArray();

    /// <summary>[u8; 20].</summary>
    public static byte[] Of(Address value) => value.ToArray();

    /// <summary>pubkey.</summary>
    public static byte[] Of(SolanaAddress value) => value.ToArray();

    private static byte[] Little(UInt128 value, int size)
    {
        var bytes = new byte[size];
        for (var i = 0; i < size; i++) bytes[i] = (byte)(value >> (8 * i));
        return bytes;
    }
}
