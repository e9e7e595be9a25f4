using System.Collections.Immutable;
using DePin.Cryptography;
using DePin.Protocol.Lanes;

namespace DePin.Protocol.Rounds;

/// <summary>
/// One operator's part in deciding one instance (docs/protocol.md, "Round"), as a deterministic state machine: the same inputs in the same order
/// give the same effects. Not for several threads at once.
/// </summary>
/// <remarks>
/// Guarantees, with at most f operators faulty: no two operators decide different values; what is decided was recomputed by f+1 honest
/// operators and covers what any q observations certify; this operator signs at most one message per (view, kind) and one report digest, across
/// restarts, as long as its log is kept; and once messages arrive within the growing time-outs, all decide. A wait is the host's to measure.
/// </remarks>
public sealed partial class RoundMachine
{
    /// <summary>Messages of views at most this far ahead are kept; of later ones only that they exist.</summary>
    public const uint ViewsAhead = 16;

    /// <summary>Views kept behind the present one, to help peers that are still there.</summary>
    public const uint ViewsBehind = 64;

    private const int MaxEchoed = 4;
    private const int MaxCertificates = 10_000;
    private const int MaxShared = 64 << 10;

    private readonly RoundContext _context;
    private readonly int _quorum;
    private readonly SortedDictionary<uint, ViewVotes> _views = [];
    private readonly SortedSet<uint> _touched = [];
    private readonly Dictionary<(uint View, MessageKind Kind), Bytes32> _own = [];
    private readonly Dictionary<Bytes32, RoundValue> _values = [];
    private readonly uint?[] _highest;
    private readonly Dictionary<Cut, Bytes32> _recomputed = [];
    private readonly HashSet<Cut> _recomputing = [];
    private readonly HashSet<Certificate> _goodCertificates = [];
    private readonly HashSet<byte> _heard = [];
    private readonly HashSet<(byte Sender, uint View)> _helped = [];

    private readonly ImmutableArray<RoundRecord>.Builder _records = ImmutableArray.CreateBuilder<RoundRecord>();
    private readonly ImmutableArray<Outgoing>.Builder _sends = ImmutableArray.CreateBuilder<Outgoing>();
    private readonly List<RoundEffect> _effects = [];

    private bool _started;
    private bool _speaking;
    private SignedMessage? _satOut;
    private uint _view;
    private Phase _phase = Phase.Propose;
    private (uint View, RoundValue Value)? _locked;
    private (uint View, RoundValue Value, ImmutableArray<SignedMessage> Prepares)? _valid;

    /// <summary>A machine before its first input, which must be <see cref="RoundInput.Start"/>.</summary>
    /// <exception cref="ArgumentException">The previous cut is over other operators.</exception>
    public RoundMachine(RoundContext context)
    {
        if (context.Self >= context.Operators.Count) throw new ArgumentException("The own position is outside the set of operators.", nameof(context));
        if (!context.PreviousCut.SameLanes(Cut.Empty(context.Operators.Addresses)))
            throw new ArgumentException("The previous cut must be over the config's operators: use Cut.Over.", nameof(context));
        _context = context;
        _quorum = context.Operators.Quorum.Size;
        _highest = new uint?[context.Operators.Count];
    }

    private enum Phase
    {
        /// <summary>Nothing voted in this view.</summary>
        Propose,

        /// <summary>Prepare sent.</summary>
        Prepare,

        /// <summary>Commit sent.</summary>
        Commit,
    }

    /// <summary>The present view.</summary>
    public uint View => _view;

    /// <summary>What was decided, null before.</summary>
    public RoundValue? Decision => _decision?.Value;

    /// <summary>Whether this operator sits the instance out.</summary>
    public bool SitsOut => _satOut is not null;

    private Quorum Quorum => _context.Operators.Quorum;

    private RoundInstance Instance => _context.Instance;

    /// <summary>Takes one input and tells what to do, in order.</summary>
    /// <exception cref="InvalidOperationException">The first input is not a start, or a start comes twice.</exception>
    public IReadOnlyList<RoundEffect> Step(RoundInput input)
    {
        if (_started == input is RoundInput.Start) throw new InvalidOperationException("A machine takes Start first and once; make another one after a restart.");
        switch (input)
        {
            case RoundInput.Start start: OnStart(start); break;
            case RoundInput.Received received: OnReceived(received.Message); break;
            case RoundInput.Observed observed: OnObserved(observed); break;
            case RoundInput.Recomputed recomputed: OnRecomputed(recomputed); break;
            case RoundInput.TimerFired fired: OnTimer(fired); break;
            case RoundInput.ReportSigned signed: OnReportSigned(signed.Signature); break;
        }
        while (AdvanceOnce())
        {
        }
        return Flush();
    }

    private void OnStart(RoundInput.Start start)
    {
        _started = true;
        foreach (var record in start.Log) Restore(record);
        if (_decision is { } decision)
        {
            Announce(decision.Value, decision.Commits);
            Wait(RoundTimer.Resend);
            Resend();
        }
        else if (start.Listen) Wait(RoundTimer.Listen);
        else Begin();
    }

