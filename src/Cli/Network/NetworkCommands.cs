using System.CommandLine;
using DePin.Chain;
using DePin.Chain.Deployment;
using DePin.DevTools;

namespace DePin.Cli.Network;

/// <summary><c>depin network</c>: deploy one, show one.</summary>
public static class NetworkCommands
{
    private static readonly Option<string> Profile = new("--profile", "-p") { Description = "Deployment profile: every parameter of the network in one file", Required = true };
    private static readonly Option<string[]> Set = new("--set") { Description = "Value of a profile's variable, name=value (may be given again)", DefaultValueFactory = _ => [] };
    private static readonly Option<string> Name = new("--name") { Description = "Name of the network on this machine", Required = true };
    private static readonly Option<string?> Out = new("--out", "-o") { Description = "Manifest to write, which is the journal while it runs (default: networks/<chain, as eip155-31337>/<name>.json)" };
    private static readonly Option<string?> Artifacts = new("--artifacts") { Description = "Folder with the artifacts of the contracts, or of the program (default: contracts/evm/artifacts or contracts/solana/artifacts of the clone)" };

    /// <summary>The command.</summary>
    public static Command Create() => new("network", "Deploy a network, or show one")
    {
        new Command("deploy", "Create a network on the kind of chain that the profile is for; killed at any point, the same command goes on where it stopped")
        {
            Profile, Set, Name, Out, Artifacts, SolanaDeployments.Program, SolanaDeployments.CoSigner, NetworkOptions.Rpc, NetworkOptions.Key,
        }.Does(DeployAsync),
        new Command("show", "Contracts or accounts, and parameters, of a network") { NetworkOptions.Manifest }.Does(ShowAsync),
    };

    private static async Task<int> DeployAsync(ParseResult parsed, Output output, CancellationToken ct)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in parsed.GetValue(Set) ?? [])
        {
            var at = pair.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0) throw new CliException($"--set {pair}: write name=value.", ExitCodes.Usage);
            variables[pair[..at]] = pair[(at + 1)..];
        }

        switch (DeploymentProfile.Load(parsed.GetRequiredValue(Profile), variables))
        {
            case SolanaDeploymentProfile solana:
                var deployed = await SolanaDeployments.DeployAsync(
                    parsed, output, solana, async rpc => Request(parsed, await rpc.GetChainAsync(ct).ConfigureAwait(false), "solana"), ct).ConfigureAwait(false);
                SolanaDeployments.Show(output, deployed, $"Deployed and checked; manifest {PathOf(parsed, deployed.Chain)}");
                return ExitCodes.Success;
            case var profile:
                await DeployAsync(parsed, output, (EvmDeploymentProfile)profile, ct).ConfigureAwait(false);
                return ExitCodes.Success;
        }
    }

    private static async Task DeployAsync(ParseResult parsed, Output output, EvmDeploymentProfile profile, CancellationToken ct)
    {
        if (parsed.GetValue(SolanaDeployments.Program) is not null || parsed.GetValue(SolanaDeployments.CoSigner) is { Length: > 0 })
            throw new CliException("--program and --co-signer are for Solana, and the profile is for an EVM chain.", ExitCodes.Usage);
        var rpc = NetworkOptions.Client(parsed);
        var request = Request(parsed, ChainId.Evm(await rpc.GetChainIdAsync(ct).ConfigureAwait(false)), "evm");
        var deployer = new NetworkDeployer(rpc, NetworkOptions.Sender(parsed), NetworkOptions.Fees);
        var manifest = await output.ProgressAsync("deploying", told => deployer.DeployAsync(profile, request, p =>
        {
            told(p.Done, p.Total, p.What);
            return Task.CompletedTask;
        }, ct)).ConfigureAwait(false);
        Show(output, manifest, $"Deployed and checked; manifest {request.ManifestPath}");
    }

    private static DeploymentRequest Request(ParseResult parsed, ChainId chain, string contracts) =>
        new(parsed.GetRequiredValue(Name), parsed.GetValue(Artifacts) ?? RepositoryRoot.Combine("contracts", contracts, "artifacts"), PathOf(parsed, chain));

    private static string PathOf(ParseResult parsed, ChainId chain) => parsed.GetValue(Out) ?? NetworkManifest.PathFor("networks", chain, parsed.GetRequiredValue(Name));

    private static Task<int> ShowAsync(ParseResult parsed, Output output, CancellationToken ct)
    {
        switch (NetworkOptions.LoadManifest(parsed))
        {
            case SolanaNetworkManifest solana:
                SolanaDeployments.Show(output, solana, $"network {solana.Network} on {solana.Chain}");
                break;
            case var manifest:
                var evm = (EvmNetworkManifest)manifest;
                Show(output, evm, $"network {evm.Network} on chain {evm.ChainId}");
                break;
        }

        return Task.FromResult(ExitCodes.Success);
    }

    private static void Show(Output output, EvmNetworkManifest manifest, string headline) => output.Answer(
        manifest,
        [
            headline,
            $"network id  {manifest.NetworkId}",
            $"genesis     {DateTimeOffset.FromUnixTimeSeconds((long)manifest.Genesis):u}, epochs of {manifest.EpochLength} s, challenge window {manifest.ChallengeWindow} s",
            .. manifest.Contracts.Select(c => $"{c.Key,-20} {c.Value.Address}"),
            .. manifest.OwnerCalls.Count == 0 ? (string[])[] : ["The owner has yet to send:", .. manifest.OwnerCalls.Select(c => $"  {c.What}: from {c.From} to {c.To}, data {c.Data}")],
        ]);
}
