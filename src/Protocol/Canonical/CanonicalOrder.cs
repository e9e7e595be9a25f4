using System.Buffers.Binary;
using DePin.Cryptography;

namespace DePin.Protocol.Canonical;

/// <summary>
/// Sorts many objects without touching them at each comparison: by numbers that are read once, and by the objects only where those are equal. The order is
/// that of a plain sort; a million proofs sort several times faster.
/// </summary>
internal static class CanonicalOrder
{
    /// <summary>The places 0 … count − 1 in ascending order of (major, minor), then of <paramref name="tie"/>.</summary>
    public static int[] Of(int count, Func<int, (ulong Major, ulong Minor)> keys, Comparison<int> tie)
    {
        var entries = new Entry[count];
        for (var i = 0; i < count; i++)
        {
            var (major, minor) = keys(i);
            entries[i] = new Entry(major, minor, i);
        }
        entries.AsSpan().Sort(new EntryOrder(tie));
        var places = new int[count];
        for (var i = 0; i < count; i++) places[i] = entries[i].Place;
        return places;
    }

    /// <summary>The places in ascending order of their words.</summary>
    public static int[] OfWords(int count, Func<int, Bytes32> word) => Of(count, i => Keys(word(i)), (a, b) => word(a).CompareTo(word(b)));

    /// <summary>The first 16 bytes, whose order is the word's unless they are equal.</summary>
    private static (ulong Major, ulong Minor) Keys(Bytes32 word)
    {
        var bytes = word.AsSpan();
        return (BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));
    }

    private readonly record struct Entry(ulong Major, ulong Minor, int Place);

    private readonly struct EntryOrder(Comparison<int> tie) : IComparer<Entry>
    {
        public int Compare(Entry a, Entry b)
        {
            if (a.Major != b.Major) return a.Major < b.Major ? -1 : 1;
            if (a.Minor != b.Minor) return a.Minor < b.Minor ? -1 : 1;
            return a.Place == b.Place ? 0 : tie(a.Place, b.Place);
        }
    }
}
