using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace DePin.Abi.Solana;

/// <summary>Lays out an instruction's data: little-endian, as bincode and the token programs' own format write it.</summary>
internal readonly struct SolanaWriter()
{
    private readonly ArrayBufferWriter<byte> _target = new();

    public SolanaWriter U8(byte value)
    {
        _target.Write([value]);
        return this;
    }

    public SolanaWriter U16(ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_target.GetSpan(2), value);
        _target.Advance(2);
        return this;
    }

    public SolanaWriter U32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_target.GetSpan(4), value);
        _target.Advance(4);
        return this;
    }

    public SolanaWriter U64(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_target.GetSpan(8), value);
        _target.Advance(8);
        return this;
    }

    public SolanaWriter Bytes(ReadOnlySpan<byte> value)
    {
        _target.Write(value);
        return this;
    }

    public SolanaWriter Address(SolanaAddress value) => Bytes(value.AsSpan());

    /// <summary>0, or 1 and the address.</summary>
    public SolanaWriter Option(SolanaAddress? value) => value is { } address ? U8(1).Address(address) : U8(0);

    /// <summary>UTF-8 after its length in 8 bytes.</summary>
    public SolanaWriter Text(string value)
    {
        var bytes = Encoding.UTF8.GetBytes(value);
        return U64((ulong)bytes.Length).Bytes(bytes);
    }

    public ReadOnlyMemory<byte> ToMemory() => _target.WrittenMemory;
}
