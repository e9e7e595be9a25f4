using System.Runtime.CompilerServices;
using DePin.Client.Http;
using DePin.Client.Live;
using DePin.Protocol;

namespace DePin.Client;

/// <summary>The API of a network over HTTP. Safe for use by many at once; hosts with dependency injection register it with <see cref="ClientServices.AddDePinClient"/>.</summary>
public sealed class DePinClient : IDePinApi, IDisposable
{
    /// <summary>Most items a page.</summary>
    private const int LargestPage = 500;

    private readonly HttpClient _http;
    private readonly ApiTransport _transport;
    private readonly LiveStream _live;
    private readonly string? _network;
    private bool _known;

    internal DePinClient(HttpClient http, DePinClientOptions options, TimeProvider time)
    {
        (_http, _network) = (http, options.Network);
        _transport = new ApiTransport(http, options, time);
        _live = new LiveStream(_transport, options, time);
    }

    /// <summary>A client for programs without dependency injection; dispose of it.</summary>
    /// <param name="options">Where the API is, and how patient to be.</param>
    /// <param name="connections">Sends the requests; null for ordinary connections of its own.</param>
    /// <param name="time">Time for delays and limits; null for the system's.</param>
    /// <exception cref="ArgumentException">An option is not valid; the message says which.</exception>
    public static DePinClient Create(DePinClientOptions options, HttpMessageHandler? connections = null, TimeProvider? time = null)
    {
        options = options.Validated();
        time ??= TimeProvider.System;
        return new DePinClient(Wire.Connect(options, connections ?? Wire.Connections(options, compressed: true), time), options, time);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<NetworkName>> GetNetworksAsync(CancellationToken ct) => _transport.GetAsync<IReadOnlyList<NetworkName>>(new Query("v1/networks"), ct);

    /// <inheritdoc/>
    public Task<Network> GetNetworkAsync(CancellationToken ct) => _transport.GetAsync<Network>(To("network"), ct);

    /// <inheritdoc/>
    public Task<IndexerState> GetIndexerAsync(CancellationToken ct) => _transport.GetAsync<IndexerState>(To("indexer"), ct);

    /// <inheritdoc/>
    public Task<Page<Device>> ListDevicesAsync(DeviceFilter filter, ListOrder order, PageRequest page, CancellationToken ct) =>
        _transport.GetAsync<Page<Device>>(To("devices").With(filter).Named<ListOrder>("sort", order).With(page), ct);

    /// <inheritdoc/>
    public IAsyncEnumerable<Device> AllDevicesAsync(DeviceFilter filter, ListOrder order, CancellationToken ct) => WalkAsync(page => ListDevicesAsync(filter, order, page, ct)!, ct);

    /// <inheritdoc/>
    public Task<Page<Place>> ListPlacesAsync(int resolution, DeviceFilter filter, PageRequest page, CancellationToken ct) =>
        _transport.GetAsync<Page<Place>>(To("map").With<int>("resolution", resolution).With(filter).With(page), ct);

    /// <inheritdoc/>
    public IAsyncEnumerable<Place> AllPlacesAsync(int resolution, DeviceFilter filter, CancellationToken ct) => WalkAsync(page => ListPlacesAsync(resolution, filter, page, ct)!, ct);

    /// <inheritdoc/>
    public Task<Device?> FindDeviceAsync(DeviceRef device, CancellationToken ct) => FindAsync<Device>(To($"devices/{device}"), ct);

    /// <inheritdoc/>
    public Task<Page<ProofVerdict>?> ListProofsAsync(DeviceRef device, ProofFilter filter, PageRequest page, CancellationToken ct) =>
        FindAsync<Page<ProofVerdict>>(To($"devices/{device}/proofs").Named("judgement", filter.Judgement).With(filter.Proved).With(page), ct);

    /// <inheritdoc/>
    public IAsyncEnumerable<ProofVerdict> AllProofsAsync(DeviceRef device, ProofFilter filter, CancellationToken ct) => WalkAsync(page => ListProofsAsync(device, filter, page, ct), ct);

    /// <inheritdoc/>
    public Task<Page<RewardLine>?> ListDeviceRewardsAsync(DeviceRef device, RewardFilter filter, PageRequest page, CancellationToken ct) =>
        FindAsync<Page<RewardLine>>(To($"devices/{device}/rewards").With(filter).With(page), ct);

    /// <inheritdoc/>
    public IAsyncEnumerable<RewardLine> AllDeviceRewardsAsync(DeviceRef device, RewardFilter filter, CancellationToken ct) => WalkAsync(page => ListDeviceRewardsAsync(device, filter, page, ct), ct);

    /// <inheritdoc/>
    public Task<Page<EpochEarning>?> ListDeviceEpochsAsync(DeviceRef device, Period began, PageRequest page, CancellationToken ct) =>
        FindAsync<Page<EpochEarning>>(To($"devices/{device}/epochs").With(began).With(page), ct);

    /// <inheritdoc/>
    public IAsyncEnumerable<EpochEarning> AllDeviceEpochsAsync(DeviceRef device, Period began, CancellationToken ct) => WalkAsync(page => ListDeviceEpochsAsync(device, began, page, ct), ct);

    /// <inheritdoc/>
    public Task<Page<Maker>> ListMakersAsync(PageRequest page, CancellationToken ct) => _transport.GetAsync<Page<Maker>>(To("makers").With(page), ct);

    /// <inheritdoc/>
    public IAsyncEnumerable<Maker> AllMakersAsync(CancellationToken ct) => WalkAsync(page => ListMakersAsync(page, ct)!, ct);

    /// <inheritdoc/>
    public Task<ProofVerdict?> FindProofAsync(ProofId proof, CancellationToken ct) => FindAsync<ProofVerdict>(To($"proofs/{proof}"), ct);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ResourceClass>> GetClassesAsync(CancellationToken ct) => _transport.GetAsync<IReadOnlyList<ResourceClass>>(new Query("v1/classes"), ct);

    /// <inheritdoc/>
    public Task<Page<EpochSummary>> ListEpochsAsync(EpochFilter filter, ListOrder order, PageRequest page, CancellationToken ct) =>
        _transport.GetAsync<Page<EpochSummary>>(To("epochs").Named("status", filter.Status).With(filter.Began).Named<ListOrder>("sort", order).With(page), ct);

    /// <inheritdoc/>
    public IAsyncEnumerable<EpochSummary> AllEpochsAsync(EpochFilter filter, ListOrder order, CancellationToken ct) => WalkAsync(page => ListEpochsAsync(filter, order, page, ct)!, ct);

    /// <inheritdoc/>
    public Task<EpochDetail?> FindEpochAsync(Epoch epoch, CancellationToken ct) => FindAsync<EpochDetail>(To($"epochs/{epoch}"), ct);

    /// <inheritdoc/>
    public Task<Page<RewardLine>> ListEpochRewardsAsync(Epoch epoch, ClassId? resourceClass, PageRequest page, CancellationToken ct) =>
        _transport.GetAsync<Page<RewardLine>>(To($"epochs/{epoch}/rewards").With("class", resourceClass?.Value).With(page), ct);

    /// <inheritdoc/>
    public IAsyncEnumerable<RewardLine> AllEpochRewardsAsync(Epoch epoch, ClassId? resourceClass, CancellationToken ct) => WalkAsync(page => ListEpochRewardsAsync(epoch, resourceClass, page, ct)!, ct);

    /// <inheritdoc/>
    public Task<Page<AccountEntry>> ListAccountsAsync(AccountOrder order, PageRequest page, CancellationToken ct) =>
        _transport.GetAsync<Page<AccountEntry>>(To("accounts").Named<AccountOrder>("sort", order).With(page), ct);

    /// <inheritdoc/>
    public IAsyncEnumerable<AccountEntry> AllAccountsAsync(AccountOrder order, CancellationToken ct) => WalkAsync(page => ListAccountsAsync(order, page, ct)!, ct);

    /// <inheritdoc/>
    public Task<AccountRewards?> FindAccountAsync(ChainAddress account, CancellationToken ct) => FindAsync<AccountRewards>(To($"accounts/{account}"), ct);

    /// <inheritdoc/>
    public Task<Page<RewardLine>> ListAccountRewardsAsync(ChainAddress account, RewardFilter filter, PageRequest page, CancellationToken ct) =>
        _transport.GetAsync<Page<RewardLine>>(To($"accounts/{account}/rewards").With(filter).With(page), ct);

    /// <inheritdoc/>
    public IAsyncEnumerable<RewardLine> AllAccountRewardsAsync(ChainAddress account, RewardFilter filter, CancellationToken ct) => WalkAsync(page => ListAccountRewardsAsync(account, filter, page, ct)!, ct);

    /// <inheritdoc/>
    public Task<Page<EpochEarning>> ListAccountEpochsAsync(ChainAddress account, Period began, PageRequest page, CancellationToken ct) =>
        _transport.GetAsync<Page<EpochEarning>>(To($"accounts/{account}/epochs").With(began).With(page), ct);

    /// <inheritdoc/>
    public IAsyncEnumerable<EpochEarning> AllAccountEpochsAsync(ChainAddress account, Period began, CancellationToken ct) => WalkAsync(page => ListAccountEpochsAsync(account, began, page, ct)!, ct);

    /// <inheritdoc/>
    public Task<Page<PaidClaim>> ListClaimsAsync(ChainAddress account, Period paid, PageRequest page, CancellationToken ct) =>
        _transport.GetAsync<Page<PaidClaim>>(To($"accounts/{account}/claims").With(paid).With(page), ct);

    /// <inheritdoc/>
    public IAsyncEnumerable<PaidClaim> AllClaimsAsync(ChainAddress account, Period paid, CancellationToken ct) => WalkAsync(page => ListClaimsAsync(account, paid, page, ct)!, ct);

    /// <inheritdoc/>
    public Task<ReadyClaim?> FindClaimAsync(ChainAddress account, CancellationToken ct) => FindAsync<ReadyClaim>(To($"accounts/{account}/claim"), ct);

    /// <inheritdoc/>
    public Task<OperatorsPage> ListOperatorsAsync(PageRequest page, CancellationToken ct) => _transport.GetAsync<OperatorsPage>(To("operators").With(page), ct);

    /// <inheritdoc/>
    public IAsyncEnumerable<Operator> AllOperatorsAsync(CancellationToken ct) => WalkAsync(
        async page =>
        {
            var answer = await ListOperatorsAsync(page, ct).ConfigureAwait(false);
            return new Page<Operator>(answer.Operators, answer.Next);
        }, ct);

    /// <inheritdoc/>
    public Task<Page<StakePool>> ListStakePoolsAsync(PageRequest page, CancellationToken ct) => _transport.GetAsync<Page<StakePool>>(To("stakes").With(page), ct);

    /// <inheritdoc/>
    public IAsyncEnumerable<StakePool> AllStakePoolsAsync(CancellationToken ct) => WalkAsync(page => ListStakePoolsAsync(page, ct)!, ct);

    /// <inheritdoc/>
    public Task<StakerHoldings> GetStakerAsync(ChainAddress staker, CancellationToken ct) => _transport.GetAsync<StakerHoldings>(To($"stakes/{staker}"), ct);

    /// <inheritdoc/>
    public Task<Emission> ListEmissionAsync(Period began, PageRequest page, CancellationToken ct) => _transport.GetAsync<Emission>(To("emission").With(began).With(page), ct);

    /// <inheritdoc/>
    public IAsyncEnumerable<MintedEpoch> AllEmissionAsync(Period began, CancellationToken ct) => WalkAsync(async page => (await ListEmissionAsync(began, page, ct).ConfigureAwait(false)).Epochs, ct);

    /// <inheritdoc/>
    public IAsyncEnumerable<LiveEvent> FollowAsync(LiveKinds kinds, string? after, CancellationToken ct) => _live.FollowAsync(() => To("stream").With("events", LiveStream.Names(kinds)), after, ct);

    /// <summary>Closes its connections.</summary>
    public void Dispose() => _http.Dispose();

    private Query To(string path) => new Query("v1/" + path).With("network", _network);

    // The first "no such thing" is believed only where the network itself is there: a wrong address or a wrong network's name would otherwise look like a network without anything.
    private async Task<T?> FindAsync<T>(Query query, CancellationToken ct)
        where T : class
    {
        var found = await _transport.FindAsync<T>(query, ct).ConfigureAwait(false);
        if (found is null && !_known) await GetNetworkAsync(ct).ConfigureAwait(false);
        _known = true;
        return found;
    }

    private static async IAsyncEnumerable<T> WalkAsync<T>(Func<PageRequest, Task<Page<T>?>> list, [EnumeratorCancellation] CancellationToken ct)
    {
        var at = new PageRequest(LargestPage);
        while (await list(at).ConfigureAwait(false) is { } page)
        {
            foreach (var item in page.Items)
            {
                ct.ThrowIfCancellationRequested();
                yield return item;
            }

            if (page.Next is null) yield break;
            at = at with { Cursor = page.Next };
        }
    }
}
