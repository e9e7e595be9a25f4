using System.Collections.Immutable;
using DePin.Cryptography;
using DePin.Protocol.Registry;
using DePin.Protocol.Reports;
using DePin.Protocol.Rewards;
using DePin.Protocol.State;
using DePin.Protocol.Verification;

namespace DePin.Protocol.Epochs;

/// <summary>The inputs of an epoch do not belong together; the message says which and what to do.</summary>
public sealed class EpochInputException(string problem) : InvalidOperationException($"The epoch cannot be computed: {problem}.");

/// <summary>
/// The pure function that operators, auditors and the indexer share: agreed evidence in, report out. Guarantees: the outcome does
/// not depend on order, batching or doubling of the evidence; what is allocated never exceeds the budget; no cumulative falls; a proof
/// earns in one epoch at most.
/// </summary>
public static class EpochComputation
{
    /// <summary>Computes an epoch.</summary>
    /// <param name="catalog">The classes of this build.</param>
    /// <param name="previous">The state after the epoch before.</param>
    /// <param name="snapshot">The chain at the anchor.</param>
    /// <param name="parameters">The network's parameters, of the hash that the config names.</param>
    /// <param name="window">Epoch, period, generation, parent.</param>
    /// <param name="evidence">The agreed proofs and the cuts around them.</param>
    /// <param name="aids">How to do the costly checks; null checks everything anew.</param>
    /// <exception cref="EpochInputException">Parameters, config, snapshot, state or window do not fit each other.</exception>
    public static EpochOutcome Run(
        ClassCatalog catalog, NetworkState previous, RegistrySnapshot snapshot, NetworkParameters parameters, EpochWindow window, EpochEvidence evidence,
        EpochAids? aids = null)
    {
        CheckInputs(snapshot, parameters, window);
        aids ??= EpochAids.Plain;
        var config = snapshot.Config.Digest;
        var seed = EpochManifest.Seed(config, window.Epoch, snapshot.SeedBlockHash);
        var classes = catalog.Bind(parameters);
        var standing = new Standing(snapshot, parameters.MinimumStakePerDevice);
        var admission = Admission.Run(previous, snapshot, parameters, classes, window, evidence.Proofs, standing, aids);

        var work = new Work(snapshot, standing, admission);
        for (var i = 0; i < classes.Length; i++)
        {
            var id = classes[i].Descriptor.Id;
            var context = new EpochContext(snapshot.Config.NetworkId, window, seed, ClassRun.DevicesOf(id, snapshot), previous.StateOf(id));
            work.Judge(classes[i], admission.Items[i], context, aids, MulDiv.Floor(snapshot.Budget, (UInt128)parameters.Classes[i].PoolBps, 10_000));
        }

        var lines = work.Lines();
        var ledger = LedgerUpdate.Run(previous.Ledger, snapshot.PayoutAccounts, lines, window.Epoch);
        var state = new NetworkState(admission.Watermarks, work.States(previous), previous.Reputation, ledger, admission.Deferred);
        var tree = RewardTree.Build(snapshot.Config.RewardDomain, ledger);
        var allocated = work.Allocated;
        if (allocated > snapshot.Budget) throw new InvalidOperationException("More was allocated than the budget: a defect of the engine; stop and report it.");
        var manifest = EpochManifest.Encode(
            snapshot.Config.NetworkId, config, window, evidence, snapshot.Hash, previous.Root, parameters.ReplayShiftSeconds);
        var metering = work.Metering();
        return new EpochOutcome
        {
            Window = window,
            Verdicts = work.Verdicts(),
            Lines = lines,
            State = state,
            Tree = tree,
            Budget = snapshot.Budget,
            Allocated = allocated,
            Metering = metering,
            Penalties = work.Penalties(),
            Faults = [.. work.Faults],
            Seed = seed,
            Manifest = manifest,
            Report = new Report
            {
                Config = config,
                Generation = window.Generation,
                Epoch = window.Epoch,
                PeriodStart = window.StartSeconds,
                PeriodEnd = window.EndSeconds,
                AnchorNumber = snapshot.AnchorNumber,
                AnchorHash = snapshot.AnchorHash,
                Previous = window.PreviousReport,
                EvidenceRoot = evidence.Cut.EvidenceRoot(config.Value, window.Epoch, window.Generation),
                StateRoot = state.Root,
                RewardsRoot = tree.Root,
                MeteringRoot = MeteringRoot(metering),
                LeafCount = tree.LeafCount,
                CumulativeTotal = tree.Total,
                Unallocated = snapshot.Budget - allocated,
                ManifestHash = Sha256.Hash(manifest),
            },
        };
    }

    private static void CheckInputs(RegistrySnapshot snapshot, NetworkParameters parameters, EpochWindow window)
    {
        if (parameters.Hash != snapshot.Config.ParametersHash)
            throw new EpochInputException($"the parameters hash to {parameters.Hash}, the config names {snapshot.Config.ParametersHash}; use the parameter document that was published for this config");
        if (parameters.RulesHash != snapshot.Config.RulesHash)
            throw new EpochInputException($"the rules hash to {parameters.RulesHash}, the config names {snapshot.Config.RulesHash}");
        if (window.Epoch < snapshot.Config.FirstEpoch)
            throw new EpochInputException($"the config governs epochs from {snapshot.Config.FirstEpoch}, not {window.Epoch}");
        if (window.EndSeconds <= window.StartSeconds) throw new EpochInputException("the period ends before it starts");
        if (snapshot.AnchorTimestamp >= window.EndSeconds)
            throw new EpochInputException($"the anchor block is of {snapshot.AnchorTimestamp}, not before the period's end {window.EndSeconds}");
    }

    private static Bytes32 MeteringRoot(ImmutableArray<ReadOnlyMemory<byte>> lines)
    {
        var leaves = new Bytes32[lines.Length];
        for (var i = 0; i < leaves.Length; i++) leaves[i] = Keccak256.Hash(Keccak256.Hash(lines[i].Span).AsSpan());
        return PositionalTree.Build(leaves).Root;
    }
}
