namespace DePin.Mirror;

/// <summary>How the follower reads and paces.</summary>
public sealed record FollowerOptions
{
    /// <summary>Wait between looks at the tip. Default 500 ms.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Wait between looks at the tip while a subscription tells of new heads. Default 5 s.</summary>
    public TimeSpan PollIntervalWhenTold { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest wait between attempts after failures. Default 15 s.</summary>
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>After how long a silent node counts as failed. Default 30 s.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Blocks below the tip that are read one by one by hash; what is older is read by ranges. Default 32.</summary>
    public int TipWindow { get; init; } = 32;

    /// <summary>Logs that a range should hold; its size in blocks follows. Default 6,000.</summary>
    public int LogsPerRange { get; init; } = 6_000;

    /// <summary>Most blocks of a range. Default 2,000.</summary>
    public int MaxBlocksPerRange { get; init; } = 2_000;

    /// <summary>Ranges that are read at the same time while far behind. Default 3.</summary>
    public int LookAhead { get; init; } = 3;

    /// <summary>Logs that are read ahead and written together while far behind: the more at once, the fewer times a balance is written. Default 60,000, some 40 MB.</summary>
    public int LogsPerTransaction { get; init; } = 60_000;

    /// <summary>Deepest reorg that is replaced in one transaction, in blocks. Default 512.</summary>
    public int ReplaceAtOnce { get; init; } = 512;

    /// <summary>How often in a row a reorg past the finalized block must be seen before the follower halts. Default 3.</summary>
    public int HaltAfter { get; init; } = 3;
}

/// <summary>
/// Reads blocks with their logs and believes only what belongs together: headers link, every log carries the hash of its header, and a block whose
/// bloom names one of our contracts has its logs — else the block is asked again by its hash, and in doubt for all of its logs, since nodes behind a
/// balancer answer what they do not have yet with an empty list.
/// </summary>
public sealed class RangeReader(IChainSource source, MirroredNetwork network, FollowerOptions options, TimeProvider time)
{
    private readonly LogExpectation _expectation = new(network);
    private int _blocks = Math.Min(64, options.MaxBlocksPerRange);

    /// <summary>Blocks that the next range should have: grows while answers are small, shrinks when they are large or refused.</summary>
    public int RangeSize => Volatile.Read(ref _blocks);

    /// <summary>How often a block was asked again because its answer lacked logs that its bloom names.</summary>
    public long Suspicions => Interlocked.Read(ref _suspicions);

    private long _suspicions;

    /// <summary>Newest and finalized block.</summary>
    public Task<ChainHeads> GetHeadsAsync(CancellationToken ct) => AskAsync(source.GetHeadsAsync, ct);

    /// <summary>Linked headers of all of <paramref name="from"/>…<paramref name="to"/>.</summary>
    /// <exception cref="ChainSourceException">One is missing, or they do not link.</exception>
    public async Task<IReadOnlyList<BlockHeader>> GetHeadersAsync(ulong from, ulong to, CancellationToken ct)
    {
        var headers = await AskAsync(t => source.GetHeadersAsync(from, to, t), ct);
        if (!source.SkipsNumbers && (ulong)headers.Count != to - from + 1) throw new ChainSourceException($"The node has {headers.Count} of the blocks {from} to {to}: it lags.");
        for (var i = 0; i < headers.Count; i++)
        {
            var next = i == 0 ? from : headers[i - 1].Number + 1;
            if (headers[i].Number < next || headers[i].Number > to) throw new ChainSourceException($"Asked for block {next}, got {headers[i].Number}.");
            if (headers[i].Number != next && (!source.SkipsNumbers || headers[i].ParentNumber >= next))
                throw new ChainSourceException($"The node has block {headers[i].Number} and not block {headers[i].ParentNumber} before it: it lags.");
            if (i > 0 && (headers[i].ParentHash != headers[i - 1].Hash || headers[i].ParentNumber != headers[i - 1].Number)) throw new ChainSourceException($"Block {headers[i].Number} does not link to the one before: the chain moved while it was read.");
        }

        return headers;
    }

