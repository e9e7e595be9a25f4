using System.Buffers.Binary;
using DePin.Cryptography;
using DePin.Protocol.Geo;

namespace DePin.Protocol.Verification.Wireless;

/// <summary>
/// What a receiver states of one frame that it heard: payload schema 1 of the wireless class, 98 bytes, big-endian, in the order of the
/// members here. The signal of the transmitter is described as the network server knows it; what is unknown is flagged, never guessed.
/// </summary>
public sealed record Reception
{
    /// <summary>Length of the layout in bytes.</summary>
    public const int Size = 98;

    private const byte PositionKnown = 1, PowerKnown = 2;

    /// <summary>Who transmitted: the device id if it is a device of the network, else SHA-256 of its radio address.</summary>
    public required Bytes32 Transmitter { get; init; }

    /// <summary>Which frame: SHA-256 of what all receivers of it share (address, counter, channel, content).</summary>
    public required Bytes32 Transmission { get; init; }

    /// <summary>Where the transmitter was; null where unknown (flag bit 0 clear, both coordinates zero).</summary>
    public required GeoPoint? Position { get; init; }

    /// <summary>By how many metres <see cref="Position"/> may be off.</summary>
    public required ushort PositionUncertaintyMetres { get; init; }

    /// <summary>Centre frequency in Hz.</summary>
    public required uint FrequencyHz { get; init; }

    /// <summary>LoRa spreading factor, 7 to 12 (5 and 6 exist).</summary>
    public required byte SpreadingFactor { get; init; }

    /// <summary>Bandwidth in kHz.</summary>
    public required ushort BandwidthKhz { get; init; }

    /// <summary>Received signal strength in 0.1 dBm.</summary>
    public required short RssiDeci { get; init; }

    /// <summary>Signal to noise in 0.1 dB.</summary>
    public required short SnrDeci { get; init; }

    /// <summary>Receiver's clock at reception, in milliseconds of network time.</summary>
    public required ulong ReceivedAtMs { get; init; }

    /// <summary>Transmit power in 0.1 dBm; null where unknown (flag bit 1 clear, power and gain zero).</summary>
    public required short? PowerDeci { get; init; }

    /// <summary>The transmitter's antenna gain in 0.1 dBi; counts only with a known power.</summary>
    public required short GainDeci { get; init; }

    /// <summary>Lays out the payload.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[Size];
        var to = bytes.AsSpan();
        Transmitter.CopyTo(to);
        Transmission.CopyTo(to[32..]);
        to[64] = (byte)((Position is null ? 0 : PositionKnown) | (PowerDeci is null ? 0 : PowerKnown));
        BinaryPrimitives.WriteInt32BigEndian(to[65..], Position?.LatitudeE7 ?? 0);
        BinaryPrimitives.WriteInt32BigEndian(to[69..], Position?.LongitudeE7 ?? 0);
        BinaryPrimitives.WriteUInt16BigEndian(to[73..], PositionUncertaintyMetres);
        BinaryPrimitives.WriteUInt32BigEndian(to[75..], FrequencyHz);
        to[79] = SpreadingFactor;
        BinaryPrimitives.WriteUInt16BigEndian(to[80..], BandwidthKhz);
        BinaryPrimitives.WriteInt16BigEndian(to[82..], RssiDeci);
        BinaryPrimitives.WriteInt16BigEndian(to[84..], SnrDeci);
        BinaryPrimitives.WriteUInt64BigEndian(to[86..], ReceivedAtMs);
        BinaryPrimitives.WriteInt16BigEndian(to[94..], PowerDeci ?? 0);
        BinaryPrimitives.WriteInt16BigEndian(to[96..], PowerDeci is null ? (short)0 : GainDeci);
        return bytes;
    }

    /// <summary>Reads a payload; false where the length or a flag is wrong, a position lies off the globe, or an unknown field is not zero.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out Reception reception)
    {
        reception = null!;
        if (bytes.Length != Size || bytes[64] > (PositionKnown | PowerKnown)) return false;
        var point = new GeoPoint(BinaryPrimitives.ReadInt32BigEndian(bytes[65..]), BinaryPrimitives.ReadInt32BigEndian(bytes[69..]));
        var positioned = (bytes[64] & PositionKnown) != 0;
        if (positioned ? !point.IsValid : point != default) return false;
        var power = BinaryPrimitives.ReadInt16BigEndian(bytes[94..]);
        var gain = BinaryPrimitives.ReadInt16BigEndian(bytes[96..]);
        var powered = (bytes[64] & PowerKnown) != 0;
        if (!powered && (power != 0 || gain != 0)) return false;
        reception = new Reception
        {
            Transmitter = new Bytes32(bytes[..32]),
            Transmission = new Bytes32(bytes.Slice(32, 32)),
            Position = positioned ? point : null,
            PositionUncertaintyMetres = BinaryPrimitives.ReadUInt16BigEndian(bytes[73..]),
            FrequencyHz = BinaryPrimitives.ReadUInt32BigEndian(bytes[75..]),
            SpreadingFactor = bytes[79],
            BandwidthKhz = BinaryPrimitives.ReadUInt16BigEndian(bytes[80..]),
            RssiDeci = BinaryPrimitives.ReadInt16BigEndian(bytes[82..]),
            SnrDeci = BinaryPrimitives.ReadInt16BigEndian(bytes[84..]),
            ReceivedAtMs = BinaryPrimitives.ReadUInt64BigEndian(bytes[86..]),
            PowerDeci = powered ? power : null,
            GainDeci = gain,
        };
        return true;
    }
}
