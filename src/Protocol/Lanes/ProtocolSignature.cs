using System.Runtime.InteropServices;
using DePin.Cryptography;

namespace DePin.Protocol.Lanes;

/// <summary>Judges a signature of a protocol key: pure, callable from any thread. <see cref="ProtocolSignature.Verify"/> is Ed25519's.</summary>
public delegate bool ProtocolSignatureVerifier(Bytes32 protocolKey, ReadOnlySpan<byte> message, ProtocolSignature signature);

/// <summary>Signs with the operator's protocol key. Deterministic, as Ed25519 is: the same bytes give the same signature.</summary>
public delegate ProtocolSignature ProtocolSigner(ReadOnlySpan<byte> message);

/// <summary>64 bytes of Ed25519 signature by an operator's protocol key, not necessarily verified.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct ProtocolSignature
{
    /// <summary>Number of bytes.</summary>
    public const int Size = 64;

    private readonly Bytes32 _r;
    private readonly Bytes32 _s;

    /// <summary>Copies exactly 64 bytes.</summary>
    /// <exception cref="ArgumentException">Another length.</exception>
    public ProtocolSignature(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size) throw new ArgumentException($"A protocol signature has 64 bytes, this one {bytes.Length}.", nameof(bytes));
        _r = new Bytes32(bytes[..32]);
        _s = new Bytes32(bytes[32..]);
    }

    /// <summary>Writes the 64 bytes to the start of <paramref name="destination"/>.</summary>
    public void CopyTo(Span<byte> destination)
    {
        _r.CopyTo(destination);
        _s.CopyTo(destination[32..]);
    }

    /// <summary>A fresh array of the 64 bytes.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[Size];
        CopyTo(bytes);
        return bytes;
    }

    /// <summary>Ed25519 verification as libsodium judges.</summary>
    public static bool Verify(Bytes32 protocolKey, ReadOnlySpan<byte> message, ProtocolSignature signature)
    {
        Span<byte> bytes = stackalloc byte[Size];
        signature.CopyTo(bytes);
        return Ed25519.Verify(message, bytes, protocolKey.AsSpan());
    }

    /// <summary>A signer from a 32-byte Ed25519 seed.</summary>
    public static ProtocolSigner Signer(ReadOnlySpan<byte> seed)
    {
        var expanded = Ed25519.Expand(seed);
        return message => new ProtocolSignature(Ed25519.SignExpanded(message, expanded));
    }

    /// <inheritdoc/>
    public override string ToString() => Convert.ToHexStringLower(ToArray());
}
