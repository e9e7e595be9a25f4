using System.Runtime.InteropServices;

namespace DePin.Cryptography;

/// <summary>
/// Ed25519 (RFC 8032) by libsodium. Signatures are judged as <c>crypto_sign_verify_detached</c> judges: S canonical, small-order
/// keys and R refused. A private key is its 32-byte seed. All members may be called from any thread.
/// </summary>
public static unsafe partial class Ed25519
{
    private static readonly Lazy<bool> Ready = new(Initialize);

    // d = −121665/121666 (RFC 8032 §5.1).
    private static readonly Curve25519Field EdwardsD = Curve25519Field.Read(Convert.FromHexString("a3785913ca4deb75abd841414d0a700098e879777940c78c73fe6f2bee6c0352"));

    /// <summary>The 32-byte public key of a 32-byte seed.</summary>
    public static byte[] PublicKey(ReadOnlySpan<byte> seed)
    {
        var publicKey = new byte[32];
        Span<byte> expanded = stackalloc byte[64];
        Expand(seed, publicKey, expanded);
        expanded.Clear();
        return publicKey;
    }

    /// <summary>The 64-byte secret key (seed · public key) that <see cref="SignExpanded"/> takes: spares deriving it for each signature.</summary>
    public static byte[] Expand(ReadOnlySpan<byte> seed)
    {
        var expanded = new byte[64];
        Span<byte> publicKey = stackalloc byte[32];
        Expand(seed, publicKey, expanded);
        return expanded;
    }

    /// <summary>Signs the message itself (not a hash of it): 64 bytes.</summary>
    public static byte[] Sign(ReadOnlySpan<byte> message, ReadOnlySpan<byte> seed)
    {
        Span<byte> publicKey = stackalloc byte[32];
        Span<byte> expanded = stackalloc byte[64];
        Expand(seed, publicKey, expanded);
        var signature = SignExpanded(message, expanded);
        expanded.Clear();
        return signature;
    }

    /// <summary>Signs with the result of <see cref="Expand(ReadOnlySpan{byte})"/>.</summary>
    public static byte[] SignExpanded(ReadOnlySpan<byte> message, ReadOnlySpan<byte> expandedKey)
    {
        if (expandedKey.Length != 64) throw new ArgumentException($"An expanded Ed25519 key is 64 bytes, got {expandedKey.Length}.", nameof(expandedKey));
        _ = Ready.Value;
        var signature = new byte[64];
        fixed (byte* m = message, sk = expandedKey, sig = signature) _ = crypto_sign_detached(sig, null, m, (ulong)message.Length, sk);
        return signature;
    }

    /// <summary>Whether the 64 bytes are the key's signature of the message.</summary>
    public static bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature, ReadOnlySpan<byte> publicKey)
    {
        if (signature.Length != 64 || publicKey.Length != 32) return false;
        _ = Ready.Value;
        return VerifyCore(message, signature, publicKey);
    }

    /// <summary>
    /// Whether 32 bytes decompress to a point, as curve25519-dalek judges and with it every Solana validator: the y coordinate is reduced, not refused, where it
    /// is not below 2^255 − 19, and the sign of an x that is zero is ignored. Points of small order count. Says nothing about who could sign.
    /// </summary>
    /// <exception cref="ArgumentException">Not 32 bytes.</exception>
    public static bool IsOnCurve(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != 32) throw new ArgumentException($"A compressed point is 32 bytes, got {bytes.Length}.", nameof(bytes));
        // −x² + y² = 1 + d·x²·y², so that x² = (y² − 1) / (d·y² + 1). The divisor is never zero, and a quotient is a square where the product is.
        var y = Curve25519Field.Read(bytes);
        var square = y * y;
        return ((square - Curve25519Field.One) * ((EdwardsD * square) + Curve25519Field.One)).IsSquareOrZero();
    }

    private static bool VerifyCore(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature, ReadOnlySpan<byte> publicKey)
    {
        fixed (byte* m = message, sig = signature, pk = publicKey) return crypto_sign_verify_detached(sig, m, (ulong)message.Length, pk) == 0;
    }

    private static void Expand(ReadOnlySpan<byte> seed, Span<byte> publicKey, Span<byte> expanded)
    {
        if (seed.Length != 32) throw new ArgumentException($"An Ed25519 seed is 32 bytes, got {seed.Length}.", nameof(seed));
        _ = Ready.Value;
        fixed (byte* s = seed, pk = publicKey, sk = expanded) _ = crypto_sign_seed_keypair(pk, sk, s);
    }

    // RFC 8032 §7.1 test 1.
    private static bool Initialize()
    {
        NativeLibraries.Register();
        try
        {
            if (sodium_init() < 0) throw NativeLibraries.Unusable(NativeLibraries.Sodium, "could not be initialised");
            var key = Convert.FromHexString("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
            var signature = Convert.FromHexString(
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b");
            if (!VerifyCore([], signature, key) || VerifyCore([1], signature, key))
                throw NativeLibraries.Unusable(NativeLibraries.Sodium, "failed its self-test (RFC 8032 test 1)");
            return true;
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException or BadImageFormatException)
        {
            throw NativeLibraries.Unusable(NativeLibraries.Sodium, "could not be used", e);
        }
    }

    [LibraryImport(NativeLibraries.Sodium)]
    private static partial int sodium_init();

    [LibraryImport(NativeLibraries.Sodium)]
    private static partial int crypto_sign_seed_keypair(byte* publicKey32, byte* secretKey64, byte* seed32);

    [LibraryImport(NativeLibraries.Sodium)]
    private static partial int crypto_sign_detached(byte* signature64, ulong* length, byte* message, ulong messageLength, byte* secretKey64);

    [LibraryImport(NativeLibraries.Sodium)]
    private static partial int crypto_sign_verify_detached(byte* signature64, byte* message, ulong messageLength, byte* publicKey32);
}
