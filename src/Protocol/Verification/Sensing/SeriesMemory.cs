using System.Buffers.Binary;
using DePin.Cryptography;
using DePin.Protocol.Canonical;

namespace DePin.Protocol.Verification.Sensing;

/// <summary>
/// The class state: runs of one value that were on when the last epoch ended, and marks of earlier epochs' series. Layout: version u8 = 1 ·
/// count u32 · (device id 32 · mask u8 · (start ms u64 · last ms u64 · value i32 as u32) per set bit) ascending by device · count u16 of epochs ·
/// (epoch u64 · count u32 · marks u64 ascending) ascending by epoch.
/// </summary>
internal sealed class SeriesMemory
{
    private const byte Version = 1;

    // Marks kept of a series, and readings under one mark.
    private const int MarkCount = 16, MarkWidth = 6;

    // Fewer different readings under a mark recur by chance.
    private const int MarkVariety = 4;

    private readonly SortedDictionary<DeviceId, SeriesRun?[]> _runs = [];
    private readonly SortedDictionary<ulong, SortedSet<ulong>> _epochs = [];

    /// <summary>The run of one value that was on, or null.</summary>
    public SeriesRun? RunOf(DeviceId device, int bit) => _runs.TryGetValue(device, out var runs) ? runs[bit] : null;

    /// <summary>Sets the run that is on at the end.</summary>
    public void SetRun(DeviceId device, int bit, SeriesRun? run)
    {
        if (run is null) return;
        if (!_runs.TryGetValue(device, out var runs)) _runs[device] = runs = new SeriesRun?[Reading.ParameterCount];
        runs[bit] = run;
    }

    /// <summary>How many of the marks an earlier epoch knew.</summary>
    public int Known(IEnumerable<ulong> marks) => marks.Count(mark => _epochs.Values.Any(known => known.Contains(mark)));

    /// <summary>Adds marks to the present epoch.</summary>
    public void Remember(Epoch now, IEnumerable<ulong> marks)
    {
        if (!_epochs.TryGetValue(now.Value, out var known)) _epochs[now.Value] = known = [];
        known.UnionWith(marks);
    }

    /// <summary>
    /// The smallest few hashes over all stretches of six readings in a row (values without times): two series that share readings share
    /// marks in the same measure, whatever their clocks say.
    /// </summary>
    public static IReadOnlyList<ulong> Marks(Station station, Population population)
    {
        var places = station.Places.OrderBy(place => population.Items[place].TimeMs).ThenBy(place => population.Items[place].Proof.Sequence).ToList();
        var values = places.ConvertAll(place => population.Items[place].Payload[Reading.HeaderSize..].ToArray());
        var marks = new SortedSet<ulong>();
        for (var n = MarkWidth; n <= values.Count; n++)
        {
            var stretch = values.GetRange(n - MarkWidth, MarkWidth);
            if (stretch.Select(Convert.ToHexString).Distinct(StringComparer.Ordinal).Count() < MarkVariety) continue;
            var hash = Sha256.Hash(stretch.SelectMany(bytes => bytes).ToArray());
            marks.Add(BinaryPrimitives.ReadUInt64BigEndian(hash.AsSpan()));
            if (marks.Count > MarkCount) marks.Remove(marks.Max);
        }
        return [.. marks];
    }

    /// <summary>The next state, without epochs older than <paramref name="epochs"/> (the present one included).</summary>
    public byte[] ToBytes(Epoch now, int epochs)
    {
        var kept = _epochs.Where(entry => entry.Key + (ulong)epochs > now.Value && entry.Value.Count > 0).ToList();
        if (kept.Count == 0 && _runs.Count == 0) return [];
        var writer = new CanonicalWriter().U8(Version).U32((uint)_runs.Count);
        foreach (var (device, runs) in _runs)
        {
            var mask = 0;
            for (var bit = 0; bit < runs.Length; bit++) mask |= runs[bit] is null ? 0 : 1 << bit;
            writer.Word(device.Value).U8((byte)mask);
            foreach (var run in runs)
                if (run is { } on) writer.U64(on.StartMs).U64(on.LastMs).U32(unchecked((uint)on.Value));
        }
        writer.U16((ushort)kept.Count);
        foreach (var (epoch, marks) in kept)
        {
            writer.U64(epoch).U32((uint)marks.Count);
            foreach (var mark in marks) writer.U64(mark);
        }
        return writer.ToArray();
    }

    public static SeriesMemory Parse(ReadOnlySpan<byte> bytes)
    {
        var memory = new SeriesMemory();
        if (bytes.IsEmpty) return memory;
        var reader = new CanonicalReader(bytes, "sensing class state");
        if (reader.U8() != Version) throw reader.Wrong("an unknown version");
        for (var left = reader.Count(33); left > 0; left--)
        {
            var device = new DeviceId(reader.Word());
            var mask = reader.U8();
            for (var bit = 0; bit < Reading.ParameterCount; bit++)
                if ((mask >> bit & 1) != 0) memory.SetRun(device, bit, new SeriesRun(reader.U64(), reader.U64(), unchecked((int)reader.U32())));
        }
        for (var left = reader.U16(); left > 0; left--)
        {
            var marks = memory._epochs[reader.U64()] = [];
            for (var n = reader.Count(8); n > 0; n--) marks.Add(reader.U64());
        }
        reader.End();
        return memory;
    }

    /// <summary>Drops runs of devices that the class no longer has.</summary>
    public void Keep(Func<DeviceId, bool> present)
    {
        foreach (var device in _runs.Keys.Where(device => !present(device)).ToArray()) _runs.Remove(device);
    }
}
