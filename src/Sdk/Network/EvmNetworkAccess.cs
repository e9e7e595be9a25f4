using System.Collections.Immutable;
using DePin.Chain.Deployment;
using DePin.Chain.Evm;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.DeviceSdk;
using DePin.Protocol;

namespace DePin.Sdk.Network;

/// <summary>Contracts of a network, by what they do.</summary>
public sealed record NetworkContracts(
    Address Token, Address Devices, Address Payouts, Address Staking, Address Operators, Address Verifier, Address Distributor, Address Emission)
{
    /// <summary>As the manifest names them.</summary>
    public static NetworkContracts From(EvmNetworkManifest manifest) => new(
        manifest.AddressOf("NetworkToken"), manifest.AddressOf("DeviceRegistry"), manifest.AddressOf("PayoutRegistry"), manifest.AddressOf("ProviderStaking"),
        manifest.AddressOf("OperatorRegistry"), manifest.AddressOf("ReportVerifier"), manifest.AddressOf("RewardDistributor"), manifest.AddressOf("EmissionController"));
}

/// <summary>A network on an EVM chain.</summary>
/// <param name="rpc">The node.</param>
/// <param name="manifest">Of the network's deployment.</param>
public sealed class EvmNetworkAccess(EvmRpc rpc, EvmNetworkManifest manifest) : INetworkAccess
{
    private readonly NetworkContracts contracts = NetworkContracts.From(manifest);

    /// <summary>The node.</summary>
    public EvmRpc Rpc => rpc;

    /// <inheritdoc/>
    public NetworkId Id { get; } = manifest.Id;

    /// <inheritdoc/>
    public ChainKind Kind => ChainKind.Evm;

    /// <summary>Its contracts.</summary>
    public NetworkContracts Contracts => contracts;

    /// <inheritdoc/>
    public async Task CheckChainAsync(CancellationToken ct)
    {
        var chain = await rpc.GetChainIdAsync(ct).ConfigureAwait(false);
        var first = chain == manifest.ChainId ? await rpc.GetHeaderAsync(BlockTag.At(0), ct).ConfigureAwait(false) : null;
        if (first?.Hash.ToString() != manifest.ChainGenesisHash)
            throw new InvalidOperationException($"The node follows {(first is null ? $"chain {chain}" : $"another chain {chain}, begun with block {first.Hash}")}; network {manifest.Network} is on chain {manifest.ChainId}, begun with block {manifest.ChainGenesisHash}. Name the right node with --rpc, or the right manifest with --network.");
    }

    /// <inheritdoc/>
    public Task<ulong> GetGenesisAsync(CancellationToken ct) => rpc.CallAsync(contracts.Verifier, new ReportVerifier.GenesisCall(), BlockTag.Latest, ct);

    /// <inheritdoc/>
    public async Task<ulong> GetTimeAsync(CancellationToken ct) =>
        (await rpc.GetHeaderAsync(BlockTag.Latest, ct).ConfigureAwait(false) ?? throw new InvalidOperationException("The node has no latest block.")).Timestamp;

    /// <inheritdoc/>
    public async Task<ulong> GetSettledTimeAsync(CancellationToken ct)
    {
        var newest = await rpc.GetBlockNumberAsync(ct).ConfigureAwait(false);
        return (await rpc.GetHeaderAsync(BlockTag.At(newest == 0 ? 0 : newest - 1), ct).ConfigureAwait(false) ?? throw new InvalidOperationException($"The node does not have block {newest - 1}.")).Timestamp;
    }

    /// <inheritdoc/>
    public async Task<ImmutableArray<OperatorEndpoint>> GetOperatorsAsync(CancellationToken ct)
    {
        var time = await GetTimeAsync(ct).ConfigureAwait(false);
        var genesis = await GetGenesisAsync(ct).ConfigureAwait(false);
        var epoch = time < genesis ? 1 : await rpc.CallAsync(contracts.Verifier, new ReportVerifier.EpochAtCall(time), BlockTag.Latest, ct).ConfigureAwait(false);
        var config = await rpc.CallAsync(contracts.Operators, new OperatorRegistry.ConfigAtCall(Math.Max(epoch, 1)), BlockTag.Latest, ct).ConfigureAwait(false);
        if (config.ReportKeys.Length == 0) throw new InvalidOperationException("The network has no operators yet. Its owner must schedule a set of them.");
        var operators = ImmutableArray.CreateBuilder<OperatorEndpoint>(config.ReportKeys.Length);
        foreach (var key in config.ReportKeys)
        {
            var entry = await rpc.CallAsync(contracts.Operators, new OperatorRegistry.OperatorCall(key), BlockTag.Latest, ct).ConfigureAwait(false);
            operators.Add(new OperatorEndpoint(key, NetworkAccess.EndpointOf(key, entry.Endpoint), entry.ProtocolKey));
        }

        return operators.MoveToImmutable();
    }

    /// <inheritdoc/>
    public async Task<RegisteredDevice?> FindDeviceAsync(Bytes32 deviceId, CancellationToken ct)
    {
        var token = await rpc.CallAsync(contracts.Devices, new DeviceRegistry.TokenOfCall(deviceId), BlockTag.Latest, ct).ConfigureAwait(false);
        if (token == default) return null;
        var device = await rpc.CallAsync(contracts.Devices, new DeviceRegistry.DeviceCall(token), BlockTag.Latest, ct).ConfigureAwait(false);
        var model = await rpc.CallAsync(contracts.Devices, new DeviceRegistry.ModelCall(device.ModelId), BlockTag.Latest, ct).ConfigureAwait(false);
        return new RegisteredDevice((ulong)token, device.ModelId, model.Class);
    }
}
