using System.Collections.Immutable;
using DePin.Cryptography;
using DePin.Protocol.Canonical;
using DePin.Protocol.Lanes;
using DePin.Protocol.Rounds;

namespace DePin.Protocol.Tests.Rounds;

/// <summary>The rules one by one, on a machine whose peers are played by the test.</summary>
public sealed class RoundMachineTests
{
    private readonly World _world = new(4, epoch: 4); // (4 + 0 + view) mod 4: operator 0 proposes in view 0
    private readonly List<RoundRecord> _log = [];
    private int _self = -1;

    [Fact]
    public void A_fresh_proposal_carries_q_observations_and_their_union()
    {
        var machine = Machine(0, out var effects);
        Assert.Contains(effects, effect => effect is RoundEffect.RequestObservation { View: 0 });
        Observe(machine, 0);
        Receive(machine, Observation(1, 0, 5, 1, 1, 1));
        Assert.DoesNotContain(Receive(machine, _world.Message(2, 0, MessageKind.Observation, default, "junk"u8)), effect => effect is RoundEffect.RequestRecomputation);
        var request = Receive(machine, Observation(3, 0, 1, 6, 2, 1)).OfType<RoundEffect.RequestRecomputation>().Single();
        Assert.Equal([5ul, 6, 3, 3], request.Cut.Lanes.Select(lane => lane.Height));
        var proposal = Said(Step(machine, new RoundInput.Recomputed(request.Cut, _world.Report(request.Cut))), MessageKind.Proposal);
        var body = ProposalBody.Parse(proposal.Body.Span);
        Assert.Equal([0, 1, 3], body.Grounds.Select(ground => (int)ground.Sender));
        Assert.Equal(_world.Value(request.Cut), body.Value);
    }

    [Theory]
    [InlineData("cut lower than the union")]
    [InlineData("cut above the union")]
    [InlineData("false report")]
    [InlineData("false anchor")]
    [InlineData("too few observations")]
    [InlineData("observations of another view")]
    [InlineData("a forged certificate")]
    [InlineData("a forged observation")]
    [InlineData("another digest in the header")]
    [InlineData("junk")]
    public void Prepares_nil_for_a_proposal_with(string fault)
    {
        var machine = Machine(1, out _);
        var observations = Observations(fault == "observations of another view" ? 1u : 0u, [0, 2, 3]);
        if (fault == "too few observations") observations = observations[..2];
        if (fault == "a forged certificate")
        {
            var lanes = _world.Lanes([3, 3, 3, 3], 0);
            lanes = lanes.SetItem(2, lanes[2] with { Certificate = lanes[2].Certificate! with { Head = new LaneHead(4, World.Digest(2, 4)) } });
            observations = [_world.Message(0, 0, MessageKind.Observation, default, new ObservationBody(lanes).Encode()), .. observations[1..]];
        }
        if (fault == "a forged observation")
        {
            var lanes = new ObservationBody(_world.Lanes([3, 3, 3, 3], 0)).Encode();
            var bad = SignedMessage.Sign(_world.Instance, 0, MessageKind.Observation, 2, default, lanes, _world.Signer(0));
            observations = [observations[0], bad, observations[2]];
        }
        var cut = fault switch
        {
            "cut lower than the union" => Cut(3, 3, 3, 2),
            "cut above the union" or "a forged certificate" => Cut(3, 3, 4, 3),
            _ => Cut(3, 3, 3, 3),
        };
        var value = _world.Value(cut);
        if (fault == "false report") value = value with { ReportDigest = Sha256.Hash("false"u8) };
        if (fault == "false anchor") value = value with { AnchorNumber = 9 };
        var body = fault == "junk" ? "junk"u8.ToArray() : new ProposalBody(value, null, observations).Encode();
        var digest = fault == "another digest in the header" ? Sha256.Hash("other"u8) : value.Digest;
        var effects = Receive(machine, _world.Message(0, 0, MessageKind.Proposal, digest, body)).ToList();
        effects.AddRange(Answer(machine, effects));
        Assert.True(Said(effects, MessageKind.Prepare).ValueDigest.IsZero, fault);
        if (fault == "false report") Assert.Contains(effects, effect => effect is RoundEffect.Alarm { Kind: RoundAlarm.RecomputationDiffers });
        if (fault == "false anchor") Assert.Contains(effects, effect => effect is RoundEffect.Alarm { Kind: RoundAlarm.AnchorDiffers });
    }

