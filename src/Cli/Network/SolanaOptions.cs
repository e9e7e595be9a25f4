using System.CommandLine;
using DePin.Chain.Rpc;
using DePin.Chain.Solana;
using DePin.Cryptography;

namespace DePin.Cli.Network;

/// <summary>What the options of <see cref="NetworkOptions"/> mean for a network on Solana.</summary>
internal static class SolanaOptions
{
    /// <summary>Fees and patience for a person who waits.</summary>
    public static SolanaFeePolicy Fees { get; } = new() { PollInterval = TimeSpan.FromMilliseconds(250) };

    /// <summary>A client of the cluster; by default only where the network is the dev network's.</summary>
    public static SolanaRpc Client(ParseResult parsed) => parsed.GetValue(NetworkOptions.Rpc) is { Length: > 0 } || NetworkOptions.IsDevSolana(parsed)
        ? new SolanaRpc(new HttpClient { Timeout = Timeout.InfiniteTimeSpan }, new RpcOptions { Urls = NetworkOptions.Urls(parsed) })
        : throw new CliException("Which node? Name one of the network's cluster with --rpc.", ExitCodes.Usage);

    /// <summary>The key of the account that sends; by default only where the network is the dev network's.</summary>
    public static PrivateKey Sender(ParseResult parsed) => (parsed.GetValue(NetworkOptions.Key) ?? (NetworkOptions.IsDevSolana(parsed) ? NetworkOptions.DevSolanaKey : null)) is { } path
        ? Load(path)
        : throw new CliException("Whose key? Name the file of an Ed25519 key with --key: one of `depin keys new --type ed25519`, or of Solana's own tools.", ExitCodes.Usage);

    /// <summary>Reads an Ed25519 key file: ours, or that of Solana's own tools.</summary>
    public static PrivateKey Load(string path)
    {
        if (!File.Exists(path)) throw new CliException($"There is no key file {path}. Make one with `depin keys new --type ed25519 {path}`.");
        return SolanaKeyFile.Is(path) ? SolanaKeyFile.Load(path) : PrivateKey.Load(path, KeyType.Ed25519);
    }
}
