using DePin.Abi;
using DePin.Chain.Evm;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Sdk.Network;

namespace DePin.Cli.Network;

/// <summary>The contracts of a network on an EVM chain.</summary>
internal sealed class EvmSettlement(EvmNetworkAccess access) : ISettlementReader
{
    public NetworkId Network => access.Id;

    public string WhyNoReport => "it accepted none for the epoch";

    public string NameOf(AccountId account) => AddressOf(account).ToString();

    public async Task<ulong> GetLastFinalAsync(CancellationToken ct) => await access.Rpc.CallAsync(access.Contracts.Verifier, new ReportVerifier.NextFinalCall(), BlockTag.Latest, ct).ConfigureAwait(false) - 1;

    public async Task<AcceptedReport?> FindAcceptedAsync(Epoch epoch, CancellationToken ct)
    {
        var accepted = await access.Rpc.CallAsync(access.Contracts.Verifier, new ReportVerifier.AcceptedCall(epoch.Value), BlockTag.Latest, ct).ConfigureAwait(false);
        return accepted.Digest.IsZero ? null : new AcceptedReport(accepted.Digest, accepted.RewardsRoot);
    }

    public Task<Bytes32> GetConfigAsync(Epoch epoch, CancellationToken ct) => access.Rpc.CallAsync(access.Contracts.Operators, new OperatorRegistry.ConfigDigestAtCall(epoch.Value), BlockTag.Latest, ct);

    public async Task<Bytes32?> FindBlockAsync(ulong number, CancellationToken ct) => (await access.Rpc.GetHeaderAsync(BlockTag.At(number), ct).ConfigureAwait(false))?.Hash;

    public async Task<IReadOnlyList<Uri>> GetEndpointsAsync(CancellationToken ct) => [.. (await access.GetOperatorsAsync(ct).ConfigureAwait(false)).Select(o => o.Endpoint)];

    public async Task<(ClaimableRoot Current, ClaimableRoot Previous)> GetRootsAsync(CancellationToken ct)
    {
        var current = await access.Rpc.CallAsync(access.Contracts.Distributor, new RewardDistributor.CurrentCall(), BlockTag.Latest, ct).ConfigureAwait(false);
        var previous = await access.Rpc.CallAsync(access.Contracts.Distributor, new RewardDistributor.PreviousCall(), BlockTag.Latest, ct).ConfigureAwait(false);
        return (new ClaimableRoot(current.Epoch, current.RootValue), new ClaimableRoot(previous.Epoch, previous.RootValue));
    }

    public async Task<IReadOnlyList<UInt128>> GetClaimedAsync(IReadOnlyList<(uint Index, AccountId Account)> accounts, CancellationToken ct) => accounts.Count == 0
        ? []
        : await access.Rpc.CallAsync(
            [.. accounts.Select(a => (access.Contracts.Distributor, (IContractCall<UInt128>)new RewardDistributor.ClaimedCall(AddressOf(a.Account))))], BlockTag.Latest, ct).ConfigureAwait(false);

    internal static Address AddressOf(AccountId account) => Address.FromBytes32(account.Value);
}
