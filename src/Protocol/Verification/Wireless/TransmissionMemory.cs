using System.Buffers.Binary;
using DePin.Cryptography;
using DePin.Protocol.Canonical;
using DePin.Protocol.Epochs;

namespace DePin.Protocol.Verification.Wireless;

/// <summary>
/// The class state: which transmissions earlier epochs heard, so that none is sold twice. Layout: version u8 = 1 · count u16 of epochs ·
/// for each, ascending, epoch u64 · count u32 · (first eight bytes of the transmission key · earliest reception in ms u64) ascending · count u32 ·
/// (device id 32 · when it was last heard in ms u64) ascending; the last part is empty where reciprocity is off.
/// </summary>
internal sealed class TransmissionMemory
{
    private const byte Version = 1;

    private readonly SortedDictionary<ulong, SortedDictionary<ulong, ulong>> _epochs = [];
    private readonly SortedDictionary<ulong, ulong> _present = [];
    private readonly SortedDictionary<DeviceId, ulong> _heard = [];

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

    /// <summary>Notes that a device was heard.</summary>
    public void Hear(DeviceId device, ulong timeMs)
    {
        if (!_heard.TryGetValue(device, out var last) || timeMs > last) _heard[device] = timeMs;
    }

    /// <summary>When the device was last heard, or null.</summary>
    public ulong? LastHeard(DeviceId device) => _heard.TryGetValue(device, out var time) ? time : null;

    /// <summary>The next state: this epoch and those of the last <paramref name="epochs"/>, this one included.</summary>
    public byte[] ToBytes(EpochWindow window, int epochs)
    {
        var now = window.Epoch.Value;
        _epochs[now] = _present;
        var kept = _epochs.Where(entry => entry.Key + (ulong)epochs > now && entry.Value.Count > 0).ToList();
        var heard = _heard.Where(entry => entry.Value + Beacon.ReciprocityMs >= window.EndMs).ToList();
        if (kept.Count == 0 && heard.Count == 0) return [];
        var writer = new CanonicalWriter().U8(Version).U16((ushort)kept.Count);
        foreach (var (epoch, entries) in kept)
        {
            writer.U64(epoch).U32((uint)entries.Count);
            foreach (var (prefix, time) in entries) writer.U64(prefix).U64(time);
        }
        writer.U32((uint)heard.Count);
        foreach (var (device, time) in heard) writer.Word(device.Value).U64(time);
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
        for (var left = reader.Count(40); left > 0; left--)
        {
            var device = new DeviceId(reader.Word());
            memory._heard[device] = reader.U64();
        }
        reader.End();
        return memory;
    }

    private static ulong Prefix(in Bytes32 key) => BinaryPrimitives.ReadUInt64BigEndian(key.AsSpan());
}