    [Fact]
    public void Prepares_a_good_proposal_only_after_its_own_recomputation_and_only_once()
    {
        var machine = Machine(1, out _);
        var value = _world.Value(Cut(3, 3, 3, 3));
        var effects = Receive(machine, Proposal(0, 0, value)).ToList();
        Assert.DoesNotContain(effects, effect => effect is RoundEffect.Persist);
        Assert.Equal(value.Digest, Said(Answer(machine, effects), MessageKind.Prepare).ValueDigest);
        Assert.Empty(Step(machine, new RoundInput.TimerFired(RoundTimer.Propose, 0)));
        // The proposer's second proposal changes nothing but is kept as evidence.
        var other = Receive(machine, Proposal(0, 0, _world.Value(Cut(3, 3, 3, 4)), 4));
        Assert.IsType<RoundEffect.Equivocation>(Assert.Single(other));
    }

    [Fact]
    public void Prepares_nil_when_batches_are_missing_or_time_is_up()
    {
        var machine = Machine(1, out _);
        var request = Receive(machine, Proposal(0, 0, _world.Value(Cut(3, 3, 3, 3)))).OfType<RoundEffect.RequestRecomputation>().Single();
        Assert.True(Said(Step(machine, new RoundInput.Recomputed(request.Cut, null)), MessageKind.Prepare).ValueDigest.IsZero);

        _log.Clear();
        var late = Machine(2, out _);
        Receive(late, Proposal(0, 0, _world.Value(Cut(3, 3, 3, 3))));
        Assert.True(Said(Step(late, new RoundInput.TimerFired(RoundTimer.Propose, 0)), MessageKind.Prepare).ValueDigest.IsZero);
    }

    [Fact]
    public void Lock_and_commit_are_one_write_before_anything_is_sent()
    {
        var machine = Machine(1, out _);
        var value = _world.Value(Cut(3, 3, 3, 3));
        Answer(machine, Receive(machine, Proposal(0, 0, value)));
        Receive(machine, _world.Message(0, 0, MessageKind.Prepare, value.Digest));
        var persist = Assert.IsType<RoundEffect.Persist>(Receive(machine, _world.Message(2, 0, MessageKind.Prepare, value.Digest))[0]);
        Assert.Equal(value, Assert.Single(persist.Records.OfType<RoundRecord.Lock>()).Value);
        var commit = Assert.Single(persist.Records.OfType<RoundRecord.OwnMessage>()).Message;
        Assert.Equal((MessageKind.Commit, value.Digest), (commit.Kind, commit.ValueDigest));
        Assert.Equal(commit, Assert.Single(persist.ThenSend).Message);
    }

    [Fact]
    public void A_locked_operator_prepares_another_value_only_with_prepares_as_recent_as_its_lock()
    {
        var value = _world.Value(Cut(3, 3, 3, 3));
        var other = _world.Value(Cut(3, 3, 3, 4));
        foreach (var (restart, certificateView, expected) in ((bool, uint?, RoundValue?)[])[(false, null, null), (true, null, null), (true, 0, null), (false, 2, other), (true, 2, other)])
        {
            _log.Clear();
            var machine = LockedInViewOne(value);
            if (restart) machine = Restarted(2);
            // f+1 operators in view 3 take it there; operator 3 proposes.
            Receive(machine, _world.Message(0, 3, MessageKind.Prepare, default));
            var proposal = certificateView is { } view
                ? _world.Message(3, 3, MessageKind.Proposal, other.Digest, new ProposalBody(other, view, [.. ((int[])[0, 1, 3]).Select(sender => _world.Message(sender, view, MessageKind.Prepare, other.Digest))]).Encode())
                : Proposal(3, 3, other, 4);
            var effects = Receive(machine, proposal).ToList();
            Assert.Equal(3u, machine.View);
            effects.AddRange(Answer(machine, effects));
            Assert.Equal(expected?.Digest ?? default, Said(effects, MessageKind.Prepare).ValueDigest);
        }
    }

