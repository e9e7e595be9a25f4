using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using DePin.Cryptography;
using DePin.Protocol;

namespace DePin.Mirror;

/// <summary>The network's contracts by the number under which <c>chain.logs</c> keeps them. Append-only.</summary>
public enum ContractKind : short
{
    NetworkToken = 1,
    EmissionController = 2,
    DeviceRegistry = 3,
    PayoutRegistry = 4,
    ProviderStaking = 5,
    OperatorRegistry = 6,
    ReportVerifier = 7,
    RewardDistributor = 8,

    /// <summary>The one program of a network on Solana, which does what the contracts do.</summary>
    SettlementProgram = 9,

    /// <summary>The account that stands for a network of that program.</summary>
    NetworkAccount = 10,

    /// <summary>The token program of a network on Solana, where it is not SPL Token.</summary>
    TokenProgram = 11,
}

/// <summary>Which contracts a network has.</summary>
public static class ContractKinds
{
    /// <summary>On an EVM chain.</summary>
    public static IReadOnlyList<ContractKind> Evm { get; } = [.. Enum.GetValues<ContractKind>().Where(k => k < ContractKind.SettlementProgram)];
}

/// <summary>Events by the number under which <c>chain.logs</c> keeps them. Append-only; 0 = not one of ours.</summary>
public enum EventKind : short
{
    Unknown = 0,
    TokenTransfer = 101,
    TokenApproval = 102,
    SplitsScheduled = 201,
    EpochMinted = 202,
    MakerSet = 301,
    ModelAdded = 302,
    BatchPublished = 303,
    BatchRevoked = 304,
    DeviceRegistered = 305,
    CellAsserted = 306,
    StatusChanged = 307,
    KeyRotationScheduled = 308,
    KeyRotationCancelled = 309,
    KeyRotated = 310,
    DeviceTransfer = 311,
    DeviceApproval = 312,
    DeviceApprovalForAll = 313,
    IndexAssigned = 401,
    RecipientScheduled = 402,
    RecipientChanged = 403,
    Deposited = 501,
    ThawRequested = 502,
    ThawCancelled = 503,
    Withdrawn = 504,
    Slashed = 505,
    PoolReset = 506,
    OperatorRegistered = 601,
    BondAdded = 602,
    EndpointChanged = 603,
    ConfigScheduled = 604,
    ExitRequested = 605,
    BondWithdrawn = 606,
    BondSlashed = 607,
    ReportAccepted = 701,
    ReportChallenged = 702,
    ReportCancelled = 703,
    ChallengeSettled = 704,
    ReportFinalized = 705,
    TreeFaultProven = 706,
    EquivocationProven = 707,
    RootAdvanced = 801,
    Claimed = 802,
    ClaimSkipped = 803,
    ClaimFeePaid = 804,
    BreakerChanged = 805,
    EmissionControllerOwnershipOffered = 291,
    EmissionControllerOwnershipTransferred = 292,
    DeviceRegistryOwnershipOffered = 391,
    DeviceRegistryOwnershipTransferred = 392,
    OperatorRegistryOwnershipOffered = 691,
    OperatorRegistryOwnershipTransferred = 692,
    RewardDistributorOwnershipOffered = 891,
    RewardDistributorOwnershipTransferred = 892,
    NetworkTokenDomainChanged = 193,
    DeviceRegistryDomainChanged = 393,
    RewardDistributorDomainChanged = 893,
}

/// <summary>An event of a contract.</summary>
/// <param name="Kind">Its number.</param>
/// <param name="Contract">The contract that emits it.</param>
/// <param name="Signature">Canonical signature.</param>
/// <param name="Indexed">How many of its arguments are topics.</param>
public sealed record EventDefinition(EventKind Kind, ContractKind Contract, string Signature, int Indexed)
{
    /// <summary>Keccak-256 of the signature: topic 0.</summary>
    public Bytes32 Topic { get; } = Keccak256.Hash(Encoding.ASCII.GetBytes(Signature));

    /// <summary>The signature's name.</summary>
    public string Name { get; } = Signature[..Signature.IndexOf('(', StringComparison.Ordinal)];
}

