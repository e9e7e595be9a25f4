using System.Runtime.InteropServices;

namespace DePin.Cryptography;

/// <summary>scrypt (RFC 7914) by libsodium. May be called from any thread; one call takes 128 · N · r bytes of memory.</summary>
public static unsafe partial class Scrypt
{
    /// <summary>Derives bytes from a password.</summary>
    /// <param name="password">As it is, in bytes.</param>
    /// <param name="salt">Any bytes.</param>
    /// <param name="n">Cost: a power of two above 1.</param>
    /// <param name="r">Block size, from 1.</param>
    /// <param name="p">Parallelization, from 1.</param>
    /// <param name="length">Bytes wanted, from 1.</param>
    /// <exception cref="ArgumentException">Parameters outside of RFC 7914. Bounding memory and time is the caller's.</exception>
    /// <exception cref="InvalidOperationException">libsodium is missing, or there is not enough memory.</exception>
    public static byte[] Derive(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, long n, int r, int p, int length)
    {
        if (n < 2 || !long.IsPow2(n) || r < 1 || p < 1 || (long)r * p >= 1 << 30 || length < 1)
            throw new ArgumentException($"scrypt takes N a power of two above 1, r and p from 1 with r · p below 2^30; not N = {n}, r = {r}, p = {p}, {length} bytes.");
        NativeLibraries.Register();
        var derived = new byte[length];
        try
        {
            int result;
            fixed (byte* pw = password, s = salt, d = derived)
                result = crypto_pwhash_scryptsalsa208sha256_ll(pw, (nuint)password.Length, s, (nuint)salt.Length, (ulong)n, (uint)r, (uint)p, d, (nuint)length);
            return result == 0 ? derived : throw new InvalidOperationException($"scrypt needs {128 * n * r >> 20} MiB of memory and did not get them. Free some and try again.");
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException or BadImageFormatException)
        {
            throw NativeLibraries.Unusable(NativeLibraries.Sodium, "has no scrypt", e);
        }
    }

    [LibraryImport(NativeLibraries.Sodium)]
    private static partial int crypto_pwhash_scryptsalsa208sha256_ll(
        byte* password, nuint passwordLength, byte* salt, nuint saltLength, ulong n, uint r, uint p, byte* buffer, nuint bufferLength);
}
