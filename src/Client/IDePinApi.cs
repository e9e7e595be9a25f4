using DePin.Protocol;

namespace DePin.Client;

/// <summary>
/// What the API of a network answers: one method for each read under <c>/v1</c>. Every method throws <see cref="ApiException"/> where there is no answer to give, and
/// <see cref="OperationCanceledException"/> as soon as it is cancelled. <c>Find…</c>, and lists of one thing's parts, are null where there is no such thing; <c>All…</c> walks
/// every page of a list, each item once, also while newer ones arrive, and is empty where there is no such thing.
/// </summary>
public interface IDePinApi
{
    /// <summary>Every network that the API serves, whichever one this client is about.</summary>
    Task<IReadOnlyList<NetworkName>> GetNetworksAsync(CancellationToken ct);

    /// <summary>The network: contracts, totals, parameters.</summary>
    Task<Network> GetNetworkAsync(CancellationToken ct);

    /// <summary>The mirror's head, finality and lag.</summary>
    Task<IndexerState> GetIndexerAsync(CancellationToken ct);

    /// <summary>Devices by token, which is by registration.</summary>
    Task<Page<Device>> ListDevicesAsync(DeviceFilter filter, ListOrder order, PageRequest page, CancellationToken ct);

    /// <summary>All pages of <see cref="ListDevicesAsync"/>.</summary>
    IAsyncEnumerable<Device> AllDevicesAsync(DeviceFilter filter, ListOrder order, CancellationToken ct);

    /// <summary>Devices counted by H3 cell.</summary>
    /// <param name="resolution">0 (1,100 km) to 15 (1 m).</param>
    /// <param name="filter">Which devices.</param>
    /// <param name="page">Which part of the list.</param>
    /// <param name="ct">Cancels.</param>
    Task<Page<Place>> ListPlacesAsync(int resolution, DeviceFilter filter, PageRequest page, CancellationToken ct);

    /// <summary>All pages of <see cref="ListPlacesAsync"/>.</summary>
    IAsyncEnumerable<Place> AllPlacesAsync(int resolution, DeviceFilter filter, CancellationToken ct);

    /// <summary>A device.</summary>
    Task<Device?> FindDeviceAsync(DeviceRef device, CancellationToken ct);

    /// <summary>A device's judged proofs, newest first.</summary>
    Task<Page<ProofVerdict>?> ListProofsAsync(DeviceRef device, ProofFilter filter, PageRequest page, CancellationToken ct);

    /// <summary>All pages of <see cref="ListProofsAsync"/>.</summary>
    IAsyncEnumerable<ProofVerdict> AllProofsAsync(DeviceRef device, ProofFilter filter, CancellationToken ct);

    /// <summary>What a device earned, rule by rule, newest epoch first.</summary>
    Task<Page<RewardLine>?> ListDeviceRewardsAsync(DeviceRef device, RewardFilter filter, PageRequest page, CancellationToken ct);

    /// <summary>All pages of <see cref="ListDeviceRewardsAsync"/>.</summary>
    IAsyncEnumerable<RewardLine> AllDeviceRewardsAsync(DeviceRef device, RewardFilter filter, CancellationToken ct);

    /// <summary>What a device came to in each epoch, newest first.</summary>
    Task<Page<EpochEarning>?> ListDeviceEpochsAsync(DeviceRef device, Period began, PageRequest page, CancellationToken ct);

    /// <summary>All pages of <see cref="ListDeviceEpochsAsync"/>.</summary>
    IAsyncEnumerable<EpochEarning> AllDeviceEpochsAsync(DeviceRef device, Period began, CancellationToken ct);

    /// <summary>Makers with quota and devices issued, ascending.</summary>
    Task<Page<Maker>> ListMakersAsync(PageRequest page, CancellationToken ct);

    /// <summary>All pages of <see cref="ListMakersAsync"/>.</summary>
    IAsyncEnumerable<Maker> AllMakersAsync(CancellationToken ct);

    /// <summary>A judged proof; null also where its epoch's verdicts are kept in sums only (<see cref="IndexerState.KeptFrom"/>).</summary>
    Task<ProofVerdict?> FindProofAsync(ProofId proof, CancellationToken ct);

    /// <summary>Resource classes with their reasons and rules.</summary>
    Task<IReadOnlyList<ResourceClass>> GetClassesAsync(CancellationToken ct);

    /// <summary>Accepted reports by epoch; cancelled ones too.</summary>
    Task<Page<EpochSummary>> ListEpochsAsync(EpochFilter filter, ListOrder order, PageRequest page, CancellationToken ct);

    /// <summary>All pages of <see cref="ListEpochsAsync"/>.</summary>
    IAsyncEnumerable<EpochSummary> AllEpochsAsync(EpochFilter filter, ListOrder order, CancellationToken ct);