/// <summary>Every event that the mirror knows; a test compares it with the compiled contracts' ABIs.</summary>
public static class EventCatalog
{
    /// <summary>The events, ascending by number.</summary>
    public static IReadOnlyList<EventDefinition> All { get; } =
    [
        new(EventKind.TokenTransfer, ContractKind.NetworkToken, "Transfer(address,address,uint256)", 2),
        new(EventKind.TokenApproval, ContractKind.NetworkToken, "Approval(address,address,uint256)", 2),
        new(EventKind.SplitsScheduled, ContractKind.EmissionController, "SplitsScheduled(uint64,(address,uint16)[])", 1),
        new(EventKind.EpochMinted, ContractKind.EmissionController, "EpochMinted(uint64,uint256,uint256,uint256)", 1),
        new(EventKind.MakerSet, ContractKind.DeviceRegistry, "MakerSet(uint32,address,uint32,bool)", 1),
        new(EventKind.ModelAdded, ContractKind.DeviceRegistry, "ModelAdded(uint32,uint32,uint16,uint32,uint32,bytes32)", 2),
        new(EventKind.BatchPublished, ContractKind.DeviceRegistry, "BatchPublished(uint64,uint32,bytes32,uint32,string)", 2),
        new(EventKind.BatchRevoked, ContractKind.DeviceRegistry, "BatchRevoked(uint64)", 1),
        new(EventKind.DeviceRegistered, ContractKind.DeviceRegistry,
            "DeviceRegistered(uint256,bytes32,address,uint32,uint8,bytes,uint64,uint64,bytes32)", 3),
        new(EventKind.CellAsserted, ContractKind.DeviceRegistry, "CellAsserted(uint256,uint64)", 1),
        new(EventKind.StatusChanged, ContractKind.DeviceRegistry, "StatusChanged(uint256,uint8,uint8)", 1),
        new(EventKind.KeyRotationScheduled, ContractKind.DeviceRegistry, "KeyRotationScheduled(uint256,bytes32,uint8,bytes,uint64)", 2),
        new(EventKind.KeyRotationCancelled, ContractKind.DeviceRegistry, "KeyRotationCancelled(uint256)", 1),
        new(EventKind.KeyRotated, ContractKind.DeviceRegistry, "KeyRotated(uint256,bytes32,bytes32)", 3),
        new(EventKind.DeviceTransfer, ContractKind.DeviceRegistry, "Transfer(address,address,uint256)", 3),
        new(EventKind.DeviceApproval, ContractKind.DeviceRegistry, "Approval(address,address,uint256)", 3),
        new(EventKind.DeviceApprovalForAll, ContractKind.DeviceRegistry, "ApprovalForAll(address,address,bool)", 2),
        new(EventKind.IndexAssigned, ContractKind.PayoutRegistry, "IndexAssigned(address,uint32)", 2),
        new(EventKind.RecipientScheduled, ContractKind.PayoutRegistry, "RecipientScheduled(address,address,uint64)", 1),
        new(EventKind.RecipientChanged, ContractKind.PayoutRegistry, "RecipientChanged(address,address)", 1),
        new(EventKind.Deposited, ContractKind.ProviderStaking, "Deposited(address,address,uint256,uint256)", 2),
        new(EventKind.ThawRequested, ContractKind.ProviderStaking, "ThawRequested(address,address,uint256,uint256,uint256,uint256,uint64)", 3),
        new(EventKind.ThawCancelled, ContractKind.ProviderStaking, "ThawCancelled(address,address,uint256,uint256,uint256)", 3),
        new(EventKind.Withdrawn, ContractKind.ProviderStaking, "Withdrawn(address,address,uint256,uint256)", 3),
        new(EventKind.Slashed, ContractKind.ProviderStaking, "Slashed(address,uint256,uint256,bytes32)", 1),
        new(EventKind.PoolReset, ContractKind.ProviderStaking, "PoolReset(address,uint64)", 1),
        new(EventKind.OperatorRegistered, ContractKind.OperatorRegistry, "OperatorRegistered(address,address,bytes32,string,uint256)", 2),
        new(EventKind.BondAdded, ContractKind.OperatorRegistry, "BondAdded(address,uint256,uint256)", 1),
        new(EventKind.EndpointChanged, ContractKind.OperatorRegistry, "EndpointChanged(address,string)", 1),
        new(EventKind.ConfigScheduled, ContractKind.OperatorRegistry,
            "ConfigScheduled(uint64,uint64,bytes32,uint8,uint8,bytes32,bytes32,address[],bytes32[])", 3),
        new(EventKind.ExitRequested, ContractKind.OperatorRegistry, "ExitRequested(address,uint64)", 1),
        new(EventKind.BondWithdrawn, ContractKind.OperatorRegistry, "BondWithdrawn(address,uint256)", 1),
        new(EventKind.BondSlashed, ContractKind.OperatorRegistry, "BondSlashed(address,uint256,address,uint256)", 1),
        new(EventKind.ReportAccepted, ContractKind.ReportVerifier, "ReportAccepted(uint64,uint64,bytes32,bytes,uint32,uint64)", 3),
        new(EventKind.ReportChallenged, ContractKind.ReportVerifier, "ReportChallenged(uint64,bytes32,address,uint256,bytes32,uint64)", 3),
        new(EventKind.ReportCancelled, ContractKind.ReportVerifier, "ReportCancelled(uint64,uint64,bytes32,uint8)", 2),
        new(EventKind.ChallengeSettled, ContractKind.ReportVerifier, "ChallengeSettled(uint64,bytes32,address,uint256,bool)", 3),
        new(EventKind.ReportFinalized, ContractKind.ReportVerifier, "ReportFinalized(uint64,bytes32,bytes32,uint128,uint32)", 2),
        new(EventKind.TreeFaultProven, ContractKind.ReportVerifier, "TreeFaultProven(uint64,uint8,uint32,address)", 1),
        new(EventKind.EquivocationProven, ContractKind.ReportVerifier, "EquivocationProven(address,uint64,uint64,bytes32,bytes32,address)", 2),
        new(EventKind.RootAdvanced, ContractKind.RewardDistributor, "RootAdvanced(uint64,bytes32,uint32,uint128)", 2),
        new(EventKind.Claimed, ContractKind.RewardDistributor, "Claimed(address,uint32,address,uint256,uint128,bytes32)", 3),
        new(EventKind.ClaimSkipped, ContractKind.RewardDistributor, "ClaimSkipped(address,uint32)", 2),
        new(EventKind.ClaimFeePaid, ContractKind.RewardDistributor, "ClaimFeePaid(address,address,uint256,uint256)", 2),
        new(EventKind.BreakerChanged, ContractKind.RewardDistributor, "BreakerChanged(uint128)", 0),
        new(EventKind.EmissionControllerOwnershipOffered, ContractKind.EmissionController, "OwnershipOffered(address,address)", 2),
        new(EventKind.EmissionControllerOwnershipTransferred, ContractKind.EmissionController, "OwnershipTransferred(address,address)", 2),
        new(EventKind.DeviceRegistryOwnershipOffered, ContractKind.DeviceRegistry, "OwnershipOffered(address,address)", 2),
        new(EventKind.DeviceRegistryOwnershipTransferred, ContractKind.DeviceRegistry, "OwnershipTransferred(address,address)", 2),
        new(EventKind.OperatorRegistryOwnershipOffered, ContractKind.OperatorRegistry, "OwnershipOffered(address,address)", 2),
        new(EventKind.OperatorRegistryOwnershipTransferred, ContractKind.OperatorRegistry, "OwnershipTransferred(address,address)", 2),
        new(EventKind.RewardDistributorOwnershipOffered, ContractKind.RewardDistributor, "OwnershipOffered(address,address)", 2),
        new(EventKind.RewardDistributorOwnershipTransferred, ContractKind.RewardDistributor, "OwnershipTransferred(address,address)", 2),
        new(EventKind.NetworkTokenDomainChanged, ContractKind.NetworkToken, "EIP712DomainChanged()", 0),
        new(EventKind.DeviceRegistryDomainChanged, ContractKind.DeviceRegistry, "EIP712DomainChanged()", 0),
        new(EventKind.RewardDistributorDomainChanged, ContractKind.RewardDistributor, "EIP712DomainChanged()", 0),
    ];