    /// <summary>A range by block numbers, split where the node refuses its size.</summary>
    public async Task<BlockRange> ReadRangeAsync(ulong from, ulong to, CancellationToken ct)
    {
        var reading = GetHeadersAsync(from, to, ct);
        try
        {
            var logs = await ReadLogsAsync(from, to, ct);
            var range = await CheckAsync(new BlockRange(await reading, logs), ct);
            Observe((int)(to - from) + 1, range.Logs.Count);
            return range;
        }
        finally
        {
            await reading.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    /// <summary>Blocks near the tip, each by its hash, so that a reorg in between shows as an error and not as another block's logs.</summary>
    public async Task<BlockRange> ReadByHashAsync(IReadOnlyList<BlockHeader> headers, CancellationToken ct)
    {
        var logs = await AskAsync(t => source.GetLogsByHashAsync([.. headers.Select(h => h.Point)], t), ct);
        return await CheckAsync(new BlockRange(headers, logs), ct);
    }

    private async Task<LogBatch> ReadLogsAsync(ulong from, ulong to, CancellationToken ct)
    {
        try
        {
            return await AskAsync(t => source.GetLogsAsync(from, to, t), ct);
        }
        catch (RangeTooLargeException) when (to > from)
        {
            var middle = from + ((to - from) / 2);
            Interlocked.Exchange(ref _blocks, Math.Max(1, (int)(middle - from) + 1));
            var first = await ReadLogsAsync(from, middle, ct);
            var second = await ReadLogsAsync(middle + 1, to, ct);
            for (var i = 0; i < second.Count; i++) first.AddFrom(second, i);
            return first;
        }
    }

    private void Observe(int blocks, int logs)
    {
        // Aim at LogsPerRange, at most twofold at a time, so that one quiet stretch does not make the next range huge.
        var wanted = logs == 0 ? 2L * blocks : (long)blocks * options.LogsPerRange / logs;
        var next = (int)Math.Clamp(wanted, 1, Math.Min(2L * blocks, options.MaxBlocksPerRange));
        Interlocked.Exchange(ref _blocks, next);
    }

    private async Task<BlockRange> CheckAsync(BlockRange range, CancellationToken ct)
    {
        var logs = range.Logs;
        List<BlockPoint>? doubtful = null;
        BlockPoint? lastWithLogs = null;
        var at = 0;
        foreach (var header in range.Headers)
        {
            var first = at;
            for (; at < logs.Count && logs[at].BlockNumber == header.Number; at++)
            {
                if (logs[at].BlockHash != header.Hash) throw new ChainSourceException($"A log of block {header.Number} is of another branch: the chain moved while it was read.");
                if (at > first && logs[at].LogIndex <= logs[at - 1].LogIndex) throw new ChainSourceException($"The logs of block {header.Number} are not in order.");
            }

            if (_expectation.Misses(header, logs, first, at - first))
            {
                // An answer that was cut off ends within a block: the last one with logs is as doubtful as the first without.
                doubtful ??= lastWithLogs is { } cut && at == first ? [cut] : [];
                doubtful.Add(header.Point);
            }
            else if (at > first)
            {
                lastWithLogs = header.Point;
            }
        }

        if (at != logs.Count) throw new ChainSourceException($"The node sent a log of block {logs[at].BlockNumber}, which was not asked for here.");
        return doubtful is null ? range : await ConfirmAsync(range with { Logs = await AskAgainAsync(range, doubtful, ct) }, ct);
    }

    /// <summary>
    /// What still lacks logs that a sparse bloom names is settled by all logs of the block, which make its bloom or are not all. A node whose log index lags
    /// behind its headers would otherwise leave a hole that nobody sees.
    /// </summary>
    private async Task<BlockRange> ConfirmAsync(BlockRange range, CancellationToken ct)
    {
        var logs = range.Logs;
        var confirmed = new LogBatch();
        var at = 0;
        foreach (var header in range.Headers)
        {
            var first = at;
            while (at < logs.Count && logs[at].BlockNumber == header.Number) at++;
            if (!LogExpectation.IsTelling(header) || !_expectation.Misses(header, logs, first, at - first))
            {
                for (var i = first; i < at; i++) confirmed.AddFrom(logs, i);
                continue;
            }

            var whole = await AskAsync(t => source.GetBlockLogsAsync(header.Point, t), ct);
            if (!LogExpectation.Makes(header, whole))
                throw new ChainSourceException($"The node leaves out logs of block {header.Number} that its bloom names: its log index lags or lacks them.");
            for (var i = 0; i < whole.Count; i++)
            {
                if (_expectation.Concerns(whole[i])) confirmed.AddFrom(whole, i);
            }
        }

        return range with { Logs = confirmed };
    }

    /// <summary>Takes the longer of the two answers for each doubtful block.</summary>
    private async Task<LogBatch> AskAgainAsync(BlockRange range, List<BlockPoint> doubtful, CancellationToken ct)
    {
        Interlocked.Add(ref _suspicions, doubtful.Count);
        var again = await AskAsync(t => source.GetLogsByHashAsync(doubtful, t), ct);
        var merged = new LogBatch();
        int at = 0, atAgain = 0;
        var hashes = doubtful.ToDictionary(d => d.Number, d => d.Hash);
        foreach (var header in range.Headers)
        {
            var (first, firstAgain) = (at, atAgain);
            while (at < range.Logs.Count && range.Logs[at].BlockNumber == header.Number) at++;
            while (atAgain < again.Count && again[atAgain].BlockNumber == header.Number)
            {
                if (!hashes.TryGetValue(header.Number, out var hash) || again[atAgain].BlockHash != hash)
                    throw new ChainSourceException($"A log of block {header.Number} is of another branch: the chain moved while it was read.");
                atAgain++;
            }

            if (atAgain - firstAgain > at - first)
                for (var i = firstAgain; i < atAgain; i++) merged.AddFrom(again, i);
            else
                for (var i = first; i < at; i++) merged.AddFrom(range.Logs, i);
        }

        return merged;
    }

    private async Task<T> AskAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken ct)
    {
        using var timeout = new CancellationTokenSource(options.RequestTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
        try
        {
            return await ask(both.Token).WaitAsync(both.Token);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            throw new ChainSourceException($"The node did not answer within {options.RequestTimeout.TotalSeconds:0.#} s.");
        }
    }
}
