using DePin.Chain.Deployment;
using DePin.Chain.Evm;
using DePin.Chain.Rpc;
using DePin.Chain.Solana;

namespace DePin.Sdk.Network;

/// <summary>Opens a network by its manifest.</summary>
public static class NetworkAccess
{
    /// <summary>Access through nodes of the manifest's kind of chain; nothing is asked yet (<see cref="INetworkAccess.CheckChainAsync"/>).</summary>
    /// <param name="manifest">Of a network that is deployed.</param>
    /// <param name="urls">JSON-RPC of the chain, the preferred node first.</param>
    /// <param name="http">Sends every request; its own time-out should be infinite. Null = a client of its own, for as long as the process.</param>
    /// <exception cref="NotSupportedException">The manifest is of another kind of chain.</exception>
    public static INetworkAccess Open(NetworkManifest manifest, IReadOnlyList<Uri> urls, HttpClient? http = null)
    {
        http ??= new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        var options = new RpcOptions { Urls = [.. urls] };
        return manifest switch
        {
            EvmNetworkManifest evm => new EvmNetworkAccess(new EvmRpc(http, options), evm),
            SolanaNetworkManifest solana => new SolanaNetworkAccess(new SolanaRpc(http, options), solana),
            _ => throw new NotSupportedException($"Network '{manifest.Network}' is on {manifest.Chain}: no client is made for this kind of chain."),
        };
    }

    internal static Uri EndpointOf(object reportKey, string registered) => Uri.TryCreate(registered, UriKind.Absolute, out var url)
        ? url
        : throw new InvalidOperationException($"Operator {reportKey} registered '{registered}', which is no URL.");
}