    private static readonly FrozenDictionary<(ContractKind, Bytes32), EventDefinition> ByTopic =
        All.ToFrozenDictionary(e => (e.Contract, e.Topic));

    /// <summary>The event of a number.</summary>
    /// <exception cref="KeyNotFoundException"><see cref="EventKind.Unknown"/>.</exception>
    public static EventDefinition Of(EventKind kind) => ByKind[kind];

    private static readonly FrozenDictionary<EventKind, EventDefinition> ByKind = All.ToFrozenDictionary(e => e.Kind);

    /// <summary>The event with that topic that Solana's program stands for; null if there is none. Its events are told apart by topic alone.</summary>
    public static EventDefinition? FindOfProgram(Bytes32 topic) => ByProgramTopic.GetValueOrDefault(topic);

    private static readonly FrozenDictionary<Bytes32, EventDefinition> ByProgramTopic =
        All.Where(e => e.Contract is not ContractKind.NetworkToken).DistinctBy(e => e.Topic).ToFrozenDictionary(e => e.Topic);

    /// <summary>The event that <paramref name="contract"/> emits under <paramref name="topic"/>; null if it is none of ours.</summary>
    public static EventDefinition? Find(ContractKind contract, Bytes32 topic) => ByTopic.GetValueOrDefault((contract, topic));
}

