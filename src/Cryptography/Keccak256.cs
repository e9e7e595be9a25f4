using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DePin.Cryptography;

/// <summary>
/// Keccak-256 as Ethereum uses it (padding 0x01, not the 0x06 of NIST's SHA3-256). Static members hash at once and allocate
/// nothing; an instance value hashes piece by piece. A copy of the value is a fork of its state.
/// </summary>
public struct Keccak256
{
    private const int Rate = 136;
    private const int RateLanes = Rate / 8;

    private State _state;
    private int _filled;

    /// <summary>The hash of <paramref name="data"/>.</summary>
    public static Bytes32 Hash(ReadOnlySpan<byte> data)
    {
        State state = default;
        Span<ulong> lanes = state;
        while (data.Length >= Rate)
        {
            AbsorbBlock(lanes, data[..Rate]);
            data = data[Rate..];
        }

        return Finish(lanes, data);
    }

    /// <summary>The hash of <paramref name="first"/> · <paramref name="second"/> without joining them.</summary>
    public static Bytes32 Hash(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        if (first.Length + second.Length < Rate)
        {
            Span<byte> joined = stackalloc byte[Rate];
            first.CopyTo(joined);
            second.CopyTo(joined[first.Length..]);
            return Hash(joined[..(first.Length + second.Length)]);
        }

        var hash = new Keccak256();
        hash.Append(first);
        hash.Append(second);
        return hash.Finish();
    }

    /// <summary>The hash of <paramref name="left"/> · <paramref name="right"/>: a Merkle node.</summary>
    [SkipLocalsInit]
    public static Bytes32 Hash(in Bytes32 left, in Bytes32 right)
    {
        State state = default;
        Span<ulong> lanes = state;
        left.CopyTo(MemoryMarshal.AsBytes(lanes));
        right.CopyTo(MemoryMarshal.AsBytes(lanes)[Bytes32.Size..]);
        if (!BitConverter.IsLittleEndian)
        {
            for (var i = 0; i < 8; i++) lanes[i] = BinaryPrimitives.ReverseEndianness(lanes[i]);
        }

        lanes[8] = 1;
        lanes[RateLanes - 1] = 0x8000000000000000;
        KeccakPermutation.Permute(lanes);
        return Squeeze(lanes);
    }

    /// <summary>Adds <paramref name="data"/> to what is hashed.</summary>
    public void Append(ReadOnlySpan<byte> data)
    {
        Span<ulong> lanes = _state;
        while (!data.IsEmpty)
        {
            if (_filled == 0 && data.Length >= Rate)
            {
                AbsorbBlock(lanes, data[..Rate]);
                data = data[Rate..];
                continue;
            }

            var take = Math.Min(Rate - _filled, data.Length);
            AbsorbAt(lanes, _filled, data[..take]);
            data = data[take..];
            _filled += take;
            if (_filled != Rate) continue;
            KeccakPermutation.Permute(lanes);
            _filled = 0;
        }
    }

    /// <summary>Adds 32 bytes to what is hashed.</summary>
    public void Append(in Bytes32 data) => Append(data.AsSpan());

    /// <summary>The hash of all that was appended; the value then starts anew.</summary>
    public Bytes32 Finish()
    {
        Span<ulong> lanes = _state;
        lanes[_filled / 8] ^= 1UL << (8 * (_filled % 8));
        lanes[RateLanes - 1] ^= 0x8000000000000000;
        KeccakPermutation.Permute(lanes);
        var hash = Squeeze(lanes);
        lanes.Clear();
        _filled = 0;
        return hash;
    }

    private static Bytes32 Finish(Span<ulong> lanes, ReadOnlySpan<byte> tail)
    {
        AbsorbAt(lanes, 0, tail);
        lanes[tail.Length / 8] ^= 1UL << (8 * (tail.Length % 8));
        lanes[RateLanes - 1] ^= 0x8000000000000000;
        KeccakPermutation.Permute(lanes);
        return Squeeze(lanes);
    }

    private static void AbsorbBlock(Span<ulong> lanes, ReadOnlySpan<byte> block)
    {
        for (var i = 0; i < RateLanes; i++) lanes[i] ^= BinaryPrimitives.ReadUInt64LittleEndian(block[(8 * i)..]);
        KeccakPermutation.Permute(lanes);
    }

    private static void AbsorbAt(Span<ulong> lanes, int offset, ReadOnlySpan<byte> data)
    {
        var i = 0;
        for (; i < data.Length && (offset + i) % 8 != 0; i++) AbsorbByte(lanes, offset + i, data[i]);
        for (; data.Length - i >= 8; i += 8) lanes[(offset + i) / 8] ^= BinaryPrimitives.ReadUInt64LittleEndian(data[i..]);
        for (; i < data.Length; i++) AbsorbByte(lanes, offset + i, data[i]);
    }

    private static void AbsorbByte(Span<ulong> lanes, int at, byte value) => lanes[at / 8] ^= (ulong)value << (8 * (at % 8));

    private static Bytes32 Squeeze(Span<ulong> lanes)
    {
        if (!BitConverter.IsLittleEndian)
        {
            for (var i = 0; i < 4; i++) lanes[i] = BinaryPrimitives.ReverseEndianness(lanes[i]);
        }

        return MemoryMarshal.Read<Bytes32>(MemoryMarshal.AsBytes(lanes));
    }

    [InlineArray(25)]
    private struct State
    {
        private ulong _lane;
    }
}