    [Fact]
    public void A_locked_proposer_proposes_its_value_again_with_its_prepares()
    {
        var value = _world.Value(Cut(3, 3, 3, 3));
        LockedInViewOne(value);
        var machine = Restarted(2);
        var effects = new List<RoundEffect>();
        foreach (var sender in (int[])[0, 1]) effects.AddRange(Receive(machine, _world.Message(sender, 2, MessageKind.Prepare, default)));
        var body = ProposalBody.Parse(Said(effects, MessageKind.Proposal).Body.Span);
        Assert.Equal((1u, value), (body.PrepareView, body.Value));
        Assert.Equal(3, body.Grounds.Length);
    }

    [Fact]
    public void Certificates_seen_after_the_commit_set_only_the_valid_value()
    {
        var value = _world.Value(Cut(3, 3, 3, 3));
        var machine = Machine(1, out _);
        Receive(machine, Proposal(0, 0, value));
        Step(machine, new RoundInput.TimerFired(RoundTimer.Propose, 0)); // prepares nil
        Receive(machine, _world.Message(0, 0, MessageKind.Prepare, value.Digest));
        Receive(machine, _world.Message(2, 0, MessageKind.Prepare, default));
        Assert.True(Said(Step(machine, new RoundInput.TimerFired(RoundTimer.Prepare, 0)), MessageKind.Commit).ValueDigest.IsZero);
        Receive(machine, _world.Message(2, 0, MessageKind.Prepare, value.Digest));
        Assert.Empty(_log.OfType<RoundRecord.Lock>());
        var after = Receive(machine, _world.Message(3, 0, MessageKind.Prepare, value.Digest));
        Assert.Empty(after.OfType<RoundEffect.Persist>());
        // In view 1 it is the proposer, and proposes what was certified.
        Receive(machine, _world.Message(0, 1, MessageKind.Prepare, default));
        var proposal = Said(Receive(machine, _world.Message(2, 1, MessageKind.Prepare, default)), MessageKind.Proposal);
        Assert.Equal(value.Digest, proposal.ValueDigest);
        Assert.Empty(_log.OfType<RoundRecord.Lock>());
    }

    [Fact]
    public void Q_commits_decide_are_stored_first_and_q_signatures_attest()
    {
        var value = _world.Value(Cut(3, 3, 3, 3));
        var machine = Machine(1, out _);
        Answer(machine, Receive(machine, Proposal(0, 0, value)));
        foreach (var sender in (int[])[0, 2]) Receive(machine, _world.Message(sender, 0, MessageKind.Prepare, value.Digest));
        Receive(machine, _world.Message(0, 0, MessageKind.Commit, value.Digest));
        Receive(machine, _world.Message(0, 0, MessageKind.Commit, value.Digest));
        var effects = Receive(machine, _world.Message(3, 0, MessageKind.Commit, value.Digest));
        var persist = Assert.IsType<RoundEffect.Persist>(effects[0]);
        Assert.IsType<RoundRecord.Decision>(Assert.Single(persist.Records));
        Assert.True(Assert.Single(effects.OfType<RoundEffect.Decided>()).MaySign);
        Assert.Equal(value, machine.Decision);

        var attestation = Said(Sign(machine, 1, value), MessageKind.Attestation);
        Assert.Equal(value.Digest, attestation.ValueDigest);
        Assert.Empty(Sign(machine, 1, value));
        Receive(machine, Attestation(0, value, value.ReportDigest));
        Assert.Empty(Receive(machine, Attestation(2, value, Sha256.Hash("another"u8))).OfType<RoundEffect.ReportAttested>());
        var attested = Receive(machine, Attestation(3, value, value.ReportDigest)).OfType<RoundEffect.ReportAttested>().Single();
        Assert.Equal([0, 1, 3], attested.Signatures.Select(signature => (int)signature.Signer));
        var late = Receive(machine, Attestation(2, value, value.ReportDigest)); // half the proof, should its signer sign another report too
        Assert.Equal(2, Assert.Single(late.OfType<RoundEffect.SignatureAdded>()).Signature.Signer);
        Assert.Empty(late.OfType<RoundEffect.ReportAttested>());
        Assert.Empty(Receive(machine, Attestation(2, value, value.ReportDigest)));

        // A restart announces the decision again and says the same attestation.
        var again = Restarted(1, out var start);
        Assert.Equal(value, Assert.Single(start.OfType<RoundEffect.Decided>()).Value);
        Assert.Contains(start.OfType<RoundEffect.Send>().SelectMany(send => send.Messages), sent => sent.Message.Equals(attestation));
        Assert.Empty(Sign(again, 1, value));
    }

