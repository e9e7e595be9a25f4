using System.Collections.Immutable;
using DePin.Cryptography;
using DePin.Protocol.Canonical;
using DePin.Protocol.Proofs;
using DePin.Protocol.Registry;
using DePin.Protocol.State;
using DePin.Protocol.Verification;

namespace DePin.Protocol.Epochs;

/// <summary>
/// The engine's own checks, before any class sees a proof: identity, signature, sequence, standing, class, layout, time, number. What
/// comes out depends on the set of proofs alone, not on their order, their batches or how often each occurs.
/// </summary>
internal sealed class Admission
{
    private readonly RegistrySnapshot _snapshot;
    private readonly NetworkParameters _parameters;
    private readonly ImmutableArray<IResourceClass> _classes;
    private readonly EpochWindow _window;
    private readonly Standing _standing;
    private readonly List<Watermark> _raised = [];

    private Admission(
        RegistrySnapshot snapshot, NetworkParameters parameters, ImmutableArray<IResourceClass> classes, EpochWindow window, Standing standing)
    {
        _snapshot = snapshot;
        _parameters = parameters;
        _classes = classes;
        _window = window;
        _standing = standing;
        RejectedByDevice = new uint[snapshot.Devices.Length];
    }

    private enum Fate : byte
    {
        Judged = 0,
        Admitted = 1,
        Deferred = 2,
    }

    /// <summary>Proofs that only the engine judged.</summary>
    public List<JudgedProof> Refused { get; } = [];

    /// <summary>For each device of the snapshot, how many of its refused proofs count against it.</summary>
    public uint[] RejectedByDevice { get; }

    /// <summary>The items of each class of the network, in the order of the classes.</summary>
    public List<ProofItem>[] Items { get; private set; } = [];

    /// <summary>What waits for the next epoch, ascending by proof id.</summary>
    public ImmutableArray<DeviceProof> Deferred { get; private set; } = [];

    /// <summary>The watermarks after this cut.</summary>
    public ImmutableArray<Watermark> Watermarks { get; private set; } = [];

    public static Admission Run(
        NetworkState previous, RegistrySnapshot snapshot, NetworkParameters parameters, ImmutableArray<IResourceClass> classes, EpochWindow window,
        IReadOnlyList<SignedProof> proofs, Standing standing, EpochAids aids)
    {
        var admission = new Admission(snapshot, parameters, classes, window, standing);
        var candidates = admission.Authenticate(Distinct(proofs, previous.Deferred), aids);
        foreach (var proof in previous.Deferred)
        {
            var waited = new Candidate(proof, snapshot.IndexOfDevice(proof.Device), Carried: true, default);
            if (waited.Device >= 0) candidates.Add(waited);
            else admission.Refuse(waited, RejectReason.UnknownDevice);
        }
        admission.Sort(candidates, previous);
        return admission;
    }

    /// <summary>The copies of the proofs, each run of one id together, without those that already wait in the state.</summary>
    private static List<ArraySegment<SignedProof>> Distinct(IReadOnlyList<SignedProof> proofs, ImmutableArray<DeviceProof> waiting)
    {
        var order = CanonicalOrder.OfWords(proofs.Count, i => proofs[i].Id.Value);
        var copies = new SignedProof[order.Length];
        for (var i = 0; i < order.Length; i++) copies[i] = proofs[order[i]];
        var runs = new List<ArraySegment<SignedProof>>(copies.Length);
        var next = 0;
        for (var first = 0; first < copies.Length;)
        {
            var end = first + 1;
            while (end < copies.Length && copies[end].Id == copies[first].Id) end++;
            while (next < waiting.Length && waiting[next].Id < copies[first].Id) next++;
            if (next == waiting.Length || waiting[next].Id != copies[first].Id) runs.Add(new ArraySegment<SignedProof>(copies, first, end - first));
            first = end;
        }
        return runs;
    }

