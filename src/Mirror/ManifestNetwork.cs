using System.Globalization;
using System.Numerics;
using DePin.Abi.Solana;
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
        return manifest switch
        {
            EvmNetworkManifest evm => new MirroredNetwork(
                chainId, evm.Chain.ToString(), evm.Id.Value, evm.DeployBlock + 1, checked((ulong)Word(evm, ContractKind.RewardDistributor, BreakerWindow)),
                ContractKinds.Evm.ToDictionary(k => k, k => AccountId.From(evm.AddressOf(k.ToString())))),
            SolanaNetworkManifest solana => new MirroredNetwork(
                chainId, solana.Chain.ToString(), solana.Id.Value, solana.DeployBlock + 1, solana.BreakerWindow, SolanaContracts(solana))
            { Chain = solana.Cluster },
            _ => throw Unknown(manifest),
        };
    }

    /// <summary>The emission schedule as the network was made with it.</summary>
    public static EmissionSchedule ToEmissionSchedule(this NetworkManifest manifest) => manifest switch
    {
        EvmNetworkManifest evm => new((UInt128)Word(evm, ContractKind.EmissionController, EmissionBase), Word(evm, ContractKind.EmissionController, EmissionDecay)),
        SolanaNetworkManifest solana => new(UInt128.Parse(solana.EmissionBase, CultureInfo.InvariantCulture), BigInteger.Parse(solana.EmissionDecay, CultureInfo.InvariantCulture)),
        _ => throw Unknown(manifest),
    };

    private static Dictionary<ContractKind, AccountId> SolanaContracts(SolanaNetworkManifest manifest)
    {
        var accounts = manifest.Accounts;
        var contracts = new Dictionary<ContractKind, AccountId>
        {
            [ContractKind.NetworkToken] = new(accounts.Mint.ToBytes32()),
            [ContractKind.ReportVerifier] = new(accounts.Ledger.ToBytes32()),
            [ContractKind.RewardDistributor] = new(accounts.Distributor.ToBytes32()),
            [ContractKind.SettlementProgram] = new(accounts.Program.ToBytes32()),
            [ContractKind.NetworkAccount] = new(accounts.Account.ToBytes32()),
        };
        // A database of before there was a choice holds none, and is of SPL Token.
        if (accounts.TokenProgram != SolanaPrograms.Token) contracts[ContractKind.TokenProgram] = new(accounts.TokenProgram.ToBytes32());
        return contracts;
    }

    private static DeploymentException Unknown(NetworkManifest manifest) => new($"The mirror knows no chain like {manifest.Chain}.");

    private static BigInteger Word(EvmNetworkManifest manifest, ContractKind contract, int index)
    {
        var text = manifest.Contracts[contract.ToString()].Arguments;
        var bytes = Convert.FromHexString(text.StartsWith("0x", StringComparison.Ordinal) ? text.AsSpan(2) : text);
        return bytes.Length >= 32 * (index + 1)
            ? new BigInteger(bytes.AsSpan(32 * index, 32), isUnsigned: true, isBigEndian: true)
            : throw new DeploymentException($"The manifest's constructor arguments of {contract} are {bytes.Length} bytes: it is of another version.");
    }
}
