using System.Collections.Immutable;
using DePin.Protocol.Epochs;
using DePin.Protocol.Lanes;
using DePin.Protocol.Proofs;
using DePin.Protocol.Registry;
using DePin.Protocol.Reports;
using DePin.Protocol.State;

namespace DePin.Protocol.Evidence;

/// <summary>
/// Everything from which an epoch can be computed anew, in one file: docs/protocol.md, "Evidence bundle". A bundle that exists here is
/// consistent: its batches are exactly those between its cuts, each lane an unbroken chain.
/// </summary>
public sealed class EvidenceBundle
{
    private EvidenceBundle(
        EpochWindow window, NetworkState previousState, RegistrySnapshot snapshot, NetworkParameters parameters, Cut previousCut, Cut cut,
        ImmutableArray<Batch> batches, AttestedReport report)
    {
        Window = window;
        PreviousState = previousState;
        Snapshot = snapshot;
        Parameters = parameters;
        PreviousCut = previousCut;
        Cut = cut;
        Batches = batches;
        Report = report;
    }

    /// <summary>Epoch, period, generation, parent.</summary>
    public EpochWindow Window { get; }

    /// <summary>The state after the epoch before.</summary>
    public NetworkState PreviousState { get; }

    /// <summary>The chain at the anchor.</summary>
    public RegistrySnapshot Snapshot { get; }

    /// <summary>The network's parameters.</summary>
    public NetworkParameters Parameters { get; }

    /// <summary>The cut of the epoch before.</summary>
    public Cut PreviousCut { get; }

    /// <summary>The agreed cut.</summary>
    public Cut Cut { get; }

    /// <summary>The batches between the cuts, ascending by (operator, index).</summary>
    public ImmutableArray<Batch> Batches { get; }

    /// <summary>What the operators attested; as many signatures as its writer had.</summary>
    public AttestedReport Report { get; }

    /// <summary>The evidence as the computation takes it.</summary>
    public EpochEvidence Evidence
    {
        get
        {
            var proofs = new List<SignedProof>(Batches.Sum(static batch => batch.Proofs.Length));
            foreach (var batch in Batches) proofs.AddRange(batch.Proofs);
            return new EpochEvidence(PreviousCut, Cut, proofs);
        }
    }

    /// <summary>Puts a bundle together.</summary>
    /// <exception cref="EvidenceException">The batches are not exactly those between the cuts.</exception>
    public static EvidenceBundle Create(
        EpochWindow window, NetworkState previousState, RegistrySnapshot snapshot, NetworkParameters parameters, Cut previousCut, Cut cut,
        IEnumerable<Batch> batches, AttestedReport report)
    {
        var sorted = batches.ToList();
        sorted.Sort(static (a, b) => a.Header.Operator.CompareTo(b.Header.Operator) is var order and not 0 ? order : a.Header.Index.CompareTo(b.Header.Index));
        CheckLanes(previousCut, cut, sorted);
        return new EvidenceBundle(window, previousState, snapshot, parameters, previousCut, cut, [.. sorted], report);
    }

    /// <summary>The file's bytes in pieces, in order, so that a host can write them without holding all at once.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Encode() => EvidenceBundleCodec.Encode(this);

    /// <summary>Reads a whole file; the memory is kept, not copied.</summary>
    /// <exception cref="Canonical.CanonicalFormatException">The file is damaged or of another format; the message names the section.</exception>
    /// <exception cref="EvidenceException">Its parts do not belong together.</exception>
    public static EvidenceBundle Parse(ReadOnlyMemory<byte> file) => EvidenceBundleCodec.Decode(file);

    // Lane by lane: from the previous height on, each batch names the one before it, and the last is the cut's.
    private static void CheckLanes(Cut previousCut, Cut cut, List<Batch> batches)
    {
        var next = 0;
        foreach (var lane in cut.Lanes)
        {
            var head = previousCut.Of(lane.Operator);
            if (lane.Height < head.Height) throw new EvidenceException($"the lane of {lane.Operator} falls from {head.Height} to {lane.Height}");
            for (; next < batches.Count && batches[next].Header.Operator == lane.Operator; next++)
            {
                var header = batches[next].Header;
                if (header.Index != head.Height + 1)
                    throw new EvidenceException($"the lane of {lane.Operator} has batch {header.Index} where {head.Height + 1} was expected; fetch the missing batches");
                if (header.Previous != head.Digest) throw new EvidenceException($"batch {header.Index} of {lane.Operator} does not follow from the one before it");
                head = new LaneHeight(lane.Operator, header.Index, header.Digest);
            }
            if (head != lane)
                throw new EvidenceException($"the lane of {lane.Operator} ends at batch {head.Height} ({head.Digest}), the cut at {lane.Height} ({lane.Digest})");
        }
        if (next != batches.Count) throw new EvidenceException($"batch {batches[next].Header.Index} of {batches[next].Header.Operator} belongs to no lane of the cut");
    }
}

/// <summary>The parts of a bundle do not belong together; the message says which.</summary>
public sealed class EvidenceException(string problem) : InvalidOperationException($"The evidence bundle is inconsistent: {problem}.");