    // A forged signature must not touch the device: nothing before this check may be attributed to it.
    private List<Candidate> Authenticate(List<ArraySegment<SignedProof>> runs, EpochAids aids)
    {
        var network = _snapshot.Config.NetworkId;
        var keys = new PublicKey?[_snapshot.Devices.Length];
        var candidates = new Candidate[runs.Count];
        Parallel.For(0, runs.Count, i =>
        {
            var proof = runs[i][0].Proof;
            var device = _snapshot.IndexOfDevice(proof.Device);
            var reason = RejectReason.None;
            if (proof.Network != network) reason = RejectReason.WrongNetwork;
            else if (device < 0) reason = RejectReason.UnknownDevice;
            else if (!SignedByDevice(runs[i], device, keys, aids)) reason = RejectReason.BadSignature;
            candidates[i] = new Candidate(proof, device, Carried: false, reason);
        });

        var authentic = new List<Candidate>(candidates.Length);
        foreach (var candidate in candidates)
        {
            if (candidate.Reason == RejectReason.None) authentic.Add(candidate);
            else Refuse(candidate, candidate.Reason);
        }
        return authentic;
    }

    private bool SignedByDevice(ArraySegment<SignedProof> copies, int device, PublicKey?[] keys, EpochAids aids)
    {
        // Two threads may both import a key: they get equal ones.
        var key = Volatile.Read(ref keys[device]);
        if (key is null)
        {
            var record = _snapshot.Devices[device];
            if (!PublicKey.TryCreate(record.KeyType, record.PublicKey.Span, out key)) return false;
            Volatile.Write(ref keys[device], key);
        }
        foreach (var copy in copies)
        {
            if (aids.VerifySignature(copy, key)) return true;
        }
        return false;
    }

    private void Sort(List<Candidate> unordered, NetworkState previous)
    {
        Items = new List<ProofItem>[_classes.Length];
        for (var i = 0; i < Items.Length; i++) Items[i] = [];
        var deferred = new List<DeviceProof>();

        // Devices of the snapshot are ascending by id, so their places order as their ids do.
        var order = CanonicalOrder.Of(
            unordered.Count, i => ((ulong)unordered[i].Device, unordered[i].Proof.Sequence), (a, b) => unordered[a].Proof.Id.CompareTo(unordered[b].Proof.Id));
        var candidates = new Candidate[order.Length];
        for (var i = 0; i < order.Length; i++) candidates[i] = unordered[order[i]];
        for (var first = 0; first < candidates.Length;)
        {
            var end = first + 1;
            while (end < candidates.Length && candidates[end].Device == candidates[first].Device) end++;
            SortDevice(candidates, first, end, previous, deferred);
            first = end;
        }

        deferred.Sort(static (a, b) => a.Id.CompareTo(b.Id));
        Deferred = [.. deferred];
        Watermarks = Merge(previous.Watermarks, _raised);
    }

    private void SortDevice(Candidate[] candidates, int first, int end, NetworkState previous, List<DeviceProof> deferred)
    {
        var watermark = previous.WatermarkOf(candidates[first].Proof.Device);
        var raised = watermark;
        var (judged, waiting) = (0, 0);
        for (var i = first; i < end; i++)
        {
            var candidate = candidates[i];
            var reason = candidate.Carried ? RejectReason.None : SequenceFault(candidates, i, first, end, watermark);
            if (!candidate.Carried && reason != RejectReason.Replayed)
                raised = raised?.With(candidate.Proof.Sequence) ?? Watermark.First(candidate.Proof.Device, candidate.Proof.Sequence);
            var (fate, item) = (Fate.Judged, default(int));
            if (reason == RejectReason.None) (fate, reason, item) = Place(candidate, ref judged, ref waiting);

            if (fate == Fate.Deferred) deferred.Add(candidate.Proof);
            else if (fate == Fate.Admitted) Items[item].Add(new ProofItem(candidate.Proof, _snapshot.Devices[candidate.Device].View));
            else Refuse(candidate, reason);
        }
        if (raised is { } mark && mark != watermark) _raised.Add(mark);
    }

