using System.Buffers.Binary;
using DePin.Cryptography;
using DePin.Protocol.Canonical;

namespace DePin.Protocol.Verification.Wireless;

/// <summary>
/// The class state: which transmissions earlier epochs heard, so that none is sold twice. Layout: version u8 = 1 · count u16 of epochs ·
/// for each, ascending, epoch u64 · count u32 · (first eight bytes of the transmission key · earliest reception in ms u64) ascending.
/// </summary>
internal sealed class TransmissionMemory
{
    private const byte Version = 1;

    private readonly SortedDictionary<ulong, SortedDictionary<ulong, ulong>> _epochs = [];
    private readonly SortedDictionary<ulong, ulong> _present = [];

    /// <summary>Earliest known reception of the transmission in an earlier epoch, or null.</summary>
    public ulong? Recall(in Bytes32 key)
    {
        var prefix = Prefix(key);
        foreach (var epoch in _epochs.Values)
            if (epoch.TryGetValue(prefix, out var time)) return time;
        return null;
    }

    /// <summary>Notes a reception of this epoch.</summary>
    public void Remember(in Bytes32 key, ulong receivedAtMs)
    {
        var prefix = Prefix(key);
        if (!_present.TryGetValue(prefix, out var time) || receivedAtMs < time) _present[prefix] = receivedAtMs;
    }

    /// <summary>The next state: this epoch and those of the last <paramref name="epochs"/>, this one included.</summary>
    public byte[] ToBytes(Epoch now, int epochs)
    {
        if (epochs == 0) return [];
        _epochs[now.Value] = _present;
        var kept = _epochs.Where(entry => entry.Key + (ulong)epochs > now.Value && entry.Value.Count > 0).ToList();
        if (kept.Count == 0) return [];
        var writer = new CanonicalWriter().U8(Version).U16((ushort)kept.Count);
        foreach (var (epoch, entries) in kept)
        {
            writer.U64(epoch).U32((uint)entries.Count);
            foreach (var (prefix, time) in entries) writer.U64(prefix).U64(time);
        }
        return writer.ToArray();
    }

    public static TransmissionMemory Parse(ReadOnlySpan<byte> bytes)
    {
        var memory = new TransmissionMemory();
        if (bytes.IsEmpty) return memory;
        var reader = new CanonicalReader(bytes, "wireless class state");
        if (reader.U8() != Version) throw reader.Wrong("an unknown version");
        for (var left = reader.U16(); left > 0; left--)
        {
            var entries = memory._epochs[reader.U64()] = [];
            for (var n = reader.Count(16); n > 0; n--)
            {
                var prefix = reader.U64();
                entries[prefix] = reader.U64();
            }
        }
        reader.End();
        return memory;
    }

    private static ulong Prefix(in Bytes32 key) => BinaryPrimitives.ReadUInt64BigEndian(key.AsSpan());
}