/// <summary>What is mirrored: one network on one chain.</summary>
/// <param name="ChainId">Number of the chain in the mirror's tables.</param>
/// <param name="Caip2">CAIP-2 name, e.g. <c>eip155:31337</c>.</param>
/// <param name="NetworkId">Network id of docs/protocol.md.</param>
/// <param name="FirstBlock">First block of the deployment.</param>
/// <param name="BreakerWindow">Seconds in which the distributor's breaker drains its capacity.</param>
/// <param name="Contracts">Address of each contract.</param>
public sealed record MirroredNetwork(
    short ChainId, string Caip2, Bytes32 NetworkId, ulong FirstBlock, ulong BreakerWindow, IReadOnlyDictionary<ContractKind, AccountId> Contracts)
{
    /// <summary>The family of chain.</summary>
    public ChainKind Kind => Caip2.StartsWith("solana:", StringComparison.Ordinal) ? ChainKind.Solana : ChainKind.Evm;

    /// <summary>The chain as digests name it: an EVM chain's number, a Solana cluster's genesis hash (which CAIP-2 cuts short).</summary>
    public Bytes32 Chain { get; init; } = ulong.TryParse(Caip2.AsSpan(Caip2.IndexOf(':', StringComparison.Ordinal) + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        ? Bytes32.FromUInt64(number)
        : default;

    private readonly FrozenDictionary<AccountId, ContractKind> _kinds = Contracts.ToFrozenDictionary(c => c.Value, c => c.Key);

    /// <summary>What a log says: its event, and the contract of it; the event is null if it is none of ours, both are where the emitter is not the network's.</summary>
    public (ContractKind? Contract, EventDefinition? Event) Find(LogBatch logs, in LogEntry log)
    {
        if (KindOf(log.Emitter) is not { } contract) return (null, null);
        if (log.TopicCount == 0) return (contract, null);
        var topic = new Bytes32(logs.Topics(log).Span[..Bytes32.Size]);
        var found = contract == ContractKind.SettlementProgram ? EventCatalog.FindOfProgram(topic) : EventCatalog.Find(contract, topic);
        return found is not null && found.Indexed == log.TopicCount - 1 ? (found.Contract, found) : (contract, null);
    }

    /// <summary>The contract at <paramref name="address"/>; null if it is none of the network's.</summary>
    public ContractKind? KindOf(AccountId address) => _kinds.TryGetValue(address, out var kind) ? kind : null;
}
