using System.Globalization;
using DePin.Chain.Rpc;
using DePin.Cryptography;
using Microsoft.Extensions.Logging;

namespace DePin.Mirror;

/// <summary>How a quorum of providers is asked.</summary>
public sealed record QuorumOptions
{
    /// <summary>How many providers must say the same.</summary>
    public required int Quorum { get; init; }

    /// <summary>Longest wait for one provider's answer, its repeats included. Default 12 s.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(12);

    /// <summary>How long the heads of slower providers are waited for once a quorum has answered. Default 250 ms.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>For how long a provider that failed is asked after the others. Default 5 s.</summary>
    public TimeSpan Aside { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>For how long a provider that contradicts a quorum is left out; doubles each time, up to 32 times. Default one minute.</summary>
    public TimeSpan LeaveOut { get; init; } = TimeSpan.FromMinutes(1);
}

/// <summary>
/// Several providers as one source that says only what a quorum of them says: heads, headers and logs alike, so that nothing that fewer vouch for gets into
/// the mirror, and from there into a report. The first k that are well are asked; the others only where those do not agree. Who contradicts a quorum about a
/// final block, or about a block by its hash, is named and left out for a while; who lags is not: it is not asked for what it does not have.
/// </summary>
public sealed partial class QuorumChainSource : IChainSource
{
    private readonly QuorumMember[] _members;
    private readonly QuorumOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, (string Why, ulong Height)> _lacking = new(StringComparer.Ordinal);
    private BlockPoint? _finalized;

    /// <param name="providers">In order of preference: a label without secrets, the source, and the end point whose counters are its.</param>
    /// <param name="options">How many must agree, and how long who is waited for.</param>
    /// <param name="time">Clock of waits and rests.</param>
    /// <param name="logger">Names providers that disagree.</param>
    public QuorumChainSource(
        IReadOnlyList<(string Label, IChainSource Source, RpcEndPoint? EndPoint)> providers, QuorumOptions options, TimeProvider time, ILogger<QuorumChainSource> logger)
    {
        if (options.Quorum < 1 || options.Quorum > providers.Count)
            throw new ArgumentException($"A quorum of {options.Quorum} cannot be had from {providers.Count} providers.", nameof(options));
        (_options, _time, _logger) = (options, time, logger);
        _members = [.. providers.Select(p => new QuorumMember(p.Label, p.Source, p.EndPoint, options, time))];
    }

    /// <summary>The providers, and whether enough agree.</summary>
    public QuorumStatus Status
    {
        get
        {
            var highest = _members.Max(m => m.Latest) ?? 0;
            lock (_lock) return new QuorumStatus(_options.Quorum, _lacking.Values.FirstOrDefault().Why, [.. _members.Select(m => m.StatusAt(highest))]);
        }
    }

    /// <inheritdoc/>
    public bool SkipsNumbers => _members.Any(m => m.Source.SkipsNumbers);

