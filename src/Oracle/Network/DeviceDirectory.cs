using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Registry;
using DePin.Protocol.State;
using DePin.Storage.Oracle;

namespace DePin.Oracle.Network;

/// <summary>A device as ingest knows it. The key is parsed once; the limit lives here.</summary>
public sealed class KnownDevice(PublicKey key, DeviceView view)
{
    private long _bucket;
    private volatile DeviceView _view = view;
    private volatile StrongBox<Watermark>? _watermark;

    /// <summary>Its key.</summary>
    public PublicKey Key { get; } = key;

    /// <summary>What its class may know of it, as of the newest mirrored block.</summary>
    public DeviceView View
    {
        get => _view;
        internal set => _view = value;
    }

    /// <summary>Whether the newest mirrored block has it active with this key.</summary>
    public bool IsActive { get; internal set; }

    /// <summary>Unix seconds of the block that made this key a device's. The anchor of a period that ended by then does not know it.</summary>
    public ulong Since { get; internal set; }

    /// <summary>Which sequences earlier cuts took of it, by the last accepted report's state; null where they took none.</summary>
    public Watermark? Watermark
    {
        get => _watermark?.Value;
        set => _watermark = value is { } mark ? new StrongBox<Watermark>(mark) : null;
    }

    /// <summary>How long until the device may send again; zero = now. Takes nothing: forged proofs must not use up a device's limit.</summary>
    public TimeSpan Wait(BucketRule rule, long now) => rule.Wait(ref _bucket, now);

    /// <summary>Takes one token of the device's limit; zero where there was one, else how long to wait.</summary>
    public TimeSpan TryTake(BucketRule rule, long now) => rule.TryTake(ref _bucket, now);
}

/// <summary>
/// Every device key the network ever had, in memory, from the operator's own mirror. Read by all ingest threads, written by one
/// refresher. Keys stay when a device retires or rotates: peers' batches may still hold its proofs.
/// </summary>
public sealed class DeviceDirectory
{
    private readonly ConcurrentDictionary<DeviceId, KnownDevice> _devices = new();
    private readonly Dictionary<long, DeviceId> _current = [];

    /// <summary>Number of keys.</summary>
    public int Count => _devices.Count;

    /// <summary>The device with this key; false where the mirror has none (yet).</summary>
    public bool TryGet(DeviceId id, [NotNullWhen(true)] out KnownDevice? device) => _devices.TryGetValue(id, out device);

    /// <summary>Takes in versions in the order in which they came to be. Called by one thread at a time; repeats do no harm.</summary>
    public void Apply(IEnumerable<DeviceVersion> versions)
    {
        foreach (var version in versions)
        {
            var id = new DeviceId(version.DeviceId);
            if (!_devices.TryGetValue(id, out var device))
            {
                // The contract has checked the key; one that does not parse can sign nothing.
                if (!PublicKey.TryCreate((KeyType)version.KeyType, version.PublicKey, out var key)) continue;
                _devices[id] = device = new KnownDevice(key, ViewOf(version));
            }
            else
            {
                device.View = ViewOf(version);
            }

            device.Since = (ulong)version.KnownSince;
            if (_current.TryGetValue(version.TokenId, out var before) && before != id) _devices[before].IsActive = false;
            _current[version.TokenId] = id;
            device.IsActive = version is { Current: true, Status: "active" };
        }
    }

    private static DeviceView ViewOf(DeviceVersion version) => new(
        new DeviceId(version.DeviceId), new ClassId((ushort)version.Class), (uint)version.ModelId, (uint)version.Capabilities, (uint)version.Cadence,
        version.Cell, (ulong)version.RegisteredAt, version.Metadata);
}