    [Fact]
    public void A_late_operator_decides_by_a_decision_message_and_only_by_a_good_one()
    {
        var value = _world.Value(Cut(3, 3, 3, 3));
        var commits = ((int[])[0, 2, 3]).Select(sender => _world.Message(sender, 5, MessageKind.Commit, value.Digest)).ToImmutableArray();
        SignedMessage Decision(ImmutableArray<SignedMessage> of, uint view = 5) => _world.Message(0, view, MessageKind.Decision, value.Digest, new DecisionBody(value, of).Encode());
        var machine = Machine(1, out _);
        Receive(machine, Decision(commits[..2]));
        Receive(machine, Decision(commits, 4));
        Receive(machine, Decision(commits.SetItem(1, _world.Message(2, 5, MessageKind.Commit, default))));
        Receive(machine, Decision(commits.SetItem(1, SignedMessage.Sign(_world.Instance, 5, MessageKind.Commit, 2, value.Digest, [], _world.Signer(0)))));
        Assert.Null(machine.Decision);
        Assert.Single(Receive(machine, Decision(commits)).OfType<RoundEffect.Decided>());
        // And shows it to whoever is still voting, once per repetition.
        var shown = Receive(machine, _world.Message(3, 2, MessageKind.Prepare, default)).OfType<RoundEffect.Send>().Single();
        Assert.Equal((MessageKind.Decision, 3), (shown.Messages[0].Message.Kind, shown.Messages[0].To));
        Assert.Empty(Receive(machine, _world.Message(3, 2, MessageKind.Commit, default)));
    }

    [Fact]
    public void An_operator_that_is_shown_its_own_unknown_vote_sits_out_and_stays_out()
    {
        var value = _world.Value(Cut(3, 3, 3, 3));
        var machine = Machine(1, out _, listen: true);
        Assert.Empty(_log);
        var effects = Receive(machine, _world.Message(1, 0, MessageKind.Commit, value.Digest));
        Assert.Contains(effects, effect => effect is RoundEffect.Alarm { Kind: RoundAlarm.OwnMessageUnknown });
        Assert.True(machine.SitsOut);
        foreach (var again in (RoundMachine[])[machine, Restarted(1)])
        {
            Assert.Empty(Step(again, new RoundInput.TimerFired(RoundTimer.Listen, 0)));
            Receive(again, Proposal(0, 0, value));
            foreach (var sender in (int[])[0, 2]) Receive(again, _world.Message(sender, 0, MessageKind.Commit, value.Digest));
            var decided = Receive(again, _world.Message(3, 0, MessageKind.Commit, value.Digest)).OfType<RoundEffect.Decided>().Single();
            Assert.False(decided.MaySign);
            _log.RemoveAll(record => record is RoundRecord.Decision);
        }
        Assert.Empty(_log.OfType<RoundRecord.OwnMessage>());
    }

