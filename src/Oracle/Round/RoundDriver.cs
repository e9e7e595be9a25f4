using System.Collections.Immutable;
using System.Threading.Channels;
using DePin.Oracle.Peers;
using DePin.Protocol.Lanes;
using DePin.Protocol.Rounds;
using DePin.Signing;
using DePin.Storage.Oracle;

namespace DePin.Oracle.Round;

/// <summary>
/// Runs one instance's pure machine: feeds it the log, messages, timers and answers one at a time, and does what it says in the order in which
/// it says it. Whatever must be durable is, before anything that depends on it leaves. When a write fails the driver stops for good; another one,
/// made from the log, takes over.
/// </summary>
public sealed partial class RoundDriver : IAsyncDisposable
{
    private static readonly TimeSpan EvidenceRetry = TimeSpan.FromMilliseconds(250);

    private readonly RoundContext _context;
    private readonly RoundWork _work;
    private readonly RoundStore _store;
    private readonly PeerOutbox _outbox;
    private readonly RoundOptions _options;
    private readonly ILogger<RoundDriver> _logger;
    private readonly InstanceKey _key;
    private readonly RoundTrace _trace;
    private readonly Channel<RoundInput> _inputs = Channel.CreateUnbounded<RoundInput>(new UnboundedChannelOptions { SingleReader = true });
    private readonly int[] _waiting;
    private readonly long[] _waitingBytes;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _kept = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HashSet<Task> _duties = [];
    private Task _loop = Task.CompletedTask;
    private int _attested;

    /// <summary>A driver that does nothing yet.</summary>
    public RoundDriver(RoundContext context, RoundWork work, RoundStore store, PeerOutbox outbox, RoundOptions options, ILogger<RoundDriver> logger)
    {
        _context = context;
        _work = work;
        _store = store;
        _outbox = outbox;
        _options = options;
        _logger = logger;
        _key = new InstanceKey(context.Instance.ConfigDigest, (long)context.Instance.Epoch.Value, (long)context.Instance.Generation.Value);
        _trace = new RoundTrace(context);
        _waiting = new int[context.Operators.Count];
        _waitingBytes = new long[context.Operators.Count];
    }

    /// <summary>What it drives.</summary>
    public RoundInstance Instance => _context.Instance;

    /// <summary>What was decided, null before.</summary>
    public RoundValue? Decision { get; private set; }

    /// <summary>The present view.</summary>
    public uint View { get; private set; }

    /// <summary>Whether the decided report, its state and evidence are kept here.</summary>
    public bool IsKept => _kept.Task.IsCompletedSuccessfully;

    /// <summary>Whether q signatures of the report are kept.</summary>
    public bool IsAttested => Volatile.Read(ref _attested) == 1;

    /// <summary>Why it stopped, null while it runs.</summary>
    public Exception? Fault { get; private set; }

    /// <summary>Reads the log and begins. <paramref name="listen"/>: see <see cref="RoundInput.Start"/>.</summary>
    public void Start(bool listen) => _loop = Task.Run(() => RunAsync(listen));

