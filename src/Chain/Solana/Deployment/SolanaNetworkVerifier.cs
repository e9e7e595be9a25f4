using System.Globalization;
using DePin.Abi;
using DePin.Abi.Solana;
using DePin.Chain.Solana;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.Protocol;

namespace DePin.Chain.Deployment;

/// <summary>Holds a manifest against the cluster that a node serves.</summary>
public static class SolanaNetworkVerifier
{
    internal const string Initialize = "initialize";
    internal const string OpenRegistry = "open_registry";
    internal const string OpenStaking = "open_staking";

    /// <summary>For every host at its start: the node is of the manifest's cluster, and the deployment was completed.</summary>
    /// <exception cref="DeploymentException">It is not; says what to do.</exception>
    public static async Task CheckChainAsync(SolanaRpc rpc, SolanaNetworkManifest manifest, CancellationToken ct)
    {
        if (!manifest.Complete) throw new DeploymentException($"The deployment of network '{manifest.Network}' is not complete. Run the deployment again: it goes on where it stopped.");
        var cluster = await rpc.GetGenesisHashAsync(ct).ConfigureAwait(false);
        if (cluster != manifest.Cluster)
            throw new DeploymentException($"The node is of the cluster {NameOf(cluster)}, network '{manifest.Network}' lives on {NameOf(manifest.Cluster)}. Check the RPC URL.");
        var network = manifest.Accounts;
        if ((await rpc.GetAccountInfoAsync(network.Account, Finality.Safe, ct, slice: new SolanaDataSlice(0, 0)).ConfigureAwait(false)).Value?.Owner != network.Program)
            throw new DeploymentException($"The cluster knows nothing of network '{manifest.Network}' ({network.Account}). Was a development cluster started anew? Move the manifest away and deploy again.");
    }

    /// <summary>Compares the program with the artifact, and the network's accounts with the manifest: all that can never change.</summary>
    /// <param name="rpc">The cluster.</param>
    /// <param name="manifest">Of the network.</param>
    /// <param name="artifactsFolder">Holds <c>depin.so</c>.</param>
    /// <param name="finality">How settled what is read must be.</param>
    /// <param name="ct">Ends it.</param>
    /// <exception cref="DeploymentException">It differs; says where.</exception>
    public static async Task VerifyAsync(SolanaRpc rpc, SolanaNetworkManifest manifest, string artifactsFolder, Finality finality, CancellationToken ct)
    {
        var artifact = SolanaProgramArtifact.Load(artifactsFolder);
        if (artifact.Hash != manifest.CodeHash) throw new DeploymentException($"The artifact of the program is not the one that network '{manifest.Network}' was deployed from. Use the release that deployed it.");
        var network = manifest.Accounts;
        await CheckProgramAsync(rpc, network.Program, artifact, finality, ct).ConfigureAwait(false);
        var (vault, bonds) = (Depin.Addresses.Vault(network.Program, network.Account), Depin.Addresses.Bonds(network.Program, network.Account));
        SolanaAddress[] addresses =
        [
            network.Account, network.Ledger, network.Distributor, network.Mint, vault, bonds,
            Depin.Addresses.Registry(network.Program, network.Account), Depin.Addresses.Staking(network.Program, network.Account),
        ];
        var accounts = (await rpc.GetMultipleAccountsAsync(addresses, finality, ct).ConfigureAwait(false)).Value;
        var parameters = Argument<Depin.InitializeInstruction>(manifest, Initialize, Depin.InitializeInstruction.TryDecode).Parameters;
        CheckManifest(manifest, parameters);
        CheckNetwork(Read<Depin.NetworkAccount>(0), network, vault, bonds, manifest.Decimals, parameters);
        if (Read<Depin.LedgerAccount>(1).Network != network.Account) throw Differs("the ledger's network");
        CheckDistributor(Read<Depin.DistributorAccount>(2), network, parameters);
        CheckMint(SolanaMintRules.Read(network.Mint, Present(3), network.TokenProgram), network, manifest.Decimals);
        CheckHolding(4);
        CheckHolding(5);
        if (accounts[6] is not null || !manifest.OwnerCalls.Exists(c => c.StartsWith(OpenRegistry, StringComparison.Ordinal)))
            CheckRegistry(Read<Depin.DeviceRegistryAccount>(6), Argument<Depin.OpenRegistryInstruction>(manifest, OpenRegistry, Depin.OpenRegistryInstruction.TryDecode).KeyDelay);
        if (accounts[7] is not null || !manifest.OwnerCalls.Exists(c => c.StartsWith(OpenStaking, StringComparison.Ordinal)))
            CheckStaking(Read<Depin.StakingAccount>(7), Argument<Depin.OpenStakingInstruction>(manifest, OpenStaking, Depin.OpenStakingInstruction.TryDecode).Settings);

        SolanaAccount Present(int i) => accounts[i] ?? throw new DeploymentException($"{addresses[i]}, an account of network '{manifest.Network}', is not on this cluster. Was a development cluster started anew? Move the manifest away and deploy again.");

        T Read<T>(int i)
            where T : struct, ISolanaAccount<T> => DeploymentAccounts.Decode<T>(Present(i), network.Program, addresses[i]);

        ReadOnlySpan<byte> TokenData(int i) => Present(i).Owner == network.TokenProgram ? Present(i).Data.Span : throw Differs($"the program of {addresses[i]}, which is not the token's,");

        void CheckHolding(int i)
        {
            var holding = TokenAccount.Decode(TokenData(i));
            if (holding.Mint != network.Mint || holding.Owner != network.Account || holding.CloseAuthority is not null) throw Differs($"the token account {addresses[i]}");
        }
    }

