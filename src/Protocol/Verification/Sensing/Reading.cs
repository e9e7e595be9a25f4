using System.Buffers.Binary;
using System.Numerics;

namespace DePin.Protocol.Verification.Sensing;

/// <summary>
/// One report of a sensor: payload schema 1 of the sensing class, big-endian: mask u16 · measured at u64 (ms of network time) · an i32 for
/// each set bit, lowest bit first, in the unit of its <see cref="SensedParameter"/>. 14 bytes for one value, 34 for all six.
/// </summary>
public readonly struct Reading
{
    /// <summary>Bits that this schema knows.</summary>
    public const ushort KnownMask = (1 << ParameterCount) - 1;

    /// <summary>How many parameters there are.</summary>
    public const int ParameterCount = 6;

    /// <summary>Bytes before the values.</summary>
    public const int HeaderSize = 10;

    private readonly int[] _values;

    /// <summary>A report of some values.</summary>
    /// <exception cref="ArgumentException">No value is given, or a parameter twice.</exception>
    public Reading(ulong measuredAtMs, IEnumerable<(SensedParameter Parameter, int Value)> values)
    {
        _values = new int[ParameterCount];
        MeasuredAtMs = measuredAtMs;
        foreach (var (parameter, value) in values)
        {
            if ((Mask >> (int)parameter & 1) != 0) throw new ArgumentException($"{parameter} is given twice.", nameof(values));
            Mask |= (ushort)(1 << (int)parameter);
            _values[(int)parameter] = value;
        }
        if (Mask == 0) throw new ArgumentException("A reading holds at least one value.", nameof(values));
    }

    private Reading(ushort mask, ulong measuredAtMs, int[] values) => (Mask, MeasuredAtMs, _values) = (mask, measuredAtMs, values);

    /// <summary>Which parameters are present.</summary>
    public ushort Mask { get; }

    /// <summary>When the sensor measured, in milliseconds of network time.</summary>
    public ulong MeasuredAtMs { get; }

    /// <summary>Whether the value is present.</summary>
    public bool Has(SensedParameter parameter) => (Mask >> (int)parameter & 1) != 0;

    /// <summary>The value; 0 where absent.</summary>
    public int this[SensedParameter parameter] => _values[(int)parameter];

    /// <summary>Lays out the payload.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[HeaderSize + 4 * BitOperations.PopCount(Mask)];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, Mask);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(2), MeasuredAtMs);
        var at = HeaderSize;
        for (var bit = 0; bit < ParameterCount; bit++)
        {
            if ((Mask >> bit & 1) == 0) continue;
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(at), _values[bit]);
            at += 4;
        }
        return bytes;
    }

    /// <summary>Reads a payload; false for unknown bits, no value, or a length that does not fit the mask.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out Reading reading)
    {
        reading = default;
        if (bytes.Length < HeaderSize) return false;
        var mask = BinaryPrimitives.ReadUInt16BigEndian(bytes);
        if (mask == 0 || (mask & ~KnownMask) != 0 || bytes.Length != HeaderSize + 4 * BitOperations.PopCount(mask)) return false;
        var values = new int[ParameterCount];
        var at = HeaderSize;
        for (var bit = 0; bit < ParameterCount; bit++)
        {
            if ((mask >> bit & 1) == 0) continue;
            values[bit] = BinaryPrimitives.ReadInt32BigEndian(bytes[at..]);
            at += 4;
        }
        reading = new Reading(mask, BinaryPrimitives.ReadUInt64BigEndian(bytes[2..]), values);
        return true;
    }
}
