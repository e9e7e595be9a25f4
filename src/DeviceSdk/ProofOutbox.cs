using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Numerics;
using System.Threading.Channels;
using DePin.Cryptography;
using DePin.Protocol.Proofs;

namespace DePin.DeviceSdk;

/// <summary>Counts of an outbox so far.</summary>
/// <param name="Accepted">Proofs given to it.</param>
/// <param name="Durable">Proofs of which f + 1 operators gave a good receipt.</param>
/// <param name="Certified">Proofs that cannot be lost any more, and are forgotten here.</param>
/// <param name="Refused">Proofs that no operator will take.</param>
/// <param name="Pending">Proofs kept at the moment.</param>
public readonly record struct OutboxCounts(long Accepted, long Durable, long Certified, long Refused, int Pending);

/// <summary>
/// The sending half of a device: each proof goes to f + 1 operators in the order keyed by its device, the next in that order standing in
/// for one that does not answer or gives a false receipt, and is kept until f + 1 have given a good one and one says that it is certified: the receipts are
/// signed and one of f + 1 is honest, while "certified" is only said. Bounded: <see cref="SendAsync"/> waits.
/// </summary>
public sealed class ProofOutbox : IAsyncDisposable
{
    private const int PostSize = 500;
    private const string TooFarAhead = "TooFarAhead", UnknownDevice = "UnknownDevice";
    private static readonly TimeSpan MaxBackoff = TimeSpan.FromSeconds(5);
    private readonly ImmutableArray<OperatorEndpoint> operators;
    private readonly Dictionary<Address, Lane> lanes;
    private readonly int copies;
    private readonly SemaphoreSlim room;
    private readonly ConcurrentDictionary<Bytes32, Entry> kept = new();
    private readonly ConcurrentDictionary<string, long> refusals = new();
    private readonly ConcurrentDictionary<Address, long> falseReceipts = new();
    private readonly CancellationTokenSource stop = new();
    private readonly List<Task> loops = [];
    private readonly TimeSpan pollInterval;
    private readonly int patience;
    private readonly int chainTries;
    private readonly Action<SignedProof>? settled;
    private long accepted, durable, certified, refused;

    /// <summary>Starts posting.</summary>
    /// <param name="http">Shared client; its time-out is the transport's.</param>
    /// <param name="operators">All operators of the config: 3f + 1.</param>
    /// <param name="capacity">Most proofs kept at once.</param>
    /// <param name="pollInterval">How often certification is asked for; a second by default.</param>
    /// <param name="patience">Failed posts in a row after which the next operator stands in; 3 by default.</param>
    /// <param name="chainTries">
    /// Refusals by an operator that it has not read enough of the chain (an unknown device, a time ahead of it) before they are final: the waits double to half a minute, so the
    /// default of 120 outlasts an hour without a chain. Five, for who would rather know soon, take half a minute.
    /// </param>
    /// <param name="settled">Told of each proof that is forgotten, certified or refused by all. From any thread; must not throw.</param>
    public ProofOutbox(HttpClient http, IReadOnlyCollection<OperatorEndpoint> operators, int capacity = 20_000, TimeSpan? pollInterval = null, int patience = 3, int chainTries = 120,
        Action<SignedProof>? settled = null)
    {
        this.operators = [.. operators];
        this.pollInterval = pollInterval ?? TimeSpan.FromSeconds(1);
        this.patience = patience;
        this.chainTries = chainTries;
        this.settled = settled;
        copies = OperatorRoute.Copies(operators.Count);
        room = new SemaphoreSlim(capacity, capacity);
        lanes = this.operators.Select((o, i) => new Lane(new OperatorClient(http, o), 1u << i)).ToDictionary(l => l.Client.Endpoint.Address);
        foreach (var lane in lanes.Values) loops.Add(Task.Run(() => PostLoopAsync(lane, stop.Token)));
        loops.Add(Task.Run(() => CertifyLoopAsync(stop.Token)));
    }

