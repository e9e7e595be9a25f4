using System.Globalization;
using DePin.Abi.Solana;
using DePin.Chain.Deployment;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;

namespace DePin.TestKit;

/// <summary>Registry of devices and staking on a <see cref="DeployedSolana"/>, and its manifest.</summary>
public static class SolanaDevices
{
    /// <summary>Seconds until a new key may be applied, without the program's tolerance.</summary>
    public const ulong KeyDelay = 60;

    /// <summary>Least deposit, base units.</summary>
    public const ulong MinimumDeposit = 10;

    /// <summary>Opens both, with maker 1.</summary>
    /// <param name="solana">The network.</param>
    /// <param name="maker">The maker's account.</param>
    /// <param name="approver">Address of the maker's approval key.</param>
    /// <param name="quota">Devices that the maker may have.</param>
    /// <param name="ct">Ends the wait.</param>
    public static async Task OpenDevicesAsync(this DeployedSolana solana, SolanaAddress maker, Address approver, uint quota, CancellationToken ct)
    {
        var (network, owner) = (solana.Network, solana.Owner);
        await solana.SendAsync(
            ct,
            new Depin.OpenRegistryInstruction(KeyDelay).ToInstruction(network.Program, new Depin.OpenRegistryAccounts { Owner = owner, Payer = owner, Network = network.Account }),
            new Depin.SetMakerInstruction(new Depin.MakerSettings(1, maker, approver, quota, Active: true)).ToInstruction(network.Program, new Depin.SetMakerAccounts { Owner = owner, Payer = owner, Network = network.Account }),
            new Depin.OpenStakingInstruction(new Depin.StakingSettings(owner, MinimumDeposit, PoolCap: 1_000_000, ThawPeriod: 3_600, DelegationRatio: 4, MaxThaws: 4))
                .ToInstruction(network.Program, new Depin.OpenStakingAccounts { Owner = owner, Payer = owner, Network = network.Account })).ConfigureAwait(false);
    }

    /// <summary>What a deployment would write down of the network; with <paramref name="cluster"/> or <paramref name="mint"/>, what is wrong. The parameters are canonical.</summary>
    public static SolanaNetworkManifest ToManifest(this DeployedSolana solana, SolanaAddress? cluster = null, SolanaAddress? mint = null, string parameters = "{}") => new()
    {
        Network = "test",
        NetworkId = SolanaNetworkManifest.IdOf(solana.Chain, solana.Network).ToString(),
        ChainGenesisHash = (cluster ?? SolanaAddress.From(solana.Chain)).ToString(),
        Profile = "test",
        Deployer = solana.Owner.ToString(),
        DeploymentHash = default(Bytes32).ToString(),
        Complete = true,
        DeployBlock = solana.FirstSlot,
        Genesis = solana.Genesis,
        EpochLength = DeployedSolana.EpochLength,
        ChallengeWindow = 1,
        ParametersHash = solana.Config.ParametersHash.ToString(),
        RulesHash = solana.Config.RulesHash.ToString(),
        Parameters = parameters,
        Decimals = 9,
        Program = solana.Network.Program.ToString(),
        CodeHash = "",
        Mint = (mint ?? solana.Network.Mint).ToString(),
        TokenProgram = solana.Network.TokenProgram.ToString(),
        Owner = solana.Owner.ToString(),
        Arbiter = solana.Owner.ToString(),
        EmissionBase = DeployedSolana.EmissionBase.ToString(CultureInfo.InvariantCulture),
        EmissionDecay = DeployedSolana.EmissionDecay.ToString(CultureInfo.InvariantCulture),
        BreakerWindow = DeployedSolana.BreakerWindow,
        MinimumBond = DeployedSolana.Bond.ToString(CultureInfo.InvariantCulture),
        BondThaw = 3_600,
    };
}
