using DePin.Cryptography;
using DePin.DataSets;
using DePin.Protocol;
using DePin.Protocol.Proofs;

namespace DePin.Replayer;

/// <summary>A device with its key: it signs what its data set says.</summary>
public sealed class ReplayDevice(DataDevice source, PrivateKey key, PrivateKey provider)
{
    private ulong last;

    /// <summary>Where it comes from.</summary>
    public DataDevice Source => source;

    /// <summary>Its key.</summary>
    public PrivateKey Key => key;

    /// <summary>The account that owns it and is paid for it.</summary>
    public PrivateKey Provider => provider;

    /// <summary>Its id.</summary>
    public DeviceId Id { get; } = new(key.PublicKey.DeviceId);

    /// <summary>
    /// Signs a row. The sequence is the row's time in ms, or one above the last where a set has two rows of one time: it rises over laps and
    /// restarts, and a repeated run signs the same proofs.
    /// </summary>
    public SignedProof Sign(NetworkId network, long timeMs, ReadOnlySpan<byte> payload)
    {
        last = Math.Max(last + 1, (ulong)timeMs);
        return Sign(network, last, timeMs, payload, key);
    }

    /// <summary>Signs anything with any key: what an adversary does.</summary>
    public SignedProof Sign(NetworkId network, ulong sequence, long timeMs, ReadOnlySpan<byte> payload, PrivateKey with)
    {
        var proof = DeviceProof.Create(network, source.Class, source.Schema, Id, sequence, (ulong)timeMs, payload);
        return new SignedProof(proof, with.Sign(proof.Envelope.Span));
    }

    /// <summary>The sequence of the newest proof.</summary>
    public ulong LastSequence => last;
}
