using System.Collections.Immutable;
using DePin.Cryptography;
using DePin.DeviceSdk;
using DePin.Protocol;

namespace DePin.Sdk.Network;

/// <summary>A device as the chain has it now.</summary>
/// <param name="Token">Its number, from 1.</param>
/// <param name="Model">Its model.</param>
/// <param name="Class">The model's resource class.</param>
public sealed record RegisteredDevice(ulong Token, uint Model, ushort Class);

/// <summary>What devices and providers need to know of a network on any chain: its clock, its devices and who its operators are, all from the chain.</summary>
public interface INetworkAccess
{
    /// <summary>Network id, part of every proof.</summary>
    NetworkId Id { get; }

    /// <summary>What kind of chain it is on.</summary>
    ChainKind Kind { get; }

    /// <summary>Checks that the node is of the network's chain: what another answers would be no answer.</summary>
    /// <exception cref="InvalidOperationException">It is of another.</exception>
    Task CheckChainAsync(CancellationToken ct);

    /// <summary>Unix seconds at which epoch 1 starts.</summary>
    Task<ulong> GetGenesisAsync(CancellationToken ct);

    /// <summary>Network time: the newest block's, unix seconds; on Solana the newest confirmed block's.</summary>
    Task<ulong> GetTimeAsync(CancellationToken ct);

    /// <summary>The time that operators have surely read: that of an earlier block than the newest, unix seconds. It never runs back while the chain does not.</summary>
    Task<ulong> GetSettledTimeAsync(CancellationToken ct);

    /// <summary>The operators of the config in force now, with their end points and protocol keys, ascending by report key.</summary>
    /// <exception cref="InvalidOperationException">There is no config yet, or an end point is no URL.</exception>
    Task<ImmutableArray<OperatorEndpoint>> GetOperatorsAsync(CancellationToken ct);

    /// <summary>A device by the id of its present key; null where there is none.</summary>
    Task<RegisteredDevice?> FindDeviceAsync(Bytes32 deviceId, CancellationToken ct);
}