    [Fact]
    public void An_own_unknown_prepare_inside_a_proposal_is_noticed_before_voting()
    {
        var value = _world.Value(Cut(3, 3, 3, 3));
        var machine = Machine(1, out _);
        foreach (var sender in (int[])[0, 3]) Receive(machine, _world.Message(sender, 2, MessageKind.Prepare, default));
        var prepares = ((int[])[0, 1, 3]).Select(sender => _world.Message(sender, 1, MessageKind.Prepare, value.Digest)).ToImmutableArray();
        var effects = Receive(machine, _world.Message(2, 2, MessageKind.Proposal, value.Digest, new ProposalBody(value, 1, prepares).Encode()));
        Assert.True(machine.SitsOut);
        Assert.Empty(effects.OfType<RoundEffect.Persist>().SelectMany(persist => persist.ThenSend));
    }

    [Fact]
    public void Peers_show_a_silent_operator_its_votes_so_that_a_lost_log_is_noticed_while_listening()
    {
        var value = _world.Value(Cut(3, 3, 3, 3));
        var peer = Machine(2, out _);
        Receive(peer, Proposal(0, 0, value));
        var vote = _world.Message(1, 0, MessageKind.Prepare, value.Digest);
        Receive(peer, vote);
        Step(peer, new RoundInput.TimerFired(RoundTimer.Resend, 0));
        var repeated = Step(peer, new RoundInput.TimerFired(RoundTimer.Resend, 0)).OfType<RoundEffect.Send>().Single();
        Assert.Contains(repeated.Messages, sent => sent.Message.Equals(vote) && sent.To == 1);
    }

    [Fact]
    public void Says_nothing_while_it_listens()
    {
        var machine = Machine(0, out var effects, listen: true);
        Assert.Equal(RoundTimer.Listen, Assert.IsType<RoundEffect.SetTimer>(Assert.Single(effects)).Timer);
        Receive(machine, Observation(1, 0, 3, 3, 3, 3));
        Assert.Empty(_log);
        var begun = Step(machine, new RoundInput.TimerFired(RoundTimer.Listen, 0));
        Assert.Contains(begun, effect => effect is RoundEffect.RequestObservation);
    }

    [Fact]
    public void One_vote_of_a_far_view_moves_nobody_and_f_plus_one_do()
    {
        var machine = Machine(1, out _);
        Receive(machine, _world.Message(3, 1_000_000, MessageKind.Commit, default));
        Assert.Equal(0u, machine.View);
        Receive(machine, _world.Message(2, 5, MessageKind.Commit, default));
        Assert.Equal(5u, machine.View);
    }

    [Fact]
    public void Helps_a_peer_in_an_earlier_view_with_the_commits_that_ended_it()
    {
        var machine = Machine(1, out _);
        Step(machine, new RoundInput.TimerFired(RoundTimer.Propose, 0));
        foreach (var sender in (int[])[0, 3]) Receive(machine, _world.Message(sender, 0, MessageKind.Prepare, default));
        foreach (var sender in (int[])[0, 3]) Receive(machine, _world.Message(sender, 0, MessageKind.Commit, default));
        Assert.Equal(1u, machine.View);
        foreach (var one in (RoundMachine[])[machine, Restarted(1)])
        {
            Assert.Equal(1u, one.View);
            var help = Receive(one, _world.Message(2, 0, MessageKind.Prepare, default)).OfType<RoundEffect.Send>().Single();
            Assert.All(help.Messages, sent => Assert.Equal(2, sent.To));
            Assert.Equal([0, 1, 3], help.Messages.Where(sent => sent.Message.Kind == MessageKind.Commit).Select(sent => (int)sent.Message.Sender).Order());
        }
    }

