using System.Collections.Immutable;
using System.Text;
using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Chain.Deployment;
using DePin.Chain.Rpc;
using DePin.Chain.Solana;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.DeviceSdk;
using DePin.Protocol;

namespace DePin.Sdk.Network;

/// <summary>A network on a Solana cluster, as confirmed blocks have it: what the mirror reads, too.</summary>
/// <param name="rpc">The cluster.</param>
/// <param name="manifest">Of the network's deployment.</param>
/// <param name="time">Its clock.</param>
public sealed class SolanaNetworkAccess(SolanaRpc rpc, SolanaNetworkManifest manifest, TimeProvider? time = null) : INetworkAccess
{
    private const ulong LookBack = 64; // slots, of which a cluster may skip a few

    /// <summary>Wall-clock time after which an operator that follows the chain has read what was confirmed.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(1);

    private readonly TimeProvider clock = time ?? TimeProvider.System;
    private readonly SolanaNetwork accounts = manifest.Accounts;
    private readonly Lock gate = new();
    private (long Seen, ulong Newest, ulong Settled)? read;

    /// <summary>The cluster's nodes.</summary>
    public SolanaRpc Rpc => rpc;

    /// <summary>Where the network's accounts are.</summary>
    public SolanaNetwork Accounts => accounts;

    /// <summary>The cluster's genesis hash, as the manifest has it.</summary>
    public Bytes32 Cluster { get; } = manifest.Cluster;

    /// <inheritdoc/>
    public NetworkId Id { get; } = manifest.Id;

    /// <inheritdoc/>
    public ChainKind Kind => ChainKind.Solana;

    /// <inheritdoc/>
    public async Task CheckChainAsync(CancellationToken ct)
    {
        var genesis = await rpc.GetGenesisHashAsync(ct).ConfigureAwait(false);
        if (genesis != Cluster)
            throw new InvalidOperationException($"The node is of the cluster with genesis {Base58.Encode(genesis.AsSpan())}; network {manifest.Network} is on that with genesis {manifest.ChainGenesisHash}. Name the right node with --rpc, or the right manifest with --network.");
    }

    /// <inheritdoc/>
    public async Task<ulong> GetGenesisAsync(CancellationToken ct) => (await ReadNetworkAsync(ct).ConfigureAwait(false)).Genesis;

    /// <inheritdoc/>
    public Task<ulong> GetTimeAsync(CancellationToken ct) => TimeAtAsync(Finality.Safe, ct);

    /// <summary>The time that was the newest a second ago at least, when this was asked; at first the newest finalized block's. A block's number says nothing here: many slots may pass at once.</summary>
    public async Task<ulong> GetSettledTimeAsync(CancellationToken ct)
    {
        var newest = await GetTimeAsync(ct).ConfigureAwait(false);
        var rooted = IsFirst() ? await TimeAtAsync(Finality.Finalized, ct).ConfigureAwait(false) : 0;
        lock (gate)
        {
            if (read is not { } before) read = (clock.GetTimestamp(), newest, rooted);
            else if (clock.GetElapsedTime(before.Seen) >= Settling) read = (clock.GetTimestamp(), Math.Max(newest, before.Newest), before.Newest);
            return read.Value.Settled;
        }
    }

    /// <inheritdoc/>
    public async Task<ImmutableArray<OperatorEndpoint>> GetOperatorsAsync(CancellationToken ct)
    {
        var network = await ReadNetworkAsync(ct).ConfigureAwait(false);
        var now = await GetTimeAsync(ct).ConfigureAwait(false);
        var epoch = now < network.Genesis ? 1 : ((now - network.Genesis) / network.EpochLength) + 1;
        var ledger = await rpc.ReadAsync<Depin.LedgerAccount>(accounts.Program, accounts.Ledger, Finality.Safe, ct).ConfigureAwait(false);
        var number = ledger.ConfigAt(epoch) ?? throw new InvalidOperationException("The network has no operators yet. Its owner must schedule a set of them.");
        var config = await rpc.ReadAsync<Depin.ConfigAccount>(accounts.Program, accounts.Config(number), Finality.Safe, ct).ConfigureAwait(false);
        var members = config.Members.Take(config.N).ToArray();
        var entries = await rpc.FindManyAsync<Depin.OperatorAccount>(accounts.Program, [.. members.Select(m => accounts.Operator(m.ReportKey))], Finality.Safe, ct).ConfigureAwait(false);
        return [.. members.Zip(entries, (member, entry) => entry is { } there
            ? new OperatorEndpoint(member.ReportKey, NetworkAccess.EndpointOf(member.ReportKey, Encoding.UTF8.GetString(there.Endpoint.AsSpan(0, there.EndpointLength))), member.ProtocolKey)
            : throw new InvalidOperationException($"The node has no account of operator {member.ReportKey}, whom config {number} names: it lags. Name another with --rpc."))];
    }

    /// <inheritdoc/>
    public async Task<RegisteredDevice?> FindDeviceAsync(Bytes32 deviceId, CancellationToken ct)
    {
        if (await FindAccountAsync(deviceId, ct).ConfigureAwait(false) is not { } found) return null;
        var model = await rpc.ReadAsync<Depin.DeviceModelAccount>(accounts.Program, accounts.Model(found.Device.ModelId), Finality.Safe, ct).ConfigureAwait(false);
        return new RegisteredDevice(found.Device.Token, found.Device.ModelId, model.Class);
    }

    /// <summary>A device's account by the id of its present key: that account stands at the id of its first. Null where no device has the key now.</summary>
    public async Task<(SolanaAddress Address, Depin.DeviceAccount Device)?> FindAccountAsync(Bytes32 deviceId, CancellationToken ct)
    {
        var address = accounts.Device(deviceId);
        var device = await rpc.FindAsync<Depin.DeviceAccount>(accounts.Program, address, Finality.Safe, ct).ConfigureAwait(false);
        if (device is null && await rpc.FindAsync<Depin.DeviceKeyAccount>(accounts.Program, address, Finality.Safe, ct).ConfigureAwait(false) is { } later)
            device = await rpc.ReadAsync<Depin.DeviceAccount>(accounts.Program, address = later.Device, Finality.Safe, ct).ConfigureAwait(false);
        return device is { } there && there.DeviceId == deviceId ? (address, there) : null;
    }

    private bool IsFirst()
    {
        lock (gate) return read is null;
    }

    private Task<Depin.NetworkAccount> ReadNetworkAsync(CancellationToken ct) => rpc.ReadAsync<Depin.NetworkAccount>(accounts.Program, accounts.Account, Finality.Safe, ct);

    // Of the newest block whose time the node has: it may be a moment late for the very last.
    private async Task<ulong> TimeAtAsync(Finality finality, CancellationToken ct)
    {
        var newest = await rpc.GetSlotAsync(finality, ct).ConfigureAwait(false);
        for (var slot = newest; slot + LookBack > newest; slot--)
        {
            try
            {
                if (await rpc.GetBlockTimeAsync(slot, ct).ConfigureAwait(false) is { } at) return checked((ulong)at);
            }
            catch (SolanaRpcException e) when (e.Kind is RpcErrorKind.SlotSkipped or RpcErrorKind.BlockNotAvailable)
            {
                // The one before it.
            }

            if (slot == 0) break;
        }

        throw new InvalidOperationException($"The node does not know when slot {newest} was, or any of the {LookBack} before it. Name another with --rpc.");
    }
}