    private static RejectReason SequenceFault(Candidate[] candidates, int at, int first, int end, Watermark? watermark)
    {
        var sequence = candidates[at].Proof.Sequence;
        if (watermark is { } mark && !mark.Takes(sequence)) return RejectReason.Replayed;
        return IsTwin(at - 1) || IsTwin(at + 1) ? RejectReason.SequenceConflict : RejectReason.None;

        // A waiting proof was in an earlier cut: whatever bears its sequence now is a replay.
        bool IsTwin(int other) => other >= first && other < end && candidates[other].Proof.Sequence == sequence && !candidates[other].Carried;
    }

    private (Fate Fate, RejectReason Reason, int Class) Place(in Candidate candidate, ref int judged, ref int waiting)
    {
        var device = _snapshot.Devices[candidate.Device];
        var proof = candidate.Proof;
        // The anchor lies before a proof of the next period: whether its device may earn then is not said yet.
        var early = !candidate.Carried && proof.TimeMs >= _window.EndMs;
        if (!early && _standing.FaultOf(candidate.Device) is var standing && standing != RejectReason.None) return (Fate.Judged, standing, 0);
        var at = IndexOfClass(proof.Class);
        if (at < 0) return (Fate.Judged, RejectReason.UnknownClass, 0);
        if (device.View.Class != proof.Class) return (Fate.Judged, RejectReason.WrongClass, 0);
        if (_classes[at].Descriptor.FindSchema(proof.Schema) is not { } schema) return (Fate.Judged, RejectReason.UnknownSchema, 0);
        if (proof.Payload.Length < schema.MinLength || proof.Payload.Length > schema.MaxLength) return (Fate.Judged, RejectReason.BadPayloadLength, 0);
        if (proof.TimeMs >= _window.EndMs)
        {
            if (candidate.Carried || proof.TimeMs - _window.EndMs >= _window.LengthSeconds * 1_000) return (Fate.Judged, RejectReason.FromTheFuture, 0);
            return ++waiting > _parameters.ProofsPerDevice ? (Fate.Judged, RejectReason.OverLimit, 0) : (Fate.Deferred, RejectReason.None, 0);
        }
        if (proof.TimeMs < _window.StartMs && _window.StartMs - proof.TimeMs > (ulong)_parameters.LateSeconds * 1_000)
            return (Fate.Judged, RejectReason.TooLate, 0);
        return ++judged > _parameters.ProofsPerDevice ? (Fate.Judged, RejectReason.OverLimit, 0) : (Fate.Admitted, RejectReason.None, at);
    }

    private void Refuse(in Candidate candidate, RejectReason reason)
    {
        Refused.Add(new JudgedProof(candidate.Proof.Id, candidate.Proof.Device, candidate.Proof.Class, candidate.Proof.Sequence, Verdict.Reject(reason)));
        if (candidate.Device >= 0 && reason is not (RejectReason.WrongNetwork or RejectReason.BadSignature or RejectReason.Replayed))
            RejectedByDevice[candidate.Device]++;
    }

    private int IndexOfClass(ClassId id)
    {
        for (var i = 0; i < _classes.Length; i++)
        {
            if (_classes[i].Descriptor.Id == id) return i;
        }
        return -1;
    }

    private static ImmutableArray<Watermark> Merge(ImmutableArray<Watermark> before, List<Watermark> raised)
    {
        if (raised.Count == 0) return before;
        var merged = ImmutableArray.CreateBuilder<Watermark>(before.Length + raised.Count);
        var (left, right) = (0, 0);
        while (left < before.Length || right < raised.Count)
        {
            if (right == raised.Count || (left < before.Length && before[left].Device < raised[right].Device)) merged.Add(before[left++]);
            else
            {
                if (left < before.Length && before[left].Device == raised[right].Device) left++;
                merged.Add(raised[right++]);
            }
        }
        return merged.DrainToImmutable();
    }

    private readonly record struct Candidate(DeviceProof Proof, int Device, bool Carried, RejectReason Reason);
}