    /// <summary>Counts so far.</summary>
    public OutboxCounts Counts => new(Volatile.Read(ref accepted), Volatile.Read(ref durable), Volatile.Read(ref certified), Volatile.Read(ref refused), kept.Count);

    /// <summary>How often each reason of refusal was given, by operator and proof.</summary>
    public IReadOnlyDictionary<string, long> Refusals => refusals;

    /// <summary>How many answers of each operator carried a false receipt. An honest one has none: see its key on chain and its software.</summary>
    public IReadOnlyDictionary<Address, long> FalseReceipts => falseReceipts;

    /// <summary>Takes a proof, waiting for room.</summary>
    public async Task SendAsync(SignedProof proof, CancellationToken ct)
    {
        await room.WaitAsync(ct).ConfigureAwait(false);
        var entry = new Entry(proof, OperatorRoute.For(proof.Proof.Device.Value, operators)) { Trace = ProofTrace.Of(proof, operators.Length) };
        if (!kept.TryAdd(proof.Id.Value, entry))
        {
            room.Release(); // the very same proof is on its way
            return;
        }

        Interlocked.Increment(ref accepted);
        for (var i = 0; i < copies; i++) Route(entry);
    }

    /// <summary>Waits until nothing is kept any more.</summary>
    public async Task DrainAsync(CancellationToken ct)
    {
        while (!kept.IsEmpty) await Task.Delay(50, ct).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(loops).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
        room.Dispose();
    }

    // Hands the proof to the next operator of its order that has not had it; refused by all, it is given up.
    private void Route(Entry entry)
    {
        var next = Interlocked.Increment(ref entry.NextInRoute) - 1;
        if (next < entry.Route.Length) lanes[entry.Route[next].Address].Queue.Writer.TryWrite(entry);
        else if (Volatile.Read(ref entry.HeldBy) == 0 && Interlocked.Increment(ref entry.Failures) >= copies) Forget(entry, isCertified: false);
    }

    private void Forget(Entry entry, bool isCertified)
    {
        if (!kept.TryRemove(entry.Proof.Id.Value, out _)) return;
        entry.Trace?.Settled(isCertified);
        settled?.Invoke(entry.Proof);
        Interlocked.Increment(ref isCertified ? ref certified : ref refused);
        room.Release();
    }

    private async Task PostLoopAsync(Lane lane, CancellationToken ct)
    {
        var group = new List<Entry>(PostSize);
        while (await lane.Queue.Reader.WaitToReadAsync(ct).ConfigureAwait(false))
        {
            group.Clear();
            while (group.Count < PostSize && lane.Queue.Reader.TryRead(out var entry)) group.Add(entry);
            foreach (var entry in group) entry.Trace?.Sending(lane.Bit);
            var failures = 0;
            var handedOn = false;
            while (true)
            {
                try
                {
                    var results = await lane.Client.PostAsync([.. group.Select(e => e.Proof)], ct).ConfigureAwait(false);
                    for (var i = 0; i < results.Length; i++) Settle(lane, group[i], results[i], ct);
                    break;
                }
                catch (Exception problem) when (problem is HttpRequestException or IOException or OperationCanceledException && !ct.IsCancellationRequested)
                {
                    failures++;
                    var lied = problem is FalseReceiptException;
                    if (lied) falseReceipts.AddOrUpdate(lane.Client.Endpoint.Address, 1, (_, n) => n + 1);
                    if (!handedOn && (lied || failures >= patience))
                    {
                        // Somebody else must hold them meanwhile; this operator gets them too once it answers as it should.
                        handedOn = true;
                        foreach (var entry in group) Route(entry);
                    }

                    var wait = TimeSpan.FromMilliseconds(100 * Math.Pow(2, Math.Min(failures, 6)));
                    await Task.Delay(wait < MaxBackoff ? wait : MaxBackoff, ct).ConfigureAwait(false);
                    group.RemoveAll(e => !kept.ContainsKey(e.Proof.Id.Value));
                    if (group.Count == 0) break;
                }
            }
        }
    }