    /// <inheritdoc/>
    public async Task<ChainHeads> GetHeadsAsync(CancellationToken ct)
    {
        var heads = await LookAsync(ct);
        if (heads.Count < _options.Quorum)
            throw Lack("heads", 0, string.Create(CultureInfo.InvariantCulture, $"{heads.Count} of {_members.Length} JSON-RPC providers answer, {_options.Quorum} are needed: {Errors()}."));
        var finalized = await AgreeOnFinalizedAsync(heads, ct);
        var latest = await AgreeOnLatestAsync(heads, ct);
        Have("heads", 0, ulong.MaxValue);
        return new ChainHeads(latest, finalized);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<BlockHeader>> GetHeadersAsync(ulong from, ulong to, CancellationToken ct)
    {
        var (last, members) = await AgreeAsync(
            "headers", $"block {to}", 0, to, (s, t) => s.GetHeadersAsync(to, to, t), Agreement.KeyOf, (agreed, its) => JudgeHeader(agreed, its), null, ct);
        if (from >= to || (last.Count != 1 && !SkipsNumbers)) return last;

        // Headers that prove themselves and lead up to the block that is agreed on need no second opinion.
        var what = string.Create(CultureInfo.InvariantCulture, $"blocks {from} to {to}");
        var unproven = new List<(QuorumMember Member, IReadOnlyList<BlockHeader> Headers)>();
        foreach (var member in members)
        {
            var (answered, headers) = await member.AskAsync((s, t) => s.GetHeadersAsync(from, to, t), ct);
            if (!answered) continue;
            if (last.Count == 1 && headers!.All(h => h.Proven) && LeadTo(headers!, from, last[0]))
            {
                foreach (var (other, its) in unproven) Judge(other, JudgeHeader(headers!, its), what);
                return headers!;
            }

            unproven.Add((member, headers!));
        }

        return (await AgreeAsync(
            "headers", what, 0, to, (s, t) => s.GetHeadersAsync(from, to, t), Agreement.KeyOf,
            (agreed, its) => JudgeHeader(agreed, its), null, ct)).Agreed;
    }

    /// <inheritdoc/>
    public async Task<LogBatch> GetLogsAsync(ulong from, ulong to, CancellationToken ct) => (await AgreeAsync(
        "logs", string.Create(CultureInfo.InvariantCulture, $"the logs of blocks {from} to {to}"), from, to, (s, t) => s.GetLogsAsync(from, to, t), Agreement.KeyOf,
        (agreed, its) => JudgeLogs(agreed, its, byHash: false), from < to ? new RangeTooLargeException("The providers differ somewhere in this range.") : null, ct)).Agreed;

    /// <inheritdoc/>
    public async Task<LogBatch> GetLogsByHashAsync(IReadOnlyList<BlockPoint> blocks, CancellationToken ct) => (await AgreeAsync(
        "logs", string.Create(CultureInfo.InvariantCulture, $"the logs of {blocks.Count} blocks up to {blocks[^1].Number}"), blocks.Min(b => b.Number), blocks.Max(b => b.Number),
        (s, t) => s.GetLogsByHashAsync(blocks, t), Agreement.KeyOf, (agreed, its) => JudgeLogs(agreed, its, byHash: true), null, ct)).Agreed;

    /// <inheritdoc/>
    public async Task<LogBatch> GetBlockLogsAsync(BlockPoint block, CancellationToken ct) => (await AgreeAsync(
        "logs", string.Create(CultureInfo.InvariantCulture, $"all logs of block {block.Number}"), block.Number, block.Number,
        (s, t) => s.GetBlockLogsAsync(block, t), Agreement.KeyOf, (agreed, its) => JudgeLogs(agreed, its, byHash: true), null, ct)).Agreed;

    private static bool LeadTo(IReadOnlyList<BlockHeader> headers, ulong from, BlockHeader last)
    {
        for (var i = 0; i < headers.Count; i++)
        {
            var next = i == 0 ? from : headers[i - 1].Number + 1;
            if (headers[i].Number < next || headers[i].ParentNumber >= next || (i > 0 && headers[i].ParentHash != headers[i - 1].Hash)) return false;
        }

        return headers.Count > 0 && headers[^1].Point == last.Point;
    }

    /// <summary>Heads of all providers that are well, or of all where those are too few. The slow are waited for only a moment longer than the quorum.</summary>
    private async Task<List<(QuorumMember Member, ChainHeads Heads)>> LookAsync(CancellationToken ct)
    {
        var well = _members.Where(m => m.State == ProviderState.Well).ToArray();
        var looks = (well.Length < _options.Quorum ? _members : well).Select(m => (Member: m, Look: m.LookAsync())).ToList();
        var waiting = looks.Select(l => l.Look).ToHashSet();
        Task? grace = null;
        while (waiting.Count > 0)
        {
            if (grace is null && Done().Count >= _options.Quorum) grace = Task.Delay(_options.Grace, _time, ct);
            var next = await Task.WhenAny(grace is null ? waiting : waiting.Append(grace)).WaitAsync(ct);
            if (next == grace) break;
            waiting.Remove((Task<ChainHeads?>)next);
        }

        return Done();

        List<(QuorumMember, ChainHeads)> Done() => [.. looks.Where(l => l.Look.IsCompletedSuccessfully && l.Look.Result is not null).Select(l => (l.Member, l.Look.Result!))];
    }

    /// <summary>The highest block that a quorum has and names alike; a fork between providers at the tip just means an older one.</summary>
    private async Task<BlockHeader> AgreeOnLatestAsync(List<(QuorumMember Member, ChainHeads Heads)> heads, CancellationToken ct)
    {
        foreach (var height in Heights(heads.Select(h => h.Heads.Latest.Number)))
        {
            var own = heads.Where(h => h.Heads.Latest.Number == height).Select(h => h.Heads.Latest).ToList();
            if (Majority(own) is { } agreed) return agreed;
            var others = await Task.WhenAll(heads.Where(h => h.Heads.Latest.Number > height).Select(h => h.Member.AskAsync((s, t) => s.GetHeadersAsync(height, height, t), ct)));
            if (Majority([.. own, .. others.Where(o => o.Answered && o.Value!.Count == 1).Select(o => o.Value![0])]) is { } older) return older;
        }

        throw Lack("heads", 0, string.Create(CultureInfo.InvariantCulture, $"No {_options.Quorum} of {heads.Count} JSON-RPC providers agree on the newest block."));

        BlockHeader? Majority(List<BlockHeader> said) =>
            said.GroupBy(h => Agreement.KeyOf([h])).Where(g => g.Count() >= _options.Quorum).Select(g => g.First()).FirstOrDefault();
    }

    /// <summary>The highest block that a quorum calls final and names alike; null before there is one.</summary>
    private async Task<BlockPoint?> AgreeOnFinalizedAsync(List<(QuorumMember Member, ChainHeads Heads)> heads, CancellationToken ct)
    {
        var said = heads.Where(h => h.Heads.Finalized is not null).Select(h => (h.Member, Point: h.Heads.Finalized!.Value)).ToList();
        foreach (var height in Heights(said.Select(s => s.Point.Number)))
        {
            if (_finalized is { } known && known.Number >= height)
            {
                foreach (var (member, point) in said.Where(s => s.Point.Number == known.Number && s.Point.Hash != known.Hash)) Blame(member, OtherHash(known.Number, point.Hash, known.Hash));
                return known;
            }

            var votes = said.Where(s => s.Point.Number == height).ToList();
            foreach (var (member, answer) in await Task.WhenAll(said.Where(s => s.Point.Number > height)
                .Select(async s => (s.Member, Answer: await s.Member.AskAsync((source, t) => source.GetHeadersAsync(height, height, t), ct)))))
            {
                if (answer.Answered && answer.Value!.Count == 1) votes.Add((member, answer.Value[0].Point));
            }

            if (votes.GroupBy(v => v.Point.Hash).FirstOrDefault(g => g.Count() >= _options.Quorum) is not { } agreed) continue;
            foreach (var (member, point) in votes.Where(v => v.Point.Hash != agreed.Key)) Blame(member, OtherHash(height, point.Hash, agreed.Key));
            return _finalized = new BlockPoint(height, agreed.Key);
        }

        if (said.Count >= _options.Quorum)
            throw Lack("heads", 0, string.Create(CultureInfo.InvariantCulture, $"No {_options.Quorum} of {said.Count} JSON-RPC providers agree on a final block."));
        return _finalized;
    }

    private static string OtherHash(ulong number, Bytes32 its, Bytes32 agreed) => string.Create(CultureInfo.InvariantCulture, $"calls final block {number} {its}, the others {agreed}");

    /// <summary>The heights that at least a quorum has reached, from the highest down.</summary>
    private IEnumerable<ulong> Heights(IEnumerable<ulong> reached) => reached.OrderDescending().Skip(_options.Quorum - 1).Distinct();

    private async Task<(T Agreed, IReadOnlyList<QuorumMember> Members)> AgreeAsync<T>(
        string kind, string what, ulong from, ulong height, Func<IChainSource, CancellationToken, Task<T>> ask, Func<T, Bytes32> key, Func<T, T, Fault?> judge, RangeTooLargeException? split,
        CancellationToken ct)
        where T : class
    {
        // Who lags is not asked for what it does not have, unless nobody has been looked at yet.
        var order = _members.Where(m => m.Latest is not { } at || at >= height).OrderBy(m => m.State).ToList();
        var answers = new List<(QuorumMember Member, T Value, Bytes32 Key)>();
        RangeTooLargeException? tooLarge = null;
        for (var asked = 0; asked < order.Count;)
        {
            var batch = order.Skip(asked).Take(asked == 0 ? _options.Quorum : order.Count).ToList();
            asked += batch.Count;
            foreach (var (member, answer) in await Task.WhenAll(batch.Select(async m => (m, await AskAsync(m)))))
            {
                if (answer is not null) answers.Add((member, answer, key(answer)));
            }

            if (answers.GroupBy(a => a.Key).FirstOrDefault(g => g.Count() >= _options.Quorum) is not { } agreed) continue;
            foreach (var (member, value, _) in answers.Where(a => a.Key != agreed.Key)) Judge(member, judge(agreed.First().Value, value), what);
            foreach (var (member, _, _) in agreed) member.Agreed();
            Have(kind, from, height);
            return (agreed.First().Value, [.. agreed.Select(a => a.Member)]);
        }

        if (tooLarge is not null) throw tooLarge;
        if (split is not null && answers.Count >= _options.Quorum) throw split; // the halves show where they differ, and a node that cuts long answers may agree on short ones
        throw Lack(kind, height, answers.Count < _options.Quorum
            ? string.Create(CultureInfo.InvariantCulture, $"{answers.Count} of {_members.Length} JSON-RPC providers tell {what}, {_options.Quorum} are needed: {Errors()}.")
            : string.Create(CultureInfo.InvariantCulture, $"No {_options.Quorum} of {answers.Count} JSON-RPC providers agree on {what}: {string.Join(", ", answers.Select(a => a.Member.Label))} differ."));

        async Task<T?> AskAsync(QuorumMember member)
        {
            try
            {
                return (await member.AskAsync(ask, ct)).Value;
            }
            catch (RangeTooLargeException error)
            {
                tooLarge = error;
                return null;
            }
        }
    }

    private sealed record Fault(string What, bool MayLag);

    private Fault? JudgeHeader(IReadOnlyList<BlockHeader> agreed, IReadOnlyList<BlockHeader> its)
    {
        for (var i = 0; i < agreed.Count; i++)
        {
            if (i >= its.Count) return null; // it does not have them: a lag
            if (Agreement.KeyOf([agreed[i]]) == Agreement.KeyOf([its[i]])) continue;
            // Other fields under the same hash are a forgery anywhere, another hash only where the block is final.
            if (agreed[i].Hash != its[i].Hash && !IsFinal(agreed[i].Number)) return null;
            return new Fault(agreed[i].Hash == its[i].Hash
                ? string.Create(CultureInfo.InvariantCulture, $"gives block {agreed[i].Number} ({agreed[i].Hash}) other fields than the others do")
                : OtherHash(agreed[i].Number, its[i].Hash, agreed[i].Hash), MayLag: false);
        }

        return null;
    }

    private Fault? JudgeLogs(LogBatch agreed, LogBatch its, bool byHash)
    {
        var difference = Agreement.Compare(agreed, its);
        if (difference is { Missing: null, Extra: null }) return new Fault("gives the same logs in another order", MayLag: false);
        // By number, what is not final may be of another branch.
        if (difference.Extra is { } extra) return byHash || IsFinal(extra) ? new Fault(difference.ToString(), MayLag: false) : null;
        if (difference.Missing is { } missing) return new Fault(difference.ToString(), MayLag: !IsFinal(missing));
        return null;
    }

    private bool IsFinal(ulong number) => _finalized is { } final && number <= final.Number;

    private void Judge(QuorumMember member, Fault? fault, string what)
    {
        if (fault is null) return;
        var text = $"{what}: {fault.What}";
        if (!fault.MayLag || member.Omitted(text)) Blame(member, text);
    }

    private void Blame(QuorumMember member, string what)
    {
        if (member.State == ProviderState.Disagreeing) return; // asked for want of others: left out as it is
        member.Disagreed(what);
        LogDisagrees(member.Label, _options.Quorum, what);
    }

    private NoQuorumException Lack(string kind, ulong height, string why)
    {
        lock (_lock)
        {
            if (_lacking.Count == 0) LogLacks(why);
            if (!_lacking.TryGetValue(kind, out var first) || height <= first.Height) _lacking[kind] = (why, height); // the lowest holds the mirror up
        }

        return new NoQuorumException(why);
    }

    /// <summary>Ends a lack, where what is agreed on covers its block: each new try agrees again on the blocks before it, and a read ahead on those after it.</summary>
    private void Have(string kind, ulong from, ulong to)
    {
        lock (_lock)
        {
            if (!_lacking.TryGetValue(kind, out var lack) || lack.Height < from || lack.Height > to) return;
            _lacking.Remove(kind);
            if (_lacking.Count == 0) LogHas(_options.Quorum);
        }
    }

    private string Errors() => string.Join("; ", _members.Select(m => m.StatusAt(0)).Where(s => s.LastError is not null).Select(s => $"{s.Provider}: {s.LastError}"));

    [LoggerMessage(Level = LogLevel.Warning, Message = "JSON-RPC provider {Provider} contradicts {Quorum} others and is left out for a while: {What}")]
    private partial void LogDisagrees(string provider, int quorum, string what);

    [LoggerMessage(Level = LogLevel.Error, Message = "Nothing new of the chain is taken in until enough providers agree: {Why}")]
    private partial void LogLacks(string why);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Quorum} JSON-RPC providers agree again")]
    private partial void LogHas(int quorum);
}
