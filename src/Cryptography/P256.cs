using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Security.Cryptography;

namespace DePin.Cryptography;

/// <summary>
/// ECDSA over P-256 (secp256r1). Signatures are r · s with low s: of the two values of s that verify, only the lower is taken, so that
/// nobody can turn one signature into another. All members may be called from any thread.
/// </summary>
public static class P256
{
    private static readonly Bytes32 Order = Bytes32.Parse("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    private static readonly Bytes32 HalfOrder = Bytes32.Parse("7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8");

    /// <summary>Whether the 32 bytes are a usable private key: neither zero nor at or above the group's order.</summary>
    public static bool IsPrivateKey(ReadOnlySpan<byte> privateKey)
    {
        if (privateKey.Length != 32) return false;
        var key = new Bytes32(privateKey);
        return !key.IsZero && key < Order;
    }

    /// <summary>The public key, x · y, of a private key.</summary>
    public static byte[] PublicKey(ReadOnlySpan<byte> privateKey)
    {
        using var key = Import(privateKey);
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        var result = new byte[64];
        point.X!.CopyTo(result, 32 - point.X!.Length);
        point.Y!.CopyTo(result, 64 - point.Y!.Length);
        return result;
    }

    /// <summary>Signs a digest with a fresh random nonce: r · s, low s.</summary>
    public static byte[] Sign(Bytes32 digest, ReadOnlySpan<byte> privateKey)
    {
        using var key = Import(privateKey);
        return Sign(digest, key);
    }

    /// <summary>Whether s of r · s is in the lower half, and both are in range.</summary>
    public static bool IsLowS(ReadOnlySpan<byte> signature)
    {
        if (signature.Length != 64) return false;
        var r = new Bytes32(signature[..32]);
        var s = new Bytes32(signature[32..]);
        return !r.IsZero && r < Order && !s.IsZero && s <= HalfOrder;
    }

    internal static byte[] Sign(Bytes32 digest, ECDsa key)
    {
        var signature = key.SignHash(digest.ToArray(), DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        if (IsLowS(signature)) return signature;
        var s = new BigInteger(Order.AsSpan(), isUnsigned: true, isBigEndian: true) - new BigInteger(signature.AsSpan(32), isUnsigned: true, isBigEndian: true);
        Bytes32.LeftPad(s.ToByteArray(isUnsigned: true, isBigEndian: true)).CopyTo(signature.AsSpan(32));
        return signature;
    }

    internal static ECDsa Import(ReadOnlySpan<byte> privateKey)
    {
        if (!IsPrivateKey(privateKey)) throw new ArgumentException("Not a P-256 private key: 32 bytes, above zero and below the group's order.", nameof(privateKey));
        return ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = privateKey.ToArray() });
    }
}

/// <summary>
/// A P-256 public key ready to verify: importing costs more than verifying, so keep it for keys that are seen again. Safe to share
/// between threads; holds a native key object until it is collected.
/// </summary>
public sealed class P256PublicKey
{
    private readonly ECDsa _key;

    private P256PublicKey(ECDsa key) => _key = key;

    /// <summary>Imports x · y; false where it is not a point on the curve.</summary>
    public static bool TryImport(ReadOnlySpan<byte> publicKey, [NotNullWhen(true)] out P256PublicKey? key)
    {
        key = null;
        if (publicKey.Length != 64) return false;
        try
        {
            key = new P256PublicKey(ECDsa.Create(new ECParameters
            {
                Curve = ECCurve.NamedCurves.nistP256,
                Q = new ECPoint { X = publicKey[..32].ToArray(), Y = publicKey[32..].ToArray() },
            }));
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    /// <summary>Whether r · s is this key's signature of the digest, with low s.</summary>
    public bool Verify(Bytes32 digest, ReadOnlySpan<byte> signature) =>
        P256.IsLowS(signature) && _key.VerifyHash(digest.AsSpan(), signature, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
}
