using System.Collections.Immutable;
using DePin.Cryptography;
using DePin.Protocol.Canonical;

namespace DePin.Protocol.Rounds;

public sealed partial class RoundMachine
{
    private const int MaxAttestations = 3;

    private readonly SortedDictionary<byte, List<SignedMessage>> _attestations = [];
    private readonly SortedDictionary<byte, CompactSignature> _reportSignatures = [];
    private readonly HashSet<SignedMessage> _judgedAttestations = [];
    private readonly HashSet<byte> _shown = [];
    private (RoundValue Value, ImmutableArray<SignedMessage> Commits)? _decision;
    private SignedMessage? _decisionMessage;
    private bool _attested;

    /// <summary>q commits of one view for one value decide, whatever the view.</summary>
    private bool TryDecide(uint view)
    {
        var votes = Votes(view);
        foreach (var digest in votes.Commits.Keys)
        {
            if (digest.IsZero || !_values.TryGetValue(digest, out var value)) continue;
            var commits = votes.QuorumFor(MessageKind.Commit, digest, _quorum);
            if (commits.IsDefault) continue;
            Decide(value, commits);
            return true;
        }
        return false;
    }

    private void OnDecision(SignedMessage message)
    {
        if (_decision is not null) return;
        DecisionBody body;
        try
        {
            body = DecisionBody.Parse(message.Body.Span);
        }
        catch (CanonicalFormatException)
        {
            return;
        }
        if (body.Value.Digest != message.ValueDigest
            || !MessageList.IsQuorum(body.Commits, Instance, message.View, MessageKind.Commit, message.ValueDigest, _context.Operators, _context.Verify)) return;
        foreach (var commit in body.Commits) Hear(commit);
        Decide(body.Value, body.Commits);
    }

    private void Decide(RoundValue value, ImmutableArray<SignedMessage> commits)
    {
        _decision = (value, commits);
        _values[value.Digest] = value;
        _records.Add(new RoundRecord.Decision(value, commits));
        if (_recomputed.TryGetValue(value.Cut, out var mine) && mine != value.ReportDigest)
            Alarm(RoundAlarm.DecidedOtherwise, $"{Instance} decided report {value.ReportDigest}, but this operator computed {mine} from the same evidence: find out which rule, data or version differs.");
        if (!_speaking) Wait(RoundTimer.Resend);
        Announce(value, commits);
    }

    private void Announce(RoundValue value, ImmutableArray<SignedMessage> commits) => _effects.Add(new RoundEffect.Decided(value, commits, !SitsOut));

    private void ShowDecision(byte sender)
    {
        if (!_shown.Add(sender)) return;
        var (value, commits) = _decision!.Value;
        _decisionMessage ??= SignedMessage.Sign(Instance, commits[0].View, MessageKind.Decision, _context.Self, value.Digest, new DecisionBody(value, commits).Encode(), _context.Sign);
        _sends.Add(new Outgoing(_decisionMessage, sender));
    }

    private void OnReportSigned(CompactSignature signature)
    {
        if (_decision is not { } decision || SitsOut || _own.ContainsKey((0, MessageKind.Attestation))) return;
        _attestations[_context.Self] = [Say(MessageKind.Attestation, decision.Value.Digest, signature.ToArray())];
    }

    private void OnAttestation(SignedMessage message)
    {
        if (!_attestations.TryGetValue(message.Sender, out var kept)) _attestations[message.Sender] = kept = [];
        if (kept.Count >= MaxAttestations || kept.Contains(message)) return;
        if (kept.Count == 1) _effects.Add(new RoundEffect.Equivocation(kept[0], message));
        kept.Add(message);
    }

    /// <summary>q good signatures of the decided report by distinct operators; then those that still come, one by one.</summary>
    private bool TryAttest()
    {
        if (_decision is not { } decision) return false;
        foreach (var (sender, messages) in _attestations)
        {
            foreach (var message in messages)
            {
                if (_reportSignatures.ContainsKey(sender) || message.ValueDigest != decision.Value.Digest || !_judgedAttestations.Add(message)) continue;
                if (message.Body.Length != CompactSignature.Size) continue;
                var signature = new CompactSignature(message.Body.Span);
                if (!_context.VerifyReport(_context.Operators[sender].Address, decision.Value.ReportDigest, signature)) continue;
                _reportSignatures[sender] = signature;
                if (_attested) _effects.Add(new RoundEffect.SignatureAdded(decision.Value, new ReportSignature(sender, signature)));
            }
        }
        if (_attested || _reportSignatures.Count < _quorum) return false;
        _attested = true;
        _effects.Add(new RoundEffect.ReportAttested(decision.Value, [.. _reportSignatures.Take(_quorum).Select(static pair => new ReportSignature(pair.Key, pair.Value))]));
        return true;
    }
}
