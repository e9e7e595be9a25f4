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
    private static readonly Option<string?> Out = new("--out", "-o") { Description = "Manifest to write, which is the journal while it runs (default: networks/eip155-<chain>/<name>.json)" };
    private static readonly Option<string?> Artifacts = new("--artifacts") { Description = "Folder with the contracts' artifacts (default: contracts/evm/artifacts of the clone)" };

    /// <summary>The command.</summary>
    public static Command Create() => new("network", "Deploy a network, or show one")
    {
        new Command("deploy", "Create the contracts; killed at any point, the same command goes on where it stopped") { Profile, Set, Name, Out, Artifacts, NetworkOptions.Rpc, NetworkOptions.Key }.Does(DeployAsync),
        new Command("show", "Contracts and parameters of a network") { NetworkOptions.Manifest }.Does(ShowAsync),
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

        var profile = DeploymentProfile.Load<EvmDeploymentProfile>(parsed.GetRequiredValue(Profile), variables);
        var rpc = NetworkOptions.Client(parsed);
        var name = parsed.GetRequiredValue(Name);
        var path = parsed.GetValue(Out) ?? NetworkManifest.PathFor("networks", ChainId.Evm(await rpc.GetChainIdAsync(ct).ConfigureAwait(false)), name);
        var request = new DeploymentRequest(name, parsed.GetValue(Artifacts) ?? RepositoryRoot.Combine("contracts", "evm", "artifacts"), path);
        var deployer = new NetworkDeployer(rpc, NetworkOptions.Sender(parsed), NetworkOptions.Fees);
        var manifest = await output.ProgressAsync("deploying", told => deployer.DeployAsync(profile, request, p =>
        {
            told(p.Done, p.Total, p.What);
            return Task.CompletedTask;
        }, ct)).ConfigureAwait(false);
        Show(output, manifest, $"Deployed and checked; manifest {path}");
        return ExitCodes.Success;
    }

    private static Task<int> ShowAsync(ParseResult parsed, Output output, CancellationToken ct)
    {
        var manifest = NetworkOptions.LoadManifest(parsed);
        Show(output, manifest, $"network {manifest.Network} on chain {manifest.ChainId}");
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
