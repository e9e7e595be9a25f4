using System.CommandLine;
using DePin.Chain.Deployment;
using DePin.Chain.Solana;
using DePin.Cli.Dev;
using DePin.Cryptography;
using DePin.Sdk.Network;

namespace DePin.Cli.Network;

/// <summary>The network that the options name, whatever kind of chain it is on.</summary>
internal static class AnyNetwork
{
    /// <summary>Fees and patience for a person who waits, on Solana.</summary>
    public static SolanaFeePolicy SolanaFees { get; } = new() { PollInterval = TimeSpan.FromMilliseconds(250) };

    /// <summary>Access to it, through a node that is of its chain.</summary>
    /// <exception cref="InvalidOperationException">The node is of another chain than the manifest's.</exception>
    public static async Task<INetworkAccess> OpenAsync(ParseResult parsed, CancellationToken ct)
    {
        var path = parsed.GetValue(NetworkOptions.Manifest) ?? Dev().Manifest;
        if (!File.Exists(path)) throw new CliException($"There is no manifest {path}. Start a dev network with `depin dev up`, or name another with --network.");
        var access = NetworkAccess.Open(NetworkManifest.Load(path), NetworkOptions.Urls(parsed));
        await access.CheckChainAsync(ct).ConfigureAwait(false);
        return access;
    }

    /// <summary>The key of the Solana account that sends and pays.</summary>
    public static PrivateKey SolanaSender(ParseResult parsed)
    {
        var path = parsed.GetValue(NetworkOptions.Key) ?? Dev().In("keys", "deployer.key");
        return File.Exists(path) ? LoadSolana(path) : throw new CliException($"There is no key file {path}. Name one with --key, or make one with `depin keys new --type ed25519`.");
    }

    /// <summary>Reads an account's key: ours, or one of Solana's own tools.</summary>
    public static PrivateKey LoadSolana(string path) => IsSolanaForm(path) ? SolanaKeyFile.Load(path) : PrivateKey.Load(path, KeyType.Ed25519);

    /// <summary>Whether a key file is a JSON array, as Solana's own tools write it.</summary>
    public static bool IsSolanaForm(string path)
    {
        if (!File.Exists(path)) return false;
        using var file = File.OpenRead(path);
        int first;
        do first = file.ReadByte();
        while (first is ' ' or '\t' or '\r' or '\n');
        return first == '[';
    }

    private static DevFolder Dev() => new(DevFolder.Default());
}
