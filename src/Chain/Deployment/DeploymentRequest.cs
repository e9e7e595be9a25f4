namespace DePin.Chain.Deployment;

/// <summary>What to deploy, and where to write the manifest.</summary>
/// <param name="Network">Name of the network.</param>
/// <param name="ArtifactsFolder">Holds <c>&lt;Contract&gt;.json</c> for an EVM chain, <c>depin.so</c> for a Solana cluster.</param>
/// <param name="ManifestPath">The manifest's file: <see cref="NetworkManifest.PathFor"/>.</param>
public sealed record DeploymentRequest(string Network, string ArtifactsFolder, string ManifestPath);

/// <summary>How far a deployment is.</summary>
public sealed record DeploymentProgress(string What, int Done, int Total);
