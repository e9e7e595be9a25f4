using System.Collections.Immutable;
using DePin.Protocol.Canonical;
using DePin.Protocol.Registry;
using DePin.Protocol.Rewards;
using DePin.Protocol.State;
using DePin.Protocol.Verification;

namespace DePin.Protocol.Epochs;

/// <summary>Collects what the classes of an epoch come to.</summary>
internal sealed class Work
{
    private readonly RegistrySnapshot _snapshot;
    private readonly Standing _standing;
    private readonly List<JudgedProof> _verdicts;
    private readonly uint[] _accepted;
    private readonly uint[] _rejected;
    private readonly uint[] _inconclusive;
    private readonly List<(int Device, ushort Rule, UInt128 Weight, UInt128 Amount)> _shares = [];
    private readonly List<ReadOnlyMemory<byte>> _metering = [];
    private readonly List<(ClassId Class, PenaltyClaim Penalty)> _penalties = [];
    private readonly SortedDictionary<ClassId, ReadOnlyMemory<byte>> _states = [];

    public Work(RegistrySnapshot snapshot, Standing standing, Admission admission)
    {
        _snapshot = snapshot;
        _standing = standing;
        _verdicts = admission.Refused;
        _rejected = admission.RejectedByDevice;
        _accepted = new uint[snapshot.Devices.Length];
        _inconclusive = new uint[snapshot.Devices.Length];
    }

    /// <summary>Classes that broke a rule.</summary>
    public List<ClassFault> Faults { get; } = [];

    /// <summary>Sum of all shares' amounts.</summary>
    public UInt128 Allocated { get; private set; }

    /// <summary>Runs the layers of one class and settles its claims out of its pool.</summary>
    public void Judge(IResourceClass @class, List<ProofItem> items, EpochContext context, EpochAids aids, UInt128 pool)
    {
        var id = @class.Descriptor.Id;
        var run = ClassRun.Run(@class, items, context, aids);
        Count(run.Population, id);

        // A market with escrows comes with the service market; until then no escrow holds anything.
        var settlement = new Settlement(_snapshot, _standing, @class, escrowOf: static _ => 0);
        if ((run.Problem ?? settlement.Settle(run.Claims, pool, _accepted)) is { } problem)
        {
            Faults.Add(new ClassFault(id, problem));
            _states[id] = context.PreviousState;
            return;
        }
        _states[id] = run.State;
        foreach (var share in settlement.Shares)
        {
            _shares.Add((share.Device, share.Rule, share.Weight, share.Amount));
            Allocated = checked(Allocated + share.Amount);
        }
        _metering.AddRange(settlement.Metering);
        foreach (var penalty in run.Claims.Penalties) _penalties.Add((id, penalty));
    }

    /// <summary>The states of the network's classes, and those of classes that it no longer has.</summary>
    public ImmutableArray<ClassState> States(NetworkState previous)
    {
        foreach (var entry in previous.Classes) _states.TryAdd(entry.Class, entry.Bytes);
        var states = ImmutableArray.CreateBuilder<ClassState>();
        foreach (var (id, bytes) in _states)
        {
            if (!bytes.IsEmpty) states.Add(new ClassState(id, bytes));
        }
        return states.DrainToImmutable();
    }

    /// <summary>Every verdict, ascending by proof id.</summary>
    public ImmutableArray<JudgedProof> Verdicts()
    {
        var sorted = ImmutableArray.CreateBuilder<JudgedProof>(_verdicts.Count);
        foreach (var at in CanonicalOrder.OfWords(_verdicts.Count, i => _verdicts[i].Proof.Value)) sorted.Add(_verdicts[at]);
        return sorted.MoveToImmutable();
    }

    /// <summary>Usage and transfers, ascending by their bytes.</summary>
    public ImmutableArray<ReadOnlyMemory<byte>> Metering()
    {
        _metering.Sort(static (a, b) => a.Span.SequenceCompareTo(b.Span));
        return [.. _metering];
    }

    /// <summary>Penalties, ascending by (class, device id, multiplier, evidence).</summary>
    public ImmutableArray<(ClassId Class, PenaltyClaim Penalty)> Penalties()
    {
        _penalties.Sort(static (a, b) =>
        {
            var order = a.Class.CompareTo(b.Class);
            if (order == 0) order = a.Penalty.Device.CompareTo(b.Penalty.Device);
            if (order == 0) order = a.Penalty.MultiplierPpm.CompareTo(b.Penalty.MultiplierPpm);
            if (order == 0) order = a.Penalty.Evidence.CompareTo(b.Penalty.Evidence);
            return order == 0 ? a.Penalty.Provable.CompareTo(b.Penalty.Provable) : order;
        });
        return [.. _penalties];
    }

    /// <summary>The lines of all accounts, ascending by (payout index, class, device id, rule).</summary>
    public ImmutableArray<RewardLine> Lines()
    {
        _shares.Sort(static (a, b) => a.Device == b.Device ? a.Rule.CompareTo(b.Rule) : a.Device.CompareTo(b.Device));
        var lines = new List<RewardLine>(_shares.Count);
        var next = 0;
        for (var device = 0; device < _snapshot.Devices.Length; device++)
        {
            var payout = _standing.PayoutIndexOf(device);
            var first = next;
            while (next < _shares.Count && _shares[next].Device == device) next++;
            if (payout < 0) continue;
            for (var i = first; i < next; i++) lines.Add(Line(payout, device, _shares[i].Rule, _shares[i].Weight, _shares[i].Amount));
            // A device that claimed nothing still shows its owner why.
            if (first == next && (_accepted[device] | _rejected[device] | _inconclusive[device]) != 0) lines.Add(Line(payout, device, 0, 0, 0));
        }
        lines.Sort(static (a, b) =>
        {
            var order = a.PayoutIndex.CompareTo(b.PayoutIndex);
            if (order == 0) order = a.Class.CompareTo(b.Class);
            if (order == 0) order = a.Device.CompareTo(b.Device);
            return order == 0 ? a.Rule.CompareTo(b.Rule) : order;
        });
        return [.. lines];
    }

    private RewardLine Line(int payout, int device, ushort rule, UInt128 weight, UInt128 amount) => new(
        (uint)payout, _snapshot.Devices[device].View.Class, _snapshot.Devices[device].Id, rule, weight, amount,
        _accepted[device], _rejected[device], _inconclusive[device]);

    private void Count(Population population, ClassId id)
    {
        for (var i = 0; i < population.Items.Length; i++)
        {
            var (item, verdict) = (population.Items[i], population.Verdicts[i]);
            _verdicts.Add(new JudgedProof(item.Id, item.Device.Id, id, item.Proof.Sequence, verdict));
            var device = _snapshot.IndexOfDevice(item.Device.Id);
            var counts = verdict.Judgement switch
            {
                Judgement.Accept => _accepted,
                Judgement.Reject => _rejected,
                _ => _inconclusive,
            };
            counts[device]++;
        }
    }
}
