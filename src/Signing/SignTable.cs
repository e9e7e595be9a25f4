using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using DePin.Cryptography;

namespace DePin.Signing;

/// <summary>What is signed at most once under one (config, epoch, generation, view).</summary>
public enum LicenceKind : byte
{
    /// <summary>A report by its digest; view 0.</summary>
    Report = 1,

    /// <summary>A Prepare by its value digest, zero for nil.</summary>
    Prepare = 2,

    /// <summary>A Commit by its value digest, zero for nil.</summary>
    Commit = 3,

    /// <summary>A decision, told by Decision or Attestation, by its value digest; view 0.</summary>
    Decision = 4,

    /// <summary>Nothing of this epoch or an earlier one is signed: the table that could tell was lost.</summary>
    Floor = 5,
}

/// <summary>One line of the table without what is bound to it.</summary>
public readonly record struct Licence(LicenceKind Kind, Bytes32 Config, ulong Epoch, ulong Generation, uint View);

/// <summary>
/// The never-sign-twice table: a file to which a licence is appended and flushed to the disk before anything is signed under it. One process at a time
/// holds it. Each line's checksum covers the lines before it, so that only an unfinished end can be cut off; anything else that is wrong ends the signer.
/// </summary>
/// <remarks>
/// Head of 96 bytes: tag 28 · report address 20 · protocol key 32 · checksum 16. Line of 101 bytes: kind u8 · config 32 · epoch u64 · generation u64 · view
/// u32 · bound 32 · checksum 16. A checksum is the first 16 bytes of SHA-256 over the checksum before it and what it closes.
/// </remarks>
public sealed partial class SignTable : IDisposable
{
    /// <summary>Most lines: centuries of reports and the votes for them.</summary>
    public const int MaxLines = 1_000_000;

    /// <summary>Bytes before the first line.</summary>
    public const int HeadSize = 96;

    /// <summary>Bytes of a line.</summary>
    public const int LineSize = BodySize + CheckSize;

    private const int LockExclusive = 2;
    private const int LockAtOnce = 4;
    private const int BodySize = 85;
    private const int CheckSize = 16;

    private static ReadOnlySpan<byte> Tag => "DePIN never-sign-twice v1\0\0\0"u8;

    private readonly Lock _gate = new();
    private readonly FileStream _file;
    private readonly Dictionary<Licence, Bytes32> _bound = [];
    private readonly byte[] _check = new byte[CheckSize];
    private bool _broken;

    private SignTable(FileStream file) => _file = file;

    /// <summary>Licences in it.</summary>
    public int Count
    {
        get
        {
            lock (_gate) return _bound.Count;
        }
    }

    /// <summary>Nothing is signed of epochs up to this one; 0 without a floor.</summary>
    public ulong Floor { get; private set; }

    /// <summary>Bytes that an interrupted write had left at the end and that were cut off.</summary>
    public int CutOff { get; private set; }

