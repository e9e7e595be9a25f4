using System.Collections.Immutable;
using DePin.Cryptography;
using DePin.Protocol.Lanes;
using DePin.Protocol.Rounds;

namespace DePin.Protocol.Tests.Rounds;

internal enum LiarKind
{
    /// <summary>Says nothing.</summary>
    Silent,

    /// <summary>Two machines under one key, each with its own evidence and report, each heard by some: equivocates in every kind of message.</summary>
    Twins,

    /// <summary>Votes at random, differently to everyone, replays whatever it heard, sends broken bodies, garbage and views far ahead.</summary>
    Chaotic,

    /// <summary>Computes another report.</summary>
    FalseReport,

    /// <summary>Claims lane heights that nobody certified, or none, and proposes cuts that leave lanes out.</summary>
    FalseHeights,

    /// <summary>Follows the rules, but each message reaches only some.</summary>
    Selective,
}

/// <summary>A faulty operator: it has its own key and everything it hears, and may send anything to anyone at any time.</summary>
internal sealed class Liar(Simulation simulation, int member, LiarKind kind, RoundTimings timings)
{
    private readonly List<(RoundMachine Machine, int Twin)> _machines = [];
    private readonly List<SignedMessage> _heard = [];
    private int _said;

    private World World => simulation.World;

    private Random Random => simulation.Random;

    public void Start()
    {
        var machines = kind switch { LiarKind.Silent or LiarKind.Chaotic => 0, LiarKind.Twins => 2, _ => 1 };
        for (var twin = 0; twin < machines; twin++)
        {
            var machine = new RoundMachine(World.Context(member, timings));
            _machines.Add((machine, twin));
            Carry(machine, twin, machine.Step(new RoundInput.Start([], false)));
        }
        if (kind == LiarKind.Chaotic) Babble();
    }

    public void Receive(SignedMessage message)
    {
        if (_heard.Count < 400) _heard.Add(message);
        else _heard[Random.Next(_heard.Count)] = message;
        foreach (var (machine, twin) in _machines)
        {
            // A twin hears about half, so that the two go apart.
            if (kind == LiarKind.Twins && Random.Next(3) == 0) continue;
            if (message.Sender != member) Carry(machine, twin, machine.Step(new RoundInput.Received(message)));
        }
        if (kind == LiarKind.Chaotic) Meddle(message);
    }