    /// <summary>The program is there, with the artifact's bytes.</summary>
    internal static async Task CheckProgramAsync(SolanaRpc rpc, SolanaAddress program, SolanaProgramArtifact artifact, Finality finality, CancellationToken ct)
    {
        var reader = new SolanaProgramDeployer(rpc, new SolanaTransactionSender(rpc, SolanaAddress.Zero, _ => throw new NotSupportedException("Nothing is sent here.")));
        var found = await reader.ReadAsync(program, finality, ct).ConfigureAwait(false) ?? throw new DeploymentException($"There is no program {program} on this cluster. Name one that is there, or let the deployment make one.");
        if (!found.Holds(artifact.Code.Span)) throw new DeploymentException($"Program {program} does not hold the artifact's bytes: it is another program, another release, or was upgraded since. Use the release that it came from.");
    }

    internal static void CheckNetwork(in Depin.NetworkAccount found, SolanaNetwork network, SolanaAddress vault, SolanaAddress bonds, byte decimals, in Depin.Parameters p)
    {
        if (found.Chain != p.Chain) throw Differs("the network's cluster");
        if (found.Mint != network.Mint || found.TokenProgram != network.TokenProgram || found.Decimals != decimals) throw Differs("the network's token");
        if (found.Ledger != network.Ledger || found.Distributor != network.Distributor || found.Vault != vault || found.Bonds != bonds) throw Differs("the network's accounts");
        if (found.Arbiter != p.Arbiter) throw Differs("the network's arbiter");
        if (found.Genesis != p.Genesis || found.EpochLength != p.EpochLength) throw Differs("the network's epochs");
        if ((found.ChallengeWindow, found.ChallengeExtension, found.ChallengeBond) != (p.ChallengeWindow, p.ChallengeExtension, p.ChallengeBond)) throw Differs("the network's challenges");
        if ((found.MinBond, found.BondThaw, found.RecoverySilence, found.RecipientDelay, found.ReporterBps) != (p.MinBond, p.BondThaw, p.RecoverySilence, p.RecipientDelay, p.ReporterBps))
            throw Differs("the network's settings of operators");
        if (found.EmissionBase != p.EmissionBase || found.EmissionDecay != p.EmissionDecay) throw Differs("the network's emission");
    }

    internal static void CheckRegistry(in Depin.DeviceRegistryAccount found, ulong keyDelay)
    {
        if (found.KeyDelay != keyDelay) throw Differs("the registry's key delay");
    }

