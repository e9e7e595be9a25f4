using System.Text;
using DePin.Abi.Solana;
using static DePin.ContractBindings.Solana.Depin;

namespace DePin.Mirror;

/// <summary>Events of Solana's program in the form of <see cref="EventForm"/>.</summary>
public static class SolanaEvents
{
    private delegate bool Writer(ReadOnlySpan<byte> data, SolanaAddress network, EventForm form);

    private static readonly Dictionary<ulong, Writer> Writers = new()
    {
        // What a network begins with: only its breaker is state that later events change.
        [Of<NetworkInitializedEvent>()] = Write<NetworkInitializedEvent>(static e => e.Network, static (f, e) => f.Begin(EventKind.BreakerChanged).Word(e.BreakerCapacity)),
        [Of<OwnerProposedEvent>()] = Write<OwnerProposedEvent>(static e => e.Network, static (f, e) => f.Begin(EventKind.OperatorRegistryOwnershipOffered).Topic(e.Owner).Topic(e.Pending)),
        [Of<OwnerChangedEvent>()] = Write<OwnerChangedEvent>(static e => e.Network, static (f, e) => f.Begin(EventKind.OperatorRegistryOwnershipTransferred).Topic(SolanaAddress.Zero).Topic(e.Owner)),
        [Of<OperatorRegisteredEvent>()] = Write<OperatorRegisteredEvent>(static e => e.Network, static (f, e) => f
            .Begin(EventKind.OperatorRegistered, 3).Topic(e.ReportKey).Topic(e.Account).Word(e.ProtocolKey).Bytes(Encoding.UTF8.GetBytes(e.Endpoint)).Word(e.Bond)),
        [Of<BondAddedEvent>()] = Write<BondAddedEvent>(static e => e.Network, static (f, e) => f.Begin(EventKind.BondAdded).Topic(e.ReportKey).Word(e.Amount).Word(e.Bond)),
        [Of<EndpointChangedEvent>()] = Write<EndpointChangedEvent>(static e => e.Network, static (f, e) => f
            .Begin(EventKind.EndpointChanged, 1).Topic(e.ReportKey).Bytes(Encoding.UTF8.GetBytes(e.Endpoint))),
        [Of<ExitRequestedEvent>()] = Write<ExitRequestedEvent>(static e => e.Network, static (f, e) => f.Begin(EventKind.ExitRequested).Topic(e.ReportKey).Word(e.ExitAt)),
        [Of<BondWithdrawnEvent>()] = Write<BondWithdrawnEvent>(static e => e.Network, static (f, e) => f.Begin(EventKind.BondWithdrawn).Topic(e.ReportKey).Word(e.Amount)),
        [Of<BondSlashedEvent>()] = Write<BondSlashedEvent>(static e => e.Network, static (f, e) => f
            .Begin(EventKind.BondSlashed).Topic(e.ReportKey).Word(e.Bond).Word(e.Reporter).Word(e.ToReporter)),
        [Of<ConfigScheduledEvent>()] = Write<ConfigScheduledEvent>(static e => e.Network, WriteConfig),
        [Of<ReportAcceptedEvent>()] = Write<ReportAcceptedEvent>(static e => e.Network, static (f, e) => f
            .Begin(EventKind.ReportAccepted, 3).Topic(e.Epoch).Topic(e.Generation).Topic(e.Digest).Bytes(e.Report).Word(e.Signers).Word(e.ClaimableAt)),
        [Of<ReportChallengedEvent>()] = Write<ReportChallengedEvent>(static e => e.Network, static (f, e) => f
            .Begin(EventKind.ReportChallenged).Topic(e.Epoch).Topic(e.Digest).Topic(e.Challenger).Word(e.Bond).Word(e.Evidence).Word(e.ClaimableAt)),
        [Of<ReportCancelledEvent>()] = Write<ReportCancelledEvent>(static e => e.Network, static (f, e) => f
            .Begin(EventKind.ReportCancelled).Topic(e.Epoch).Topic(e.Digest).Word(e.NewGeneration).Word(e.Reason)),
        [Of<ChallengeSettledEvent>()] = Write<ChallengeSettledEvent>(static e => e.Network, static (f, e) => f
            .Begin(EventKind.ChallengeSettled).Topic(e.Epoch).Topic(e.Digest).Topic(e.Challenger).Word(e.Bond).Word(e.Returned)),
        [Of<ReportFinalizedEvent>()] = Write<ReportFinalizedEvent>(static e => e.Network, static (f, e) => f
            .Begin(EventKind.ReportFinalized).Topic(e.Epoch).Topic(e.Digest).Word(e.RewardsRoot).Word(e.CumulativeTotal).Word(e.LeafCount)),
        [Of<EpochMintedEvent>()] = Write<EpochMintedEvent>(static e => e.Network, static (f, e) => f
            .Begin(EventKind.EpochMinted).Topic(e.Epoch).Word(e.Rewards).Word(0u).Word(e.Unallocated)),
        [Of<RootAdvancedEvent>()] = Write<RootAdvancedEvent>(static e => e.Network, static (f, e) => f
            .Begin(EventKind.RootAdvanced).Topic(e.Epoch).Topic(e.Root).Word(e.LeafCount).Word(e.CumulativeTotal)),
        [Of<IndexAssignedEvent>()] = Write<IndexAssignedEvent>(static e => e.Network, static (f, e) => f.Begin(EventKind.IndexAssigned).Topic(e.Account).Topic(e.Index)),
        [Of<RecipientScheduledEvent>()] = Write<RecipientScheduledEvent>(static e => e.Network, static (f, e) => f
            .Begin(EventKind.RecipientScheduled).Topic(e.Account).Word(e.Recipient).Word(e.ReadyAt)),
        [Of<RecipientChangedEvent>()] = Write<RecipientChangedEvent>(static e => e.Network, static (f, e) => f
            .Begin(EventKind.RecipientChanged).Topic(e.Account).Word(e.Recipient)),
        [Of<ClaimedEvent>()] = Write<ClaimedEvent>(static e => e.Network, static (f, e) => f
            .Begin(EventKind.Claimed).Topic(e.Account).Topic(e.Index).Topic(e.Recipient).Word(e.Amount).Word(e.Claimed).Word(e.Root)),
        [Of<ClaimSkippedEvent>()] = Write<ClaimSkippedEvent>(static e => e.Network, static (f, e) => f.Begin(EventKind.ClaimSkipped).Topic(e.Account).Topic(e.Index)),
        [Of<BreakerChangedEvent>()] = Write<BreakerChangedEvent>(static e => e.Network, static (f, e) => f.Begin(EventKind.BreakerChanged).Word(e.Capacity)),
        [Of<TreeFaultProvenEvent>()] = Write<TreeFaultProvenEvent>(static e => e.Network, static (f, e) => f
            .Begin(EventKind.TreeFaultProven).Topic(e.Epoch).Word(e.Fault).Word(e.Index).Word(e.Reporter)),
        [Of<EquivocationProvenEvent>()] = Write<EquivocationProvenEvent>(static e => e.Network, static (f, e) => f
            .Begin(EventKind.EquivocationProven).Topic(e.ReportKey).Topic(e.Epoch).Word(e.Generation).Word(e.DigestA).Word(e.DigestB).Word(e.Reporter)),
        // How long a key change waits is the registry's affair: KeyRotationScheduled says until when.
        [Of<RegistryOpenedEvent>()] = static (_, _, _) => false,
        [Of<MakerSetEvent>()] = Write<MakerSetEvent>(static e => e.Network, static (f, e) => f
            .Begin(EventKind.MakerSet).Topic(e.MakerId).Word(e.Account).Word(e.Quota).Word(e.Active)),
        [Of<ModelAddedEvent>()] = Write<ModelAddedEvent>(static e => e.Network, static (f, e) => f
            .Begin(EventKind.ModelAdded).Topic(e.ModelId).Topic(e.MakerId).Word(e.Class).Word(e.Capabilities).Word(e.Cadence).Word(e.Metadata)),
        [Of<BatchPublishedEvent>()] = Write<BatchPublishedEvent>(static e => e.Network, static (f, e) => f
            .Begin(EventKind.BatchPublished, 3).Topic(e.BatchId).Topic(e.MakerId).Word(e.Root).Word(e.Count).Bytes(Encoding.UTF8.GetBytes(e.Uri))),
        [Of<BatchRevokedEvent>()] = Write<BatchRevokedEvent>(static e => e.Network, static (f, e) => f.Begin(EventKind.BatchRevoked).Topic(e.BatchId)),
        [Of<DeviceRegisteredEvent>()] = Write<DeviceRegisteredEvent>(static e => e.Network, static (f, e) => f
            .Begin(EventKind.DeviceRegistered, 7).Topic(e.Token).Topic(e.DeviceId).Topic(e.Owner)
            .Word(e.ModelId).Word(e.KeyType).Bytes(e.PublicKey).Word(e.BatchId).Word(e.Cell).Word(e.Metadata).Word(e.RegisteredAt)),
        [Of<CellAssertedEvent>()] = Write<CellAssertedEvent>(static e => e.Network, static (f, e) => f.Begin(EventKind.CellAsserted).Topic(e.Token).Word(e.Cell)),
        [Of<DeviceTransferredEvent>()] = Write<DeviceTransferredEvent>(static e => e.Network, static (f, e) => f.Begin(EventKind.DeviceTransfer).Topic(e.From).Topic(e.To).Topic(e.Token)),
        [Of<StatusChangedEvent>()] = Write<StatusChangedEvent>(static e => e.Network, static (f, e) => f.Begin(EventKind.StatusChanged).Topic(e.Token).Word(e.From).Word(e.To)),
        [Of<KeyRotationScheduledEvent>()] = Write<KeyRotationScheduledEvent>(static e => e.Network, static (f, e) => f
            .Begin(EventKind.KeyRotationScheduled, 3).Topic(e.Token).Topic(e.DeviceId).Word(e.KeyType).Bytes(e.PublicKey).Word(e.ReadyAt)),
        [Of<KeyRotationCancelledEvent>()] = Write<KeyRotationCancelledEvent>(static e => e.Network, static (f, e) => f.Begin(EventKind.KeyRotationCancelled).Topic(e.Token)),
        [Of<KeyRotatedEvent>()] = Write<KeyRotatedEvent>(static e => e.Network, static (f, e) => f.Begin(EventKind.KeyRotated).Topic(e.Token).Topic(e.OldDeviceId).Topic(e.NewDeviceId)),
        // How stakes behave is the network's, and every event says what became of them.
        [Of<StakingOpenedEvent>()] = static (_, _, _) => false,
        [Of<StakeDepositedEvent>()] = Write<StakeDepositedEvent>(static e => e.Network, static (f, e) => f
            .Begin(EventKind.Deposited).Topic(e.Provider).Topic(e.Staker).Word(e.Tokens).Word(e.Shares)),
        [Of<ThawRequestedEvent>()] = Write<ThawRequestedEvent>(static e => e.Network, static (f, e) => f
            .Begin(EventKind.ThawRequested).Topic(e.Provider).Topic(e.Staker).Topic(e.ThawId).Word(e.Shares).Word(e.Tokens).Word(e.ThawShares).Word(e.ReadyAt)),
        [Of<ThawCancelledEvent>()] = Write<ThawCancelledEvent>(static e => e.Network, static (f, e) => f
            .Begin(EventKind.ThawCancelled).Topic(e.Provider).Topic(e.Staker).Topic(e.ThawId).Word(e.Tokens).Word(e.Shares)),
        [Of<StakeWithdrawnEvent>()] = Write<StakeWithdrawnEvent>(static e => e.Network, static (f, e) => f
            .Begin(EventKind.Withdrawn).Topic(e.Provider).Topic(e.Staker).Topic(e.ThawId).Word(e.Tokens)),
        [Of<StakeSlashedEvent>()] = Write<StakeSlashedEvent>(static e => e.Network, static (f, e) => f
            .Begin(EventKind.Slashed).Topic(e.Provider).Word(e.Active).Word(e.Thawing).Word(e.Reason)),
        [Of<PoolResetEvent>()] = Write<PoolResetEvent>(static e => e.Network, static (f, e) => f.Begin(EventKind.PoolReset).Topic(e.Provider).Word(e.Generation)),
    };

