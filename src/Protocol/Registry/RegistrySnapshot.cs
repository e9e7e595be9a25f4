using System.Collections.Immutable;
using DePin.Cryptography;

namespace DePin.Protocol.Registry;

/// <summary>
/// The chain as an epoch sees it: everything that the computation reads of it, frozen at the anchor block. Immutable, ordered, and
/// the same bytes at every operator that follows the same chain. Made by <see cref="RegistrySnapshotBuilder"/> or <see cref="Parse"/>.
/// </summary>
public sealed class RegistrySnapshot
{
    private byte[]? _bytes;

    internal RegistrySnapshot(
        NetworkConfig config, ulong anchorNumber, Bytes32 anchorHash, ulong anchorTimestamp, Bytes32 seedBlockHash, UInt128 budget,
        ImmutableArray<DeviceRecord> devices, ImmutableArray<AccountId> payoutAccounts, ImmutableArray<ProviderStake> stakes)
    {
        Config = config;
        AnchorNumber = anchorNumber;
        AnchorHash = anchorHash;
        AnchorTimestamp = anchorTimestamp;
        SeedBlockHash = seedBlockHash;
        Budget = budget;
        Devices = devices;
        PayoutAccounts = payoutAccounts;
        Stakes = stakes;
    }

    /// <summary>The config in force in the epoch.</summary>
    public NetworkConfig Config { get; }

    /// <summary>The last block with a timestamp before the period's end.</summary>
    public ulong AnchorNumber { get; }

    /// <summary>Its hash.</summary>
    public Bytes32 AnchorHash { get; }

    /// <summary>Its timestamp, in seconds.</summary>
    public ulong AnchorTimestamp { get; }

    /// <summary>Hash of the first finalized block at or after the period's start, from which the challenge seed follows.</summary>
    public Bytes32 SeedBlockHash { get; }

    /// <summary>What the emission allows devices to earn in this epoch, in base units.</summary>
    public UInt128 Budget { get; }

    /// <summary>Every registered device, ascending by device id.</summary>
    public ImmutableArray<DeviceRecord> Devices { get; }

    /// <summary>The payout accounts by their permanent index.</summary>
    public ImmutableArray<AccountId> PayoutAccounts { get; }

    /// <summary>Stakes above zero, ascending by provider.</summary>
    public ImmutableArray<ProviderStake> Stakes { get; }

    /// <summary>SHA-256 of <see cref="ToBytes"/>; enters the manifest.</summary>
    public Bytes32 Hash => Sha256.Hash(ToBytes());

    /// <summary>The device, or null where none has this id at the anchor.</summary>
    public DeviceRecord? FindDevice(DeviceId id)
    {
        var at = IndexOfDevice(id);
        return at < 0 ? null : Devices[at];
    }

    /// <summary>Place of the device in <see cref="Devices"/>, or a negative number.</summary>
    public int IndexOfDevice(DeviceId id)
    {
        var (low, high) = (0, Devices.Length - 1);
        while (low <= high)
        {
            var middle = (int)(((uint)low + (uint)high) >> 1);
            var order = Devices[middle].Id.CompareTo(id);
            if (order == 0) return middle;
            if (order < 0) low = middle + 1;
            else high = middle - 1;
        }
        return ~low;
    }

    /// <summary>The provider's active stake in base units; zero where it has none.</summary>
    public UInt128 StakeOf(AccountId provider)
    {
        var (low, high) = (0, Stakes.Length - 1);
        while (low <= high)
        {
            var middle = (int)(((uint)low + (uint)high) >> 1);
            var order = Stakes[middle].Provider.CompareTo(provider);
            if (order == 0) return Stakes[middle].Amount;
            if (order < 0) low = middle + 1;
            else high = middle - 1;
        }
        return 0;
    }

    /// <summary>The canonical bytes: docs/protocol.md, "Registry snapshot".</summary>
    public ReadOnlySpan<byte> ToBytes() => _bytes ??= RegistrySnapshotCodec.Encode(this);

    /// <summary>Reads canonical bytes.</summary>
    /// <exception cref="Canonical.CanonicalFormatException">The bytes are not exactly a snapshot in canonical order.</exception>
    public static RegistrySnapshot Parse(ReadOnlySpan<byte> bytes) => RegistrySnapshotCodec.Decode(bytes);
}

/// <summary>Collects a snapshot in any order and freezes it in the canonical one.</summary>
public sealed class RegistrySnapshotBuilder(NetworkConfig config)
{
    private readonly List<DeviceRecord> _devices = [];
    private readonly List<AccountId> _accounts = [];
    private readonly List<ProviderStake> _stakes = [];

    /// <summary>Number of the anchor block.</summary>
    public ulong AnchorNumber { get; set; }

    /// <summary>Hash of the anchor block.</summary>
    public Bytes32 AnchorHash { get; set; }

    /// <summary>Timestamp of the anchor block, in seconds.</summary>
    public ulong AnchorTimestamp { get; set; }

    /// <summary>Hash of the first finalized block at or after the period's start.</summary>
    public Bytes32 SeedBlockHash { get; set; }

    /// <summary>Base units that devices may earn in the epoch.</summary>
    public UInt128 Budget { get; set; }

    /// <summary>Adds a device.</summary>
    public RegistrySnapshotBuilder Add(DeviceRecord device)
    {
        _devices.Add(device);
        return this;
    }

    /// <summary>Adds the account of the next payout index, from 0.</summary>
    public RegistrySnapshotBuilder AddPayoutAccount(AccountId account)
    {
        _accounts.Add(account);
        return this;
    }

    /// <summary>Adds a provider's active stake; zero is left out.</summary>
    public RegistrySnapshotBuilder AddStake(AccountId provider, UInt128 amount)
    {
        if (amount != 0) _stakes.Add(new ProviderStake(provider, amount));
        return this;
    }

    /// <summary>The snapshot.</summary>
    /// <exception cref="InvalidOperationException">A device id, token, payout account or staked provider occurs twice, or a device id is not that of its key.</exception>
    public RegistrySnapshot Build()
    {
        _devices.Sort((a, b) => a.Id.CompareTo(b.Id));
        _stakes.Sort((a, b) => a.Provider.CompareTo(b.Provider));
        var snapshot = new RegistrySnapshot(
            config, AnchorNumber, AnchorHash, AnchorTimestamp, SeedBlockHash, Budget, [.. _devices], [.. _accounts], [.. _stakes]);
        if (RegistrySnapshotCodec.FindFault(snapshot) is { } fault) throw new InvalidOperationException($"The registry snapshot is inconsistent: {fault}.");
        return snapshot;
    }
}
