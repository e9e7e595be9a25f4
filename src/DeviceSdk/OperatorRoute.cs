using System.Collections.Immutable;
using DePin.Cryptography;

namespace DePin.DeviceSdk;

/// <summary>An operator as a device sees it.</summary>
/// <param name="Address">Address of its report key.</param>
/// <param name="Endpoint">Base URL as registered on chain.</param>
/// <param name="ProtocolKey">Ed25519 public key as registered on chain: what its receipts are checked against.</param>
public sealed record OperatorEndpoint(Address Address, Uri Endpoint, Bytes32 ProtocolKey);

/// <summary>
/// Which operators a device posts to: all of them in an order keyed by the device, of which the first f + 1 get each proof, so that at
/// least one honest operator has it, and the rest stand in for those that do not answer.
/// </summary>
public static class OperatorRoute
{
    /// <summary>The operators in ascending keccak(device id · operator address).</summary>
    public static ImmutableArray<OperatorEndpoint> For(Bytes32 deviceId, IEnumerable<OperatorEndpoint> operators) =>
        [.. operators.OrderBy(o => Keccak256.Hash(deviceId.AsSpan(), o.Address.AsSpan()))];

    /// <summary>f + 1 of n = 3f + 1.</summary>
    public static int Copies(int operators) => ((operators - 1) / 3) + 1;
}