    private void Restore(RoundRecord record)
    {
        switch (record)
        {
            case RoundRecord.OwnMessage { Message: var message }:
                _own[(message.View, message.Kind)] = message.Id;
                if (message.Kind == MessageKind.Attestation) _attestations[message.Sender] = [message];
                else
                {
                    Learn(message);
                    Reach(message.View, message.Kind switch { MessageKind.Commit => Phase.Commit, MessageKind.Prepare => Phase.Prepare, _ => Phase.Propose });
                }
                break;
            case RoundRecord.Lock locked:
                _locked = (locked.View, locked.Value);
                _valid = (locked.View, locked.Value, locked.Prepares);
                _values[locked.Value.Digest] = locked.Value;
                foreach (var prepare in locked.Prepares) Learn(prepare);
                break;
            case RoundRecord.ViewEntered entered:
                Reach(entered.View, Phase.Propose);
                foreach (var commit in entered.Commits) Learn(commit);
                break;
            case RoundRecord.Decision decision:
                _decision = (decision.Value, decision.Commits);
                _values[decision.Value.Digest] = decision.Value;
                break;
            case RoundRecord.SatOut satOut:
                _satOut = satOut.Shown;
                break;
        }
    }

    private void Reach(uint view, Phase phase)
    {
        if (view > _view) (_view, _phase) = (view, phase);
        else if (view == _view && phase > _phase) _phase = phase;
    }

    private void Begin()
    {
        if (_speaking || SitsOut || _decision is not null) return;
        _speaking = true;
        Wait(RoundTimer.Resend);
        if (_own.Count == 0) EnterView(0, default);
        else
        {
            // Back from a restart: say again what was said, and wait anew.
            Resend();
            if (_phase == Phase.Propose) Wait(RoundTimer.Propose);
            if (!_own.ContainsKey((_view, MessageKind.Observation))) _effects.Add(new RoundEffect.RequestObservation(_view));
        }
    }

    private void OnTimer(RoundInput.TimerFired fired)
    {
        switch (fired.Timer)
        {
            case RoundTimer.Listen:
                Begin();
                break;
            case RoundTimer.Resend when (_speaking || _decision is not null) && !SitsOut:
                Resend();
                Wait(RoundTimer.Resend);
                break;
            case RoundTimer.Propose when MayVote(fired.View) && _phase == Phase.Propose:
                Prepare(Bytes32.Zero);
                break;
            case RoundTimer.Prepare when MayVote(fired.View) && _phase == Phase.Prepare:
                Commit(null);
                break;
            case RoundTimer.Commit when MayVote(fired.View):
                NextView();
                break;
        }
    }

    private bool MayVote(uint view) => _speaking && !SitsOut && _decision is null && view == _view;

    private void NextView() => EnterView(_view + 1, Votes(_view).AnyVotes(MessageKind.Commit, _quorum));

    /// <param name="view">The view to enter.</param>
    /// <param name="commits">The q commits of the view before that let it; default where peers' being there does.</param>
    private void EnterView(uint view, ImmutableArray<SignedMessage> commits)
    {
        _view = view;
        _phase = Phase.Propose;
        if (!commits.IsDefault) _records.Add(new RoundRecord.ViewEntered(view, commits));
        foreach (var (earlier, votes) in _views)
        {
            if (earlier < view) votes.ForgetBodies(keepProposal: _valid?.View == earlier);
        }
        while (_views.Count > 0 && _views.Keys.First() is var oldest && oldest + (ulong)ViewsBehind < view) _views.Remove(oldest);
        if (_goodCertificates.Count > MaxCertificates) _goodCertificates.Clear();
        Wait(RoundTimer.Propose);
        _effects.Add(new RoundEffect.RequestObservation(view));
        _touched.Add(view);
    }

    private void OnObserved(RoundInput.Observed observed)
    {
        if (!MayVote(observed.View) || _own.ContainsKey((_view, MessageKind.Observation))) return;
        Say(MessageKind.Observation, Bytes32.Zero, new ObservationBody(observed.Lanes).Encode());
    }

    /// <summary>Signs a message of the present view, keeps it as heard, and queues record and sending. One per (view, kind), ever.</summary>
    private SignedMessage Say(MessageKind kind, Bytes32 value, ReadOnlySpan<byte> body)
    {
        var view = kind == MessageKind.Attestation ? 0 : _view;
        var message = SignedMessage.Sign(Instance, view, kind, _context.Self, value, body, _context.Sign);
        if (!_own.TryAdd((view, kind), message.Id))
            throw new InvalidOperationException($"A second {kind} in view {view} of {Instance} must never be signed; this is a defect of the round machine.");
        _records.Add(new RoundRecord.OwnMessage(message));
        _sends.Add(new Outgoing(message, null));
        if (kind != MessageKind.Attestation) Learn(message);
        return message;
    }

    private ViewVotes Votes(uint view)
    {
        if (!_views.TryGetValue(view, out var votes)) _views[view] = votes = new ViewVotes();
        return votes;
    }

    private void Wait(RoundTimer timer) => _effects.Add(new RoundEffect.SetTimer(timer, _view, _context.Timings.Of(timer, _view)));

    private void Alarm(RoundAlarm kind, string text) => _effects.Add(new RoundEffect.Alarm(kind, text));

    // Everything said in a step leaves in one transaction before any of it is sent: a lock and its commit cannot come apart.
    private List<RoundEffect> Flush()
    {
        var effects = new List<RoundEffect>(_effects.Count + 1);
        if (_records.Count > 0) effects.Add(new RoundEffect.Persist(_records.ToImmutable(), _sends.ToImmutable()));
        else if (_sends.Count > 0) effects.Add(new RoundEffect.Send(_sends.ToImmutable()));
        effects.AddRange(_effects);
        _records.Clear();
        _sends.Clear();
        _effects.Clear();
        return effects;
    }
}
