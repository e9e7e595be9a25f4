using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using DePin.Cryptography;

namespace DePin.Protocol.Proofs;

/// <summary>Why bytes are not a proof envelope, or not a signed one. Numbered, append-only.</summary>
public enum ProofFault : byte
{
    None = 0,

    /// <summary>Fewer bytes than the layout needs.</summary>
    TooShort = 1,

    /// <summary>The envelope does not start with the proof tag of version 1.</summary>
    WrongTag = 2,

    /// <summary>The payload is longer than <see cref="DeviceProof.MaxPayload"/> bytes.</summary>
    PayloadTooLong = 3,

    /// <summary>The stated length and the bytes present differ.</summary>
    LengthMismatch = 4,
}

/// <summary>
/// What a device states, exactly as it signs it: the envelope of docs/protocol.md, "Proof". Immutable; holds the bytes, and its fields
/// are read from them.
/// </summary>
public sealed class DeviceProof
{
    /// <summary>Bytes before the payload.</summary>
    public const int HeaderSize = 103;

    /// <summary>Most bytes of payload.</summary>
    public const int MaxPayload = 4_096;

    /// <summary>Most bytes of an envelope.</summary>
    public const int MaxSize = HeaderSize + MaxPayload;

    private DeviceProof(ReadOnlyMemory<byte> envelope, ProofId id)
    {
        Envelope = envelope;
        Id = id;
        var bytes = envelope.Span;
        Network = new NetworkId(new Bytes32(bytes.Slice(15, 32)));
        Class = new ClassId(BinaryPrimitives.ReadUInt16BigEndian(bytes[47..]));
        Schema = BinaryPrimitives.ReadUInt16BigEndian(bytes[49..]);
        Device = new DeviceId(new Bytes32(bytes.Slice(51, 32)));
        Sequence = BinaryPrimitives.ReadUInt64BigEndian(bytes[83..]);
        TimeMs = BinaryPrimitives.ReadUInt64BigEndian(bytes[91..]);
    }

    /// <summary>The bytes that the device signs.</summary>
    public ReadOnlyMemory<byte> Envelope { get; }

    /// <summary>SHA-256 of the envelope.</summary>
    public ProofId Id { get; }

    /// <summary>The network it is for.</summary>
    public NetworkId Network { get; }

    /// <summary>The resource class whose rules judge it.</summary>
    public ClassId Class { get; }

    /// <summary>The payload layout, numbered within the class.</summary>
    public ushort Schema { get; }

    /// <summary>Who states it.</summary>
    public DeviceId Device { get; }

    /// <summary>Rises with every proof of the device; gaps are allowed.</summary>
    public ulong Sequence { get; }

    /// <summary>The device's clock at the work, in milliseconds of network time since 1970.</summary>
    public ulong TimeMs { get; }

    /// <summary>The class's own canonical layout.</summary>
    public ReadOnlyMemory<byte> Payload => Envelope[HeaderSize..];

    /// <summary>Lays out a proof.</summary>
    /// <exception cref="ArgumentException">The payload is longer than <see cref="MaxPayload"/>.</exception>
    public static DeviceProof Create(NetworkId network, ClassId @class, ushort schema, DeviceId device, ulong sequence, ulong timeMs, ReadOnlySpan<byte> payload)
    {
        if (payload.Length > MaxPayload)
            throw new ArgumentException($"A payload has at most {MaxPayload} bytes, this one {payload.Length}.", nameof(payload));
        var bytes = new byte[HeaderSize + payload.Length];
        ProtocolTags.Proof.CopyTo(bytes);
        network.Value.CopyTo(bytes.AsSpan(15));
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(47), @class.Value);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(49), schema);
        device.Value.CopyTo(bytes.AsSpan(51));
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(83), sequence);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(91), timeMs);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(99), (uint)payload.Length);
        payload.CopyTo(bytes.AsSpan(HeaderSize));
        return new DeviceProof(bytes, new ProofId(Sha256.Hash(bytes)));
    }

    /// <summary>
    /// Reads an envelope, which must be exactly one. The memory is kept, not copied: the caller no longer writes to it.
    /// </summary>
    public static bool TryParse(ReadOnlyMemory<byte> envelope, [NotNullWhen(true)] out DeviceProof? proof, out ProofFault fault)
    {
        proof = null;
        fault = Check(envelope.Span);
        if (fault != ProofFault.None) return false;
        proof = new DeviceProof(envelope, new ProofId(Sha256.Hash(envelope.Span)));
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => $"proof {Id} of device {Device}, class {Class}, sequence {Sequence}";

    private static ProofFault Check(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderSize) return ProofFault.TooShort;
        if (!bytes.StartsWith(ProtocolTags.Proof)) return ProofFault.WrongTag;
        var payload = BinaryPrimitives.ReadUInt32BigEndian(bytes[99..]);
        if (payload > MaxPayload) return ProofFault.PayloadTooLong;
        return payload == (uint)(bytes.Length - HeaderSize) ? ProofFault.None : ProofFault.LengthMismatch;
    }
}
