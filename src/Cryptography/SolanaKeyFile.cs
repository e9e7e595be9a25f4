using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace DePin.Cryptography;

/// <summary>An Ed25519 key in the form of Solana's own tools: a JSON array of 64 numbers, seed and public key. Refused where others can read it.</summary>
public static class SolanaKeyFile
{
    private const int Numbers = 64;
    private const int MaxFileBytes = 2_048; // 257 at most as the tools write it; some indent

    /// <summary>Whether a file begins as one in this form; a file that is missing does not.</summary>
    public static bool Is(string path)
    {
        if (!File.Exists(path)) return false;
        Span<byte> start = stackalloc byte[MaxFileBytes];
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read);
        var read = start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)].TrimStart(" \t\r\n"u8);
        return read.Length > 0 && read[0] == (byte)'[';
    }

    /// <summary>Reads a key file.</summary>
    /// <exception cref="InvalidOperationException">It is missing, readable by others, or no such key; the message names the file and what to do, and repeats nothing of it.</exception>
    public static PrivateKey Load(string path)
    {
        var content = KeyFile.ReadPrivate(path, MaxFileBytes);
        Span<byte> key = stackalloc byte[Numbers];
        try
        {
            if (!TryRead(content, key))
                throw new InvalidOperationException($"The key file '{path}' is not in Solana's form: a JSON array of {Numbers} numbers from 0 to 255 is expected, as solana-keygen writes it.");
            var loaded = PrivateKey.FromBytes(KeyType.Ed25519, key[..32]);
            return loaded.PublicKey.Bytes.SequenceEqual(key[32..])
                ? loaded
                : throw new InvalidOperationException($"The key file '{path}' is damaged: its public half is not that of its secret half. Restore it from its backup.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>Writes a key file of mode 0600, whole or not at all; never overwrites one.</summary>
    /// <exception cref="ArgumentException">Another type of key.</exception>
    /// <exception cref="IOException">The file exists.</exception>
    public static void Save(string path, PrivateKey key)
    {
        if (key.Type != KeyType.Ed25519) throw new ArgumentException($"A {key.Type} key signs nothing on Solana; use an Ed25519 key.", nameof(key));
        var content = Encoding.ASCII.GetBytes($"[{string.Join(',', [.. key.Secret, .. key.PublicKey.Bytes])}]");
        KeyFile.WriteNew(path, content);
        CryptographicOperations.ZeroMemory(content);
    }

    private static bool TryRead(ReadOnlySpan<byte> json, Span<byte> key)
    {
        var reader = new Utf8JsonReader(json);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray) return false;
            for (var i = 0; i < Numbers; i++)
            {
                if (!reader.Read() || reader.TokenType != JsonTokenType.Number || !reader.TryGetByte(out key[i])) return false;
            }

            return reader.Read() && reader.TokenType == JsonTokenType.EndArray && !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
