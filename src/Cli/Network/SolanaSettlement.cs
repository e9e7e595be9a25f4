using System.Text;
using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Chain.Solana;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.Protocol;

namespace DePin.Cli.Network;

/// <summary>The program's accounts of a network on Solana.</summary>
internal sealed class SolanaSettlement(SolanaAccess access) : ISettlementReader
{
    private const byte Gone = 0; // status of a place whose report is none, or was cancelled

    public NetworkId Network => access.Manifest.Id;

    public string WhyNoReport => "the ledger has none for the epoch: it accepted none, or more than fifteen later ones (it keeps sixteen; an older one is checked with --offline, and its digest with an indexer)";

    public string NameOf(AccountId account) => SolanaAddress.From(account.Value).ToString();

    public async Task<ulong> GetLastFinalAsync(CancellationToken ct) => (await LedgerAsync(ct).ConfigureAwait(false)).NextFinal - 1;

    public async Task<AcceptedReport?> FindAcceptedAsync(Epoch epoch, CancellationToken ct)
    {
        var ledger = await LedgerAsync(ct).ConfigureAwait(false);
        var report = ledger.Reports[epoch.Value % (ulong)ledger.Reports.Length];
        return report.Epoch == epoch.Value && report.Status != Gone ? new AcceptedReport(report.Digest, report.RewardsRoot) : null;
    }

    public async Task<Bytes32> GetConfigAsync(Epoch epoch, CancellationToken ct)
    {
        // Newest first: the ledger names those that may still come into force, the sets themselves say of which epochs they were.
        for (var count = (await LedgerAsync(ct).ConfigureAwait(false)).ConfigCount; count > 0; count--)
        {
            var config = await access.GetAsync<Depin.ConfigAccount>(access.Network.Config(count), ct).ConfigureAwait(false);
            if (config.FirstEpoch <= epoch.Value) return config.Digest;
        }

        return Bytes32.Zero;
    }

    public async Task<Bytes32?> FindBlockAsync(ulong number, CancellationToken ct)
    {
        if ((await access.Rpc.GetBlockHeadersAsync([number], Finality.Safe, ct).ConfigureAwait(false))[0] is not { } block) return null;
        return (await access.Rpc.GetVersionAsync(ct).ConfigureAwait(false)).IsSurfpool ? SurfpoolBlocks.Mend(block).Hash : block.Hash;
    }

    public async Task<IReadOnlyList<Uri>> GetEndpointsAsync(CancellationToken ct)
    {
        var count = (await LedgerAsync(ct).ConfigureAwait(false)).ConfigCount;
        if (count == 0) throw new CliException("The network has no operators yet. Its owner must schedule a set of them.");
        var present = await PresentEpochAsync(ct).ConfigureAwait(false);
        var config = await access.GetAsync<Depin.ConfigAccount>(access.Network.Config(count), ct).ConfigureAwait(false);
        while (count > 1 && config.FirstEpoch > present) config = await access.GetAsync<Depin.ConfigAccount>(access.Network.Config(--count), ct).ConfigureAwait(false);
        var endpoints = new List<Uri>();
        foreach (var member in config.Members[..config.N])
        {
            var entry = await access.GetAsync<Depin.OperatorAccount>(access.Network.Operator(member.ReportKey), ct).ConfigureAwait(false);
            if (Uri.TryCreate(Encoding.UTF8.GetString(entry.Endpoint.AsSpan(0, entry.EndpointLength)), UriKind.Absolute, out var url)) endpoints.Add(url);
        }

        return endpoints;
    }

    public async Task<(ClaimableRoot Current, ClaimableRoot Previous)> GetRootsAsync(CancellationToken ct)
    {
        var distributor = await access.GetAsync<Depin.DistributorAccount>(access.Network.Distributor, ct).ConfigureAwait(false);
        return (new ClaimableRoot(distributor.Current.Epoch, distributor.Current.RootValue), new ClaimableRoot(distributor.Previous.Epoch, distributor.Previous.RootValue));
    }

    public async Task<IReadOnlyList<UInt128>> GetClaimedAsync(IReadOnlyList<(uint Index, AccountId Account)> accounts, CancellationToken ct)
    {
        var pages = new Dictionary<uint, Depin.PageAccount>();
        foreach (var number in accounts.Select(a => a.Index / SolanaNetwork.PageSlots).Distinct())
            pages[number] = await access.GetAsync<Depin.PageAccount>(access.Network.PageOf(number * SolanaNetwork.PageSlots), ct).ConfigureAwait(false);
        return [.. accounts.Select(a => (UInt128)pages[a.Index / SolanaNetwork.PageSlots].Claimed[a.Index % SolanaNetwork.PageSlots])];
    }

    private async Task<ulong> PresentEpochAsync(CancellationToken ct)
    {
        var slot = await access.Rpc.GetSlotAsync(Finality.Safe, ct).ConfigureAwait(false);
        var time = (ulong)(await access.Rpc.GetBlockTimeAsync(slot, ct).ConfigureAwait(false) ?? DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        return time < access.Manifest.Genesis ? 1 : 1 + ((time - access.Manifest.Genesis) / access.Manifest.EpochLength);
    }

    private Task<Depin.LedgerAccount> LedgerAsync(CancellationToken ct) => access.GetAsync<Depin.LedgerAccount>(access.Network.Ledger, ct);
}
