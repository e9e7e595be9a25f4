using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;
using DePin.Cryptography;

namespace DePin.Abi;

/// <summary>
/// Reads the contract ABI's encoding in place, and only its canonical form: every padding bit as it must be, every offset where
/// <see cref="AbiEncoder"/> would put it, nothing left over. What is not canonical makes the reader fail for good: from then on it
/// returns zeros, and <see cref="Complete"/> says false. Allocates nothing but the strings and arrays asked for.
/// </summary>
public ref struct AbiReader
{
    private const int MaximumDepth = 12;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ReadOnlySpan<byte> _data;
    private Frames _frames;
    private int _depth;
    private int _start;
    private int _cursor;
    private int _end;
    private bool _failed;

    /// <summary>Opens the outermost frame of so many words.</summary>
    public AbiReader(ReadOnlySpan<byte> data, int headWords)
    {
        _data = data;
        _end = 32 * headWords;
        _failed = _end > data.Length;
    }

    /// <summary>Whether all so far was canonical.</summary>
    public readonly bool Ok => !_failed;

    /// <summary>Whether all was canonical and nothing is left.</summary>
    public readonly bool Complete() => !_failed && _depth == 0 && _end == _data.Length;

    /// <summary>uint8.</summary>
    public byte UInt8() => (byte)Narrow(byte.MaxValue);

    /// <summary>uint16.</summary>
    public ushort UInt16() => (ushort)Narrow(ushort.MaxValue);

    /// <summary>uint24 and uint32 (<paramref name="bits"/>).</summary>
    public uint UInt32(int bits = 32) => (uint)Narrow(uint.MaxValue >> (32 - bits));

    /// <summary>uint40 to uint64 (<paramref name="bits"/>).</summary>
    public ulong UInt64(int bits = 64) => Narrow(ulong.MaxValue >> (64 - bits));

    /// <summary>uint72 to uint128 (<paramref name="bits"/>).</summary>
    public UInt128 UInt128(int bits = 128)
    {
        var word = Word();
        if (_failed) return 0;
        var value = BinaryPrimitives.ReadUInt128BigEndian(word[16..]);
        if (word[..16].IndexOfAnyExcept((byte)0) < 0 && value <= System.UInt128.MaxValue >> (128 - bits)) return value;
        _failed = true;
        return 0;
    }

    /// <summary>uint136 to uint256 (<paramref name="bits"/>).</summary>
    public UInt256 UInt256(int bits = 256)
    {
        var word = Word();
        if (_failed) return default;
        var value = new UInt256(word);
        if (bits == 256 || value.BitLength <= bits) return value;
        _failed = true;
        return default;
    }

    /// <summary>int8 to int256 (<paramref name="bits"/>).</summary>
    public BigInteger Int(int bits)
    {
        var word = Word();
        if (_failed) return 0;
        var value = new BigInteger(word, isUnsigned: false, isBigEndian: true);
        var limit = BigInteger.One << (bits - 1);
        if (value >= -limit && value < limit) return value;
        _failed = true;
        return 0;
    }

    /// <summary>bool.</summary>
    public bool Bool() => Narrow(1) == 1;

    /// <summary>address.</summary>
    public Address Address()
    {
        var word = Word();
        if (_failed) return default;
        if (word[..12].IndexOfAnyExcept((byte)0) < 0) return new Address(word[12..]);
        _failed = true;
        return default;
    }

    /// <summary>bytes32.</summary>
    public Bytes32 Bytes32()
    {
        var word = Word();
        return _failed ? default : new Bytes32(word);
    }

    /// <summary>bytes1 to bytes31, in place.</summary>
    public ReadOnlySpan<byte> FixedBytes(int size)
    {
        var word = Word();
        if (_failed) return word[..size];
        if (word[size..].IndexOfAnyExcept((byte)0) >= 0) _failed = true;
        return word[..size];
    }

    /// <summary>bytes, in place.</summary>
    public ReadOnlySpan<byte> Bytes()
    {
        if (!FollowOffset() || !TryLength(out var length)) return default;
        var padded = (length + 31) / 32 * 32;
        if (padded > _data.Length - _end)
        {
            _failed = true;
            return default;
        }

        var content = _data.Slice(_end, padded);
        _end += padded;
        if (content[length..].IndexOfAnyExcept((byte)0) >= 0) _failed = true;
        return content[..length];
    }

    /// <summary>string; fails on bytes that are not UTF-8.</summary>
    public string String()
    {
        var bytes = Bytes();
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (ArgumentException)
        {
            _failed = true;
            return "";
        }
    }

    /// <summary>Opens a dynamic tuple, or a fixed-length array of dynamic elements, whose heads take so many words.</summary>
    public void BeginTuple(int headWords)
    {
        _ = FollowOffset();
        Push(headWords);
    }

    /// <summary>Opens an array whose elements' heads take so many words each; returns their number, which the data can hold.</summary>
    public int BeginArray(int elementHeadWords)
    {
        var count = 0;
        if (FollowOffset() && TryLength(out count) && (long)count * elementHeadWords * 32 > _data.Length - _end) _failed = true;
        if (_failed) count = 0;
        Push(count * elementHeadWords);
        return count;
    }

    /// <summary>Closes what was opened last.</summary>
    public void End()
    {
        if (_depth == 0) return;
        _depth--;
        (_start, _cursor) = (_frames[_depth].Start, _frames[_depth].Cursor);
    }

    private void Push(int headWords)
    {
        if (_depth == MaximumDepth || (long)headWords * 32 > _data.Length - _end)
        {
            _failed = true;
            if (_depth == MaximumDepth) return;
        }

        _frames[_depth++] = new Frame { Start = _start, Cursor = _cursor };
        if (_failed) return;
        _start = _cursor = _end;
        _end += 32 * headWords;
    }

    private bool FollowOffset()
    {
        var offset = Narrow(int.MaxValue);
        if (!_failed && offset != (ulong)(_end - _start)) _failed = true;
        return !_failed;
    }

    private bool TryLength(out int length)
    {
        length = 0;
        if (_data.Length - _end < 32)
        {
            _failed = true;
            return false;
        }

        var value = new UInt256(_data.Slice(_end, 32));
        _end += 32;
        if (value.TryToUInt64(out var small) && small <= (ulong)(_data.Length - _end))
        {
            length = (int)small;
            return true;
        }

        _failed = true;
        return false;
    }

    private ulong Narrow(ulong maximum)
    {
        var word = Word();
        if (_failed) return 0;
        var value = BinaryPrimitives.ReadUInt64BigEndian(word[24..]);
        if (value <= maximum && word[..24].IndexOfAnyExcept((byte)0) < 0) return value;
        _failed = true;
        return 0;
    }

    private ReadOnlySpan<byte> Word()
    {
        if (!_failed && _cursor + 32 <= _end)
        {
            var word = _data.Slice(_cursor, 32);
            _cursor += 32;
            return word;
        }

        _failed = true;
        return ZeroWord;
    }

    private static ReadOnlySpan<byte> ZeroWord => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    private struct Frame
    {
        public int Start;
        public int Cursor;
    }

    [InlineArray(MaximumDepth)]
    private struct Frames
    {
        private Frame _frame;
    }
}
