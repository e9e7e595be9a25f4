using System.Runtime.InteropServices;

namespace DePin.Cryptography;

/// <summary>
/// A private key in a file of its own: a keystore under a password (<c>name.json</c>, <see cref="Keystore"/>) or bare digits (<c>name.key</c>,
/// <see cref="PrivateKey.Save"/>); an Ed25519 key may be in the form of Solana's own tools, too (<see cref="SolanaKeyFile"/>). All, and files of passwords, are refused where others can read them.
/// </summary>
public static partial class KeyFile
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int MaxPasswordBytes = 1_024;

    /// <summary>The file of a key in a folder: the keystore or the bare one, whichever is there; null where neither is.</summary>
    /// <exception cref="InvalidOperationException">Both are there.</exception>
    public static string? Find(string folder, string name)
    {
        var (sealedFile, bare) = (Path.Combine(folder, name + ".json"), Path.Combine(folder, name + ".key"));
        if (File.Exists(sealedFile) && File.Exists(bare))
            throw new InvalidOperationException($"'{folder}' has both {name}.json and {name}.key, and only one of them can be meant. Move the other away.");
        return File.Exists(sealedFile) ? sealedFile : File.Exists(bare) ? bare : null;
    }

    /// <summary>Whether the file is a keystore, so that a password is needed.</summary>
    public static bool IsKeystore(string path) => Keystore.Is(ReadPrivate(path, Keystore.MaxFileBytes));

    /// <summary>Reads a key file of either form.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="type">The type wanted.</param>
    /// <param name="password">Asked where the file is a keystore.</param>
    /// <exception cref="InvalidOperationException">It is missing, readable by others, of another type, or the password is wrong; the message names the file and what to do.</exception>
    public static PrivateKey Load(string path, KeyType type, Func<string>? password)
    {
        if (!File.Exists(path) || !IsKeystore(path)) return type == KeyType.Ed25519 && SolanaKeyFile.Is(path) ? SolanaKeyFile.Load(path) : PrivateKey.Load(path, type);
        if (password is null) throw new InvalidOperationException($"'{path}' is a keystore: name the file with its password.");
        try
        {
            var key = Keystore.Open(ReadPrivate(path, Keystore.MaxFileBytes), System.Text.Encoding.UTF8.GetBytes(password()));
            return key.Type == type ? key : throw new InvalidOperationException($"The keystore '{path}' holds a {key.Type} key, and a {type} key is wanted.");
        }
        catch (KeystoreException problem)
        {
            throw new InvalidOperationException($"'{path}': {problem.Message}{(problem.Fault == KeystoreFault.WrongPassword ? " Check the password, or restore the file from its backup." : "")}", problem);
        }
    }

    /// <summary>Writes a keystore of mode 0600, whole or not at all; never overwrites a file.</summary>
    /// <exception cref="IOException">The file exists.</exception>
    public static void SaveSealed(string path, PrivateKey key, string password, KeystoreCost cost)
    {
        RefuseExisting(path); // before what takes long
        WriteNew(path, Keystore.Seal(key, System.Text.Encoding.UTF8.GetBytes(password), cost));
    }

    /// <summary>The first line of a file of mode 0600.</summary>
    /// <exception cref="InvalidOperationException">It is missing, readable by others, or empty.</exception>
    public static string ReadPassword(string path)
    {
        var text = System.Text.Encoding.UTF8.GetString(ReadPrivate(path, MaxPasswordBytes));
        var end = text.AsSpan().IndexOfAny('\r', '\n');
        var line = end < 0 ? text : text[..end];
        return line.Length > 0 ? line : throw new InvalidOperationException($"The password file '{path}' is empty: its first line is the password.");
    }

    /// <summary>Makes what was created, renamed or removed in a folder durable.</summary>
    public static void FlushFolder(string folder)
    {
        var handle = open(folder, 0);
        if (handle < 0) throw new IOException($"The folder '{folder}' cannot be opened (error {Marshal.GetLastPInvokeError()}).");
        var flushed = fsync(handle);
        var error = Marshal.GetLastPInvokeError();
        _ = close(handle);
        if (flushed != 0) throw new IOException($"The folder '{folder}' cannot be made durable (error {error}).");
    }

    /// <summary>Writes a file of mode 0600, whole or not at all.</summary>
    /// <exception cref="IOException">It exists.</exception>
    internal static void WriteNew(string path, ReadOnlySpan<byte> content)
    {
        RefuseExisting(path);
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var unfinished = Path.Combine(folder, $".{Path.GetFileName(path)}.{Environment.ProcessId}");
        try
        {
            using (var stream = new FileStream(unfinished, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.None, UnixCreateMode = Private }))
            {
                stream.Write(content);
                stream.Flush(flushToDisk: true);
            }

            File.Move(unfinished, path, overwrite: false);
            FlushFolder(folder);
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    /// <summary>The bytes of a file that only its owner reads.</summary>
    /// <exception cref="InvalidOperationException">It is missing, readable by others or too long.</exception>
    internal static byte[] ReadPrivate(string path, int most)
    {
        if (!File.Exists(path)) throw new InvalidOperationException($"The file '{path}' does not exist. Create it, or point the configuration to the right one.");
        if ((File.GetUnixFileMode(path) & ~(Private | UnixFileMode.UserExecute)) != 0)
            throw new InvalidOperationException($"The file '{path}' can be read by others. Run: chmod 600 '{path}'");
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read);
        if (stream.Length > most) throw new InvalidOperationException($"The file '{path}' has {stream.Length} bytes, and at most {most} are expected. Is it the right one?");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static void RefuseExisting(string path)
    {
        if (File.Exists(path)) throw new IOException($"'{path}' exists already and is never overwritten.");
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(int handle);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int handle);
}
