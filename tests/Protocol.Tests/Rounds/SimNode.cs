using System.Collections.Immutable;
using DePin.Cryptography;
using DePin.Protocol.Lanes;
using DePin.Protocol.Rounds;

namespace DePin.Protocol.Tests.Rounds;

/// <summary>An honest host: a machine, a durable log, the row of the signed report. Crashes before a write, or between a write and its sending.</summary>
internal sealed class SimNode
{
    private readonly Simulation _simulation;
    private readonly int _member;
    private readonly RoundTimings _timings;
    private readonly int _certifiers;
    private List<RoundRecord> _log = [];
    private Bytes32? _row;
    private RoundMachine? _machine;
    private int _life;

    public SimNode(Simulation simulation, int member, RoundTimings timings)
    {
        _simulation = simulation;
        _member = member;
        _timings = timings;
        _certifiers = simulation.Random.Next(simulation.World.N);
        HeightsAtStart = [.. Enumerable.Range(0, simulation.World.N).Select(lane =>
            Math.Max(simulation.World.PreviousCut.Lanes[lane].Height, simulation.World.CertifiedAtStart(lane) - (ulong)simulation.Random.Next(3)))];
    }

    /// <summary>What it has certified when it starts; it never knows less later.</summary>
    public ImmutableArray<ulong> HeightsAtStart { get; }

    public bool Attested { get; private set; }

    public bool SitsOut => _machine?.SitsOut == true;

    public bool ShownUnknown { get; private set; }

    public uint View => _machine?.View ?? 0;

    public void Start(bool listen)
    {
        _life++;
        _machine = new RoundMachine(_simulation.World.Context(_member, _timings));
        // Through the bytes that a database would hold.
        Feed(new RoundInput.Start([.. _log.Select(record => RoundRecord.Parse(record.Encode()))], listen));
    }

    public void Receive(SignedMessage message)
    {
        if (_machine is not null) Feed(new RoundInput.Received(message));
    }

    public void CrashNow() => Crash();

    public override string ToString() =>
        $"{_member}: {(_machine is null ? "down" : $"view {_machine.View}{(_machine.Decision is null ? "" : ", decided")}{(SitsOut ? ", sits out" : "")}")}";

    private void Feed(RoundInput input)
    {
        var life = _life;
        foreach (var effect in _machine!.Step(input))
        {
            if (!Carry(effect, life)) return;
        }
    }

    private void Later(int life, long delay, Func<RoundInput> input) => _simulation.At(delay, () =>
    {
        if (life == _life && _machine is not null) Feed(input());
    });

    private bool Carry(RoundEffect effect, int life)
    {
        var random = _simulation.Random;
        switch (effect)
        {
            case RoundEffect.Persist persist:
                if (Dies()) return Crash();
                _log.AddRange(persist.Records);
                if (Dies()) return Crash();
                SendAll(persist.ThenSend);
                break;
            case RoundEffect.Send send:
                SendAll(send.Messages);
                break;
            case RoundEffect.SetTimer timer:
                Later(life, (long)timer.After.TotalMilliseconds, () => new RoundInput.TimerFired(timer.Timer, timer.View));
                break;
            case RoundEffect.RequestObservation request:
                Later(life, random.Next(1, 30), () => new RoundInput.Observed(request.View, Observe()));
                break;
            case RoundEffect.RequestRecomputation request:
                var missing = !_simulation.Healed && random.NextDouble() < _simulation.Faults.Unavailable;
                Later(life, random.Next(5, 300), () => new RoundInput.Recomputed(request.Cut, missing ? null : _simulation.World.Report(request.Cut)));
                break;
            case RoundEffect.Decided decided:
                _simulation.CheckDecided(_member, decided.Value);
                if (!decided.MaySign) break;
                _row ??= decided.Value.ReportDigest;
                _simulation.CheckReportSigned(_member, decided.Value.ReportDigest);
                Later(life, random.Next(1, 20), () => new RoundInput.ReportSigned(World.SignReport(_simulation.World.Operators[_member].Address, _row.Value)));
                break;
            case RoundEffect.ReportAttested attested:
                if (attested.Signatures.Length != _simulation.World.Q) throw _simulation.Broken("an attested report has not exactly q signatures");
                Attested = true;
                break;
            case RoundEffect.Equivocation equivocation:
                _simulation.CheckBlamed(equivocation.First.Sender);
                break;
            case RoundEffect.Alarm { Kind: RoundAlarm.OwnMessageUnknown } alarm:
                ShownUnknown = true;
                if (_simulation.Sabotage == Sabotage.None) throw _simulation.Broken($"operator {_member} kept its log and sits out: {alarm.Text}");
                break;
        }
        return true;
    }

    private ImmutableArray<CertifiedLane> Observe()
    {
        // Lanes grow while the round runs.
        var grown = (ulong)(_simulation.Now / 5_000);
        return _simulation.World.Lanes([.. HeightsAtStart.Select(height => height + Math.Min(grown, 15))], _certifiers);
    }

    private void SendAll(ImmutableArray<Outgoing> messages)
    {
        foreach (var (message, to) in messages)
        {
            if (message.Sender == _member) _simulation.CheckSigned(message);
            if (to is { } one) _simulation.Transmit(_member, one, message);
            else
            {
                for (var peer = 0; peer < _simulation.World.N; peer++) _simulation.Transmit(_member, peer, message);
            }
        }
    }

    private bool Dies() => !_simulation.Healed && _simulation.Random.NextDouble() < _simulation.Faults.Crash;

    private bool Crash()
    {
        _machine = null;
        _life++;
        _simulation.Restarts++;
        if (_simulation.Sabotage == Sabotage.LosesLog) _log = [];
        if (_simulation.Sabotage == Sabotage.ForgetsLocks) _log.RemoveAll(static record => record is RoundRecord.Lock);
        var life = _life;
        _simulation.At(_simulation.Random.Next(10, 3_000), () =>
        {
            if (life == _life) Start(_simulation.Sabotage == Sabotage.None && _simulation.Random.Next(2) == 0);
        });
        return false;
    }
}
