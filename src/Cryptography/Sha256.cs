using System.Security.Cryptography;

namespace DePin.Cryptography;

/// <summary>SHA-256 (FIPS 180-4) into a <see cref="Bytes32"/>.</summary>
public static class Sha256
{
    /// <summary>The hash of <paramref name="data"/>.</summary>
    public static Bytes32 Hash(ReadOnlySpan<byte> data)
    {
        Span<byte> hash = stackalloc byte[Bytes32.Size];
        SHA256.HashData(data, hash);
        return new Bytes32(hash);
    }

    /// <summary>The hash of <paramref name="first"/> · <paramref name="second"/>.</summary>
    public static Bytes32 Hash(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(first);
        hash.AppendData(second);
        Span<byte> result = stackalloc byte[Bytes32.Size];
        hash.GetHashAndReset(result);
        return new Bytes32(result);
    }
}
