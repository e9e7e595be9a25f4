using System.Globalization;
using System.Numerics;
using DePin.Chain.Deployment;
using DePin.Protocol;

namespace DePin.Mirror;

/// <summary>What the mirror takes from a deployment's manifest.</summary>
public static class ManifestNetwork
{
    // Places of the constructor arguments in their ABI encoding, in words.
    private const int EmissionBase = 4;
    private const int EmissionDecay = 5;
    private const int BreakerWindow = 7;

    /// <summary>The network to mirror.</summary>
    /// <param name="manifest">Of a complete deployment.</param>
    /// <param name="chainId">Number of the chain in this database; one database may hold several chains.</param>
    public static MirroredNetwork ToMirroredNetwork(this NetworkManifest manifest, short chainId = 1)
    {
        if (!manifest.Complete) throw new DeploymentException($"The deployment of network '{manifest.Network}' is not complete: run 'depin network deploy' again.");
        return new MirroredNetwork(
            chainId, string.Create(CultureInfo.InvariantCulture, $"eip155:{manifest.ChainId}"), manifest.Id.Value, manifest.DeployBlock + 1,
            checked((ulong)Word(manifest, ContractKind.RewardDistributor, BreakerWindow)),
            ContractKinds.Evm.ToDictionary(k => k, k => AccountId.From(manifest.AddressOf(k.ToString()))));
    }

    /// <summary>The emission schedule as the EmissionController was made with it.</summary>
    public static EmissionSchedule ToEmissionSchedule(this NetworkManifest manifest) =>
        new((UInt128)Word(manifest, ContractKind.EmissionController, EmissionBase), Word(manifest, ContractKind.EmissionController, EmissionDecay));

    private static BigInteger Word(NetworkManifest manifest, ContractKind contract, int index)
    {
        var text = manifest.Contracts[contract.ToString()].Arguments;
        var bytes = Convert.FromHexString(text.StartsWith("0x", StringComparison.Ordinal) ? text.AsSpan(2) : text);
        return bytes.Length >= 32 * (index + 1)
            ? new BigInteger(bytes.AsSpan(32 * index, 32), isUnsigned: true, isBigEndian: true)
            : throw new DeploymentException($"The manifest's constructor arguments of {contract} are {bytes.Length} bytes: it is of another version.");
    }
}
