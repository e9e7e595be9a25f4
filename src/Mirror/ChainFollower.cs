using System.Globalization;
using System.Threading.Channels;
using DePin.Cryptography;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace DePin.Mirror;

/// <summary>What a step did.</summary>
public enum Convergence
{
    /// <summary>The mirror is at the tip, or the node is behind the mirror.</summary>
    NothingNew,

    /// <summary>Blocks were added.</summary>
    Advanced,

    /// <summary>Blocks were dropped and others put in their place.</summary>
    RolledBack,
}

/// <summary>What the follower last saw; for health and metrics.</summary>
/// <param name="Head">Last block mirrored.</param>
/// <param name="Finalized">Newest final block mirrored.</param>
/// <param name="Tip">The node's newest block.</param>
/// <param name="TipTimestamp">Its time, unix seconds.</param>
/// <param name="LastError">Message of the last failed attempt; null after a good one.</param>
/// <param name="Halted">Why it stopped for good; null while it runs.</param>
/// <param name="Reorgs">Rollbacks since the start.</param>
/// <param name="DeepestReorg">Most blocks dropped at once since the start.</param>
/// <param name="SteppedAt">When a step last succeeded, wall clock; null before the first.</param>
public sealed record FollowerStatus(
    BlockPoint? Head, BlockPoint? Finalized, BlockPoint? Tip, ulong TipTimestamp, string? LastError, string? Halted, long Reorgs, long DeepestReorg, DateTimeOffset? SteppedAt);