    [Fact]
    public void Messages_of_other_instances_and_strangers_change_nothing()
    {
        var machine = Machine(1, out _);
        var other = new World(4, epoch: 5);
        Assert.Empty(Receive(machine, other.Message(0, 9, MessageKind.Prepare, default)));
        Assert.Empty(Receive(machine, other.Message(1, 9, MessageKind.Prepare, default)));
        Assert.False(SignedMessage.Sign(_world.Instance, 0, MessageKind.Prepare, 4, default, [], _world.Signer(0)).Verify(_world.Operators, World.Verify));
        Assert.False(other.Message(0, 0, MessageKind.Prepare, default).Verify(new OperatorSet(default, _world.Operators.Operators), World.Verify));
    }

    [Fact]
    public void Messages_and_records_read_back_and_refuse_other_bytes()
    {
        var value = _world.Value(Cut(3, 3, 3, 3));
        var prepares = ((int[])[0, 1, 3]).Select(sender => _world.Message(sender, 1, MessageKind.Prepare, value.Digest)).ToImmutableArray();
        SignedMessage[] messages =
        [
            Observation(2, 7, 3, 0, 3, 3), Proposal(0, 4, value), prepares[0], _world.Message(1, 1, MessageKind.Commit, default), Attestation(3, value, value.ReportDigest),
            _world.Message(0, 1, MessageKind.Decision, value.Digest, new DecisionBody(value, prepares).Encode()),
        ];
        foreach (var message in messages)
        {
            var bytes = message.Encode();
            Assert.True(SignedMessage.TryParse(bytes, out var read));
            Assert.Equal(message, read);
            Assert.Equal(bytes, read.Encode());
            Assert.True(read.Verify(_world.Operators, World.Verify));
            Assert.False(SignedMessage.TryParse(bytes.AsSpan(0, bytes.Length - 1), out _));
            Assert.False(SignedMessage.TryParse((byte[])[.. bytes, 0], out _));
            for (var i = 0; i < bytes.Length; i += 1 + (i / 120))
            {
                var changed = (byte[])bytes.Clone();
                changed[i] ^= 0x10;
                Assert.False(SignedMessage.TryParse(changed, out var other) && other.Verify(_world.Operators, World.Verify));
            }
        }
        RoundRecord[] records =
        [
            new RoundRecord.OwnMessage(messages[0]), new RoundRecord.Lock(1, value, prepares), new RoundRecord.ViewEntered(2, prepares),
            new RoundRecord.Decision(value, prepares), new RoundRecord.SatOut(messages[3]),
        ];
        foreach (var record in records)
        {
            Assert.Equal(record.Encode(), RoundRecord.Parse(record.Encode()).Encode());
            Assert.Throws<CanonicalFormatException>(() => RoundRecord.Parse((byte[])[.. record.Encode(), 0]));
        }
        Assert.Throws<CanonicalFormatException>(() => DecisionBody.Parse(new DecisionBody(value, [prepares[1], prepares[0]]).Encode()));
    }

    [Fact]
    public void The_largest_proposal_of_31_operators_fits_in_a_message()
    {
        var world = new World(31);
        var lanes = world.Lanes([.. Enumerable.Repeat(3ul, 31)], 0);
        var observations = Enumerable.Range(0, world.Q).Select(sender => world.Message(sender, 0, MessageKind.Observation, default, new ObservationBody(lanes).Encode()));
        var value = world.Value(new ObservationBody(lanes).Cut);
        var proposal = world.Message(0, 0, MessageKind.Proposal, value.Digest, new ProposalBody(value, null, [.. observations]).Encode());
        Assert.InRange(proposal.Bytes.Length, 900_000, SignedMessage.MaxSize);
    }

    [Fact]
    public void Waits_grow_with_the_view_up_to_the_ceiling()
    {
        var timings = RoundTimings.Default;
        Assert.Equal(TimeSpan.FromSeconds(60), timings.Of(RoundTimer.Propose, 2));
        Assert.Equal(timings.Ceiling, timings.Of(RoundTimer.Commit, uint.MaxValue));
        Assert.Equal(timings.Resend, timings.Of(RoundTimer.Resend, 9));
    }

