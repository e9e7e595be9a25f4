using DePin.Abi;
using DePin.Chain.Evm;
using DePin.Cryptography;

namespace DePin.Chain.Deployment;

/// <summary>Holds a manifest against the chain that a node serves.</summary>
public static class NetworkVerifier
{
    /// <summary>For every host at its start: the node serves the manifest's chain, and the deployment was completed.</summary>
    /// <exception cref="DeploymentException">It does not; says what to do.</exception>
    public static async Task CheckChainAsync(EvmRpc rpc, EvmNetworkManifest manifest, CancellationToken ct)
    {
        if (!manifest.Complete) throw new DeploymentException($"The deployment of network '{manifest.Network}' is not complete. Run the deployment again: it goes on where it stopped.");
        var chainId = await rpc.GetChainIdAsync(ct).ConfigureAwait(false);
        if (chainId != manifest.ChainId)
            throw new DeploymentException($"The node serves chain {chainId}, network '{manifest.Network}' lives on chain {manifest.ChainId}. Check the RPC URL.");
        var genesis = await rpc.GetHeaderAsync(BlockTag.At(0), ct).ConfigureAwait(false);
        if (genesis?.Hash.ToString() != manifest.ChainGenesisHash)
            throw new DeploymentException($"The node's chain {chainId} is not the one that network '{manifest.Network}' was deployed to: its block 0 differs. Was a development chain started anew? Deploy again.");
    }

    /// <summary>Compares the code of every contract with its artifact, immutables included.</summary>
    /// <exception cref="DeploymentException">It differs; says where.</exception>
    public static async Task VerifyCodeAsync(EvmRpc rpc, EvmNetworkManifest manifest, string artifactsFolder, CancellationToken ct)
    {
        var addresses = manifest.Contracts.Keys.ToDictionary(name => name, manifest.AddressOf, StringComparer.Ordinal);
        foreach (var (name, deployed) in manifest.Contracts)
        {
            var artifact = ContractArtifact.Load(artifactsFolder, name);
            if (Keccak256.Hash(artifact.Bytecode).ToString() != deployed.CodeHash)
                throw new DeploymentException($"The artifact of {name} is not the one that network '{manifest.Network}' was deployed from. Use the release that deployed it.");
            if (!AbiCodec.TryDecode(artifact.Abi.Constructor, Hex.Parse(deployed.Arguments), out var arguments))
                throw new DeploymentException($"The manifest's arguments of {name} are damaged.");
            var code = await rpc.GetCodeAsync(addresses[name], BlockTag.Latest, ct).ConfigureAwait(false);
            if (CodeVerifier.Check(artifact, code, arguments, addresses[name], manifest.ChainId, addresses) is { } fault)
                throw new DeploymentException($"{name} on chain is not the artifact: {fault}.");
        }
    }
}
