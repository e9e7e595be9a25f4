using DePin.Cryptography;
using DePin.Protocol.Canonical;
using DePin.Protocol.Registry;

namespace DePin.Protocol.Verification;

/// <summary>The items of one device in a population.</summary>
public readonly ref struct DeviceItems(DeviceView device, ReadOnlySpan<int> items)
{
    /// <summary>Whose they are.</summary>
    public DeviceView Device { get; } = device;

    /// <summary>Places in the population, ascending by (time, sequence).</summary>
    public ReadOnlySpan<int> Items { get; } = items;
}

/// <summary>Items that share a key.</summary>
public readonly ref struct ItemGroup(Bytes32 key, ReadOnlySpan<int> items, Population population)
{
    /// <summary>The key that each of them wrote.</summary>
    public Bytes32 Key { get; } = key;

    /// <summary>Places in the population, ascending by proof id; none of them rejected by the item layer.</summary>
    public ReadOnlySpan<int> Items { get; } = items;

    /// <summary>Where the places point to.</summary>
    public Population Population { get; } = population;
}

/// <summary>All items of one class in one epoch, with their verdicts as the layers before the present one left them.</summary>
public sealed class Population
{
    private readonly ProofItem[] _items;
    private readonly Verdict[] _verdicts;
    private readonly int[] _byDevice;
    private readonly int[] _starts;

    /// <summary>Orders items and verdicts (parallel arrays) by proof id.</summary>
    /// <exception cref="ArgumentException">The arrays differ in length, or a proof occurs twice.</exception>
    public Population(ProofItem[] items, Verdict[] verdicts)
    {
        if (items.Length != verdicts.Length) throw new ArgumentException("There must be one verdict for each item.", nameof(verdicts));
        var ranks = RankDevices(items);
        var order = CanonicalOrder.OfWords(items.Length, i => items[i].Id.Value);
        _items = new ProofItem[items.Length];
        _verdicts = new Verdict[items.Length];
        for (var i = 0; i < order.Length; i++)
        {
            _items[i] = items[order[i]];
            _verdicts[i] = verdicts[order[i]];
            if (i > 0 && _items[i - 1].Id == _items[i].Id) throw new ArgumentException($"Proof {_items[i].Id} occurs twice.", nameof(items));
        }

        _byDevice = CanonicalOrder.Of(order.Length, i => (ranks[order[i]], _items[i].TimeMs), (a, b) => _items[a].Proof.Sequence.CompareTo(_items[b].Proof.Sequence));
        var starts = new List<int>();
        for (var i = 0; i < items.Length; i++)
        {
            if (i == 0 || _items[_byDevice[i]].Device.Id != _items[_byDevice[i - 1]].Device.Id) starts.Add(i);
        }
        starts.Add(items.Length);
        _starts = [.. starts];
    }

    /// <summary>The items, ascending by proof id.</summary>
    public ReadOnlySpan<ProofItem> Items => _items;

    /// <summary>The verdicts of <see cref="Items"/>.</summary>
    public ReadOnlySpan<Verdict> Verdicts => _verdicts;

    /// <summary>How many devices have items.</summary>
    public int DeviceCount => _starts.Length - 1;

    /// <summary>The devices that have items, by number, ascending by device id.</summary>
    public DeviceItems DeviceAt(int number) =>
        new(_items[_byDevice[_starts[number]]].Device, _byDevice.AsSpan(_starts[number], _starts[number + 1] - _starts[number]));

    /// <summary>The engine's way in: nothing else writes verdicts.</summary>
    internal Span<Verdict> Mutable => _verdicts;

    // The engine brings items device by device; then a number for each device is one pass. Any other order costs a sort of the devices.
    private static ulong[] RankDevices(ProofItem[] items)
    {
        var ranks = new ulong[items.Length];
        for (var i = 1; i < items.Length; i++)
        {
            var order = items[i - 1].Device.Id.CompareTo(items[i].Device.Id);
            if (order > 0) return RankUnordered(items);
            ranks[i] = ranks[i - 1] + (order < 0 ? 1UL : 0);
        }
        return ranks;
    }

    private static ulong[] RankUnordered(ProofItem[] items)
    {
        var ranks = new ulong[items.Length];
        var order = CanonicalOrder.OfWords(items.Length, i => items[i].Device.Id.Value);
        for (var i = 1; i < order.Length; i++)
            ranks[order[i]] = ranks[order[i - 1]] + (items[order[i]].Device.Id == items[order[i - 1]].Device.Id ? 0 : 1UL);
        return ranks;
    }
}
