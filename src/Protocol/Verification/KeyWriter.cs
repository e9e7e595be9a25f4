using DePin.Cryptography;

namespace DePin.Protocol.Verification;

/// <summary>Collects the grouping keys of items; a key written twice for one item counts once.</summary>
public sealed class KeyWriter
{
    private readonly List<(Bytes32 Key, int Item)> _entries = [];
    private int _item;

    /// <summary>Puts the present item under <paramref name="key"/>.</summary>
    public void Add(in Bytes32 key) => _entries.Add((key, _item));

    internal void Begin(int item) => _item = item;

    /// <summary>The entries by (key, item), without doubles.</summary>
    internal (Bytes32 Key, int Item)[] Sorted()
    {
        var entries = _entries.ToArray();
        Array.Sort(entries, static (a, b) => a.Key == b.Key ? a.Item.CompareTo(b.Item) : a.Key.CompareTo(b.Key));
        var kept = 0;
        for (var i = 0; i < entries.Length; i++)
        {
            if (i == 0 || entries[i] != entries[i - 1]) entries[kept++] = entries[i];
        }
        return entries[..kept];
    }
}
