using System.Collections.Immutable;
using DePin.Cryptography;
using DePin.Protocol.Lanes;

namespace DePin.Protocol.Rounds;

/// <summary>What was heard in one view, bounded whatever senders do.</summary>
internal sealed class ViewVotes
{
    /// <summary>Different messages kept per slot: an equivocator's second vote may be the one that completes a certificate.</summary>
    public const int MaxPerSlot = 4;

    private readonly Dictionary<(MessageKind Kind, byte Sender), List<SignedMessage>> _slots = [];

    public SortedDictionary<Bytes32, SortedDictionary<byte, SignedMessage>> Prepares { get; } = [];

    public SortedDictionary<Bytes32, SortedDictionary<byte, SignedMessage>> Commits { get; } = [];

    /// <summary>The proposer's first proposal, which is the one that is judged.</summary>
    public SignedMessage? Proposal => First(MessageKind.Proposal);

    /// <summary>The body of <see cref="Proposal"/> once it was read; null where it cannot be.</summary>
    public ProposalBody? ProposalBody { get; set; }

    /// <summary>Result of examining the proposal; null before.</summary>
    public bool? ProposalIsJustified { get; set; }

    /// <summary>As proposer: the q observations of the fresh proposal, fixed once there are q.</summary>
    public ImmutableArray<SignedMessage> Chosen { get; set; }

    /// <summary>As proposer: the cut that follows from <see cref="Chosen"/>.</summary>
    public Cut? ChosenCut { get; set; }

    /// <summary>As proposer: senders whose observation was examined, and whether it is good.</summary>
    public SortedDictionary<byte, bool> Examined { get; } = [];

    /// <summary>Cuts whose report could not be had in this view.</summary>
    public HashSet<Cut> Unavailable { get; } = [];

    /// <summary>Values learned from proposals of this view.</summary>
    public int ValuesLearned { get; set; }

    public bool PrepareTimerSet { get; set; }

    public bool CommitTimerSet { get; set; }

    public IEnumerable<SignedMessage> Observations =>
        _slots.Where(static slot => slot.Key.Kind == MessageKind.Observation).OrderBy(static slot => slot.Key.Sender).Select(static slot => slot.Value[0]);

    /// <summary>Keeps a message; false if it was known or is one too many. <paramref name="conflict"/>: the first of two different ones.</summary>
    public bool Add(SignedMessage message, out SignedMessage? conflict)
    {
        conflict = null;
        var slot = (message.Kind, message.Sender);
        if (!_slots.TryGetValue(slot, out var kept)) _slots[slot] = kept = [];
        if (kept.Count >= MaxPerSlot || kept.Contains(message)) return false;
        if (kept.Count == 1) conflict = kept[0];
        kept.Add(message);
        if (Votes(message.Kind) is { } votes)
        {
            if (!votes.TryGetValue(message.ValueDigest, out var senders)) votes[message.ValueDigest] = senders = [];
            senders.TryAdd(message.Sender, message);
        }
        return true;
    }

    public SignedMessage? From(MessageKind kind, byte sender) => _slots.TryGetValue((kind, sender), out var kept) ? kept[0] : null;

    /// <summary>Distinct senders of any vote of the kind.</summary>
    public int Voters(MessageKind kind) => _slots.Keys.Count(slot => slot.Kind == kind);

    /// <summary>One vote of each of the first q voters, ascending by sender.</summary>
    public ImmutableArray<SignedMessage> AnyVotes(MessageKind kind, int quorum) =>
        [.. _slots.Where(slot => slot.Key.Kind == kind).OrderBy(static slot => slot.Key.Sender).Take(quorum).Select(static slot => slot.Value[0])];

    /// <summary>The q first votes for one value, ascending by sender; default if there are fewer.</summary>
    public ImmutableArray<SignedMessage> QuorumFor(MessageKind kind, Bytes32 value, int quorum) =>
        Votes(kind)!.TryGetValue(value, out var senders) && senders.Count >= quorum ? [.. senders.Values.Take(quorum)] : default;

    /// <summary>Lets go of observations and, unless <paramref name="keepProposal"/>, proposals: the large messages, of use only while the view lasts.</summary>
    public void ForgetBodies(bool keepProposal)
    {
        foreach (var slot in _slots.Keys.Where(slot => slot.Kind == MessageKind.Observation || (slot.Kind == MessageKind.Proposal && !keepProposal)).ToList()) _slots.Remove(slot);
        Chosen = default;
        ProposalBody = null;
    }

    private SortedDictionary<Bytes32, SortedDictionary<byte, SignedMessage>>? Votes(MessageKind kind) => kind switch
    {
        MessageKind.Prepare => Prepares,
        MessageKind.Commit => Commits,
        _ => null,
    };

    private SignedMessage? First(MessageKind kind)
    {
        foreach (var (slot, kept) in _slots)
        {
            if (slot.Kind == kind) return kept[0];
        }
        return null;
    }
}
