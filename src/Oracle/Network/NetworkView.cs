using System.Collections.Immutable;
using DePin.Cryptography;

namespace DePin.Oracle.Network;

/// <summary>The operator sets as the newest mirrored block has them. Replaced as a whole, read without locks.</summary>
public sealed class NetworkView(NetworkFacts facts, TimeProvider networkClock)
{
    private ulong _nextReport = 1;
    private volatile Rosters _sets = new([]);

    private sealed record Rosters(ImmutableArray<OperatorRoster> Ascending);

    /// <summary>The constants.</summary>
    public NetworkFacts Facts { get; } = facts;

    /// <summary>Network time in ms.</summary>
    public ulong Now => (ulong)Math.Max(0, networkClock.GetUtcNow().ToUnixTimeMilliseconds());

    /// <summary>The epoch that is running, at least 1: before genesis the operators of epoch 1 already run their lanes.</summary>
    public ulong CurrentEpoch => Math.Max(1, Facts.EpochOf(Now));

    /// <summary>The epoch whose report comes next: one after the newest that stands.</summary>
    public ulong NextReport
    {
        get => Volatile.Read(ref _nextReport);
        set => Volatile.Write(ref _nextReport, value);
    }

    /// <summary>No cut still to come counts a proof of an earlier device time (ms): the next report's start less what proofs may be late.</summary>
    public ulong OldestUsefulTime
    {
        get
        {
            var start = Facts.StartOf(NextReport);
            return (start - Math.Min(Facts.LateSeconds, start)) * 1_000;
        }
    }

    /// <summary>The set of the running epoch, or null before the mirror has one.</summary>
    public OperatorRoster? Current => ForEpoch(CurrentEpoch);

    /// <summary>The set in force in an epoch: the newest whose first epoch is not after it.</summary>
    public OperatorRoster? ForEpoch(ulong epoch) => _sets.Ascending.LastOrDefault(s => s.FirstEpoch <= epoch);

    /// <summary>The set with this digest, or null.</summary>
    public OperatorRoster? ForDigest(Bytes32 digest) => _sets.Ascending.FirstOrDefault(s => s.Digest == digest);

    /// <summary>The newest membership of an operator in the running set, or in any; null for strangers. Lanes outlive sets.</summary>
    public Member? FindMember(Address address) =>
        Current?.Find(address) ?? _sets.Ascending.Reverse().Select(s => s.Find(address)).FirstOrDefault(m => m is not null);

    /// <summary>Every operator of any set, once, ascending: each has a lane.</summary>
    public IReadOnlyList<Address> Lanes => [.. _sets.Ascending.SelectMany(s => s.Members).Select(m => m.Address).Distinct().Order()];

    /// <summary>Takes over what the mirror says now; ascending by first epoch.</summary>
    public void Replace(IEnumerable<OperatorRoster> sets) => _sets = new Rosters([.. sets.OrderBy(s => s.FirstEpoch).ThenBy(s => s.Count)]);
}
