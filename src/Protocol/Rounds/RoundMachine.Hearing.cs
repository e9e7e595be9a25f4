namespace DePin.Protocol.Rounds;

public sealed partial class RoundMachine
{
    private void OnReceived(SignedMessage message)
    {
        if (message.Instance != Instance || message.Sender >= _context.Operators.Count) return;
        if (message.Sender == _context.Self)
        {
            if (!IsOwn(message)) SitOut(message);
            return;
        }
        _heard.Add(message.Sender);
        switch (message.Kind)
        {
            case MessageKind.Decision:
                OnDecision(message);
                break;
            case MessageKind.Attestation:
                OnAttestation(message);
                break;
            default:
                if (_decision is not null && !SitsOut) ShowDecision(message.Sender);
                else
                {
                    if (MayVote(_view) && message.View < _view) Help(message.Sender, message.View);
                    Hear(message);
                }
                break;
        }
    }

    /// <summary>Keeps a verified message of whatever origin; one of this operator's own that the log lacks ends its part in the instance.</summary>
    private void Hear(SignedMessage message)
    {
        if (message.Sender == _context.Self && !IsOwn(message)) SitOut(message);
        else Learn(message);
    }

    private void Learn(SignedMessage message)
    {
        var highest = _highest[message.Sender];
        if (highest is null || message.View > highest) _highest[message.Sender] = message.View;
        if (message.View > (ulong)_view + ViewsAhead && message.Sender != _context.Self) return;
        if (message.View + (ulong)ViewsBehind < _view) return;
        if (message.Kind == MessageKind.Proposal && Instance.Proposer(message.View, _context.Operators.Count) != message.Sender) return;
        if (message.Kind == MessageKind.Proposal) LearnValue(message);
        if (message.View < _view && message.Kind is MessageKind.Observation or MessageKind.Proposal) return; // that view is over: its votes still count, its grounds do not
        if (!Votes(message.View).Add(message, out var conflict)) return;
        if (conflict is not null) _effects.Add(new RoundEffect.Equivocation(conflict, message));
        _touched.Add(message.View);
    }

    /// <summary>A value is worth knowing whether or not its proposal is justified: q votes for its digest would be.</summary>
    private void LearnValue(SignedMessage proposal)
    {
        var votes = Votes(proposal.View);
        if (_values.ContainsKey(proposal.ValueDigest) || votes.ValuesLearned >= ViewVotes.MaxPerSlot) return;
        if (ReadProposal(proposal) is not { Value: var value } || value.Digest != proposal.ValueDigest) return;
        votes.ValuesLearned++;
        _values[value.Digest] = value;
        foreach (var view in _views.Keys) _touched.Add(view);
    }

    private bool IsOwn(SignedMessage message) => message.Kind == MessageKind.Decision
        ? _decision is { } decision && message.ValueDigest == decision.Value.Digest
        : _own.TryGetValue((message.View, message.Kind), out var id) && id == message.Id;

    /// <summary>A peer shows a message that this key signed and this log does not have. Whoever goes on may sign twice: stop for this instance.</summary>
    private void SitOut(SignedMessage shown)
    {
        if (SitsOut) return;
        _satOut = shown;
        // What this step said before is not sent: it was said without knowing.
        _sends.Clear();
        _records.Add(new RoundRecord.SatOut(shown));
        Alarm(RoundAlarm.OwnMessageUnknown,
            $"A peer shows a {shown} that this operator's log does not have: the log was lost or the protocol key runs twice. {Instance} is sat out; make sure that one process runs with this key and that its database was not put back.");
    }

    /// <summary>Shows a peer that is still in an earlier view what was said there, and the commits that ended it.</summary>
    private void Help(byte sender, uint view)
    {
        if (!_views.TryGetValue(view, out var votes) || !_helped.Add((sender, view))) return;
        foreach (var kind in (ReadOnlySpan<MessageKind>)[MessageKind.Prepare, MessageKind.Commit])
        {
            if (votes.From(kind, _context.Self) is { } own) _sends.Add(new Outgoing(own, sender));
        }
        var commits = votes.AnyVotes(MessageKind.Commit, _quorum);
        if (commits.Length < _quorum) return;
        foreach (var commit in commits)
        {
            if (commit.Sender != sender && commit.Sender != _context.Self) _sends.Add(new Outgoing(commit, sender));
        }
    }

    private void Resend()
    {
        _helped.Clear();
        if (_decision is not null)
        {
            _shown.Clear();
            if (_attestations.TryGetValue(_context.Self, out var attested)) _sends.Add(new Outgoing(attested[0], null));
            for (byte peer = 0; peer < _context.Operators.Count; peer++)
            {
                // Whoever is silent may have lost its log, or be about to start: it had better know before it speaks.
                if (peer != _context.Self && !_heard.Contains(peer)) ShowDecision(peer);
            }
            _heard.Clear();
            return;
        }
        if (_views.TryGetValue(_view, out var votes))
        {
            foreach (var kind in (ReadOnlySpan<MessageKind>)[MessageKind.Observation, MessageKind.Proposal, MessageKind.Prepare, MessageKind.Commit])
            {
                if (votes.From(kind, _context.Self) is { } own) _sends.Add(new Outgoing(own, null));
            }
        }
        if (_valid is { } valid)
        {
            // The best certificate, with the value if the proposal is at hand and small; a large one comes with the re-proposal.
            if (_views.TryGetValue(valid.View, out var at) && at.Proposal is { } proposal && proposal.ValueDigest == valid.Value.Digest
                && proposal.Bytes.Length <= MaxShared && proposal.Sender != _context.Self) _sends.Add(new Outgoing(proposal, null));
            foreach (var prepare in valid.Prepares)
            {
                if (valid.View != _view || prepare.Sender != _context.Self) _sends.Add(new Outgoing(prepare, null));
            }
        }
        EchoSilent();
        _heard.Clear();
    }

    /// <summary>Shows a peer that was not heard of late its own latest votes: should its log be lost, it notices before it speaks.</summary>
    private void EchoSilent()
    {
        for (byte peer = 0; peer < _context.Operators.Count; peer++)
        {
            if (peer == _context.Self || _heard.Contains(peer)) continue;
            var shown = 0;
            foreach (var view in _views.Keys.Reverse())
            {
                foreach (var kind in (ReadOnlySpan<MessageKind>)[MessageKind.Commit, MessageKind.Prepare, MessageKind.Observation])
                {
                    if (shown >= MaxEchoed || _views[view].From(kind, peer) is not { } theirs || theirs.Bytes.Length > MaxShared) continue;
                    _sends.Add(new Outgoing(theirs, peer));
                    shown++;
                }
                if (shown >= MaxEchoed) break;
            }
        }
    }
}
