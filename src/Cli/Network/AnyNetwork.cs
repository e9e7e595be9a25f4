using System.CommandLine;
using DePin.Sdk.Network;

namespace DePin.Cli.Network;

/// <summary>The network that the options name, whatever kind of chain it is on.</summary>
internal static class AnyNetwork
{
    /// <summary>Access to it, through a node that is of its chain.</summary>
    /// <exception cref="InvalidOperationException">The node is of another chain than the manifest's.</exception>
    public static async Task<INetworkAccess> OpenAsync(ParseResult parsed, CancellationToken ct)
    {
        var access = NetworkAccess.Open(NetworkOptions.LoadManifest(parsed), NetworkOptions.Urls(parsed));
        await access.CheckChainAsync(ct).ConfigureAwait(false);
        return access;
    }
}
