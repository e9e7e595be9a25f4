using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DePin.Abi.Solana;

/// <summary>A 64-byte Ed25519 signature; a transaction's first one is its id. Text is base58. All zeros stands for one that is still missing.</summary>
[InlineArray(Size)]
public struct SolanaSignature : IEquatable<SolanaSignature>
{
    /// <summary>Number of bytes.</summary>
    public const int Size = 64;

    private byte _first;

    /// <summary>Copies exactly 64 bytes.</summary>
    /// <exception cref="ArgumentException"><paramref name="bytes"/> is not 64 bytes long.</exception>
    public SolanaSignature(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size) throw new ArgumentException($"Expected 64 bytes, got {bytes.Length}.", nameof(bytes));
        this = MemoryMarshal.Read<SolanaSignature>(bytes);
    }

    /// <summary>Whether all bytes are zero.</summary>
    public readonly bool IsZero => AsSpan().IndexOfAnyExcept((byte)0) < 0;

    /// <summary>The bytes in place: valid while the variable it was called on is.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> AsSpan() => MemoryMarshal.AsBytes(new ReadOnlySpan<SolanaSignature>(in this));

    /// <summary>A fresh array of the 64 bytes.</summary>
    public readonly byte[] ToArray() => AsSpan().ToArray();

    /// <summary>Parses base58.</summary>
    /// <exception cref="FormatException">Anything but 64 bytes in base58.</exception>
    public static SolanaSignature Parse(string text) =>
        TryParse(text, out var value) ? value : throw new FormatException($"'{(text.Length > 100 ? text[..100] + "…" : text)}' is not a Solana signature (64 bytes in base58).");

    /// <summary>Parses base58; false for anything but 64 bytes.</summary>
    public static bool TryParse(string? text, out SolanaSignature value)
    {
        value = default;
        Span<byte> bytes = stackalloc byte[Size];
        if (text is null || !Base58.TryDecode(text, bytes)) return false;
        value = new SolanaSignature(bytes);
        return true;
    }

    /// <inheritdoc/>
    public readonly bool Equals(SolanaSignature other) => AsSpan().SequenceEqual(other.AsSpan());

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is SolanaSignature other && Equals(other);

    /// <inheritdoc/>
    public override readonly int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(AsSpan());
        return hash.ToHashCode();
    }

    /// <summary>Base58.</summary>
    public override readonly string ToString() => Base58.Encode(AsSpan());

    public static bool operator ==(SolanaSignature left, SolanaSignature right) => left.Equals(right);
    public static bool operator !=(SolanaSignature left, SolanaSignature right) => !left.Equals(right);
}
