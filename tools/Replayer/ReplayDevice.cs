using DePin.Adversaries;
using DePin.Cryptography;
using DePin.DataSets;
using DePin.Protocol;

namespace DePin.Replayer;

/// <summary>A device with its keys: it is registered as what it asserts, and says what its data set, or the adversary in it, makes it say.</summary>
/// <param name="Source">Where it comes from; its cell is the one that it asserts.</param>
/// <param name="Key">Its key.</param>
/// <param name="Provider">The account that owns it and is paid for it.</param>
/// <param name="Newcomer">Whether it registers after all others.</param>
/// <param name="Speaker">Signs what it says.</param>
public sealed record ReplayDevice(DataDevice Source, PrivateKey Key, PrivateKey Provider, bool Newcomer, Speaker Speaker)
{
    /// <summary>Its id.</summary>
    public DeviceId Id => Speaker.Id;

    /// <summary>The devices of all sets, in a fixed order; one that occurs in several sets is one device.</summary>
    /// <param name="network">Part of every proof.</param>
    /// <param name="casts">The sets, and who in them is an adversary.</param>
    /// <param name="seed">Keys follow from it.</param>
    /// <param name="account">The type of key that a provider's account has on the network's chain.</param>
    /// <returns>For each set the devices by their index in it, and all once.</returns>
    public static (IReadOnlyList<IReadOnlyList<ReplayDevice>> BySet, IReadOnlyList<ReplayDevice> All) Create(NetworkId network, IReadOnlyList<Cast> casts, string seed, KeyType account = KeyType.Secp256k1)
    {
        var sources = casts.SelectMany(cast => cast.Set.Devices).DistinctBy(device => device.Name).ToList();
        // The first key of the same type after its own; alone of its type it finds a stranger's.
        PrivateKey Anothers(int index) => Enumerable.Range(1, sources.Count - 1).Select(step => (index + step) % sources.Count)
            .Where(other => SeededKeys.TypeOf(other) == SeededKeys.TypeOf(index)).Select(other => SeededKeys.Of(seed, sources[other].Name, SeededKeys.TypeOf(other)))
            .FirstOrDefault() ?? SeededKeys.Of(seed, "another", SeededKeys.TypeOf(index));

        var byName = new Dictionary<string, ReplayDevice>(StringComparer.Ordinal);
        for (var index = 0; index < sources.Count; index++)
        {
            var (source, type) = (sources[index], SeededKeys.TypeOf(index));
            var parts = casts.Select(cast => (Cast: cast, Device: IndexOf(cast.Set, source.Name))).Where(part => part.Device >= 0).ToList();
            foreach (var (cast, device) in parts)
                if (cast.AssertedCells.TryGetValue(device, out var cell)) source = source with { Cell = cell };
            var key = SeededKeys.Of(seed, source.Name, type);
            byName[source.Name] = new ReplayDevice(
                source, key, SeededKeys.Of(seed, source.Provider, account), parts.Exists(part => part.Cast.Newcomers.Contains(part.Device)),
                new Speaker(network, source, key, Anothers(index), SeededKeys.Of(seed, $"{source.Name} revoked", type)));
        }

        return ([.. casts.Select(cast => (IReadOnlyList<ReplayDevice>)[.. cast.Set.Devices.Select(device => byName[device.Name])])], [.. byName.Values]);
    }

    private static int IndexOf(DataSet set, string name)
    {
        for (var n = 0; n < set.Devices.Count; n++)
            if (set.Devices[n].Name == name) return n;
        return -1;
    }
}
