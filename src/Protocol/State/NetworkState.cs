using System.Collections.Immutable;
using DePin.Cryptography;
using DePin.Protocol.Proofs;

namespace DePin.Protocol.State;


/// <summary>A class's own bytes.</summary>
public readonly record struct ClassState(ClassId Class, ReadOnlyMemory<byte> Bytes);

/// <summary>A device's standing, in millionths; not used in rules version 1.</summary>
public readonly record struct Reputation(DeviceId Device, uint Ppm);

/// <summary>What an account has earned in all epochs, and the chain of its line items.</summary>
/// <param name="Account">The payout account; its index is the entry's place.</param>
/// <param name="Cumulative">Base units; never falls.</param>
/// <param name="ItemsHash">Chain over the lines of every epoch in which it earned; zero before the first.</param>
public readonly record struct LedgerEntry(AccountId Account, UInt128 Cumulative, Bytes32 ItemsHash);

/// <summary>
/// Everything that an epoch hands to the next: watermarks, class states, reputation, ledger, and proofs that wait for their epoch. Immutable
/// and canonical: equal states have equal bytes, and the root in a report commits to them.
/// </summary>
public sealed class NetworkState
{
    private Bytes32? _root;

    internal NetworkState(
        ImmutableArray<Watermark> watermarks, ImmutableArray<ClassState> classes, ImmutableArray<Reputation> reputation,
        ImmutableArray<LedgerEntry> ledger, ImmutableArray<DeviceProof> deferred)
    {
        Watermarks = watermarks;
        Classes = classes;
        Reputation = reputation;
        Ledger = ledger;
        Deferred = deferred;
    }

    /// <summary>The state before the first epoch.</summary>
    public static NetworkState Genesis { get; } = new([], [], [], [], []);

    /// <summary>Ascending by device id.</summary>
    public ImmutableArray<Watermark> Watermarks { get; }

    /// <summary>Ascending by class; a class with empty state is left out.</summary>
    public ImmutableArray<ClassState> Classes { get; }

    /// <summary>Ascending by device id.</summary>
    public ImmutableArray<Reputation> Reputation { get; }

    /// <summary>By payout index.</summary>
    public ImmutableArray<LedgerEntry> Ledger { get; }

    /// <summary>Proofs of this and earlier cuts whose time lay past the period's end: judged in the next epoch. Ascending by proof id.</summary>
    public ImmutableArray<DeviceProof> Deferred { get; }

    /// <summary>The state root of docs/protocol.md, "State".</summary>
    public Bytes32 Root => _root ??= NetworkStateCodec.RootOf(this);

    /// <summary>What earlier cuts held of the device, or null where they held nothing.</summary>
    public Watermark? WatermarkOf(DeviceId device)
    {
        var (low, high) = (0, Watermarks.Length - 1);
        while (low <= high)
        {
            var middle = (int)(((uint)low + (uint)high) >> 1);
            var order = Watermarks[middle].Device.CompareTo(device);
            if (order == 0) return Watermarks[middle];
            if (order < 0) low = middle + 1;
            else high = middle - 1;
        }
        return null;
    }

    /// <summary>The class's own bytes; empty where it has none.</summary>
    public ReadOnlyMemory<byte> StateOf(ClassId id)
    {
        foreach (var entry in Classes)
        {
            if (entry.Class == id) return entry.Bytes;
        }
        return default;
    }

    /// <summary>The canonical bytes: docs/protocol.md, "State".</summary>
    public byte[] ToBytes() => NetworkStateCodec.Encode(this);

    /// <summary>Reads canonical bytes.</summary>
    /// <exception cref="Canonical.CanonicalFormatException">The bytes are not exactly a state in canonical order.</exception>
    public static NetworkState Parse(ReadOnlyMemory<byte> bytes) => NetworkStateCodec.Decode(bytes);
}