    /// <summary>Takes a verified message of a peer; drops it when too many of the sender's are waiting.</summary>
    public void Hear(SignedMessage message)
    {
        var messages = Interlocked.Increment(ref _waiting[message.Sender]);
        var bytes = Interlocked.Add(ref _waitingBytes[message.Sender], message.EncodedSize);
        if (messages > _options.InboxMessages || bytes > _options.InboxBytes) Release(message);
        else _inputs.Writer.TryWrite(new RoundInput.Received(message));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Task[] duties;
        lock (_duties) duties = [.. _duties];
        await Task.WhenAll(duties).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private void Release(SignedMessage message)
    {
        Interlocked.Decrement(ref _waiting[message.Sender]);
        Interlocked.Add(ref _waitingBytes[message.Sender], -message.EncodedSize);
    }

    private async Task RunAsync(bool listen)
    {
        var ct = _stopping.Token;
        try
        {
            var machine = new RoundMachine(_context);
            var log = (await _store.ReadAsync(_key, ct)).Select(static record => RoundRecord.Parse(record)).ToImmutableArray();
            LogStarted(_logger, Instance, log.Length);
            await DoAsync(machine, new RoundInput.Start(log, listen), ct);
            await foreach (var input in _inputs.Reader.ReadAllAsync(ct))
            {
                if (input is RoundInput.Received { Message: var message }) Release(message);
                await DoAsync(machine, input, ct);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Stopped on purpose.
        }
        catch (SigningRefusedException refused)
        {
            await SitOutAsync(refused, ct);
            Fault = refused;
        }
        catch (Exception error)
        {
            Fault = error;
            LogStopped(_logger, Instance, error);
        }
    }

    // A signer that will not vote has signed a vote that this log lacks: whoever is made from the log must know, and stay out as if a peer had shown it.
    private async Task SitOutAsync(SigningRefusedException refused, CancellationToken ct)
    {
        OracleMeters.Alarms.Add(1, new KeyValuePair<string, object?>("kind", "signing-refused"));
        LogSigningRefused(_logger, Instance, refused.Message);
        if (refused.Earlier is not { } earlier) return;
        try
        {
            await _store.AppendAsync(_key, [ToRow(new RoundRecord.SatOut(earlier))], ct);
        }
        catch (Exception error) when (!ct.IsCancellationRequested)
        {
            LogStopped(_logger, Instance, error); // it is refused again, and tried again
        }
        catch (OperationCanceledException)
        {
            // Stopped on purpose.
        }
    }

    private async Task DoAsync(RoundMachine machine, RoundInput input, CancellationToken ct)
    {
        var before = machine.View;
        foreach (var effect in machine.Step(input)) await DoAsync(effect, ct);
        View = machine.View;
        if (View > before) LogView(_logger, Instance, View);
    }

    private async Task DoAsync(RoundEffect effect, CancellationToken ct)
    {
        switch (effect)
        {
            case RoundEffect.Persist persist:
                await _store.AppendAsync(_key, [.. persist.Records.Select(ToRow)], ct);
                Send(persist.ThenSend);
                _trace.Said(persist.Records);
                break;
            case RoundEffect.Send send:
                Send(send.Messages);
                break;
            case RoundEffect.SetTimer timer:
                Begin(WaitAsync(timer, ct));
                break;
            case RoundEffect.RequestObservation request:
                Begin(ObserveAsync(request.View, ct));
                break;
            case RoundEffect.RequestRecomputation request:
                Begin(RecomputeAsync(request.Cut, ct));
                break;
            case RoundEffect.Decided decided:
                Decision = decided.Value;
                LogDecided(_logger, Instance, decided.Commits[0].View, decided.Value.ReportDigest);
                _trace.Decided(decided.Commits[0].View, decided.Commits.Length, decided.Value.ReportDigest);
                if (decided.MaySign) Begin(SignAsync(decided.Value, ct));
                Begin(KeepAsync(decided.Value, ct));
                break;
            case RoundEffect.ReportAttested attested:
                Begin(KeepAttestedAsync(attested, ct));
                break;
            case RoundEffect.SignatureAdded added:
                Begin(KeepSignatureAsync(added, ct));
                break;
            case RoundEffect.Equivocation equivocation:
                await KeepConflictAsync(equivocation, ct);
                break;
            case RoundEffect.Alarm alarm:
                OracleMeters.Alarms.Add(1, new KeyValuePair<string, object?>("kind", alarm.Kind.ToString()));
                LogAlarm(_logger, alarm.Kind, alarm.Text);
                break;
        }
    }

    private void Send(ImmutableArray<Outgoing> messages)
    {
        foreach (var (message, to) in messages)
        {
            for (var peer = 0; peer < _context.Operators.Count; peer++)
            {
                if (peer != _context.Self && (to is null || to == peer)) _outbox.Send(_context.Operators[peer].Address, message);
            }
        }
    }

    // Work beside the loop; it answers through the input channel. It ends with the driver.
    private void Begin(Task duty)
    {
        lock (_duties) _duties.Add(duty);
        _ = duty.ContinueWith(
            done =>
            {
                lock (_duties) _duties.Remove(done);
            }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private async Task WaitAsync(RoundEffect.SetTimer timer, CancellationToken ct)
    {
        await Task.Delay(timer.After, ct);
        _inputs.Writer.TryWrite(new RoundInput.TimerFired(timer.Timer, timer.View));
    }

    private async Task ObserveAsync(uint view, CancellationToken ct)
    {
        var began = OracleTraces.Source.Begin();
        var lanes = await InsistAsync(async () => (ImmutableArray<CertifiedLane>?)await _work.Observe(ct), ct);
        _trace.Observed(began, view);
        _inputs.Writer.TryWrite(new RoundInput.Observed(view, lanes));
    }

    private async Task RecomputeAsync(Cut cut, CancellationToken ct)
    {
        var (began, started) = (OracleTraces.Source.Begin(), TimeProvider.System.GetTimestamp());
        Cryptography.Bytes32? digest = null;
        while (digest is null)
        {
            try
            {
                digest = await _work.Recompute(cut, ct);
            }
            catch (Exception error) when (!ct.IsCancellationRequested)
            {
                LogRecomputationFailed(_logger, Instance, error);
            }

            if (digest is not null || TimeProvider.System.GetElapsedTime(started) > _options.EvidencePatience) break;
            await Task.Delay(EvidenceRetry, ct); // lanes are being exchanged meanwhile
        }

        _trace.Checked(began, digest);
        _inputs.Writer.TryWrite(new RoundInput.Recomputed(cut, digest));
    }

    private async Task SignAsync(RoundValue value, CancellationToken ct)
    {
        var began = OracleTraces.Source.Begin();
        var signing = await InsistAsync<ReportSigning>(async () => await _work.SignReport(value, ct) is var made && made != ReportSigning.NotYet ? made : null, ct);
        _trace.Signed(began, value.ReportDigest, signing);
        if (signing.Signature is { } signature) _inputs.Writer.TryWrite(new RoundInput.ReportSigned(signature));
    }

    private async Task KeepAsync(RoundValue value, CancellationToken ct)
    {
        await InsistAsync<bool>(async () => await _work.Keep(value, ct) ? true : null, ct);
        _kept.TrySetResult();
    }

    private async Task KeepAttestedAsync(RoundEffect.ReportAttested attested, CancellationToken ct)
    {
        await _kept.Task.WaitAsync(ct);
        var began = OracleTraces.Source.Begin();
        if (await InsistAsync<bool>(async () => await _work.KeepAttested(attested.Value, attested.Signatures, ct), ct)) _trace.Attested(began, View, attested.Value.ReportDigest, attested.Signatures.Length);
        Volatile.Write(ref _attested, 1);
    }

    private async Task KeepSignatureAsync(RoundEffect.SignatureAdded added, CancellationToken ct)
    {
        await _kept.Task.WaitAsync(ct);
        await InsistAsync<bool>(async () =>
        {
            await _work.KeepSignature(added.Value, added.Signature, ct);
            return true;
        }, ct);
    }

    private async Task KeepConflictAsync(RoundEffect.Equivocation equivocation, CancellationToken ct)
    {
        var (first, second) = (equivocation.First, equivocation.Second);
        if (!await _store.AddConflictAsync(_key, first.Sender, (first.Id, first.Encode()), (second.Id, second.Encode()), ct)) return;
        OracleMeters.Alarms.Add(1, new KeyValuePair<string, object?>("kind", "round-equivocation"));
        LogEquivocation(_logger, _context.Operators[first.Sender].Address, first, second);
    }

    /// <summary>Tries until there is an answer: nothing that the round waits for is given up while the driver lives.</summary>
    private async Task<T> InsistAsync<T>(Func<Task<T?>> attempt, CancellationToken ct) where T : struct
    {
        var pause = EvidenceRetry;
        while (true)
        {
            try
            {
                if (await attempt() is { } answer) return answer;
                pause = EvidenceRetry;
            }
            catch (Exception error) when (!ct.IsCancellationRequested)
            {
                LogDutyFailed(_logger, Instance, error);
                pause = pause * 2 < _options.LongestBackOff ? pause * 2 : _options.LongestBackOff;
            }

            await Task.Delay(pause, ct);
        }
    }

    private static RoundRecordRow ToRow(RoundRecord record)
    {
        var bytes = record.Encode();
        return record is RoundRecord.OwnMessage { Message: var message }
            ? new RoundRecordRow(bytes[0], message.View, (short)message.Kind, bytes)
            : new RoundRecordRow(bytes[0], null, null, bytes);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Round of {Instance} started from {Records} records")]
    private static partial void LogStarted(ILogger logger, RoundInstance instance, int records);

    [LoggerMessage(Level = LogLevel.Error, Message = "Round of {Instance} stopped and is made again from its log")]
    private static partial void LogStopped(ILogger logger, RoundInstance instance, Exception error);

    [LoggerMessage(Level = LogLevel.Critical, Message = "Round of {Instance} is sat out: {Why} The log was lost, or its last write was; make sure that one process runs with these keys and that its database was not put back")]
    private static partial void LogSigningRefused(ILogger logger, RoundInstance instance, string why);

    [LoggerMessage(Level = LogLevel.Information, Message = "Round of {Instance} went to view {View}")]
    private static partial void LogView(ILogger logger, RoundInstance instance, uint view);

    [LoggerMessage(Level = LogLevel.Information, Message = "Round of {Instance} decided in view {View}: report {Digest}")]
    private static partial void LogDecided(ILogger logger, RoundInstance instance, uint view, Cryptography.Bytes32 digest);

    [LoggerMessage(Level = LogLevel.Critical, Message = "{Kind}: {Text}")]
    private static partial void LogAlarm(ILogger logger, RoundAlarm kind, string text);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Operator {Sender} equivocated: {First}; {Second}")]
    private static partial void LogEquivocation(ILogger logger, Cryptography.Address sender, SignedMessage first, SignedMessage second);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A recomputation for {Instance} failed and is tried again")]
    private static partial void LogRecomputationFailed(ILogger logger, RoundInstance instance, Exception error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A duty of the round of {Instance} failed and is tried again")]
    private static partial void LogDutyFailed(ILogger logger, RoundInstance instance, Exception error);
}
