using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;

namespace DePin.Cryptography;

/// <summary>How costly a guess of a keystore's password is made when it is written.</summary>
/// <param name="N">scrypt's cost, a power of two: one guess takes 128 · N · r bytes.</param>
/// <param name="R">Block size.</param>
/// <param name="P">Parallelization.</param>
public readonly record struct KeystoreCost(int N, int R, int P)
{
    /// <summary>256 MiB and about a second a guess.</summary>
    public static KeystoreCost Standard => new(1 << 18, 8, 1);

    /// <summary>4 MiB and milliseconds: for development and tests.</summary>
    public static KeystoreCost Light => new(1 << 12, 8, 1);
}

/// <summary>
/// A private key under a password, as Ethereum's tools keep it: Web3 Secret Storage, version 3 (aes-128-ctr; scrypt or pbkdf2; docs/deployment.md, "Operator
/// keys"). The container says nothing of the type of key; ours adds the member <c>keyType</c> (<c>ed25519</c>, <c>p256</c>) and <c>publicKey</c>, which others
/// ignore; without it the key is secp256k1's.
/// </summary>
public static class Keystore
{
    /// <summary>Most bytes of a file: real ones have 500.</summary>
    public const int MaxFileBytes = 16 << 10;

    private const int KeySize = 32;
    private const long MaxScryptMemory = 512L << 20;
    private const long MaxScryptWork = 1L << 23; // N · r · p; Standard is 2^21
    private const int MaxPbkdf2Rounds = 10_000_000;
    private const int MaxSalt = 256;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 8 };
    private static readonly JsonWriterOptions Indented = new() { Indented = true };

    /// <summary>Whether bytes look like a keystore rather than a file of hexadecimal digits.</summary>
    public static bool Is(ReadOnlySpan<byte> file) => file.TrimStart(" \t\r\n"u8).StartsWith("{"u8);

    /// <summary>The type of key and the public side that a keystore names without its password; false where it is none. What it names is checked only when it is opened.</summary>
    public static bool TryPeek(ReadOnlyMemory<byte> file, out KeyType type, out string? publicSide)
    {
        (type, publicSide) = (default, null);
        try
        {
            using var document = Read(file);
            type = TypeOf(document.RootElement);
            publicSide = Text(document.RootElement, type == KeyType.Secp256k1 ? "address" : "publicKey");
            return true;
        }
        catch (KeystoreException)
        {
            return false;
        }
    }

    /// <summary>Decrypts a keystore of any origin.</summary>
    /// <param name="file">The JSON.</param>
    /// <param name="password">UTF-8, taken as it is.</param>
    /// <exception cref="KeystoreException">It is no keystore, asks for too much, or the password is wrong. The message repeats neither key nor password.</exception>
    public static PrivateKey Open(ReadOnlyMemory<byte> file, ReadOnlySpan<byte> password)
    {
        using var document = Read(file);
        var root = document.RootElement;
        var crypto = Member(root, "crypto");
        if (Text(crypto, "cipher") is not "aes-128-ctr" and var cipher) throw new KeystoreException(KeystoreFault.Unsupported, $"its cipher is '{cipher}', not aes-128-ctr");
        var encrypted = Hex(crypto, "ciphertext", KeySize, KeySize);
        var iv = Hex(Member(crypto, "cipherparams"), "iv", 16, 16);
        var mac = Hex(crypto, "mac", 32, 32);
        var derived = Derive(crypto, password);
        byte[]? key = null;
        try
        {
            if (!CryptographicOperations.FixedTimeEquals(Mac(derived, encrypted).AsSpan(), mac)) throw new KeystoreException(KeystoreFault.WrongPassword, "the password is wrong, or the file is damaged");
            key = Crypt(derived, iv, encrypted);
            var type = TypeOf(root);
            PrivateKey opened;
            try
            {
                opened = PrivateKey.FromBytes(type, key);
            }
            catch (ArgumentException)
            {
                throw new KeystoreException(KeystoreFault.Malformed, $"what it holds is no {type} key");
            }

            if (Text(root, type == KeyType.Secp256k1 ? "address" : "publicKey") is { Length: > 0 } named && !SameHex(named, PublicSide(opened)))
                throw new KeystoreException(KeystoreFault.Malformed, "it holds another key than the one that it names");
            return opened;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(derived);
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>Encrypts a key under scrypt, with fresh salt and initialisation vector.</summary>
    /// <param name="key">Of any type.</param>
    /// <param name="password">UTF-8, taken as it is; at least a byte.</param>
    /// <param name="cost">What a guess costs.</param>
    public static byte[] Seal(PrivateKey key, ReadOnlySpan<byte> password, KeystoreCost cost)
    {
        if (password.IsEmpty) throw new ArgumentException("A keystore needs a password.", nameof(password));
        var salt = RandomNumberGenerator.GetBytes(32);
        var iv = RandomNumberGenerator.GetBytes(16);
        var derived = Scrypt.Derive(password, salt, cost.N, cost.R, cost.P, KeySize);
        var encrypted = Crypt(derived, iv, key.Secret);
        var mac = Mac(derived, encrypted);
        CryptographicOperations.ZeroMemory(derived);

        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Indented))
        {
            json.WriteStartObject();
            json.WriteNumber("version", 3);
            json.WriteString("id", NewId());
            if (key.Type == KeyType.Secp256k1) json.WriteString("address", PublicSide(key));
            else
            {
                json.WriteString("keyType", key.Type.ToString().ToLowerInvariant());
                json.WriteString("publicKey", PublicSide(key));
            }

            json.WriteStartObject("crypto");
            json.WriteString("cipher", "aes-128-ctr");
            json.WriteStartObject("cipherparams");
            json.WriteString("iv", Convert.ToHexStringLower(iv));
            json.WriteEndObject();
            json.WriteString("ciphertext", Convert.ToHexStringLower(encrypted));
            json.WriteString("kdf", "scrypt");
            json.WriteStartObject("kdfparams");
            json.WriteNumber("dklen", KeySize);
            json.WriteNumber("n", cost.N);
            json.WriteNumber("r", cost.R);
            json.WriteNumber("p", cost.P);
            json.WriteString("salt", Convert.ToHexStringLower(salt));
            json.WriteEndObject();
            json.WriteString("mac", Convert.ToHexStringLower(mac.AsSpan()));
            json.WriteEndObject();
            json.WriteEndObject();
        }

        buffer.WriteByte((byte)'\n');
        return buffer.ToArray();
    }

    private static byte[] Derive(JsonElement crypto, ReadOnlySpan<byte> password)
    {
        var parameters = Member(crypto, "kdfparams");
        var length = Number(parameters, "dklen");
        if (length != KeySize) throw new KeystoreException(KeystoreFault.Unsupported, $"it derives {length} bytes from the password, not {KeySize}");
        var salt = Hex(parameters, "salt", 0, MaxSalt);
        switch (Text(crypto, "kdf"))
        {
            case "scrypt":
                var (n, r, p) = (Number(parameters, "n"), Number(parameters, "r"), Number(parameters, "p"));
                // Bounds first, as numbers that may be near 2^63 are multiplied.
                if (n is < 2 or > MaxScryptMemory || !long.IsPow2(n) || r is < 1 or > 1 << 20 || p is < 1 or > 1 << 20)
                    throw new KeystoreException(KeystoreFault.TooCostly, $"scrypt with N = {n}, r = {r}, p = {p} is out of bounds");
                if ((Int128)128 * r * (n + p) > MaxScryptMemory || (Int128)n * r * p > MaxScryptWork)
                    throw new KeystoreException(KeystoreFault.TooCostly, $"scrypt with N = {n}, r = {r}, p = {p} takes more than {MaxScryptMemory >> 20} MiB or four times the usual work");
                return Scrypt.Derive(password, salt, n, (int)r, (int)p, KeySize);
            case "pbkdf2":
                if (Text(parameters, "prf") is not "hmac-sha256" and var prf) throw new KeystoreException(KeystoreFault.Unsupported, $"its pbkdf2 is over '{prf}', not hmac-sha256");
                var rounds = Number(parameters, "c");
                if (rounds is < 1 or > MaxPbkdf2Rounds) throw new KeystoreException(KeystoreFault.TooCostly, $"pbkdf2 with {rounds} rounds is out of bounds (at most {MaxPbkdf2Rounds})");
                return Rfc2898DeriveBytes.Pbkdf2(password, salt, (int)rounds, HashAlgorithmName.SHA256, KeySize);
            case var other:
                throw new KeystoreException(KeystoreFault.Unsupported, $"its kdf is '{other}', not scrypt or pbkdf2");
        }
    }

    private static Bytes32 Mac(ReadOnlySpan<byte> derived, ReadOnlySpan<byte> encrypted)
    {
        Span<byte> input = stackalloc byte[16 + KeySize];
        derived[16..32].CopyTo(input);
        encrypted.CopyTo(input[16..]);
        var mac = Keccak256.Hash(input);
        input.Clear();
        return mac;
    }

    // aes-128-ctr: the counter is the whole block, big-endian, and wraps.
    private static byte[] Crypt(ReadOnlySpan<byte> derived, ReadOnlySpan<byte> iv, ReadOnlySpan<byte> input)
    {
        using var aes = Aes.Create();
        aes.SetKey(derived[..16]);
        var counter = BinaryPrimitives.ReadUInt128BigEndian(iv);
        var output = new byte[input.Length];
        Span<byte> block = stackalloc byte[16];
        Span<byte> stream = stackalloc byte[16];
        for (var at = 0; at < input.Length; at += 16, counter++)
        {
            BinaryPrimitives.WriteUInt128BigEndian(block, counter);
            aes.EncryptEcb(block, stream, PaddingMode.None);
            for (var i = at; i < Math.Min(at + 16, input.Length); i++) output[i] = (byte)(input[i] ^ stream[i - at]);
        }

        stream.Clear();
        return output;
    }

    private static string PublicSide(PrivateKey key) => key.Type == KeyType.Secp256k1
        ? Convert.ToHexStringLower(key.Address.AsSpan())
        : Convert.ToHexStringLower(key.PublicKey.Bytes);

    private static bool SameHex(string named, string own) =>
        string.Equals(named.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? named[2..] : named, own, StringComparison.OrdinalIgnoreCase);

    private static string NewId()
    {
        Span<byte> bytes = stackalloc byte[16];
        RandomNumberGenerator.Fill(bytes);
        bytes[6] = (byte)((bytes[6] & 0x0f) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3f) | 0x80);
        return new Guid(bytes, bigEndian: true).ToString();
    }

    private static JsonDocument Read(ReadOnlyMemory<byte> file)
    {
        if (file.Length > MaxFileBytes) throw new KeystoreException(KeystoreFault.Malformed, $"it has {file.Length} bytes, and a keystore at most {MaxFileBytes}");
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(file, Strict);
        }
        catch (JsonException)
        {
            throw new KeystoreException(KeystoreFault.Malformed, "it is no JSON");
        }

        if (document.RootElement.ValueKind == JsonValueKind.Object && Number(document.RootElement, "version") == 3) return document;
        document.Dispose();
        throw new KeystoreException(KeystoreFault.Unsupported, "it is not of version 3");
    }

    private static KeyType TypeOf(JsonElement root) => Text(root, "keyType")?.ToLowerInvariant() switch
    {
        null or "secp256k1" => KeyType.Secp256k1,
        "ed25519" => KeyType.Ed25519,
        "p256" => KeyType.P256,
        var other => throw new KeystoreException(KeystoreFault.Unsupported, $"its keyType is '{other}'"),
    };

    // Names are compared without case: some early writers have "Crypto" and "KDF".
    private static JsonElement? Find(JsonElement parent, string name)
    {
        if (parent.ValueKind != JsonValueKind.Object) return null;
        JsonElement? found = null;
        foreach (var member in parent.EnumerateObject())
        {
            if (!string.Equals(member.Name, name, StringComparison.OrdinalIgnoreCase)) continue;
            if (found is not null) throw new KeystoreException(KeystoreFault.Malformed, $"it has {name} twice");
            found = member.Value;
        }

        return found;
    }

    private static JsonElement Member(JsonElement parent, string name) =>
        Find(parent, name) ?? throw new KeystoreException(KeystoreFault.Malformed, $"{name} is missing");

    private static string? Text(JsonElement parent, string name) => Find(parent, name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    private static long Number(JsonElement parent, string name) => Member(parent, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out var number)
        ? number
        : throw new KeystoreException(KeystoreFault.Malformed, $"{name} is no whole number");

    private static byte[] Hex(JsonElement parent, string name, int least, int most)
    {
        var text = Text(parent, name) ?? throw new KeystoreException(KeystoreFault.Malformed, $"{name} is missing");
        if (text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)) text = text[2..];
        try
        {
            var bytes = Convert.FromHexString(text);
            return bytes.Length >= least && bytes.Length <= most ? bytes : throw new KeystoreException(KeystoreFault.Malformed, $"{name} has {bytes.Length} bytes");
        }
        catch (FormatException)
        {
            throw new KeystoreException(KeystoreFault.Malformed, $"{name} is not hexadecimal");
        }
    }
}

/// <summary>Why a keystore was not opened.</summary>
public enum KeystoreFault
{
    /// <summary>It does not have the form of a keystore.</summary>
    Malformed = 1,

    /// <summary>Another version, cipher or kdf.</summary>
    Unsupported = 2,

    /// <summary>Its kdf would take more memory or time than any honest file asks for.</summary>
    TooCostly = 3,

    /// <summary>The message authentication code differs: another password, or a changed file.</summary>
    WrongPassword = 4,
}

/// <summary>A keystore that cannot be opened; the message holds neither key nor password.</summary>
public sealed class KeystoreException(KeystoreFault fault, string problem) : Exception($"The keystore cannot be opened: {problem}.")
{
    /// <summary>Which of the reasons.</summary>
    public KeystoreFault Fault => fault;
}