    private RoundMachine Machine(int member, out IReadOnlyList<RoundEffect> effects, bool listen = false)
    {
        _self = member;
        var machine = new RoundMachine(_world.Context(member, RoundTimings.Default));
        effects = Step(machine, new RoundInput.Start([.. _log], listen));
        return machine;
    }

    private RoundMachine Restarted(int member) => Restarted(member, out _);

    private RoundMachine Restarted(int member, out IReadOnlyList<RoundEffect> effects) => Machine(member, out effects);

    private RoundMachine LockedInViewOne(RoundValue value)
    {
        var machine = Machine(2, out _);
        foreach (var sender in (int[])[0, 1]) Receive(machine, _world.Message(sender, 1, MessageKind.Observation, default, new ObservationBody(_world.Lanes([3, 3, 3, 3], 0)).Encode()));
        Answer(machine, Receive(machine, Proposal(1, 1, value)));
        foreach (var sender in (int[])[0, 1]) Receive(machine, _world.Message(sender, 1, MessageKind.Prepare, value.Digest));
        Assert.Single(_log.OfType<RoundRecord.Lock>());
        // One more of a later view, so that one other suffices to move on.
        Receive(machine, _world.Message(1, 3, MessageKind.Observation, default, new ObservationBody(_world.Lanes([3, 3, 3, 3], 0)).Encode()));
        if (_log.OfType<RoundRecord.OwnMessage>().Any(own => own.Message.View > 1)) throw new InvalidOperationException("moved too early");
        return machine;
    }

    private IReadOnlyList<RoundEffect> Receive(RoundMachine machine, SignedMessage message) => Step(machine, new RoundInput.Received(message));

    private IReadOnlyList<RoundEffect> Step(RoundMachine machine, RoundInput input)
    {
        var effects = machine.Step(input);
        foreach (var persist in effects.OfType<RoundEffect.Persist>()) _log.AddRange(persist.Records);
        return effects;
    }

    private IReadOnlyList<RoundEffect> Observe(RoundMachine machine, uint view) =>
        Step(machine, new RoundInput.Observed(view, _world.Lanes([3, 3, 3, 3], 1)));

    private IReadOnlyList<RoundEffect> Answer(RoundMachine machine, IEnumerable<RoundEffect> effects) =>
        effects.OfType<RoundEffect.RequestRecomputation>().FirstOrDefault() is { } request ? Step(machine, new RoundInput.Recomputed(request.Cut, _world.Report(request.Cut))) : [];

    private IReadOnlyList<RoundEffect> Sign(RoundMachine machine, int member, RoundValue value) =>
        Step(machine, new RoundInput.ReportSigned(World.SignReport(_world.Operators[member].Address, value.ReportDigest)));

    private static SignedMessage Said(IEnumerable<RoundEffect> effects, MessageKind kind) =>
        effects.OfType<RoundEffect.Persist>().SelectMany(persist => persist.ThenSend).Select(sent => sent.Message).Single(message => message.Kind == kind);

    private SignedMessage Observation(int sender, uint view, params ulong[] heights) =>
        _world.Message(sender, view, MessageKind.Observation, default, new ObservationBody(_world.Lanes(heights, sender)).Encode());

    private ImmutableArray<SignedMessage> Observations(uint view, int[] senders, ulong last = 3) => [.. senders.Select(sender => Observation(sender, view, 3, 3, 3, last))];

    private SignedMessage Proposal(int sender, uint view, RoundValue value, ulong last = 3) =>
        _world.Message(sender, view, MessageKind.Proposal, value.Digest, new ProposalBody(value, null, Observations(view, [.. Enumerable.Range(0, 4).Where(other => other != _self).Take(3)], last)).Encode());

    private SignedMessage Attestation(int sender, RoundValue value, Bytes32 digest) =>
        _world.Message(sender, 0, MessageKind.Attestation, value.Digest, World.SignReport(_world.Operators[sender].Address, digest).ToArray());

    private Cut Cut(params ulong[] heights) => new([.. _world.Operators.Operators.Select((member, i) => new LaneHeight(member.Address, heights[i], World.Digest(i, heights[i])))]);
}