    private void Settle(Lane lane, Entry entry, PostResult result, CancellationToken ct)
    {
        if (result.Refusal is null)
        {
            var held = Interlocked.Or(ref entry.HeldBy, lane.Bit) | lane.Bit;
            if (BitOperations.PopCount(held) >= copies && Interlocked.Exchange(ref entry.Counted, 1) == 0) Interlocked.Increment(ref durable);
            lane.Held.Enqueue(entry.Proof.Id.Value);
            entry.Trace?.Sent(lane.Bit, lane.Client.Endpoint.Address, refusal: null);
            return;
        }

        refusals.AddOrUpdate(result.Refusal, 1, (_, n) => n + 1);
        // Both mean: beyond what the operator has read of the chain. It catches up, or the clock is wrong, the device never registered.
        var waitsForChain = result.Refusal is TooFarAhead or UnknownDevice;
        var waits = waitsForChain ? Interlocked.Increment(ref entry.ChainWaits) : 0;
        var retry = waits > chainTries * copies ? null : result.RetryAfter ?? (waitsForChain ? TimeSpan.FromSeconds(Math.Min(30, 1 << Math.Min(5, waits / copies))) : null);
        if (retry is { } wait)
        {
            _ = Task.Delay(wait, ct).ContinueWith(_ => lane.Queue.Writer.TryWrite(entry), ct, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
            return;
        }

        entry.Trace?.Sent(lane.Bit, lane.Client.Endpoint.Address, result.Refusal);
        // A final refusal of one operator is not that of all: a lagging one may not know the device, a lying one refuses at will.
        Route(entry);
    }

    private async Task CertifyLoopAsync(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            await Task.Delay(pollInterval, ct).ConfigureAwait(false);
            foreach (var lane in lanes.Values) await AskAsync(lane, ct).ConfigureAwait(false);
        }
    }

    private async Task AskAsync(Lane lane, CancellationToken ct)
    {
        var rounds = (lane.Held.Count / PostSize) + 1;
        for (var round = 0; round < rounds; round++)
        {
            var ids = new List<Bytes32>(PostSize);
            while (ids.Count < PostSize && lane.Held.TryDequeue(out var id))
            {
                if (kept.ContainsKey(id)) ids.Add(id);
            }

            if (ids.Count == 0) return;
            try
            {
                var stages = await lane.Client.GetStagesAsync(ids, ct).ConfigureAwait(false);
                for (var i = 0; i < stages.Length; i++)
                {
                    if (!kept.TryGetValue(ids[i], out var entry)) continue;
                    if (stages[i] == ProofStage.Certified && BitOperations.PopCount(Volatile.Read(ref entry.HeldBy)) >= copies)
                    {
                        Forget(entry, isCertified: true);
                    }
                    else if (stages[i] is ProofStage.Certified or ProofStage.Durable)
                    {
                        lane.Held.Enqueue(ids[i]);
                    }
                    else
                    {
                        Interlocked.And(ref entry.HeldBy, ~lane.Bit);
                        lane.Queue.Writer.TryWrite(entry); // it said durable and lost it: send again
                    }
                }
            }
            catch (Exception problem) when (problem is HttpRequestException or IOException or OperationCanceledException && !ct.IsCancellationRequested)
            {
                foreach (var id in ids) lane.Held.Enqueue(id);
                return;
            }
        }
    }

    private sealed class Entry(SignedProof proof, ImmutableArray<OperatorEndpoint> route)
    {
        public readonly SignedProof Proof = proof;
        public readonly ImmutableArray<OperatorEndpoint> Route = route;
        public ProofTrace? Trace; // null for all but the few that are traced
        public int NextInRoute;
        public uint HeldBy; // a bit for each operator with a good receipt
        public int Counted;
        public int Failures;
        public int ChainWaits;
    }

    private sealed class Lane(OperatorClient client, uint bit)
    {
        public OperatorClient Client => client;

        public uint Bit => bit;

        public Channel<Entry> Queue { get; } = Channel.CreateUnbounded<Entry>(); // bounded by the outbox's room

        public ConcurrentQueue<Bytes32> Held { get; } = new();
    }
}
