using System.Collections.Immutable;
using DePin.Cryptography;
using DePin.Protocol.Canonical;
using DePin.Protocol.Lanes;

namespace DePin.Protocol.Rounds;

public sealed partial class RoundMachine
{
    /// <summary>Applies the first rule that applies; false when none does.</summary>
    private bool AdvanceOnce()
    {
        if (_decision is not null) return TryAttest();
        while (_touched.Count > 0)
        {
            var view = _touched.Min;
            if (TryDecide(view) || TryCertify(view)) return true;
            _touched.Remove(view);
        }
        if (!MayVote(_view)) return false;
        return TryJoin() || TryPropose() || TryPrepare() || TryCommitNil() || TryWait() || TryNextView();
    }

    /// <summary>q prepares for a known value: remember the certificate; in the present view, while preparing, lock and commit.</summary>
    private bool TryCertify(uint view)
    {
        var votes = Votes(view);
        foreach (var digest in votes.Prepares.Keys)
        {
            if (digest.IsZero || !_values.TryGetValue(digest, out var value)) continue;
            var prepares = votes.QuorumFor(MessageKind.Prepare, digest, _quorum);
            if (prepares.IsDefault) continue;
            if (_valid is not { } valid || valid.View < view) _valid = (view, value, prepares);
            if (!MayVote(view) || _phase != Phase.Prepare) return false;
            _locked = (view, value);
            _records.Add(new RoundRecord.Lock(view, value, prepares));
            Commit(value);
            return true;
        }
        return false;
    }

    /// <summary>f+1 operators are in a higher view, so an honest one is: join the highest that f+1 have reached.</summary>
    private bool TryJoin()
    {
        var reached = new List<uint>(_highest.Length);
        for (var sender = 0; sender < _highest.Length; sender++)
        {
            if (sender != _context.Self && _highest[sender] is { } view) reached.Add(view);
        }
        if (reached.Count <= Quorum.Faulty) return false;
        reached.Sort();
        var target = reached[^(Quorum.Faulty + 1)];
        if (target <= _view) return false;
        EnterView(target, default);
        return true;
    }

    private bool TryPropose()
    {
        if (_phase != Phase.Propose || Instance.Proposer(_view, _context.Operators.Count) != _context.Self || _own.ContainsKey((_view, MessageKind.Proposal))) return false;
        if (_valid is { } valid)
        {
            Say(MessageKind.Proposal, valid.Value.Digest, new ProposalBody(valid.Value, valid.View, valid.Prepares).Encode());
            return true;
        }
        var votes = Votes(_view);
        if (votes.Chosen.IsDefault) votes.Chosen = ChooseObservations(votes);
        if (votes.Chosen.IsDefault) return false;
        var cut = votes.ChosenCut ??= Union(votes.Chosen.Select(static observation => ObservationBody.Parse(observation.Body.Span)));
        if (votes.Unavailable.Contains(cut)) return false;
        if (!_recomputed.TryGetValue(cut, out var report))
        {
            Recompute(cut);
            return false;
        }
        var value = new RoundValue(cut, _context.AnchorNumber, _context.AnchorHash, report);
        Say(MessageKind.Proposal, value.Digest, new ProposalBody(value, null, votes.Chosen).Encode());
        return true;
    }

    private ImmutableArray<SignedMessage> ChooseObservations(ViewVotes votes)
    {
        var chosen = ImmutableArray.CreateBuilder<SignedMessage>(_quorum);
        foreach (var observation in votes.Observations)
        {
            if (!votes.Examined.TryGetValue(observation.Sender, out var good))
                votes.Examined[observation.Sender] = good = ReadObservation(observation) is not null;
            if (good) chosen.Add(observation);
            if (chosen.Count == _quorum) return chosen.MoveToImmutable();
        }
        return default;
    }

    /// <summary>The cut of a fresh proposal: lane by lane the highest of the previous cut and what the observations certify.</summary>
    private Cut Union(IEnumerable<ObservationBody> observations) =>
        observations.Aggregate(_context.PreviousCut, static (cut, observation) => cut.Max(observation.Cut));

    private ObservationBody? ReadObservation(SignedMessage message)
    {
        try
        {
            var body = ObservationBody.Parse(message.Body.Span);
            return body.Verify(_context.Network, _context.Operators, _context.Verify, _goodCertificates) ? body : null;
        }
        catch (CanonicalFormatException)
        {
            return null;
        }
    }

    private void Recompute(Cut cut)
    {
        if (_recomputing.Add(cut)) _effects.Add(new RoundEffect.RequestRecomputation(cut));
    }

    private void OnRecomputed(RoundInput.Recomputed answer)
    {
        if (!_recomputing.Remove(answer.Cut)) return;
        if (answer.ReportDigest is { } digest) _recomputed[answer.Cut] = digest;
        else if (_views.TryGetValue(_view, out var votes)) votes.Unavailable.Add(answer.Cut);
    }

