using DePin.Cryptography;
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

    /// <summary>Orders items and verdicts (parallel arrays, kept) by proof id.</summary>
    /// <exception cref="ArgumentException">The arrays differ in length, or a proof occurs twice.</exception>
    public Population(ProofItem[] items, Verdict[] verdicts)
    {
        if (items.Length != verdicts.Length) throw new ArgumentException("There must be one verdict for each item.", nameof(verdicts));
        _items = items;
        _verdicts = verdicts;
        Array.Sort(items, verdicts, ById);
        for (var i = 1; i < items.Length; i++)
        {
            if (items[i - 1].Id == items[i].Id) throw new ArgumentException($"Proof {items[i].Id} occurs twice.", nameof(items));
        }

        _byDevice = new int[items.Length];
        for (var i = 0; i < items.Length; i++) _byDevice[i] = i;
        Array.Sort(_byDevice, CompareByDevice);
        var starts = new List<int>();
        for (var i = 0; i < items.Length; i++)
        {
            if (i == 0 || items[_byDevice[i]].Device.Id != items[_byDevice[i - 1]].Device.Id) starts.Add(i);
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

    private static Comparer<ProofItem> ById { get; } = Comparer<ProofItem>.Create(static (a, b) => a.Id.CompareTo(b.Id));

    private int CompareByDevice(int a, int b)
    {
        var (left, right) = (_items[a].Proof, _items[b].Proof);
        var order = left.Device.CompareTo(right.Device);
        if (order == 0) order = left.TimeMs.CompareTo(right.TimeMs);
        return order == 0 ? left.Sequence.CompareTo(right.Sequence) : order;
    }
}