    internal static void CheckStaking(in Depin.StakingAccount found, in Depin.StakingSettings s)
    {
        if ((found.Slasher, found.MinDeposit, found.PoolCap, found.ThawPeriod, found.DelegationRatio, found.MaxThaws) != (s.Slasher, s.MinDeposit, s.PoolCap, s.ThawPeriod, s.DelegationRatio, s.MaxThaws))
            throw Differs("the staking's settings");
    }

    internal static DeploymentException Differs(string what) => new($"On the cluster {what} is not what the deployment says. Is it the right network, and the right manifest?");

    internal static string NameOf(in Bytes32 cluster) => SolanaClusters.NameOf(cluster) ?? Base58.Encode(cluster.AsSpan());

    // The owner may move the capacity between the bounds, which stay.
    private static void CheckDistributor(in Depin.DistributorAccount found, SolanaNetwork network, in Depin.Parameters p)
    {
        var domain = new Keccak256(); // docs/protocol.md, Rewards
        domain.Append(ProtocolTags.Reward);
        domain.Append([(byte)ChainKind.Solana]);
        domain.Append(p.Chain);
        domain.Append(network.Distributor.ToBytes32());
        domain.Append(network.Mint.ToBytes32());
        if (found.Network != network.Account || found.Domain != domain.Finish()) throw Differs("the domain of rewards");
        if ((found.MinCapacity, found.MaxCapacity, found.Window) != (p.BreakerMinCapacity, p.BreakerMaxCapacity, p.BreakerWindow)) throw Differs("the outflow breaker");
    }

    private static void CheckMint(TokenMint mint, SolanaNetwork network, byte decimals)
    {
        if (mint.MintAuthority != network.Account) throw Differs("the mint's authority, which must be the network alone,");
        if (mint.FreezeAuthority is not null) throw Differs("the mint's freeze authority, which there must not be,");
        if (mint.Decimals != decimals) throw Differs("the mint's number of decimals");
    }

    // What hosts read must be what the network was made with.
    private static void CheckManifest(SolanaNetworkManifest manifest, in Depin.Parameters p)
    {
        if (!SolanaMintRules.IsTokenProgram(manifest.Accounts.TokenProgram)) throw Damaged(manifest, "token program");
        if (manifest.NetworkId != SolanaNetworkManifest.IdOf(manifest.Cluster, manifest.Accounts).ToString()) throw Damaged(manifest, "network id");
        if (p.Chain != manifest.Cluster) throw Damaged(manifest, "genesis hash of the cluster");
        if ((p.Genesis, p.EpochLength, p.ChallengeWindow) != (manifest.Genesis, manifest.EpochLength, manifest.ChallengeWindow)) throw Damaged(manifest, "epochs");
        if (p.Arbiter.ToString() != manifest.Arbiter) throw Damaged(manifest, "arbiter");
        if (Number(p.EmissionBase) != manifest.EmissionBase || Number(p.EmissionDecay) != manifest.EmissionDecay) throw Damaged(manifest, "emission");
        if (Number(p.MinBond) != manifest.MinimumBond || p.BondThaw != manifest.BondThaw || p.BreakerWindow != manifest.BreakerWindow) throw Damaged(manifest, "settings");
        if (manifest.NetworkParameters.Hash.ToString() != manifest.ParametersHash || manifest.NetworkParameters.RulesHash.ToString() != manifest.RulesHash) throw Damaged(manifest, "parameters");

        static string Number(UInt128 value) => value.ToString(CultureInfo.InvariantCulture);
    }

    private static DeploymentException Damaged(SolanaNetworkManifest manifest, string what) => new($"The manifest of network '{manifest.Network}' is damaged: its {what} do not agree with its arguments. Restore it from its backup.");

    private delegate bool Decoder<T>(ReadOnlySpan<byte> data, out T value);

    private static T Argument<T>(SolanaNetworkManifest manifest, string name, Decoder<T> decode)
    {
        if (manifest.Arguments.TryGetValue(name, out var text) && Hex.TryParse(text, out var bytes) && decode(bytes, out var value)) return value;
        throw new DeploymentException($"The manifest's arguments of {name} are damaged or missing. Restore it from its backup.");
    }
}
