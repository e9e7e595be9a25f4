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

/// <summary>What devices and providers need to know of a network: its contracts, its clock and who its operators are, all from the chain.</summary>
public sealed class NetworkAccess(EvmRpc rpc, NetworkId id, NetworkContracts contracts)
{
    /// <summary>The node.</summary>
    public EvmRpc Rpc => rpc;

    /// <summary>Network id, part of every proof.</summary>
    public NetworkId Id => id;

    /// <summary>Its contracts.</summary>
    public NetworkContracts Contracts => contracts;

    /// <summary>Unix seconds at which epoch 1 starts.</summary>
    public Task<ulong> GetGenesisAsync(CancellationToken ct) => rpc.CallAsync(contracts.Verifier, new ReportVerifier.GenesisCall(), BlockTag.Latest, ct);

    /// <summary>Network time: the newest block's, unix seconds.</summary>
    public async Task<ulong> GetTimeAsync(CancellationToken ct) =>
        (await rpc.GetHeaderAsync(BlockTag.Latest, ct).ConfigureAwait(false) ?? throw new InvalidOperationException("The node has no latest block.")).Timestamp;

    /// <summary>The time that operators have surely read: that of the block before the newest, unix seconds.</summary>
    public async Task<ulong> GetSettledTimeAsync(CancellationToken ct)
    {
        var newest = await rpc.GetBlockNumberAsync(ct).ConfigureAwait(false);
        return (await rpc.GetHeaderAsync(BlockTag.At(newest == 0 ? 0 : newest - 1), ct).ConfigureAwait(false) ?? throw new InvalidOperationException($"The node does not have block {newest - 1}.")).Timestamp;
    }

    /// <summary>The operators of the config in force now, with their end points and protocol keys.</summary>
    /// <exception cref="InvalidOperationException">There is no config yet, or an end point is no URL.</exception>
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
            operators.Add(new OperatorEndpoint(key, Uri.TryCreate(entry.Endpoint, UriKind.Absolute, out var url)
                ? url
                : throw new InvalidOperationException($"Operator {key} registered '{entry.Endpoint}', which is no URL."), entry.ProtocolKey));
        }

        return operators.MoveToImmutable();
    }
}