    /// <summary>One prepare per view: for the proposal if it is justified, recomputed and free of the lock, else nil.</summary>
    private bool TryPrepare()
    {
        if (_phase != Phase.Propose) return false;
        var votes = Votes(_view);
        if (votes.Proposal is not { } proposal) return false;
        if (votes.ProposalIsJustified is null) votes.ProposalIsJustified = (votes.ProposalBody = ReadProposal(proposal)) is { } read && IsJustified(proposal, read);
        if (SitsOut) return true; // its grounds showed a message of this operator that the log does not have
        if (votes.ProposalIsJustified != true || votes.ProposalBody is not { } body || !LockAllows(body))
        {
            Prepare(Bytes32.Zero);
            return true;
        }
        if (_recomputed.TryGetValue(body.Value.Cut, out var report))
        {
            if (report != body.Value.ReportDigest)
                Alarm(RoundAlarm.RecomputationDiffers, $"Operator {proposal.Sender} proposed report {body.Value.ReportDigest} for a cut that gives {report} here.");
            Prepare(report == body.Value.ReportDigest ? body.Value.Digest : Bytes32.Zero);
            return true;
        }
        if (votes.Unavailable.Contains(body.Value.Cut))
        {
            Prepare(Bytes32.Zero);
            return true;
        }
        Recompute(body.Value.Cut);
        return false;
    }

    private static ProposalBody? ReadProposal(SignedMessage message)
    {
        try
        {
            return ProposalBody.Parse(message.Body.Span);
        }
        catch (CanonicalFormatException)
        {
            return null;
        }
    }

    private bool LockAllows(ProposalBody body) =>
        _locked is not { } locked || locked.Value == body.Value || (body.PrepareView is { } view && view >= locked.View);

    private bool IsJustified(SignedMessage proposal, ProposalBody body)
    {
        var value = body.Value;
        if (value.Digest != proposal.ValueDigest || !value.Cut.Covers(_context.PreviousCut)) return false;
        if (value.AnchorNumber != _context.AnchorNumber || value.AnchorHash != _context.AnchorHash)
        {
            Alarm(RoundAlarm.AnchorDiffers, $"Operator {proposal.Sender} proposed anchor block {value.AnchorNumber} {value.AnchorHash}; here it is {_context.AnchorNumber} {_context.AnchorHash}.");
            return false;
        }
        if (body.PrepareView is { } view)
        {
            if (view >= proposal.View || !MessageList.IsQuorum(body.Grounds, Instance, view, MessageKind.Prepare, value.Digest, _context.Operators, _context.Verify)) return false;
            foreach (var prepare in body.Grounds) Hear(prepare);
            return true;
        }
        if (!MessageList.IsQuorum(body.Grounds, Instance, proposal.View, MessageKind.Observation, Bytes32.Zero, _context.Operators, _context.Verify)) return false;
        var observations = new List<ObservationBody>(body.Grounds.Length);
        foreach (var message in body.Grounds)
        {
            if (ReadObservation(message) is not { } observation) return false;
            observations.Add(observation);
        }
        foreach (var message in body.Grounds) Hear(message);
        return Union(observations).Equals(value.Cut);
    }

    private void Prepare(Bytes32 digest)
    {
        _phase = Phase.Prepare;
        Say(MessageKind.Prepare, digest, []);
    }

    private void Commit(RoundValue? value)
    {
        _phase = Phase.Commit;
        Say(MessageKind.Commit, value?.Digest ?? Bytes32.Zero, []);
    }

    private bool TryCommitNil()
    {
        if (_phase != Phase.Prepare || Votes(_view).QuorumFor(MessageKind.Prepare, Bytes32.Zero, _quorum).IsDefault) return false;
        Commit(null);
        return true;
    }

    /// <summary>q votes, but not for one value: wait a little for the rest.</summary>
    private bool TryWait()
    {
        var votes = Votes(_view);
        if (_phase == Phase.Prepare && !votes.PrepareTimerSet && votes.Voters(MessageKind.Prepare) >= _quorum)
        {
            votes.PrepareTimerSet = true;
            Wait(RoundTimer.Prepare);
            return true;
        }
        if (!votes.CommitTimerSet && votes.Voters(MessageKind.Commit) >= _quorum)
        {
            votes.CommitTimerSet = true;
            Wait(RoundTimer.Commit);
            return true;
        }
        return false;
    }

    /// <summary>q nil commits: nothing can be decided in this view any more, so the next begins at once.</summary>
    private bool TryNextView()
    {
        if (Votes(_view).QuorumFor(MessageKind.Commit, Bytes32.Zero, _quorum).IsDefault) return false;
        NextView();
        return true;
    }
}
