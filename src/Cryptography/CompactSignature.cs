using System.Runtime.InteropServices;

namespace DePin.Cryptography;

/// <summary>A recoverable secp256k1 signature in the 64 bytes of EIP-2098: r · (y parity in the top bit | s), s low.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct CompactSignature
{
    /// <summary>Number of bytes.</summary>
    public const int Size = 64;

    /// <summary>Takes r and the word that holds s with the parity in its top bit.</summary>
    public CompactSignature(Bytes32 r, Bytes32 yParityAndS)
    {
        R = r;
        YParityAndS = yParityAndS;
    }

    /// <summary>Copies exactly 64 bytes.</summary>
    /// <exception cref="ArgumentException">Another length.</exception>
    public CompactSignature(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size) throw new ArgumentException($"Expected 64 bytes, got {bytes.Length}.", nameof(bytes));
        R = new Bytes32(bytes[..32]);
        YParityAndS = new Bytes32(bytes[32..]);
    }

    /// <summary>r.</summary>
    public Bytes32 R { get; }

    /// <summary>The second word as stored.</summary>
    public Bytes32 YParityAndS { get; }

    /// <summary>0 or 1: the parity of the nonce point's y.</summary>
    public int YParity => YParityAndS.AsSpan()[0] >> 7;

    /// <summary>s without the parity bit.</summary>
    public Bytes32 S
    {
        get
        {
            Span<byte> s = stackalloc byte[Bytes32.Size];
            YParityAndS.CopyTo(s);
            s[0] &= 0x7f;
            return new Bytes32(s);
        }
    }

    /// <summary>Writes the 64 bytes to the start of <paramref name="destination"/>.</summary>
    public void CopyTo(Span<byte> destination)
    {
        R.CopyTo(destination);
        YParityAndS.CopyTo(destination[32..]);
    }

    /// <summary>A fresh array of the 64 bytes.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[Size];
        CopyTo(bytes);
        return bytes;
    }
}
