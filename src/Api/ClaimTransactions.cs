using System.Globalization;
using DePin.Api.Endpoints;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.Storage.Read;

namespace DePin.Api;

/// <summary>Unsigned claim transactions.</summary>
internal static class ClaimTransactions
{
    /// <summary>The call of <c>RewardDistributor.claim</c>; null on a chain that is not EVM.</summary>
    public static TransactionView? Build(Network network, ClaimProofRow claim)
    {
        if (network.EvmChainId is null || !network.Contracts.TryGetValue("RewardDistributor", out var distributor)) return null;
        var leaf = new RewardLeaf((uint)claim.Index, Address.FromBytes32(new Bytes32(claim.Account)), UInt128.Parse(claim.Cumulative, CultureInfo.InvariantCulture),
            UInt128.Parse(claim.Prefix, CultureInfo.InvariantCulture), new Bytes32(claim.ItemsHash));
        var call = new RewardDistributor.ClaimCall(new Bytes32(claim.Root), leaf, [.. claim.Siblings]);
        return new TransactionView(network.Caip2, distributor, Text.Hex(call.Encode()), "0");
    }
}
