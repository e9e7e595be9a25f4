using System.Buffers.Binary;
using DePin.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace DePin.DeviceSdk;

/// <summary>
/// Sequences of one device, none of which is ever given twice, whenever the process or the power goes: they are reserved in blocks, and a block is
/// used only once its end is durable. A restart goes on above what was reserved; gaps are allowed. The file holds two records in sectors of their own,
/// written in turn, so that a write that is cut off leaves the other (the layout of depin_record_make in c/depin_device.h). One process at a time. Thread-safe.
/// </summary>
public sealed class SequenceStore : IDisposable
{
    /// <summary>The highest sequence that operators take.</summary>
    public const ulong Last = long.MaxValue;

    private const int RecordSize = 16;
    private const int SecondPlace = 4_096;
    private readonly SafeFileHandle file;
    private readonly uint block;
    private readonly Lock gate = new();
    private ulong used, reserved;
    private long nextPlace;

    private SequenceStore(SafeFileHandle file, uint block, ulong reserved, long nextPlace)
    {
        this.file = file;
        this.block = block;
        this.nextPlace = nextPlace;
        this.reserved = used = reserved; // all of what was reserved may have been used
    }

    /// <summary>The highest sequence that may have been used.</summary>
    public ulong Reserved
    {
        get
        {
            lock (gate) return reserved;
        }
    }

    /// <summary>Opens a store; makes it where there is none, for a device that never proved before.</summary>
    /// <param name="path">The file. Never copy it, never bring it back from a backup.</param>
    /// <param name="block">Sequences reserved with one write; 64 by default.</param>
    /// <exception cref="IOException">Another process has it open.</exception>
    /// <exception cref="InvalidDataException">Neither record can be read: which sequences were used is not known.</exception>
    public static SequenceStore Open(string path, uint block = 64)
    {
        ArgumentOutOfRangeException.ThrowIfZero(block);
        var file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        try
        {
            Span<byte> first = stackalloc byte[RecordSize], second = stackalloc byte[RecordSize];
            RandomAccess.Read(file, first, 0);
            RandomAccess.Read(file, second, SecondPlace);
            var (a, b) = (Read(first), Read(second));
            // A write is cut off while the other place is whole, but for the first: then the other is blank.
            if (a is null && b is null && !IsBlank(first) && !IsBlank(second))
                throw new InvalidDataException($"{path} holds no sequence that can be read. Which were used is not known, and one used twice costs both proofs: give the device a new key.");
            var firstIsNewer = a is not null && (b is null || a >= b);
            return new SequenceStore(file, block, (firstIsNewer ? a : b) ?? 0, firstIsNewer ? SecondPlace : 0);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The next sequence; the first is 1.</summary>
    /// <exception cref="IOException">It could not be made durable: no sequence was given.</exception>
    /// <exception cref="InvalidOperationException">All are used: the device needs a new key.</exception>
    public ulong Next()
    {
        lock (gate)
        {
            if (used >= Last) throw new InvalidOperationException("All sequences of this device are used. Rotate its key.");
            if (used == reserved) Reserve(used + Math.Min(block, Last - used));
            return ++used;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    /// <summary>16 bytes: the number, and the first 8 bytes of its SHA-256.</summary>
    internal static byte[] Record(ulong reserved)
    {
        var record = new byte[RecordSize];
        BinaryPrimitives.WriteUInt64BigEndian(record, reserved);
        Sha256.Hash(record.AsSpan(0, 8)).AsSpan()[..8].CopyTo(record.AsSpan(8));
        return record;
    }

    private static ulong? Read(ReadOnlySpan<byte> record)
    {
        var number = BinaryPrimitives.ReadUInt64BigEndian(record);
        return record.SequenceEqual(Record(number)) ? number : null;
    }

    private static bool IsBlank(ReadOnlySpan<byte> record) => !record.ContainsAnyExcept((byte)0x00) || !record.ContainsAnyExcept((byte)0xff);

    private void Reserve(ulong upTo)
    {
        RandomAccess.Write(file, Record(upTo), nextPlace);
        RandomAccess.FlushToDisk(file);
        nextPlace = SecondPlace - nextPlace;
        reserved = upTo;
    }
}
