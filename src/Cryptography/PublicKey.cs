using System.Diagnostics.CodeAnalysis;

namespace DePin.Cryptography;

/// <summary>
/// A device's public key. Immutable, valid (a point on its curve), safe to share between threads. Keep the instance of a key that is seen
/// again: it holds the parsed form, which makes verifying up to 2.7 times faster.
/// </summary>
public sealed class PublicKey : IEquatable<PublicKey>
{
    private readonly byte[] _bytes;
    private readonly byte[]? _parsedSecp256k1;
    private readonly P256PublicKey? _p256;

    private PublicKey(KeyType type, byte[] bytes, byte[]? parsedSecp256k1, P256PublicKey? p256)
    {
        Type = type;
        _bytes = bytes;
        _parsedSecp256k1 = parsedSecp256k1;
        _p256 = p256;
        DeviceId = Keccak256.Hash([(byte)type], bytes);
    }

    /// <summary>Which curve.</summary>
    public KeyType Type { get; }

    /// <summary>64 bytes x · y, or 32 for Ed25519.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>keccak(key type u8 · public key bytes): docs/protocol.md, Keys and identities.</summary>
    public Bytes32 DeviceId { get; }

    /// <summary>How long a public key of this type is; 0 for an unknown type.</summary>
    public static int LengthOf(KeyType type) => type switch
    {
        KeyType.Secp256k1 or KeyType.P256 => 64,
        KeyType.Ed25519 => 32,
        _ => 0,
    };

    /// <summary>Takes a key; false where the type is unknown, the length wrong or the point not on the curve.</summary>
    /// <remarks>An Ed25519 key of small order is taken here, and then verifies nothing.</remarks>
    public static bool TryCreate(KeyType type, ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out PublicKey? key)
    {
        key = null;
        if (LengthOf(type) == 0 || bytes.Length != LengthOf(type)) return false;
        byte[]? parsed = null;
        P256PublicKey? p256 = null;
        if (type == KeyType.Secp256k1)
        {
            parsed = new byte[64];
            if (!Secp256k1.TryParse(bytes, parsed)) return false;
        }
        else if (type == KeyType.P256 && !P256PublicKey.TryImport(bytes, out p256))
        {
            return false;
        }

        key = new PublicKey(type, bytes.ToArray(), parsed, p256);
        return true;
    }

    /// <summary>Takes a key that is known to be valid.</summary>
    /// <exception cref="ArgumentException">It is not.</exception>
    public static PublicKey Create(KeyType type, ReadOnlySpan<byte> bytes) =>
        TryCreate(type, bytes, out var key) ? key : throw new ArgumentException($"{bytes.Length} bytes are not a {type} public key.", nameof(bytes));

    /// <summary>Whether <paramref name="signature"/> is this key's signature of <paramref name="message"/> as the protocol says; high s is refused.</summary>
    public bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) => signature.Length == 64 && Type switch
    {
        KeyType.Secp256k1 => Secp256k1.VerifyParsed(Sha256.Hash(message), signature, _parsedSecp256k1),
        KeyType.P256 => _p256!.Verify(Sha256.Hash(message), signature),
        _ => Ed25519.Verify(message, signature, _bytes),
    };

    /// <inheritdoc/>
    public bool Equals(PublicKey? other) => other is not null && Type == other.Type && Bytes.SequenceEqual(other.Bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PublicKey);

    /// <inheritdoc/>
    public override int GetHashCode() => DeviceId.GetHashCode();

    /// <summary>Type and hexadecimal bytes.</summary>
    public override string ToString() => $"{Type}:{Convert.ToHexStringLower(_bytes)}";
}
