using System.CommandLine;
using DePin.Chain.Deployment;
using DePin.Cryptography;
using DePin.Protocol;

namespace DePin.Cli.Network;

/// <summary>A report that the chain took for an epoch.</summary>
internal sealed record AcceptedReport(Bytes32 Digest, Bytes32 RewardsRoot);

/// <summary>A root that claims are taken against; epoch 0 before there is one.</summary>
internal readonly record struct ClaimableRoot(ulong Epoch, Bytes32 Root);

/// <summary>What the chain holds of a network, whichever kind of chain it is: what an audit and a claim compare with.</summary>
internal interface ISettlementReader
{
    /// <summary>The network id.</summary>
    NetworkId Network { get; }

    /// <summary>Where the accepted report of an epoch is not to be had: why.</summary>
    string WhyNoReport { get; }

    /// <summary>An account as the chain writes it.</summary>
    string NameOf(AccountId account);

    /// <summary>The newest final epoch, 0 before the first.</summary>
    Task<ulong> GetLastFinalAsync(CancellationToken ct);

    /// <summary>The report that the chain accepted; null where there is none, or it is no longer kept.</summary>
    Task<AcceptedReport?> FindAcceptedAsync(Epoch epoch, CancellationToken ct);

    /// <summary>Digest of the set that signs an epoch; zero where there is none.</summary>
    Task<Bytes32> GetConfigAsync(Epoch epoch, CancellationToken ct);

    /// <summary>Hash of a block, or of the block in a slot; null where the node does not have it.</summary>
    Task<Bytes32?> FindBlockAsync(ulong number, CancellationToken ct);

    /// <summary>Where the operators of the set in force listen.</summary>
    Task<IReadOnlyList<Uri>> GetEndpointsAsync(CancellationToken ct);

    /// <summary>The two roots that claims are taken against.</summary>
    Task<(ClaimableRoot Current, ClaimableRoot Previous)> GetRootsAsync(CancellationToken ct);

    /// <summary>What these accounts have claimed so far, base units.</summary>
    Task<IReadOnlyList<UInt128>> GetClaimedAsync(IReadOnlyList<(uint Index, AccountId Account)> accounts, CancellationToken ct);
}

/// <summary>The manifest that the options name, and its chain.</summary>
internal static class Settlement
{
    /// <summary>A reader of the chain that the options name.</summary>
    /// <exception cref="CliException">The node follows another chain than the manifest's.</exception>
    public static async Task<ISettlementReader> OpenAsync(ParseResult parsed, CancellationToken ct) => NetworkOptions.LoadManifest(parsed) is SolanaNetworkManifest solana
        ? new SolanaSettlement(await SolanaAccess.OpenAsync(parsed, solana, ct).ConfigureAwait(false))
        : new EvmSettlement(await NetworkOptions.AccessAsync(parsed, ct).ConfigureAwait(false));
}
