using System.Globalization;
using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Chain.Deployment;
using DePin.Chain.Rpc;
using DePin.Chain.Solana;
using DePin.Cryptography;

namespace DePin.Cli.Dev.Chains;

/// <summary>
/// A Solana cluster that was there before the dev network and stays when it ends, reached through one of its nodes. The node's URL may hold a key: messages name scheme, host and port only, and never
/// repeat a node's own words.
/// </summary>
/// <param name="url">JSON-RPC of the node.</param>
public sealed class SolanaCluster(Uri url)
{
    private const long Day = 86_400;
    private const long Preparation = 3_600; // seconds to deploy and enrol in, before the first epoch

    private readonly RpcEndPoint endPoint = new(url);
    private SolanaRpc? impatient;

    /// <summary>The node, as it may be shown.</summary>
    public string Label => endPoint.Label;

    /// <summary>The kind of what went wrong last when it was probed or its tap was asked, never the node's own words.</summary>
    public string? LastError => endPoint.LastError;

    /// <summary>Client of the node.</summary>
    public SolanaRpc Rpc { get; } = new(new HttpClient { Timeout = Timeout.InfiniteTimeSpan }, new RpcOptions { Urls = [url] });

    /// <summary>A client that gives up soon: a person waits, and two attempts tell as much as eight.</summary>
    public SolanaRpc Impatient => impatient ??= new SolanaRpc(new HttpClient { Timeout = Timeout.InfiniteTimeSpan }, [endPoint], new RpcOptions { Attempts = 2, Timeout = TimeSpan.FromSeconds(10) });

    /// <summary>What the sender of a node pays, and how often it looks: often where the node is on this machine.</summary>
    public static SolanaFeePolicy FeesFor(Uri url) => url.IsLoopback ? new SolanaFeePolicy { PollInterval = TimeSpan.FromMilliseconds(100), ResendEvery = TimeSpan.FromSeconds(1) } : new SolanaFeePolicy();

    /// <summary>Reads a URL that a user gave. It is not repeated in the error.</summary>
    /// <exception cref="CliException">It is none that a node answers at.</exception>
    public static Uri Parse(string text) => Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
        ? url
        : throw new CliException("--solana-rpc must be the http or https URL of a Solana node's JSON-RPC, for example http://127.0.0.1:8899.", ExitCodes.Usage);

    /// <summary>Asks the node who it is and what time its cluster has.</summary>
    /// <returns>The cluster's genesis hash, and the time of its newest block in unix seconds.</returns>
    /// <exception cref="CliException">It does not answer, or is no Solana node, or of a cluster that a dev network has no business on.</exception>
    public async Task<(Bytes32 Genesis, long Time)> ReachAsync(CancellationToken ct)
    {
        try
        {
            var genesis = await Impatient.GetGenesisHashAsync(ct).ConfigureAwait(false);
            if (SolanaClusters.NameOf(genesis) is { } name && genesis != SolanaClusters.Devnet)
                throw new CliException($"{Label} is of {name}, where no dev network belongs: its keys lie open in a folder. Deploy a network there with `depin network deploy`.", ExitCodes.Refused);
            return (genesis, (long)(await Impatient.GetPresentAsync(TimeProvider.System, ct).ConfigureAwait(false)).Time);
        }
        catch (RpcException refusal)
        {
            throw new CliException(string.Create(CultureInfo.InvariantCulture,
                $"{Label} answers, and not as a Solana node does (code {refusal.Code}, {refusal.Kind}). Give --solana-rpc the JSON-RPC URL of one, with the key that it may want."));
        }
        catch (RpcUnavailableException)
        {
            throw new CliException($"No Solana node answers at {Label}: {endPoint.LastError ?? "no answer"}. Start it, or give --solana-rpc the JSON-RPC URL of one, with the key that it may want.");
        }
    }

    /// <summary>The first second of a new network's epoch 1: the first whole day, by the cluster's time, before which there is time for a deployment.</summary>
    public static long GenesisAfter(long time) => ((time + Preparation) / Day * Day) + Day;

    /// <summary>Whether the network that a manifest names is still there, and can still begin where it has not.</summary>
    /// <param name="manifest">What an earlier start left.</param>
    /// <param name="genesis">The cluster's genesis hash.</param>
    /// <param name="time">Its time.</param>
    /// <param name="ct">Ends it.</param>
    /// <exception cref="CliException">It is on another cluster, or gone, or its first epoch began without operators.</exception>
    public async Task CheckAsync(SolanaNetworkManifest manifest, Bytes32 genesis, long time, CancellationToken ct)
    {
        if (manifest.Cluster != genesis)
        {
            throw new CliException(
                $"{Label} is of the cluster with genesis {Base58.Encode(genesis.AsSpan())}, and the network here is on the one with genesis {manifest.ChainGenesisHash}. "
                + "Give --solana-rpc a node of that one. Where it was reset since, the network went with it: `depin dev reset` removes what is left, and the next `depin dev up` begins anew.");
        }

        var found = (await Rpc.GetAccountInfoAsync(manifest.Accounts.Account, Finality.Safe, ct).ConfigureAwait(false)).Value;
        if (manifest.Complete && found?.Owner != manifest.Accounts.Program)
        {
            throw new CliException(
                $"The cluster of {Label} has no network {manifest.Accounts.Account} any more: it was reset since the network was made, or the node lags far behind. "
                + "Where it was reset, `depin dev reset` removes what is left here, and the next `depin dev up` begins anew.");
        }

        if (time < (long)manifest.Genesis) return;
        if (found is null || await new SolanaOperatorRegistration(Rpc, manifest).GetConfigCountAsync(ct).ConfigureAwait(false) == 0)
        {
            var began = DateTimeOffset.FromUnixTimeSeconds((long)manifest.Genesis).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
            throw new CliException(
                $"The first epoch of the network here began at {began} UTC, before its operators were scheduled, and cannot be moved. "
                + "`depin dev reset` removes what is here, the keys with what their accounts hold too, and the next `depin dev up` begins anew.");
        }
    }
}
