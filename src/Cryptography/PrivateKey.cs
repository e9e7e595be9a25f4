using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

namespace DePin.Cryptography;

/// <summary>
/// A private key of any <see cref="KeyType"/> (for Ed25519 its seed). Lives in files of 64 hexadecimal digits, its type after them, and mode 0600; no member
/// prints it. Safe to share between threads.
/// </summary>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class PrivateKey
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly byte[] _bytes;
    private readonly byte[]? _expanded;
    private readonly ECDsa? _p256;

    private PrivateKey(KeyType type, byte[] bytes)
    {
        Type = type;
        _bytes = bytes;
        _expanded = type == KeyType.Ed25519 ? Ed25519.Expand(bytes) : null;
        _p256 = type == KeyType.P256 ? P256.Import(bytes) : null;
        PublicKey = PublicKey.Create(type, type switch
        {
            KeyType.Secp256k1 => Secp256k1.PublicKey(bytes),
            KeyType.P256 => P256.PublicKey(bytes),
            _ => _expanded.AsSpan(32),
        });
    }

    /// <summary>Which curve.</summary>
    public KeyType Type { get; }

    /// <summary>Its public half.</summary>
    public PublicKey PublicKey { get; }

    /// <summary>The EVM address of a secp256k1 key.</summary>
    /// <exception cref="InvalidOperationException">Another type of key.</exception>
    public Address Address => Type == KeyType.Secp256k1
        ? Secp256k1.AddressOf(PublicKey.Bytes)
        : throw new InvalidOperationException($"A {Type} key has no EVM address; use a secp256k1 key.");

    /// <summary>The 32 bytes, for <see cref="Keystore"/> and <see cref="SolanaKeyFile"/> alone.</summary>
    internal ReadOnlySpan<byte> Secret => _bytes;

    /// <summary>A fresh random key.</summary>
    public static PrivateKey Generate(KeyType type)
    {
        var bytes = new byte[32];
        do
        {
            RandomNumberGenerator.Fill(bytes);
        }
        while (!IsValid(type, bytes));
        return new PrivateKey(type, bytes);
    }

    /// <summary>Takes 32 bytes.</summary>
    /// <exception cref="ArgumentException">They are no key of this type. The message does not repeat them.</exception>
    public static PrivateKey FromBytes(KeyType type, ReadOnlySpan<byte> bytes) =>
        IsValid(type, bytes) ? new PrivateKey(type, bytes.ToArray()) : throw new ArgumentException($"The bytes are not a {type} private key.", nameof(bytes));

    /// <summary>Takes 64 hexadecimal digits, 0x optional.</summary>
    /// <exception cref="FormatException">Anything else. The message does not repeat the text.</exception>
    public static PrivateKey Parse(KeyType type, string hex)
    {
        if (!Bytes32.TryParse(hex.Trim(), out var bytes) || !IsValid(type, bytes.AsSpan()))
            throw new FormatException($"The text is not a {type} private key: 64 hexadecimal digits, 0x optional, are expected.");
        return new PrivateKey(type, bytes.ToArray());
    }

    /// <summary>Reads a key file.</summary>
    /// <exception cref="InvalidOperationException">It is missing, readable by others, or no key; the message names the file and what to do.</exception>
    public static PrivateKey Load(string path, KeyType type)
    {
        if (!File.Exists(path)) throw new InvalidOperationException($"The key file '{path}' does not exist. Create it, or point the configuration to the right file.");
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~(Private | UnixFileMode.UserExecute)) != 0)
            throw new InvalidOperationException($"The key file '{path}' can be read by others. Run: chmod 600 '{path}'");
        var words = File.ReadAllText(path).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (words is [_, var told] && Enum.TryParse<KeyType>(told, ignoreCase: true, out var held) && held != type)
            throw new InvalidOperationException($"The key file '{path}' holds a {held} key, and a {type} key is wanted.");
        try
        {
            return Parse(type, words.Length is 1 or 2 ? words[0] : "");
        }
        catch (FormatException e)
        {
            throw new InvalidOperationException($"The key file '{path}' does not hold a {type} key: 64 hexadecimal digits are expected.", e);
        }
    }

    /// <summary>The type that a key file names after the digits; null where it names none or is missing.</summary>
    public static KeyType? TypeOf(string path) =>
        File.Exists(path) && File.ReadAllText(path).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) is [_, var told] && Enum.TryParse<KeyType>(told, ignoreCase: true, out var type) ? type : null;

    /// <summary>Writes a key file of mode 0600, the digits and the type; never overwrites one.</summary>
    /// <exception cref="IOException">The file exists.</exception>
    public void Save(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = Private;
        using var stream = new FileStream(path, options);
        stream.Write(Encoding.ASCII.GetBytes($"{Convert.ToHexStringLower(_bytes)} {Type.ToString().ToLowerInvariant()}\n"));
        stream.Flush(flushToDisk: true);
    }

    /// <summary>Signs a message as the protocol says for this type (docs/protocol.md, Keys and identities): 64 bytes.</summary>
    public byte[] Sign(ReadOnlySpan<byte> message) => Type switch
    {
        KeyType.Secp256k1 => Secp256k1.Sign(Sha256.Hash(message), _bytes),
        KeyType.P256 => P256.Sign(Sha256.Hash(message), _p256!),
        _ => Ed25519.SignExpanded(message, _expanded!),
    };

    /// <summary>Signs a 32-byte digest so that the signer can be recovered (EIP-2098): reports, transactions, typed data.</summary>
    /// <exception cref="InvalidOperationException">Not a secp256k1 key.</exception>
    public CompactSignature SignDigest(Bytes32 digest) => Type == KeyType.Secp256k1
        ? Secp256k1.SignCompact(digest, _bytes)
        : throw new InvalidOperationException($"A {Type} key makes no recoverable signatures; use a secp256k1 key.");

    /// <summary>
    /// Signs a 32-byte digest as the device registry checks it on chain: compact (EIP-2098) for secp256k1, r · s with low s for P-256; 64 bytes.
    /// </summary>
    /// <exception cref="InvalidOperationException">An Ed25519 key: no precompile checks it, its maker vouches instead.</exception>
    public byte[] SignRegistration(Bytes32 digest) => Type switch
    {
        KeyType.Secp256k1 => SignDigest(digest).ToArray(),
        KeyType.P256 => P256.Sign(digest, _p256!),
        _ => throw new InvalidOperationException("An Ed25519 key cannot register itself; its maker signs for it."),
    };

    /// <summary>The type and the public key; never the private one.</summary>
    public override string ToString() => $"{Type} private key of {PublicKey}";

    private static bool IsValid(KeyType type, ReadOnlySpan<byte> bytes) => type switch
    {
        KeyType.Secp256k1 => Secp256k1.IsPrivateKey(bytes),
        KeyType.P256 => P256.IsPrivateKey(bytes),
        KeyType.Ed25519 => bytes.Length == 32,
        _ => false,
    };
}
