using System.Globalization;
using System.Text;
using DePin.Abi;
using DePin.Abi.Solana;
using DePin.Chain.Solana;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;

namespace DePin.Chain.Deployment;

/// <summary>
/// Deploys a network of the settlement program: the program, a mint whose tokens are allocated, the network over it, registry and staking, makers and models. Each step's transaction can be
/// included only once, since it makes an account, and the cluster shows which are done: killed at any point, the same call goes on there.
/// </summary>
/// <param name="rpc">The cluster.</param>
/// <param name="deployer">Pays, and may upgrade the program.</param>
/// <param name="others">Keys of the owner and of makers, where they are not the deployer's. What their accounts must sign and no key is given for becomes an owner call.</param>
/// <param name="fees">What to pay.</param>
/// <param name="time">Its clock.</param>
public sealed class SolanaNetworkDeployer(SolanaRpc rpc, PrivateKey deployer, IReadOnlyList<PrivateKey>? others = null, SolanaFeePolicy? fees = null, TimeProvider? time = null)
{
    private const ulong Accounts = 100_000_000; // lamports: rent of a network's accounts with a few makers and models, and all fees

    private static readonly TimeSpan SlotWait = TimeSpan.FromMilliseconds(200);

    private readonly SolanaAddress _deployer = SolanaAddress.Of(deployer.PublicKey);
    private readonly Dictionary<SolanaAddress, PrivateKey> _keys = ((PrivateKey[])[deployer, .. others ?? []]).DistinctBy(k => SolanaAddress.Of(k.PublicKey)).ToDictionary(k => SolanaAddress.Of(k.PublicKey));
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>A program that is there, to make the network of; null deploys one.</summary>
    public SolanaAddress? Program { get; init; }

    /// <summary>How many lamports the deployer should hold for what is left to do: 0 once the deployment is complete.</summary>
    public async Task<ulong> GetPriceAsync(DeploymentRequest request, CancellationToken ct)
    {
        var existing = File.Exists(request.ManifestPath) ? NetworkManifest.Load<SolanaNetworkManifest>(request.ManifestPath) : null;
        if (existing is { Complete: true }) return 0;
        if (Program is not null || (existing is not null && await HeldAsync(existing.Accounts.Program).ConfigureAwait(false) > 0)) return Accounts;
        // The loader gives the buffer's rent back before it takes the program's, which is more.
        var code = SolanaProgramArtifact.Load(request.ArtifactsFolder).Code.Length;
        var room = code + (code * (long)new SolanaDeploymentOptions().SpareRoomPercent / 100);
        var rent = await rpc.GetMinimumBalanceForRentExemptionAsync((ulong)(LoaderProgramData.CodeOffset + room), ct).ConfigureAwait(false);
        var paid = SolanaDeploymentState.Load(new SolanaDeploymentFiles(request.ManifestPath).State) is { } state ? await HeldAsync(state.Buffer).ConfigureAwait(false) : 0;
        return rent - Math.Min(rent, paid) + Accounts;

        async Task<ulong> HeldAsync(SolanaAddress account) => (await rpc.GetBalanceAsync(account, Finality.Safe, ct).ConfigureAwait(false)).Value;
    }

    /// <summary>Deploys, or goes on with, or just checks, what the profile says; <paramref name="report"/> may be null.</summary>
    /// <exception cref="DeploymentException">The profile, the cluster or the manifest do not allow it.</exception>
    public async Task<SolanaNetworkManifest> DeployAsync(SolanaDeploymentProfile profile, DeploymentRequest request, Func<DeploymentProgress, Task>? report, CancellationToken ct)
    {
        var cluster = await rpc.GetGenesisHashAsync(ct).ConfigureAwait(false);
        var artifact = SolanaProgramArtifact.Load(request.ArtifactsFolder);
        var plan = profile.PlanFor(cluster, _deployer);
        CheckBounds(profile, plan, cluster);
        var hash = plan.Hash(request.Network, _deployer, Program ?? SolanaAddress.Zero, profile.Parameters);
        var existing = File.Exists(request.ManifestPath) ? NetworkManifest.Load<SolanaNetworkManifest>(request.ManifestPath) : null;
        if (existing is not null && (existing.DeploymentHash != hash || existing.Cluster != cluster))
            throw new DeploymentException($"'{request.ManifestPath}' is the manifest of another network or another cluster (network {existing.Network}, {existing.Chain}). Choose another network name, or move that file away if its cluster is gone.");
        if (existing is not null && existing.CodeHash != artifact.Hash)
            throw new DeploymentException($"The artifact of the program is not the one that network '{existing.Network}' was deployed from. Use the release that deployed it.");
        var files = new SolanaDeploymentFiles(request.ManifestPath);
        var manifest = existing ?? await StartAsync(plan, profile, request, files, artifact, cluster, hash, ct).ConfigureAwait(false);
        var sender = new SolanaTransactionSender(rpc, deployer, fees, SolanaVerifierTransactions.Names(manifest.Accounts.Program), time);
        var steps = new SolanaDeploymentSteps(rpc, sender, _keys, plan, manifest.Accounts, report, _time);
        if (!manifest.Complete)
        {
            if (Program is null) await steps.DeployProgramAsync(artifact, files, ct).ConfigureAwait(false);
            await steps.MakeNetworkAsync(files, ct).ConfigureAwait(false);
        }

        // Later too: what the owner has sent meanwhile is owed no more, and lets others go on.
        if (!manifest.Complete || manifest.OwnerCalls.Count > 0) manifest.OwnerCalls = [.. await steps.OpenAsync(ct).ConfigureAwait(false)];
        if (!manifest.Complete) await UntilFinalAsync(ct).ConfigureAwait(false);
        await SolanaNetworkVerifier.VerifyAsync(rpc, manifest, request.ArtifactsFolder, manifest.Complete ? Finality.Safe : Finality.Finalized, ct).ConfigureAwait(false);
        manifest.Complete = true;
        manifest.Save(request.ManifestPath);
        files.Remove();
        return manifest;
    }

