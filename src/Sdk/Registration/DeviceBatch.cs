using DePin.Cryptography;

namespace DePin.Sdk.Registration;

/// <summary>
/// A maker's batch: the tree over keccak(keccak(device id · model id)) with pairs hashed in ascending order, as the registry checks it
/// with OpenZeppelin's MerkleProof. An odd node moves up unpaired.
/// </summary>
public sealed class DeviceBatch
{
    private readonly Bytes32[][] levels;
    private readonly Dictionary<Bytes32, int> places = [];

    /// <summary>Builds the tree over distinct devices.</summary>
    /// <exception cref="ArgumentException">There is none, or one is listed twice.</exception>
    public DeviceBatch(IReadOnlyList<(Bytes32 DeviceId, uint ModelId)> devices)
    {
        if (devices.Count == 0) throw new ArgumentException("A batch has at least one device.", nameof(devices));
        var leaves = new Bytes32[devices.Count];
        for (var i = 0; i < leaves.Length; i++)
        {
            if (!places.TryAdd(devices[i].DeviceId, i)) throw new ArgumentException($"Device {devices[i].DeviceId} is listed twice.", nameof(devices));
            leaves[i] = Keccak256.Hash(Keccak256.Hash(devices[i].DeviceId.AsSpan(), Bytes32.FromUInt64(devices[i].ModelId).AsSpan()).AsSpan());
        }

        var built = new List<Bytes32[]> { leaves };
        while (built[^1].Length > 1) built.Add(Above(built[^1]));
        levels = [.. built];
    }

    /// <summary>What the maker publishes.</summary>
    public Bytes32 Root => levels[^1][0];

    /// <summary>Number of devices.</summary>
    public int Count => levels[0].Length;

    /// <summary>Siblings of a device, bottom first.</summary>
    /// <exception cref="KeyNotFoundException">It is not in the batch.</exception>
    public Bytes32[] Prove(Bytes32 deviceId)
    {
        var place = places[deviceId];
        var siblings = new List<Bytes32>();
        foreach (var level in levels.AsSpan(0, levels.Length - 1))
        {
            var sibling = place ^ 1;
            if (sibling < level.Length) siblings.Add(level[sibling]);
            place >>= 1;
        }

        return [.. siblings];
    }

    private static Bytes32[] Above(Bytes32[] level)
    {
        var above = new Bytes32[(level.Length + 1) / 2];
        for (var i = 0; i < above.Length; i++)
        {
            var left = level[2 * i];
            above[i] = 2 * i + 1 == level.Length ? left : left < level[2 * i + 1] ? Keccak256.Hash(left, level[2 * i + 1]) : Keccak256.Hash(level[2 * i + 1], left);
        }

        return above;
    }
}