    /// <summary>Makes an empty table of mode 0600 for keys that have signed nothing, or nothing after an epoch.</summary>
    /// <param name="path">Must not exist.</param>
    /// <param name="reportKey">Whose.</param>
    /// <param name="protocolKey">Whose.</param>
    /// <param name="usedUntil">The last epoch for which the keys may have signed under a table that is lost; 0 = they are new.</param>
    /// <exception cref="InvalidOperationException">There is a table already.</exception>
    public static void Create(string path, Address reportKey, Bytes32 protocolKey, ulong usedUntil)
    {
        if (File.Exists(path)) throw new InvalidOperationException($"There is a table at '{path}' already; it is never overwritten, as it tells what these keys have signed.");
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var unfinished = $"{path}.{Environment.ProcessId}";
        try
        {
            using (var file = new FileStream(unfinished, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.ReadWrite, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
            {
                using var table = new SignTable(file);
                var head = new byte[HeadSize];
                Tag.CopyTo(head);
                reportKey.AsSpan().CopyTo(head.AsSpan(28));
                protocolKey.CopyTo(head.AsSpan(48));
                table.Close(head, head.AsSpan(80));
                file.Write(head);
                if (usedUntil > 0) table.Append(new Licence(LicenceKind.Floor, default, usedUntil, 0, 0), default);
                file.Flush(flushToDisk: true);
            }

            File.Move(unfinished, path, overwrite: false);
            KeyFile.FlushFolder(folder);
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    /// <summary>Opens the table and reads all of it; no other process can while it is open.</summary>
    /// <exception cref="InvalidOperationException">It is missing, held by another process, of other keys, or damaged; the message says what to do.</exception>
    public static SignTable Open(string path, Address reportKey, Bytes32 protocolKey)
    {
        if (!File.Exists(path))
        {
            throw new InvalidOperationException($"The table '{path}' is missing, and without it nobody knows what these keys have signed. If they are new, make it: depin signer init. "
                + "If it was lost, stop every process with these keys, wait until the last report they may have signed is final, and give its epoch: depin signer init --used-until <epoch>.");
        }

        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException problem)
        {
            throw new InvalidOperationException($"The table '{path}' cannot be opened; most likely another signer holds it, and only one may: {problem.Message}", problem);
        }

        var table = new SignTable(file);
        try
        {
            // FileShare locks where it can and says nothing where it cannot: on some network file systems, or when told not to.
            if (flock(file.SafeFileHandle.DangerousGetHandle().ToInt32(), LockExclusive | LockAtOnce) != 0)
                throw new InvalidOperationException($"The table '{path}' cannot be locked (error {Marshal.GetLastPInvokeError()}): another signer holds it, and only one may, or its file system has no locks. Keep it on a local disk.");
            table.Read(path, reportKey, protocolKey);
            return table;
        }
        catch
        {
            table.Dispose();
            throw;
        }
    }

    /// <summary>Asks leave to sign. What may be signed is what is returned, and only if it equals what was asked for; it is on the disk then.</summary>
    /// <returns>What the licence is bound to; null where the table is full.</returns>
    /// <exception cref="IOException">It could not be made durable. Nothing more is licensed until the table is opened anew.</exception>
    public Bytes32? Bind(Licence licence, Bytes32 value)
    {
        lock (_gate)
        {
            if (_broken) throw new IOException("The table could not be written earlier; start the signer again.");
            if (_bound.TryGetValue(licence, out var bound)) return bound;
            if (_bound.Count >= MaxLines) return null;
            _broken = true; // until it is known to be on the disk
            Append(licence, value);
            _file.Flush(flushToDisk: true);
            _broken = false;
            _bound[licence] = value;
            return value;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void Append(Licence licence, Bytes32 value)
    {
        var line = new byte[LineSize];
        line[0] = (byte)licence.Kind;
        licence.Config.CopyTo(line.AsSpan(1));
        BinaryPrimitives.WriteUInt64BigEndian(line.AsSpan(33), licence.Epoch);
        BinaryPrimitives.WriteUInt64BigEndian(line.AsSpan(41), licence.Generation);
        BinaryPrimitives.WriteUInt32BigEndian(line.AsSpan(49), licence.View);
        value.CopyTo(line.AsSpan(53));
        Close(line, line.AsSpan(BodySize));
        _file.Write(line);
    }

    // The next checksum, kept and written after what it closes.
    private void Close(ReadOnlySpan<byte> bytes, Span<byte> check)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(_check);
        hash.AppendData(bytes[..^CheckSize]);
        hash.GetHashAndReset().AsSpan(0, CheckSize).CopyTo(_check);
        _check.CopyTo(check);
    }

    private void Read(string path, Address reportKey, Bytes32 protocolKey)
    {
        var head = new byte[HeadSize];
        if (_file.ReadAtLeast(head, HeadSize, throwOnEndOfStream: false) < HeadSize || !head.AsSpan().StartsWith(Tag)) throw Damaged(path, 0);
        if (!IsClosed(head)) throw Damaged(path, 0);
        if (!head.AsSpan(28, 20).SequenceEqual(reportKey.AsSpan()) || !head.AsSpan(48, 32).SequenceEqual(protocolKey.AsSpan()))
            throw new InvalidOperationException($"The table '{path}' is of operator {new Address(head.AsSpan(28, 20))}, the keys are of {reportKey} or its protocol key is another. Name the table that belongs to the keys.");

        var line = new byte[LineSize];
        var end = (long)HeadSize;
        while (true)
        {
            var read = _file.ReadAtLeast(line, LineSize, throwOnEndOfStream: false);
            if (read == 0) break;
            // A write that power or disk interrupted leaves a beginning of the line, or one whose end was never filled. Nothing was signed under it.
            if (read < LineSize || (_file.Position == _file.Length && !line.AsSpan(BodySize).ContainsAnyExcept((byte)0)))
            {
                if (_file.Position != _file.Length) throw Damaged(path, end);
                CutOff = read;
                _file.SetLength(end);
                _file.Flush(flushToDisk: true);
                break;
            }

            if (!IsClosed(line)) throw Damaged(path, end);
            Take(line, path, end);
            end += LineSize;
        }

        _file.Seek(0, SeekOrigin.End);
    }

    private bool IsClosed(ReadOnlySpan<byte> bytes)
    {
        Span<byte> check = stackalloc byte[CheckSize];
        Close(bytes, check);
        return bytes[^CheckSize..].SequenceEqual(check);
    }

    private void Take(ReadOnlySpan<byte> line, string path, long at)
    {
        var licence = new Licence((LicenceKind)line[0], new Bytes32(line[1..33]), BinaryPrimitives.ReadUInt64BigEndian(line[33..]),
            BinaryPrimitives.ReadUInt64BigEndian(line[41..]), BinaryPrimitives.ReadUInt32BigEndian(line[49..]));
        if (licence.Kind == LicenceKind.Floor) Floor = Math.Max(Floor, licence.Epoch);
        else if (licence.Kind is < LicenceKind.Report or > LicenceKind.Floor || !_bound.TryAdd(licence, new Bytes32(line[53..85]))) throw Damaged(path, at);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int flock(int handle, int operation);

    private static InvalidOperationException Damaged(string path, long at) => new(
        $"The table '{path}' is damaged at byte {at}: it can no longer tell what these keys have signed, and nothing is signed without it. Keep the file for an examination of the disk. "
        + "Stop every process with these keys, wait until the last report they may have signed is final, and make a new table that starts after it: depin signer init --used-until <epoch>.");
}
