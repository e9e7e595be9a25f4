using System.CommandLine;
using System.Numerics;
using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Chain.Deployment;
using DePin.Chain.Solana;

namespace DePin.Cli.Network;

/// <summary>A network on Solana: its manifest and its cluster together.</summary>
internal sealed class SolanaAccess
{
    internal SolanaAccess(SolanaRpc rpc, SolanaNetworkManifest manifest) => (Rpc, Manifest, Network) = (rpc, manifest, manifest.Accounts);

    /// <summary>The cluster.</summary>
    public SolanaRpc Rpc { get; }

    /// <summary>As deployed.</summary>
    public SolanaNetworkManifest Manifest { get; }

    /// <summary>Where everything is.</summary>
    public SolanaNetwork Network { get; }

    /// <summary>Manifest and cluster together.</summary>
    /// <exception cref="CliException">The node follows another cluster than the manifest's, or none is named.</exception>
    public static async Task<SolanaAccess> OpenAsync(ParseResult parsed, SolanaNetworkManifest manifest, CancellationToken ct)
    {
        var rpc = SolanaOptions.Client(parsed);
        var genesis = await rpc.GetGenesisHashAsync(ct).ConfigureAwait(false);
        return genesis == manifest.Cluster
            ? new SolanaAccess(rpc, manifest)
            : throw new CliException($"The node follows the cluster that began with {SolanaAddress.From(genesis)}; network {manifest.Network} is on the one that began with {manifest.ChainGenesisHash}. Name the right node with --rpc, or the right manifest with --network.");
    }

    /// <summary>Sends what the account of <c>--key</c> pays for.</summary>
    /// <exception cref="CliException">No key is named, or there is none.</exception>
    public SolanaTransactionSender Sender(ParseResult parsed) => new(Rpc, SolanaOptions.Sender(parsed), SolanaOptions.Fees, SolanaVerifierTransactions.Names(Network.Program));

    /// <summary>An account of the program's; null where it is not there.</summary>
    public async Task<T?> FindAsync<T>(SolanaAddress address, CancellationToken ct)
        where T : struct, ISolanaAccount<T> =>
        (await Rpc.GetAccountInfoAsync(address, Finality.Safe, ct).ConfigureAwait(false)).Value is { } account && account.Owner == Network.Program && T.TryDecode(account.Data.Span, out var value) ? value : null;

    /// <summary>An account of the program's.</summary>
    /// <exception cref="CliException">It is not there.</exception>
    public async Task<T> GetAsync<T>(SolanaAddress address, CancellationToken ct)
        where T : struct, ISolanaAccount<T> =>
        await FindAsync<T>(address, ct).ConfigureAwait(false) ?? throw new CliException($"The cluster has no {typeof(T).Name} of network {Manifest.Network} at {address}. Is the network deployed, and the node in step with its cluster?");

    /// <summary>A wallet's associated token account.</summary>
    public SolanaAddress TokensOf(SolanaAddress wallet) => Network.TokensOf(wallet);

    /// <summary>Base units in it; 0 where it is not there.</summary>
    public async Task<ulong> GetBalanceAsync(SolanaAddress wallet, CancellationToken ct) =>
        Network.BalanceIn((await Rpc.GetAccountInfoAsync(TokensOf(wallet), Finality.Safe, ct).ConfigureAwait(false)).Value);

    /// <summary>Base units as tokens.</summary>
    public string Show(BigInteger baseUnits) => Tokens.Show(baseUnits, Manifest.Decimals);

    /// <summary>Tokens as base units.</summary>
    /// <exception cref="CliException">It is no amount that the chain could hold.</exception>
    public ulong Parse(string tokens)
    {
        var amount = Tokens.Parse(tokens, Manifest.Decimals);
        return amount <= ulong.MaxValue ? (ulong)amount : throw new CliException($"{tokens} tokens are more than there can be.", ExitCodes.Usage);
    }
}