    private static void CheckBounds(SolanaDeploymentProfile profile, SolanaNetworkPlan plan, Bytes32 cluster)
    {
        if (profile.IsDevCluster(cluster)) return;
        var violations = SolanaProductionBounds.Violations(plan, profile.Parameters);
        if (profile.Name == "dev") violations = ["the profile is named dev", .. violations];
        if (violations.Count > 0)
            throw new DeploymentException($"Cluster {SolanaNetworkVerifier.NameOf(cluster)} is not a development cluster for profile '{profile.Name}', which keeps bounds that are only for those: {string.Join("; ", violations)}.");
    }

    private async Task<SolanaNetworkManifest> StartAsync(
        SolanaNetworkPlan plan, SolanaDeploymentProfile profile, DeploymentRequest request, SolanaDeploymentFiles files, SolanaProgramArtifact artifact, Bytes32 cluster, string hash, CancellationToken ct)
    {
        var (slot, now) = await rpc.GetPresentAsync(_time, ct).ConfigureAwait(false);
        var p = plan.Network;
        if (p.Genesis <= now)
            throw new DeploymentException($"The network's genesis ({p.Genesis}) must lie after the cluster's present time ({now}): operators must be scheduled before epoch 1 starts.");
        if (p.EpochLength == 0 || p.Genesis % p.EpochLength != 0)
            throw new DeploymentException($"The network's genesis ({p.Genesis}) must be a multiple of the epoch's length ({p.EpochLength} s), so that epochs start on whole days.");
        if (Program is { } given) await SolanaNetworkVerifier.CheckProgramAsync(rpc, given, artifact, Finality.Safe, ct).ConfigureAwait(false);
        SolanaDeploymentSteps.CheckAllocations(plan, _deployer);
        var network = new SolanaNetwork(Program ?? SolanaAddress.Of(files.MakeProgramKey().PublicKey), SolanaAddress.Of(files.MakeMintKey().PublicKey), plan.TokenProgram);
        if ((await rpc.GetAccountInfoAsync(network.Mint, Finality.Safe, ct).ConfigureAwait(false)).Value is not null)
            throw new DeploymentException($"The key beside '{request.ManifestPath}' is of mint {network.Mint}, which another deployment has made. Put that deployment's manifest back, or move the key files away.");
        var manifest = new SolanaNetworkManifest
        {
            Network = request.Network,
            NetworkId = SolanaNetworkManifest.IdOf(cluster, network).ToString(),
            ChainGenesisHash = Base58.Encode(cluster.AsSpan()),
            Profile = profile.Name,
            Deployer = _deployer.ToString(),
            DeploymentHash = hash,
            DeployBlock = slot,
            Genesis = p.Genesis,
            EpochLength = p.EpochLength,
            ChallengeWindow = p.ChallengeWindow,
            ParametersHash = profile.Parameters.Hash.ToString(),
            RulesHash = profile.Parameters.RulesHash.ToString(),
            Parameters = Encoding.UTF8.GetString(profile.Parameters.ToBytes()),
            Decimals = plan.Decimals,
            Program = network.Program.ToString(),
            CodeHash = artifact.Hash,
            Mint = network.Mint.ToString(),
            TokenProgram = network.TokenProgram.ToString(),
            Owner = p.Owner.ToString(),
            Arbiter = p.Arbiter.ToString(),
            EmissionBase = p.EmissionBase.ToString(CultureInfo.InvariantCulture),
            EmissionDecay = p.EmissionDecay.ToString(CultureInfo.InvariantCulture),
            BreakerWindow = p.BreakerWindow,
            MinimumBond = p.MinBond.ToString(CultureInfo.InvariantCulture),
            BondThaw = p.BondThaw,
            Arguments = new SortedDictionary<string, string>(StringComparer.Ordinal)
            {
                [SolanaNetworkVerifier.Initialize] = Hex.ToString(new Depin.InitializeInstruction(p).Encode()),
                [SolanaNetworkVerifier.OpenRegistry] = Hex.ToString(new Depin.OpenRegistryInstruction(plan.KeyDelay).Encode()),
                [SolanaNetworkVerifier.OpenStaking] = Hex.ToString(new Depin.OpenStakingInstruction(plan.Staking).Encode()),
            },
        };
        manifest.Save(request.ManifestPath);
        return manifest;
    }

    // What is confirmed now is final then.
    private async Task UntilFinalAsync(CancellationToken ct)
    {
        var slot = await rpc.GetSlotAsync(Finality.Safe, ct).ConfigureAwait(false);
        while (await rpc.GetSlotAsync(Finality.Finalized, ct).ConfigureAwait(false) < slot) await Task.Delay(SlotWait, _time, ct).ConfigureAwait(false);
    }
}
