using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DePin.Cryptography;

namespace DePin.Abi.Solana;

/// <summary>A 32-byte address of an account: an Ed25519 public key, or one derived from a program and off the curve. Ordered by its bytes; text is base58.</summary>
[InlineArray(Size)]
public struct SolanaAddress : IEquatable<SolanaAddress>, IComparable<SolanaAddress>
{
    /// <summary>Number of bytes.</summary>
    public const int Size = 32;

    private byte _first;

    /// <summary>Copies exactly 32 bytes.</summary>
    /// <exception cref="ArgumentException"><paramref name="bytes"/> is not 32 bytes long.</exception>
    public SolanaAddress(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size) throw new ArgumentException($"Expected 32 bytes, got {bytes.Length}.", nameof(bytes));
        this = MemoryMarshal.Read<SolanaAddress>(bytes);
    }

    /// <summary>The system program's address, all zeros; also what an optional address is that is not given.</summary>
    public static SolanaAddress Zero => default;

    /// <summary>Whether all bytes are zero.</summary>
    public readonly bool IsZero => AsSpan().IndexOfAnyExcept((byte)0) < 0;

    /// <summary>The bytes in place: valid while the variable it was called on is.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> AsSpan() => MemoryMarshal.AsBytes(new ReadOnlySpan<SolanaAddress>(in this));

    /// <summary>Writes the 32 bytes to the start of <paramref name="destination"/>.</summary>
    public readonly void CopyTo(Span<byte> destination) => MemoryMarshal.Write(destination, in this);

    /// <summary>A fresh array of the 32 bytes.</summary>
    public readonly byte[] ToArray() => AsSpan().ToArray();

    /// <summary>The same bytes as a word.</summary>
    public readonly Bytes32 ToBytes32() => new(AsSpan());

    /// <summary>The address with these bytes.</summary>
    public static SolanaAddress From(in Bytes32 value) => new(value.AsSpan());

    /// <summary>The address of an Ed25519 key.</summary>
    /// <exception cref="ArgumentException">Another type of key.</exception>
    public static SolanaAddress Of(PublicKey key) =>
        key.Type == KeyType.Ed25519 ? new(key.Bytes) : throw new ArgumentException($"A {key.Type} key has no Solana address; use an Ed25519 key.", nameof(key));

    /// <summary>Parses base58.</summary>
    /// <exception cref="FormatException">Anything but 32 bytes in base58.</exception>
    public static SolanaAddress Parse(string text) =>
        TryParse(text, out var value) ? value : throw new FormatException($"'{(text.Length > 80 ? text[..80] + "…" : text)}' is not a Solana address (32 bytes in base58).");

    /// <summary>Parses base58; false for anything but 32 bytes.</summary>
    public static bool TryParse(string? text, out SolanaAddress value)
    {
        value = default;
        Span<byte> bytes = stackalloc byte[Size];
        if (text is null || !Base58.TryDecode(text, bytes)) return false;
        value = new SolanaAddress(bytes);
        return true;
    }

    /// <inheritdoc/>
    public readonly bool Equals(SolanaAddress other) => AsSpan().SequenceEqual(other.AsSpan());

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is SolanaAddress other && Equals(other);

    /// <inheritdoc/>
    public override readonly int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(AsSpan());
        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public readonly int CompareTo(SolanaAddress other) => AsSpan().SequenceCompareTo(other.AsSpan());

    /// <summary>Base58.</summary>
    public override readonly string ToString() => Base58.Encode(AsSpan());

    public static bool operator ==(SolanaAddress left, SolanaAddress right) => left.Equals(right);
    public static bool operator !=(SolanaAddress left, SolanaAddress right) => !left.Equals(right);
    public static bool operator <(SolanaAddress left, SolanaAddress right) => left.CompareTo(right) < 0;
    public static bool operator >(SolanaAddress left, SolanaAddress right) => left.CompareTo(right) > 0;
    public static bool operator <=(SolanaAddress left, SolanaAddress right) => left.CompareTo(right) <= 0;
    public static bool operator >=(SolanaAddress left, SolanaAddress right) => left.CompareTo(right) >= 0;
}
