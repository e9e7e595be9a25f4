using System.Buffers.Binary;
using DePin.Cryptography;

namespace DePin.Abi.Solana;

/// <summary>Takes fields, little-endian, from the start of bytes that somebody else made. Whatever does not fit is a <see cref="FormatException"/> that names the field.</summary>
internal ref struct SolanaReader(ReadOnlySpan<byte> data, string subject)
{
    private readonly string _subject = subject;

    /// <summary>What is left.</summary>
    public ReadOnlySpan<byte> Rest { get; private set; } = data;

    public ReadOnlySpan<byte> Take(int length, string field)
    {
        if (length > Rest.Length) throw new FormatException($"{_subject} ends within its {field}: {length} bytes are expected and {Rest.Length} are left.");
        var taken = Rest[..length];
        Rest = Rest[length..];
        return taken;
    }

    public byte U8(string field) => Take(1, field)[0];

    public bool Flag(string field) => U8(field) switch
    {
        0 => false,
        1 => true,
        var other => throw new FormatException($"{_subject} has {other} as its {field}, which is 0 or 1."),
    };

    public ushort U16(string field) => BinaryPrimitives.ReadUInt16LittleEndian(Take(2, field));

    public uint U32(string field) => BinaryPrimitives.ReadUInt32LittleEndian(Take(4, field));

    public ulong U64(string field) => BinaryPrimitives.ReadUInt64LittleEndian(Take(8, field));

    public SolanaAddress Address(string field) => new(Take(SolanaAddress.Size, field));

    public Bytes32 Hash(string field) => new(Take(Bytes32.Size, field));

    /// <summary>A compact-u16 that counts members of at least <paramref name="least"/> bytes each: never more than there is room for.</summary>
    public int Count(string field, int least)
    {
        var rest = Rest;
        if (!ShortVec.TryRead(ref rest, out var count)) throw new FormatException($"{_subject}: the number of {field} is not a compact-u16 in its shortest form.");
        if (count * (long)least > rest.Length) throw new FormatException($"{_subject} ends within its {field}: {count} are announced and {rest.Length} bytes are left.");
        Rest = rest;
        return count;
    }

    public readonly void End()
    {
        if (!Rest.IsEmpty) throw new FormatException($"{_subject} has {Rest.Length} bytes beyond its end.");
    }
}
