using System.Buffers.Binary;
using System.Security.Cryptography;

namespace DePin.SignIn;

/// <summary>
/// Nonces that any host with the same key knows as its own, without a note of them: hexadecimal digits of 8 bytes of time (Unix milliseconds), 12 random bytes and 16 bytes of HMAC-SHA-256 over both.
/// Giving one out writes nothing, so nobody can fill a table by asking; that one is used once is for the record of sign-ins to see to.
/// </summary>
public sealed class SignInNonces
{
    private const int Plain = 20;
    private const int Tag = 16;
    private readonly byte[] key;

    /// <summary>Keeps a copy of the key.</summary>
    /// <exception cref="ArgumentException"><paramref name="key"/> is not 32 bytes long.</exception>
    public SignInNonces(ReadOnlySpan<byte> key)
    {
        if (key.Length != 32) throw new ArgumentException($"A nonce key is 32 bytes, got {key.Length}.", nameof(key));
        this.key = key.ToArray();
    }

    /// <summary>A fresh nonce: 72 letters and digits.</summary>
    public string Issue(DateTimeOffset now)
    {
        Span<byte> nonce = stackalloc byte[Plain + Tag];
        BinaryPrimitives.WriteInt64BigEndian(nonce, now.ToUnixTimeMilliseconds());
        RandomNumberGenerator.Fill(nonce[8..Plain]);
        TagOf(nonce[..Plain], nonce[Plain..]);
        return Convert.ToHexStringLower(nonce);
    }

    /// <summary>When the nonce was given out; false for one that was not given out with this key.</summary>
    public bool TryRead(string nonce, out DateTimeOffset issuedAt)
    {
        issuedAt = default;
        Span<byte> bytes = stackalloc byte[Plain + Tag];
        // One spelling only: another one of a used nonce would be a new one.
        if (nonce.Length != 2 * bytes.Length || nonce.AsSpan().ContainsAnyInRange('A', 'F') || Convert.FromHexString(nonce, bytes, out _, out _) != System.Buffers.OperationStatus.Done) return false;
        Span<byte> tag = stackalloc byte[Tag];
        TagOf(bytes[..Plain], tag);
        if (!CryptographicOperations.FixedTimeEquals(tag, bytes[Plain..])) return false;
        issuedAt = DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(bytes));
        return true;
    }

    private void TagOf(ReadOnlySpan<byte> plain, Span<byte> tag)
    {
        Span<byte> whole = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, plain, whole);
        whole[..Tag].CopyTo(tag);
    }
}