    /// <summary>An epoch that has an accepted report.</summary>
    Task<EpochDetail?> FindEpochAsync(Epoch epoch, CancellationToken ct);

    /// <summary>Who earned in an epoch, for what.</summary>
    Task<Page<RewardLine>> ListEpochRewardsAsync(Epoch epoch, ClassId? resourceClass, PageRequest page, CancellationToken ct);

    /// <summary>All pages of <see cref="ListEpochRewardsAsync"/>.</summary>
    IAsyncEnumerable<RewardLine> AllEpochRewardsAsync(Epoch epoch, ClassId? resourceClass, CancellationToken ct);

    /// <summary>Payout accounts.</summary>
    Task<Page<AccountEntry>> ListAccountsAsync(AccountOrder order, PageRequest page, CancellationToken ct);

    /// <summary>All pages of <see cref="ListAccountsAsync"/>.</summary>
    IAsyncEnumerable<AccountEntry> AllAccountsAsync(AccountOrder order, CancellationToken ct);

    /// <summary>What an account earned, may claim and holds; null until it owns a device or a stake.</summary>
    Task<AccountRewards?> FindAccountAsync(ChainAddress account, CancellationToken ct);

    /// <summary>Why an account's reward is what it is, newest epoch first.</summary>
    Task<Page<RewardLine>> ListAccountRewardsAsync(ChainAddress account, RewardFilter filter, PageRequest page, CancellationToken ct);

    /// <summary>All pages of <see cref="ListAccountRewardsAsync"/>.</summary>
    IAsyncEnumerable<RewardLine> AllAccountRewardsAsync(ChainAddress account, RewardFilter filter, CancellationToken ct);

    /// <summary>What an account earned in each epoch, newest first.</summary>
    Task<Page<EpochEarning>> ListAccountEpochsAsync(ChainAddress account, Period began, PageRequest page, CancellationToken ct);

    /// <summary>All pages of <see cref="ListAccountEpochsAsync"/>.</summary>
    IAsyncEnumerable<EpochEarning> AllAccountEpochsAsync(ChainAddress account, Period began, CancellationToken ct);

    /// <summary>Claims paid to an account, newest first.</summary>
    Task<Page<PaidClaim>> ListClaimsAsync(ChainAddress account, Period paid, PageRequest page, CancellationToken ct);

    /// <summary>All pages of <see cref="ListClaimsAsync"/>.</summary>
    IAsyncEnumerable<PaidClaim> AllClaimsAsync(ChainAddress account, Period paid, CancellationToken ct);

    /// <summary>An account's leaf, proof and unsigned transaction against the current root; null for no account.</summary>
    /// <exception cref="ApiException"><see cref="ApiException.IsNotYet"/>: no final epoch has a leaf for it yet.</exception>
    Task<ReadyClaim?> FindClaimAsync(ChainAddress account, CancellationToken ct);

    /// <summary>Operators, and with each page the newest sets and faults.</summary>
    Task<OperatorsPage> ListOperatorsAsync(PageRequest page, CancellationToken ct);

    /// <summary>The operators of all pages of <see cref="ListOperatorsAsync"/>.</summary>
    IAsyncEnumerable<Operator> AllOperatorsAsync(CancellationToken ct);

    /// <summary>Providers' stake pools, ascending by provider.</summary>
    Task<Page<StakePool>> ListStakePoolsAsync(PageRequest page, CancellationToken ct);

    /// <summary>All pages of <see cref="ListStakePoolsAsync"/>.</summary>
    IAsyncEnumerable<StakePool> AllStakePoolsAsync(CancellationToken ct);

    /// <summary>What a staker holds and thaws; nothing, for who never staked.</summary>
    Task<StakerHoldings> GetStakerAsync(ChainAddress staker, CancellationToken ct);

    /// <summary>Minted epochs, newest first, and with each page the splits and the outflow breaker.</summary>
    Task<Emission> ListEmissionAsync(Period began, PageRequest page, CancellationToken ct);

    /// <summary>The epochs of all pages of <see cref="ListEmissionAsync"/>.</summary>
    IAsyncEnumerable<MintedEpoch> AllEmissionAsync(Period began, CancellationToken ct);

    /// <summary>
    /// What happens, as it happens, without an end: a stream that breaks off is opened again where it was, and what was told already is not told twice. It begins with the newest head, or goes on after an
    /// earlier one; <see cref="StreamReset"/> says that something was missed. Only the first connection's failure, and a refusal, is thrown.
    /// </summary>
    /// <param name="kinds">What to be told.</param>
    /// <param name="after"><see cref="HeadMoved.Id"/> of the last head that was seen; null to begin now.</param>
    /// <param name="ct">Ends it.</param>
    IAsyncEnumerable<LiveEvent> FollowAsync(LiveKinds kinds, string? after, CancellationToken ct);
}