/// <summary>
/// Keeps a mirror equal to a chain: ranges while far behind, block by block by hash near the tip, back to the common block when the chain dropped
/// blocks. A step may fail or be killed at any point and is simply taken again.
/// </summary>
public sealed partial class ChainFollower(
    ChainMirror mirror, IChainSource source, FollowerOptions options, TimeProvider time, ILogger<ChainFollower> logger, NewHeads? heads = null)
{
    private readonly RangeReader _reader = new(source, mirror.Network, options, time);
    private int _deepSightings;
    private TaskCompletionSource _woken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _expectsNews;
    private FollowerStatus _status = new(null, null, null, 0, null, null, 0, 0, null);

    /// <summary>What it last saw.</summary>
    public FollowerStatus Status => Volatile.Read(ref _status);

    /// <summary>Reads with the same checks; for tools.</summary>
    public RangeReader Reader => _reader;

    /// <summary>Follows until cancelled or halted. Outages of node and database are waited out; nothing but a reorg past finality ends it.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var listening = heads?.RunAsync(() => Volatile.Read(ref _woken).TrySetResult(), stop.Token) ?? Task.CompletedTask;
        try
        {
            await FollowAsync(ct);
        }
        finally
        {
            await stop.CancelAsync();
            await listening;
        }
    }

    private async Task FollowAsync(CancellationToken ct)
    {
        var failures = 0;
        while (!ct.IsCancellationRequested)
        {
            try
            {
                var woken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                Volatile.Write(ref _woken, woken); // before the step: what is told of meanwhile is looked at after it
                var result = await StepAsync(ct);
                if (failures > 0) LogRecovered(failures);
                failures = 0;
                if (result == Convergence.NothingNew) await WaitAsync(woken.Task, ct);
                else _expectsNews = false;
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (ReorgPastFinalizedException error)
            {
                LogHalted(error.Message);
                return;
            }
            catch (Exception error) when (error is ChainSourceException or NpgsqlException or IOException or TimeoutException or HttpRequestException
                or CheckpointMovedException or System.Net.Sockets.SocketException or InvalidOperationException or OperationCanceledException)
            {
                failures++;
                Update(s => s with { LastError = error.Message });
                var wait = TimeSpan.FromMilliseconds(Math.Min(options.MaxBackoff.TotalMilliseconds, 100 * Math.Pow(2, Math.Min(failures, 12))));
                LogFailed(error, failures, wait.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture));
                try
                {
                    await Task.Delay(wait, time, ct);
                }
                catch (OperationCanceledException)
                {
                    return;
                }
            }
        }
    }

    /// <summary>Until the next look. While heads are told of, looks are rare; but one that was told of and not seen yet is looked for as ever: nodes differ by a moment.</summary>
    private async Task WaitAsync(Task woken, CancellationToken ct)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var interval = heads is { IsLive: true } && !_expectsNews ? options.PollIntervalWhenTold : options.PollInterval;
        await Task.WhenAny(woken, Task.Delay(interval, time, either.Token));
        await either.CancelAsync();
        ct.ThrowIfCancellationRequested();
        if (woken.IsCompleted) _expectsNews = true;
    }

    /// <summary>One step towards the chain's tip.</summary>
    /// <exception cref="ReorgPastFinalizedException">The chain dropped a block that was final; the mirror is halted.</exception>
    public async Task<Convergence> StepAsync(CancellationToken ct)
    {
        var checkpoint = await mirror.GetCheckpointAsync(ct);
        if (checkpoint.Halted is { } reason)
        {
            Update(s => s with { Halted = reason });
            throw new ReorgPastFinalizedException(reason);
        }

        var heads = await _reader.GetHeadsAsync(ct);
        var result = await ConvergeAsync(checkpoint, heads, ct);
        _deepSightings = 0; // in a row: a step that went well breaks it
        if (result == Convergence.NothingNew)
            Update(s => s with { Head = checkpoint.Block, Finalized = checkpoint.Finalized });
        Update(s => s with { Tip = heads.Latest.Point, TipTimestamp = heads.Latest.Timestamp, LastError = null, SteppedAt = time.GetUtcNow() });
        return result;
    }

    private async Task<Convergence> ConvergeAsync(Checkpoint checkpoint, ChainHeads heads, CancellationToken ct)
    {
        var at = checkpoint.Block;
        var latest = heads.Latest;
        if (latest.Number < at.Number) return Convergence.NothingNew; // a node that lags, or a shorter branch: nothing to put in place yet
        if (latest.Number == at.Number)
        {
            if (latest.Hash != at.Hash && at.Hash != Bytes32.Zero) return await ReorganizeAsync(checkpoint, heads, ct);
            if (heads.Finalized is { } final && final.Number <= at.Number && (checkpoint.Finalized is not { } known || known.Number < final.Number))
                await mirror.FinalizeAsync(final, ct);
            return Convergence.NothingNew;
        }

        if (latest.Number - at.Number > (ulong)options.TipWindow
            && await BackfillAsync(checkpoint, latest.Number - (ulong)options.TipWindow, heads, ct) is not Convergence.NothingNew and var read)
            return read;

        var headers = latest.Number == at.Number + 1 ? [latest] : await _reader.GetHeadersAsync(at.Number + 1, latest.Number, ct);
        if (headers.Count == 0) throw new ChainSourceException($"The node has none of the blocks after {at.Number} that it said it had: it lags.");
        if (!Links(at, headers[0])) return await ReorganizeAsync(checkpoint, heads, ct);
        var range = await _reader.ReadByHashAsync(headers, ct);
        var began = MirrorTraces.Source.Begin();
        await ApplyAsync(at, null, [range], heads.Finalized, ct);
        await MirrorTraces.TellAsync(began, mirror, range, ct);
        return Convergence.Advanced;
    }

    /// <summary>Nothing new where the chain skipped every number up to <paramref name="target"/>. Reads ranges ahead while earlier ones are written; memory is bounded by what one transaction may hold and the size of the ranges in reading.</summary>
    private async Task<Convergence> BackfillAsync(Checkpoint checkpoint, ulong target, ChainHeads heads, CancellationToken ct)
    {
        var at = checkpoint.Block;
        var ahead = Channel.CreateBounded<Task<BlockRange>>(Math.Max(1, options.LogsPerTransaction / options.LogsPerRange));
        using var abandon = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var reading = ReadAheadAsync(ahead.Writer, at.Number + 1, target, abandon.Token);
        try
        {
            while (await ahead.Reader.WaitToReadAsync(ct))
            {
                // What is read already is written together.
                List<BlockRange> ranges = [await await ahead.Reader.ReadAsync(ct)];
                for (var logs = ranges[0].Logs.Count; logs < options.LogsPerTransaction && ahead.Reader.TryPeek(out var read) && read.IsCompletedSuccessfully; logs += ranges[^1].Logs.Count)
                    ranges.Add(await await ahead.Reader.ReadAsync(ct));
                var links = 0;
                for (var end = at; links < ranges.Count && (links == 0 || ranges[links].Headers is not [var next, ..] || next.ParentNumber <= end.Number) && Links(end, ranges[links]); links++) end = EndOf(end, ranges[links]);
                if (links == 0) return await ReorganizeAsync(checkpoint with { Block = at }, heads, ct);
                await ApplyAsync(at, null, ranges[..links], heads.Finalized, ct);
                at = ranges[..links].Aggregate(at, EndOf);
                if (links < ranges.Count) return Convergence.Advanced; // the chain moved meanwhile: look anew
            }
        }
        finally
        {
            await abandon.CancelAsync();
            await reading;
            await foreach (var read in ahead.Reader.ReadAllAsync(CancellationToken.None)) await Settled(read);
        }

        return at == checkpoint.Block ? Convergence.NothingNew : Convergence.Advanced;
    }

    /// <summary>Starts the reads of consecutive ranges, some at a time, until the channel is full of them; ends without an error when cancelled.</summary>
    private async Task ReadAheadAsync(ChannelWriter<Task<BlockRange>> ahead, ulong next, ulong target, CancellationToken ct)
    {
        using var free = new SemaphoreSlim(options.LookAhead);
        var started = new List<Task>();
        try
        {
            while (next <= target)
            {
                await free.WaitAsync(ct);
                var (from, to) = (next, Math.Min(target, next + (ulong)_reader.RangeSize - 1));
                var read = Task.Run(() => _reader.ReadRangeAsync(from, to, ct), ct);
                started.RemoveAll(static t => t.IsCompleted);
                started.Add(ReleaseAsync(read));
                next = to + 1;
                await ahead.WriteAsync(read, ct);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Nobody wants more.
        }
        finally
        {
            ahead.Complete();
            await Task.WhenAll(started);
        }

        async Task ReleaseAsync(Task read)
        {
            await Settled(read);
            free.Release();
        }
    }

    /// <summary>Ends when a task has ended, however it did.</summary>
    private static async Task Settled(Task task) => await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private async Task<Convergence> ReorganizeAsync(Checkpoint checkpoint, ChainHeads heads, CancellationToken ct)
    {
        var at = checkpoint.Block;
        var keep = await FindCommonAsync(at, heads.Latest, ct);
        // The stored finality, not the caller's copy: a backfill may have moved it.
        if ((await mirror.GetCheckpointAsync(ct)).Finalized is { } final && keep.Number < final.Number)
            await RefuseAsync(keep, final, ct);

        // The replacement is in hand before anything is dropped, and both happen in one transaction.
        var to = Math.Min(heads.Latest.Number, keep.Number + (ulong)options.ReplaceAtOnce);
        var headers = await _reader.GetHeadersAsync(keep.Number + 1, to, ct);
        if (headers.Count == 0 || !Links(keep, headers[0])) throw new ChainSourceException("The chain moved again while a reorg was read.");
        var range = await _reader.ReadByHashAsync(headers, ct);
        var began = MirrorTraces.Source.Begin();
        await ApplyAsync(at, keep, [range], heads.Finalized, ct);
        await MirrorTraces.TellAsync(began, mirror, range, ct);
        var depth = (long)(at.Number - keep.Number);
        LogReorganized(depth, keep.Number, at.Hash, headers[^1].Number);
        Update(s => s with { Reorgs = s.Reorgs + 1, DeepestReorg = Math.Max(s.DeepestReorg, depth) });
        return Convergence.RolledBack;
    }

    private async Task RefuseAsync(BlockPoint keep, BlockPoint final, CancellationToken ct)
    {
        var reason = string.Create(CultureInfo.InvariantCulture,
            $"The node's chain leaves ours after block {keep.Number}, but block {final.Number} ({final.Hash}) was final. Compare the node with another one; " +
            $"if the chain really dropped final blocks, run 'depin index rebuild'.");
        if (++_deepSightings < options.HaltAfter) throw new ChainSourceException(reason);
        await mirror.HaltAsync(reason, ct);
        Update(s => s with { Halted = reason });
        throw new ReorgPastFinalizedException(reason);
    }

    /// <summary>The newest block that mirror and node share; the point before the first block if there is none.</summary>
    private async Task<BlockPoint> FindCommonAsync(BlockPoint at, BlockHeader latest, CancellationToken ct)
    {
        var first = mirror.Network.FirstBlock;
        var high = Math.Min(at.Number, latest.Number);
        for (ulong window = 16; high >= first; window *= 2)
        {
            var low = high - Math.Min(high - first, window - 1);
            var theirs = await _reader.GetHeadersAsync(low, high, ct);
            var ours = await mirror.GetHashesAsync(low, high, ct);
            for (var i = theirs.Count - 1; i >= 0; i--)
            {
                if (ours.TryGetValue(theirs[i].Number, out var hash) && hash == theirs[i].Hash) return theirs[i].Point;
            }

            if (low == first) break;
            high = low - 1;
        }

        return new BlockPoint(first - 1, Bytes32.Zero);
    }

    /// <exception cref="ChainSourceException">The block's parent is one after <paramref name="at"/>, which the node left out.</exception>
    private static bool Links(BlockPoint at, BlockHeader next)
    {
        if (at.Hash == Bytes32.Zero || next.ParentHash == at.Hash) return true;
        if (next.ParentNumber > at.Number) throw new ChainSourceException($"The node left out block {next.ParentNumber}, the parent of {next.Number}: it lags.");
        return false;
    }

    private static bool Links(BlockPoint at, BlockRange next) => next.Headers.Count == 0 || Links(at, next.Headers[0]);

    private static BlockPoint EndOf(BlockPoint at, BlockRange range) => range.Headers.Count == 0 ? at : range.Headers[^1].Point;

    private async Task ApplyAsync(BlockPoint at, BlockPoint? keep, IReadOnlyList<BlockRange> ranges, BlockPoint? finalized, CancellationToken ct)
    {
        await mirror.ApplyAsync(at, keep, ranges, finalized, ct);
        var head = ranges.Aggregate(keep ?? at, EndOf);
        Update(s => s with { Head = head, Finalized = finalized is { } f && f.Number <= head.Number ? f : finalized is null ? s.Finalized : head });
    }

    private void Update(Func<FollowerStatus, FollowerStatus> change) => Volatile.Write(ref _status, change(_status));

    [LoggerMessage(Level = LogLevel.Warning, Message = "Chain follower failed, attempt {Failures}; trying again in {Seconds} s")]
    private partial void LogFailed(Exception error, int failures, string seconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "Chain follower recovered after {Failures} failed attempts")]
    private partial void LogRecovered(int failures);

    [LoggerMessage(Level = LogLevel.Information, Message = "Chain reorganized: dropped {Depth} blocks after {Kept} (was {Dropped}), now at {Head}")]
    private partial void LogReorganized(long depth, ulong kept, Bytes32 dropped, ulong head);

    [LoggerMessage(Level = LogLevel.Critical, Message = "Chain follower halted: {Reason}")]
    private partial void LogHalted(string reason);
}
