using DePin.Cryptography;
using DePin.Protocol.Rounds;

namespace DePin.Protocol.Tests.Rounds;

/// <summary>
/// What may go wrong until the network heals. Probabilities are per message, per write or per recomputation. Hostile: whoever decides first is cut
/// off at once and all others restart, the worst moment to have forgotten anything.
/// </summary>
internal sealed record Faults(
    double Drop = 0.15, double Duplicate = 0.1, double Crash = 0.02, double Unavailable = 0.1, bool Partitions = true, bool Hostile = false, long HealsAtMs = 20_000)
{
    public static readonly Faults None = new(0, 0, 0, 0, false, false, 0);
}

/// <summary>How restarted operators are broken on purpose, to see that the checks would notice.</summary>
internal enum Sabotage
{
    None,

    /// <summary>Restarts forget which value they are locked on.</summary>
    ForgetsLocks,

    /// <summary>Restarts forget everything and speak at once.</summary>
    LosesLog,
}

/// <summary>A rule that was broken; the message tells which, and the seed replays it.</summary>
public sealed class InvariantException(string message) : Exception(message);

/// <summary>
/// A seeded, deterministic schedule of one instance: a priority queue of deliveries and timers in simulated milliseconds. Checks the safety
/// rules as it goes; <see cref="Run"/> also demands that every honest operator decides and attests after the network has healed.
/// </summary>
internal sealed class Simulation
{
    private static readonly RoundTimings Timings = new(TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(15), TimeSpan.FromMilliseconds(500), TimeSpan.FromMilliseconds(1_300));

    private readonly PriorityQueue<Action, (long Time, long Order)> _queue = new();
    private readonly SimNode?[] _honest;
    private readonly Liar?[] _liars;
    private readonly Dictionary<(int Sender, uint View, MessageKind Kind), Bytes32> _signed = [];
    private readonly Dictionary<int, Bytes32> _signedReports = [];
    private readonly int _seed;
    private long _order;
    private int[]? _sides;
    private int? _cutOff;

    public Simulation(int n, int seed, Faults faults, IReadOnlyList<LiarKind> liars, Sabotage sabotage = Sabotage.None)
    {
        World = new World(n, epoch: (ulong)(1 + (seed % 11)));
        Random = new Random(seed);
        Faults = faults;
        Sabotage = sabotage;
        _seed = seed;
        _honest = new SimNode?[n];
        _liars = new Liar?[n];
        var places = Enumerable.Range(0, n).ToArray();
        Random.Shuffle(places);
        for (var i = 0; i < n; i++)
        {
            if (i < liars.Count) _liars[places[i]] = new Liar(this, places[i], liars[i], Timings);
            else _honest[places[i]] = new SimNode(this, places[i], Timings);
        }
    }

    public World World { get; }

    public Random Random { get; }

    public Faults Faults { get; }

    public Sabotage Sabotage { get; }

    public long Now { get; private set; }

    public bool Healed => Now >= Faults.HealsAtMs;

    public uint ViewsAfterHealing { get; private set; }

    public int Deliveries { get; private set; }

    public int Restarts { get; set; }

    public RoundValue? Decided { get; private set; }

    private IEnumerable<SimNode> Honest => _honest.OfType<SimNode>();

    /// <summary>Runs to the end: all honest operators have q report signatures.</summary>
    public void Run(long livenessMs = 900_000)
    {
        foreach (var node in Honest) At(Random.Next(0, 3_000), () => node.Start(listen: Random.Next(2) == 0));
        foreach (var liar in _liars.OfType<Liar>()) At(Random.Next(0, 3_000), liar.Start);
        if (Faults.Partitions) At(0, Split);
        uint? viewAtHealing = null;
        while (_queue.TryDequeue(out var action, out var at))
        {
            Now = at.Time;
            if (Healed) viewAtHealing ??= Honest.Max(node => node.View);
            action();
            if (Honest.All(node => node.Attested))
            {
                ViewsAfterHealing = Honest.Max(node => node.View) - (viewAtHealing ?? 0);
                return;
            }
            if (Now > Faults.HealsAtMs + livenessMs) break;
        }
        throw Broken($"not decided {livenessMs / 1000} s after healing: {string.Join(", ", Honest.Select(node => node.ToString()))}");
    }

