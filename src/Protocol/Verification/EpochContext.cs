using System.Collections.Immutable;
using DePin.Cryptography;
using DePin.Protocol.Epochs;
using DePin.Protocol.Registry;

namespace DePin.Protocol.Verification;

/// <summary>What a class may read besides its items: the epoch, its seed, the devices of the class, and its own previous state.</summary>
public sealed class EpochContext(NetworkId network, EpochWindow window, Bytes32 seed, ImmutableArray<DeviceView> devices, ReadOnlyMemory<byte> previousState)
{
    /// <summary>The network.</summary>
    public NetworkId Network { get; } = network;

    /// <summary>The epoch and its period.</summary>
    public EpochWindow Window { get; } = window;

    /// <summary>The epoch's challenge seed: unknown before the period began.</summary>
    public Bytes32 Seed { get; } = seed;

    /// <summary>The active devices of this class at the anchor, ascending by device id, with or without items.</summary>
    public ImmutableArray<DeviceView> Devices { get; } = devices;

    /// <summary>What <see cref="IResourceClass.Score"/> returned in the epoch before; empty in the first.</summary>
    public ReadOnlyMemory<byte> PreviousState { get; } = previousState;

    /// <summary>The active device of this class with this id, or null.</summary>
    public DeviceView? FindDevice(DeviceId id)
    {
        var (low, high) = (0, Devices.Length - 1);
        while (low <= high)
        {
            var middle = (int)(((uint)low + (uint)high) >> 1);
            var order = Devices[middle].Id.CompareTo(id);
            if (order == 0) return Devices[middle];
            if (order < 0) low = middle + 1;
            else high = middle - 1;
        }
        return null;
    }
}