    /// <summary>
    /// Lays out what the program logged: true where it is an event of <paramref name="network"/> (one program serves many).
    /// </summary>
    /// <exception cref="MalformedLogException">It begins like an event and is not one: the program is another version than the bindings.</exception>
    public static bool TryWrite(ReadOnlySpan<byte> data, SolanaAddress network, EventForm form)
    {
        if (data.Length < sizeof(ulong)) return false;
        return Writers.TryGetValue(BitConverter.ToUInt64(data), out var write) && write(data, network, form);
    }

    /// <summary>What the events known here begin with; a test compares it with the program's own list.</summary>
    public static IReadOnlyCollection<ulong> Discriminators => Writers.Keys;

    private static void WriteConfig(EventForm form, ConfigScheduledEvent e)
    {
        form.Begin(EventKind.ConfigScheduled, 6).Topic(e.Count).Topic(e.FirstEpoch).Topic(e.Digest).Word(e.N).Word(e.Q).Word(e.ParametersHash).Word(e.RulesHash).Array(e.Members.Length);
        foreach (var member in e.Members) form.Element(member.ReportKey.ToBytes32());
        form.Array(e.Members.Length);
        foreach (var member in e.Members) form.Element(member.ProtocolKey);
    }

    private delegate void Layout<T>(EventForm form, T value);

    private static ulong Of<T>()
        where T : struct, ISolanaEvent<T> => BitConverter.ToUInt64(T.Discriminator);

    private static Writer Write<T>(Func<T, SolanaAddress> networkOf, Layout<T> layout)
        where T : struct, ISolanaEvent<T> => (data, network, form) =>
    {
        if (!T.TryDecode(data, out var value)) throw new MalformedLogException($"An event of the program does not decode as {typeof(T).Name}: the program is of another version than this software.");
        if (networkOf(value) != network) return false;
        layout(form, value);
        form.End();
        return true;
    };
}
