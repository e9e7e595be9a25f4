using System.Text.Json.Nodes;
using DePin.Abi.Solana;
using DePin.Chain.Solana;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;

namespace DePin.Chain.Deployment;

/// <summary>The profile of a network of the program on a Solana cluster. <c>"@deployer"</c> stands for the account that deploys. Amounts are base units as decimal text, periods seconds.</summary>
public sealed class SolanaDeploymentProfile : DeploymentProfile
{
    private const string Dev = "dev";

    internal SolanaDeploymentProfile(JsonObject root, IReadOnlyDictionary<string, JsonNode> variables)
        : base(root, variables)
    {
        DevClusters = [.. (root["devClusters"] as JsonArray ?? []).Select((entry, i) => Cluster(entry, i))];
        if (DevClusters.Contains(SolanaClusters.MainnetBeta)) throw new DeploymentException("The profile's devClusters names mainnet-beta, which is nobody's development cluster.");
    }

    /// <summary>Genesis hashes of clusters on which bounds meant for development are allowed, public ones too.</summary>
    public IReadOnlyList<Bytes32> DevClusters { get; private set; }

    /// <summary>Lists devnet among <see cref="DevClusters"/>, for a network that is made to be tried.</summary>
    public void AllowOnDevnet() => DevClusters = [.. DevClusters, SolanaClusters.Devnet];

    /// <summary>
    /// Whether development bounds are allowed on a cluster. A validator of one's own has a genesis hash like no other, so that only the public clusters can be told: the profile named dev
    /// may go to whatever is none of them, and to those that it lists.
    /// </summary>
    public bool IsDevCluster(in Bytes32 genesisHash) => DevClusters.Contains(genesisHash) || (Name == Dev && SolanaClusters.NameOf(genesisHash) is null);

    /// <summary>What the profile says, for one cluster and deployer.</summary>
    /// <exception cref="DeploymentException">It lacks a value, has one that means nothing, or one does not fit.</exception>
    public SolanaNetworkPlan PlanFor(in Bytes32 cluster, SolanaAddress deployer)
    {
        var deploy = Resolve(Section("deploy"), null, "deploy").AsObject();
        if (deploy.Select(m => m.Key).FirstOrDefault(k => k is not ("token" or "network" or "registry" or "staking")) is { } unknown)
            throw new DeploymentException($"The profile's deploy.{unknown} means nothing. There are: token, network, registry, staking.");
        var token = Read("token");
        var registry = Read("registry");
        var plan = new SolanaNetworkPlan
        {
            TokenProgram = token.OptionalText("program") switch
            {
                null or "token" => SolanaPrograms.Token,
                "token-2022" => SolanaPrograms.Token2022,
                var other => throw new DeploymentException($"The profile's deploy.token.program must be token or token-2022, not '{other}'."),
            },
            Decimals = token.U8("decimals"),
            Allocations = [.. token.List("genesis").Select(Allocation)],
            Network = NetworkOf(Read("network"), cluster),
            KeyDelay = registry.U64("keyDelay"),
            Staking = StakingOf(Read("staking")),
            Makers = [.. Entries("makers").Select(MakerOf)],
            Models = [.. Entries("models").Select(ModelOf)],
        };
        token.End();
        registry.End();
        if (plan.Decimals > 9) throw new DeploymentException($"The profile's deploy.token.decimals is {plan.Decimals}; the program takes at most 9, so that all tokens there can be fit 64 bits.");
        if (plan.Allocated > ulong.MaxValue) throw new DeploymentException($"The profile's deploy.token.genesis is {plan.Allocated} base units in all; at most {ulong.MaxValue} fit.");
        if (plan.Models.FirstOrDefault(m => plan.Makers.All(k => k.MakerId != m.MakerId)) is { } stray) throw new DeploymentException($"The profile's models name maker {stray.MakerId}, which its makers do not.");
        return plan;

        ProfileSection Read(string name) => new(deploy[name] as JsonObject ?? throw new DeploymentException($"The profile lacks deploy.{name}."), $"deploy.{name}", deployer);

        IEnumerable<ProfileSection> Entries(string name) => Member(name) is { } list ? ProfileSection.ListOf(Resolve(list, null, name), name, deployer) : [];
    }

    private static SolanaAllocation Allocation(ProfileSection section)
    {
        var allocation = new SolanaAllocation(section.Account("account"), section.U64("amount"));
        section.End();
        return allocation;
    }

    private static Depin.Parameters NetworkOf(ProfileSection section, in Bytes32 cluster)
    {
        var parameters = new Depin.Parameters(
            cluster, section.Account("owner"), section.Account("arbiter"), section.U64("genesis"), section.U64("epochLength"), section.U64("challengeWindow"), section.U64("challengeExtension"),
            section.U64("challengeBond"), section.U64("minBond"), section.U64("bondThaw"), section.U64("recoverySilence"), section.U64("recipientDelay"), section.U16("reporterBps"),
            section.U64("emissionBase"), section.U128("emissionDecay"), section.U64("breakerCapacity"), section.U64("breakerMinCapacity"), section.U64("breakerMaxCapacity"), section.U64("breakerWindow"));
        section.End();
        return parameters;
    }

    private static Depin.StakingSettings StakingOf(ProfileSection section)
    {
        var settings = new Depin.StakingSettings(
            section.Account("slasher"), section.U64("minDeposit"), section.U64("poolCap"), section.U64("thawPeriod"), section.U32("delegationRatio"), section.U32("maxThaws"));
        section.End();
        return settings;
    }

    private static Depin.MakerSettings MakerOf(ProfileSection section)
    {
        var maker = new Depin.MakerSettings(section.U32("makerId"), section.Account("account"), section.OptionalKey("approver"), section.U32("quota"), section.Flag("active"));
        section.End();
        return maker;
    }

    private static SolanaModel ModelOf(ProfileSection section)
    {
        var model = new SolanaModel(section.U32("makerId"), new Depin.ModelSettings(section.U16("class"), section.U32("capabilities"), section.U32("cadence"), section.Word("metadata")));
        section.End();
        return model;
    }

    private static Bytes32 Cluster(JsonNode? entry, int index) => SolanaAddress.TryParse(entry?.ToString(), out var hash)
        ? hash.ToBytes32()
        : throw new DeploymentException($"The profile's devClusters[{index}] must be a cluster's genesis hash in base58.");
}