    public void At(long delay, Action action) => _queue.Enqueue(action, (Now + delay, _order++));

    /// <summary>Takes a message to the network: it may be lost, late, doubled or held back by a partition.</summary>
    public void Transmit(int from, int to, SignedMessage message)
    {
        if (from == to) return;
        var copies = !Healed && Random.NextDouble() < Faults.Duplicate ? 2 : 1;
        for (var copy = 0; copy < copies; copy++)
        {
            if (!Healed && (Random.NextDouble() < Faults.Drop || (_sides is { } sides && sides[from] != sides[to]) || _cutOff == from || _cutOff == to)) continue;
            var delay = Healed ? Random.Next(5, 80) : Random.Next(8) == 0 ? Random.Next(5, 4_000) : Random.Next(5, 150);
            At(delay, () => Deliver(to, message));
        }
    }

    /// <summary>Bytes that may be anything: read as a transport reads them.</summary>
    public void TransmitBytes(int to, byte[] bytes) => At(Random.Next(5, 80), () =>
    {
        if (SignedMessage.TryParse(bytes, out var message)) Deliver(to, message);
    });

    /// <summary>An honest operator lets a message out: one per slot, ever.</summary>
    public void CheckSigned(SignedMessage message)
    {
        if (message.Kind == MessageKind.Decision) return;
        var slot = (message.Sender, message.View, message.Kind);
        if (_signed.TryGetValue(slot, out var earlier) && earlier != message.Id) throw Broken($"honest operator {message.Sender} signed two different messages: {message}");
        _signed[slot] = message.Id;
    }

    public void CheckReportSigned(int member, Bytes32 digest)
    {
        if (_signedReports.TryGetValue(member, out var earlier) && earlier != digest) throw Broken($"honest operator {member} signed two reports");
        _signedReports[member] = digest;
    }

    public void CheckBlamed(int sender)
    {
        if (_honest[sender] is not null) throw Broken($"honest operator {sender} was shown to equivocate");
    }

    public void CheckDecided(int member, RoundValue value)
    {
        if (Faults.Hostile && Decided is null && !Healed)
        {
            _cutOff = member;
            foreach (var node in Honest.Where(node => node != _honest[member])) At(0, node.CrashNow);
        }
        if (Decided is { } other && other != value) throw Broken("two values were decided");
        Decided = value;
        if (value.ReportDigest != World.Report(value.Cut)) throw Broken("the decided report is not what follows from its cut");
        if (value.AnchorNumber != World.AnchorNumber || value.AnchorHash != World.AnchorHash) throw Broken("a false anchor was decided");
        if (!value.Cut.Covers(World.PreviousCut)) throw Broken("the cut goes below the previous one");
        for (var lane = 0; lane < World.N; lane++)
        {
            var height = value.Cut.Lanes[lane];
            if (height.Digest != World.Digest(lane, height.Height)) throw Broken($"lane {lane} was decided with a false digest");
            if (height.Height > World.CertifiedAtStart(lane) + 20) throw Broken($"lane {lane} was decided above what was ever certified");
            // What f+1 honest operators had certified when they started cannot be left out: any q observations include one of theirs.
            var missed = Honest.Count(node => node.HeightsAtStart[lane] > height.Height);
            if (missed > World.F) throw Broken($"lane {lane} was decided at {height.Height} although {missed} honest operators had more certified");
        }
    }

    public InvariantException Broken(string rule) => new($"n = {World.N}, seed {_seed}, {Now} ms: {rule}.");

    private void Deliver(int to, SignedMessage message)
    {
        Deliveries++;
        if (!message.Verify(World.Operators, World.Verify)) return;
        _honest[to]?.Receive(message);
        _liars[to]?.Receive(message);
    }

    private void Split()
    {
        if (Healed) return;
        _sides = Random.Next(3) == 0 ? null : [.. Enumerable.Range(0, World.N).Select(_ => Random.Next(2))];
        At(Random.Next(500, 6_000), Split);
    }
}
