namespace DePin.Cryptography;

/// <summary>
/// ECDSA over secp256k1 by libsecp256k1: deterministic (RFC 6979), low s only. Digests are 32 bytes that the caller has hashed.
/// Public keys are 64 bytes x · y. All members may be called from any thread.
/// </summary>
public static unsafe partial class Secp256k1
{
    /// <summary>Half of the group order: a signature whose s is above it is refused (SEC 1, EIP-2).</summary>
    private static readonly Bytes32 HalfOrder = Bytes32.Parse("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0");

    /// <summary>Whether the 32 bytes are a usable private key: neither zero nor at or above the group's order.</summary>
    public static bool IsPrivateKey(ReadOnlySpan<byte> privateKey)
    {
        if (privateKey.Length != 32) return false;
        fixed (byte* key = privateKey) return ec_seckey_verify(Context, key) == 1;
    }

    /// <summary>Whether the 64 bytes are a point on the curve.</summary>
    public static bool IsPublicKey(ReadOnlySpan<byte> publicKey)
    {
        Span<byte> parsed = stackalloc byte[64];
        return TryParse(Context, publicKey, parsed);
    }

    /// <summary>The public key, x · y, of a private key.</summary>
    /// <exception cref="ArgumentException">The private key is not valid.</exception>
    public static byte[] PublicKey(ReadOnlySpan<byte> privateKey)
    {
        CheckPrivateKey(privateKey);
        var result = new byte[64];
        var inner = stackalloc byte[64];
        fixed (byte* key = privateKey)
        {
            if (ec_pubkey_create(Context, inner, key) != 1) throw new ArgumentException("Not a secp256k1 private key.", nameof(privateKey));
        }

        Serialize(Context, inner, result);
        return result;
    }

    /// <summary>The address of a public key x · y: the last 20 bytes of its Keccak-256.</summary>
    public static Address AddressOf(ReadOnlySpan<byte> publicKey)
    {
        if (publicKey.Length != 64) throw new ArgumentException($"Expected 64 bytes x · y, got {publicKey.Length}.", nameof(publicKey));
        return new Address(Keccak256.Hash(publicKey).AsSpan()[12..]);
    }

    /// <summary>Signs a digest; the result carries the parity for recovery (EIP-2098).</summary>
    public static CompactSignature SignCompact(Bytes32 digest, ReadOnlySpan<byte> privateKey) => SignCompact(Context, digest, privateKey);

    /// <summary>Signs a digest: r · s, 64 bytes.</summary>
    public static byte[] Sign(Bytes32 digest, ReadOnlySpan<byte> privateKey)
    {
        var compact = SignCompact(digest, privateKey);
        var result = new byte[64];
        compact.R.CopyTo(result);
        compact.S.CopyTo(result.AsSpan(32));
        return result;
    }

    /// <summary>Whether r · s is <paramref name="publicKey"/>'s signature of the digest, with low s.</summary>
    public static bool Verify(Bytes32 digest, ReadOnlySpan<byte> signature, ReadOnlySpan<byte> publicKey)
    {
        Span<byte> parsed = stackalloc byte[64];
        return TryParse(Context, publicKey, parsed) && VerifyParsed(digest, signature, parsed);
    }

    /// <summary>The signer's public key x · y from a compact EIP-2098 signature; false where there is none or s is high.</summary>
    public static bool TryRecover(Bytes32 digest, ReadOnlySpan<byte> compactSignature, Span<byte> publicKey) =>
        TryRecover(Context, digest, compactSignature, publicKey);

    /// <summary>The signer's address from a compact EIP-2098 signature; false where there is none or s is high.</summary>
    public static bool TryRecover(Bytes32 digest, ReadOnlySpan<byte> compactSignature, out Address signer)
    {
        Span<byte> publicKey = stackalloc byte[64];
        var found = TryRecover(Context, digest, compactSignature, publicKey);
        signer = found ? AddressOf(publicKey) : default;
        return found;
    }

    /// <summary>libsecp256k1's own form of a public key, to verify many signatures of one key.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> publicKey, Span<byte> parsed) => TryParse(Context, publicKey, parsed);

    internal static bool VerifyParsed(Bytes32 digest, ReadOnlySpan<byte> signature, ReadOnlySpan<byte> parsed)
    {
        if (signature.Length != 64 || new Bytes32(signature[32..]) > HalfOrder) return false;
        var inner = stackalloc byte[64];
        fixed (byte* input = signature, key = parsed, hash = digest.AsSpan())
        {
            return ecdsa_signature_parse_compact(Context, inner, input) == 1 && ecdsa_verify(Context, inner, hash, key) == 1;
        }
    }

    private static CompactSignature SignCompact(nint context, Bytes32 digest, ReadOnlySpan<byte> privateKey)
    {
        if (privateKey.Length != 32) throw new ArgumentException($"A secp256k1 private key is 32 bytes, got {privateKey.Length}.", nameof(privateKey));
        var inner = stackalloc byte[65];
        Span<byte> output = stackalloc byte[64];
        int parity;
        fixed (byte* key = privateKey, hash = digest.AsSpan(), compact = output)
        {
            if (ecdsa_sign_recoverable(context, inner, hash, key, 0, 0) != 1) throw new ArgumentException("Not a secp256k1 private key.", nameof(privateKey));
            _ = recoverable_serialize_compact(context, compact, &parity, inner);
        }

        // An x at or above the order (parity 2 or 3) has a chance of 2^-128 and no EIP-2098 form.
        if (parity > 1) throw new InvalidOperationException("The signature has no EIP-2098 form; sign another message.");
        output[32] |= (byte)(parity << 7);
        return new CompactSignature(output);
    }

    private static bool TryRecover(nint context, Bytes32 digest, ReadOnlySpan<byte> compactSignature, Span<byte> publicKey)
    {
        if (compactSignature.Length != 64) return false;
        var signature = new CompactSignature(compactSignature);
        if (signature.S > HalfOrder || signature.S.IsZero) return false;
        Span<byte> rs = stackalloc byte[64];
        signature.R.CopyTo(rs);
        signature.S.CopyTo(rs[32..]);
        var inner = stackalloc byte[65];
        var key = stackalloc byte[64];
        fixed (byte* input = rs, hash = digest.AsSpan())
        {
            if (recoverable_parse_compact(context, inner, input, signature.YParity) != 1 || ecdsa_recover(context, key, inner, hash) != 1) return false;
        }

        Serialize(context, key, publicKey);
        return true;
    }

    private static bool TryParse(nint context, ReadOnlySpan<byte> publicKey, Span<byte> parsed)
    {
        if (publicKey.Length != 64) return false;
        Span<byte> full = stackalloc byte[65];
        full[0] = 4;
        publicKey.CopyTo(full[1..]);
        fixed (byte* input = full, output = parsed[..64]) return ec_pubkey_parse(context, output, input, 65) == 1;
    }

    private static void Serialize(nint context, byte* inner, Span<byte> publicKey)
    {
        Span<byte> full = stackalloc byte[65];
        nuint length = 65;
        const uint uncompressed = 2;
        fixed (byte* output = full) _ = ec_pubkey_serialize(context, output, &length, inner, uncompressed);
        full[1..].CopyTo(publicKey[..64]);
    }

    private static void CheckPrivateKey(ReadOnlySpan<byte> privateKey)
    {
        if (!IsPrivateKey(privateKey)) throw new ArgumentException("Not a secp256k1 private key: 32 bytes, above zero and below the group's order.", nameof(privateKey));
    }
}
