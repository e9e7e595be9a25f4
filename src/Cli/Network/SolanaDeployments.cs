using System.CommandLine;
using DePin.Abi.Solana;
using DePin.Chain.Deployment;
using DePin.Chain.Solana;
using DePin.Cryptography;

namespace DePin.Cli.Network;

/// <summary>What <c>depin network</c> does on Solana.</summary>
internal static class SolanaDeployments
{
    /// <summary>A program to use.</summary>
    public static Option<string?> Program { get; } = new("--program") { Description = "On Solana: a program that is there, to make the network of (default: one is deployed)" };

    /// <summary>Keys that sign beside the deployer's.</summary>
    public static Option<string[]> CoSigner { get; } = new("--co-signer") { Description = "On Solana: key file of the owner or of a maker, where it is not --key (may be given again); without it, what they must sign is left to them", DefaultValueFactory = _ => [] };

    public static async Task<SolanaNetworkManifest> DeployAsync(ParseResult parsed, Output output, SolanaDeploymentProfile profile, Func<SolanaRpc, Task<DeploymentRequest>> request, CancellationToken ct)
    {
        var rpc = SolanaOptions.Client(parsed);
        PrivateKey[] others = [.. (parsed.GetValue(CoSigner) ?? []).Select(SolanaOptions.Load)];
        var deployer = new SolanaNetworkDeployer(rpc, SolanaOptions.Sender(parsed), others, SolanaOptions.Fees)
        {
            Program = parsed.GetValue(Program) is { } text ? SolanaAddress.TryParse(text, out var program) ? program : throw new CliException($"--program '{text}' is no address in base58.", ExitCodes.Usage) : null,
        };
        var asked = await request(rpc).ConfigureAwait(false);
        return await output.ProgressAsync("deploying", told => deployer.DeployAsync(profile, asked, p =>
        {
            told(p.Done, p.Total, p.What);
            return Task.CompletedTask;
        }, ct)).ConfigureAwait(false);
    }

    public static void Show(Output output, SolanaNetworkManifest manifest, string headline)
    {
        var network = manifest.Accounts;
        output.Answer(
            manifest,
            [
                headline,
                $"network id  {manifest.NetworkId}",
                $"genesis     {DateTimeOffset.FromUnixTimeSeconds((long)manifest.Genesis):u}, epochs of {manifest.EpochLength} s, challenge window {manifest.ChallengeWindow} s",
                $"program     {manifest.Program}",
                $"mint        {manifest.Mint}, {manifest.Decimals} decimals",
                $"network     {network.Account}",
                $"ledger      {network.Ledger}",
                $"distributor {network.Distributor}",
                $"owner       {manifest.Owner}",
                $"arbiter     {manifest.Arbiter}",
                .. manifest.OwnerCalls.Count == 0 ? (string[])[] : ["Others have yet to sign and send, in this order (message in base64, its blockhash to be put in):", .. manifest.OwnerCalls.Select(c => $"  {c}")],
            ]);
    }
}