    private void Carry(RoundMachine machine, int twin, IReadOnlyList<RoundEffect> effects)
    {
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case RoundEffect.Persist persist: SendAll(persist.ThenSend, twin); break;
                case RoundEffect.Send send: SendAll(send.Messages, twin); break;
                case RoundEffect.SetTimer timer:
                    Later(machine, twin, (long)timer.After.TotalMilliseconds, () => new RoundInput.TimerFired(timer.Timer, timer.View));
                    break;
                case RoundEffect.RequestObservation request:
                    Later(machine, twin, Random.Next(1, 30), () => new RoundInput.Observed(request.View, Observe(twin)));
                    break;
                case RoundEffect.RequestRecomputation request:
                    Later(machine, twin, Random.Next(5, 50), () => new RoundInput.Recomputed(request.Cut, Report(request.Cut, twin)));
                    break;
                case RoundEffect.Decided decided:
                    var digest = twin == 1 ? Sha256.Hash("another"u8) : decided.Value.ReportDigest;
                    Later(machine, twin, 5, () => new RoundInput.ReportSigned(World.SignReport(World.Operators[member].Address, digest)));
                    break;
            }
        }
    }

    private void Later(RoundMachine machine, int twin, long delay, Func<RoundInput> input) =>
        simulation.At(delay, () => Carry(machine, twin, machine.Step(input())));

    private Bytes32 Report(Cut cut, int twin) =>
        kind == LiarKind.FalseReport || twin == 1 ? Sha256.Hash(cut.Encode(), [9]) : World.Report(cut);

    private ImmutableArray<CertifiedLane> Observe(int twin)
    {
        var heights = Enumerable.Range(0, World.N).Select(lane => World.CertifiedAtStart(lane) + (ulong)twin).ToArray();
        if (kind != LiarKind.FalseHeights) return World.Lanes(heights, member);
        var lanes = World.Lanes([.. heights.Select(height => Random.Next(2) == 0 ? 0ul : height)], member).ToArray();
        if (Random.Next(2) == 0)
        {
            // A height of its own making, under a certificate for another batch.
            var lane = Random.Next(World.N);
            var stolen = World.Certify(lane, heights[lane], member);
            lanes[lane] = new CertifiedLane(World.Operators[lane].Address, stolen with { Head = new LaneHead(500, World.Digest(lane, 500)) });
        }
        return [.. lanes];
    }

    private void SendAll(ImmutableArray<Outgoing> messages, int twin)
    {
        foreach (var (original, to) in messages)
        {
            var message = kind == LiarKind.FalseHeights && original.Kind == MessageKind.Proposal && original.Sender == member ? Shorten(original) : original;
            for (var peer = 0; peer < World.N; peer++)
            {
                if (to is { } one && one != peer) continue;
                if (kind == LiarKind.Selective && Random.Next(2) == 0) continue;
                if (kind == LiarKind.Twins && (peer + member) % 2 != twin && Random.Next(4) != 0) continue;
                simulation.Transmit(member, peer, message);
            }
        }
    }

    /// <summary>The same grounds, but a lane left out of the cut.</summary>
    private SignedMessage Shorten(SignedMessage proposal)
    {
        var body = ProposalBody.Parse(proposal.Body.Span);
        var lane = Random.Next(World.N);
        var lanes = body.Value.Cut.Lanes.SetItem(lane, World.PreviousCut.Lanes[lane]);
        var value = World.Value(new Cut(lanes));
        return World.Message(member, proposal.View, MessageKind.Proposal, value.Digest, (body with { Value = value }).Encode());
    }

    private void Babble()
    {
        if (simulation.Now > 120_000) return;
        var garbage = new byte[Random.Next(0, 400)];
        Random.NextBytes(garbage);
        simulation.TransmitBytes(Random.Next(World.N), garbage);
        var far = World.Message(member, (uint)Random.Next(1_000, int.MaxValue), MessageKind.Prepare, Bytes32.Zero);
        simulation.Transmit(member, Random.Next(World.N), far);
        simulation.At(Random.Next(100, 1_500), Babble);
    }

    private void Meddle(SignedMessage message)
    {
        if (_said++ > 3_000) return;
        for (var i = 0; i < 2; i++)
        {
            var peer = Random.Next(World.N);
            var about = _heard[Random.Next(_heard.Count)];
            var value = Random.Next(4) == 0 ? Bytes32.Zero : about.ValueDigest;
            switch (Random.Next(7))
            {
                case 0: simulation.Transmit(member, peer, World.Message(member, message.View, MessageKind.Prepare, value)); break;
                case 1: simulation.Transmit(member, peer, World.Message(member, message.View, MessageKind.Commit, value)); break;
                case 2: simulation.Transmit(member, peer, World.Message(member, message.View + (uint)Random.Next(3), (MessageKind)Random.Next(3, 5), value)); break;
                case 3: simulation.Transmit(member, peer, about); break;
                case 4 when !value.IsZero: simulation.Transmit(member, peer, World.Message(member, about.View, MessageKind.Proposal, value, about.Body.Span)); break;
                case 5 when !value.IsZero: simulation.Transmit(member, peer, World.Message(member, about.View, MessageKind.Decision, value, about.Body.Span)); break;
                case 6 when !value.IsZero: simulation.Transmit(member, peer, World.Message(member, 0, MessageKind.Attestation, value, new byte[Random.Next(2) * 64])); break;
                default: simulation.Transmit(member, peer, World.Message(member, about.View, MessageKind.Observation, Bytes32.Zero, about.Body.Span)); break;
            }
        }
    }
}
