using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using DePin.Protocol.Canonical;

namespace DePin.Protocol.Proofs;

/// <summary>
/// A proof with a signature that has not necessarily been verified. In transport and batches: envelope length u32 · envelope ·
/// signature 64.
/// </summary>
public sealed class SignedProof
{
    /// <summary>Bytes of a signature, whatever the key type.</summary>
    public const int SignatureSize = 64;

    /// <summary>Fewest bytes of an encoded signed proof.</summary>
    public const int MinSize = 4 + DeviceProof.HeaderSize + SignatureSize;

    /// <summary>Pairs a proof with 64 bytes of signature, which are kept, not copied.</summary>
    /// <exception cref="ArgumentException">The signature is not 64 bytes.</exception>
    public SignedProof(DeviceProof proof, ReadOnlyMemory<byte> signature)
    {
        if (signature.Length != SignatureSize) throw new ArgumentException($"A signature has 64 bytes, this one {signature.Length}.", nameof(signature));
        Proof = proof;
        Signature = signature;
    }

    /// <summary>What was signed.</summary>
    public DeviceProof Proof { get; }

    /// <summary>64 bytes: r · s (low s) for the elliptic curves, an Ed25519 signature otherwise.</summary>
    public ReadOnlyMemory<byte> Signature { get; }

    /// <summary>The proof's identity.</summary>
    public ProofId Id => Proof.Id;

    /// <summary>Bytes of its encoding.</summary>
    public int EncodedSize => 4 + Proof.Envelope.Length + SignatureSize;

    /// <summary>Appends the encoding.</summary>
    public void Write(CanonicalWriter writer) => writer.Sized(Proof.Envelope.Span).Bytes(Signature.Span);

    /// <summary>The encoding.</summary>
    public byte[] Encode()
    {
        var writer = new CanonicalWriter(EncodedSize);
        Write(writer);
        return writer.ToArray();
    }

    /// <summary>Reads one signed proof from the front of <paramref name="bytes"/> (kept, not copied) and tells how many bytes it took.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out SignedProof? proof, out int consumed, out ProofFault fault)
    {
        proof = null;
        consumed = 0;
        if (bytes.Length < MinSize)
        {
            fault = ProofFault.TooShort;
            return false;
        }
        var length = BinaryPrimitives.ReadUInt32BigEndian(bytes.Span);
        if (length > DeviceProof.MaxSize)
        {
            fault = ProofFault.PayloadTooLong;
            return false;
        }
        if (bytes.Length < 4 + (int)length + SignatureSize)
        {
            fault = ProofFault.LengthMismatch;
            return false;
        }
        if (!DeviceProof.TryParse(bytes.Slice(4, (int)length), out var envelope, out fault)) return false;
        proof = new SignedProof(envelope, bytes.Slice(4 + (int)length, SignatureSize));
        consumed = proof.EncodedSize;
        return true;
    }
}
