using System.Collections.Concurrent;
using System.Text.Json;
using DePin.Storage.Read;
using Microsoft.Extensions.Options;
using Npgsql;

namespace DePin.Api.Live;

/// <summary>
/// Watches every mirror's checkpoint and writes what the blocks since the last look changed into the network's <see cref="FeedLog"/>: one reader of the
/// database however many listen. A reorg is told before what stands in place of the dropped blocks.
/// </summary>
public sealed partial class ChangeFeed(ChangeReads reads, IOptions<ApiOptions> options, ILogger<ChangeFeed> logger) : BackgroundService
{
    /// <summary>Blocks that are remembered to find how deep a reorg was.</summary>
    private const int Remembered = 1_024;

    /// <summary>Changes of a kind that one look sends; where there are more, as in a backfill, listeners reload.</summary>
    private const int MostAtOnce = 500;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    private readonly ConcurrentDictionary<short, FeedLog> _logs = new();
    private readonly Dictionary<short, Followed> _followed = [];

    private sealed class Followed(MirrorPoint point)
    {
        public MirrorPoint Point { get; set; } = point;

        public SortedDictionary<long, string> Blocks { get; } = new() { [point.Block] = point.Hash };
    }

    /// <summary>Changes whenever any network does.</summary>
    public long Version => _logs.Values.Sum(log => log.Version);

    /// <summary>The events of a chain's network.</summary>
    public FeedLog Of(short chain) => _logs.GetOrAdd(chain, _ => new FeedLog(options.Value.FeedEvents));

    /// <summary>Looks once; tests call it by hand.</summary>
    public async Task StepAsync(CancellationToken ct)
    {
        foreach (var point in await reads.HeadsAsync(ct))
        {
            var log = Of(point.ChainId);
            if (!_followed.TryGetValue(point.ChainId, out var followed))
            {
                _followed[point.ChainId] = new Followed(point);
                log.Add([Head(point)]);
            }
            else if (followed.Point != point)
            {
                log.Add(await FollowAsync(followed, point, ct));
            }
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        var failures = 0;
        while (!stoppingToken.IsCancellationRequested)
        {
            var pause = options.Value.FeedPace;
            try
            {
                await StepAsync(stoppingToken);
                failures = 0;
            }
            catch (Exception error) when (error is NpgsqlException or TimeoutException or IOException)
            {
                pause *= 1 << Math.Min(++failures, 6);
                if (pause > LongestPause) pause = LongestPause;
                LogFailed(logger, failures, error.Message);
            }

            await Task.Delay(pause, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<IReadOnlyCollection<FeedEvent>> FollowAsync(Followed followed, MirrorPoint point, CancellationToken ct)
    {
        var events = new List<FeedEvent>();
        var before = followed.Point;
        if (point.Block != before.Block || point.Hash != before.Hash)
        {
            var newest = Numbers(Math.Max(Math.Min(before.Block, point.Block), point.Block - Remembered + 1), point.Block);
            var hashes = await reads.HashesAsync(point.ChainId, newest.Append(before.Block), ct);
            if (hashes.GetValueOrDefault(point.Block) != point.Hash) return []; // it moved since: the next look sees where to
            var after = before.Block;
            if (hashes.GetValueOrDefault(before.Block) != before.Hash)
            {
                if (await FindCommonAsync(followed, ct) is not { } common)
                {
                    followed.Blocks.Clear();
                    followed.Blocks[point.Block] = point.Hash;
                    followed.Point = point;
                    return [Reset("The chain was reorganized deeper than this feed remembers."), Head(point)];
                }

                after = common;
                events.Add(new FeedEvent("reorg", JsonSerializer.Serialize(new { Kept = after, Dropped = before.Block - after }, Json)));
                foreach (var dropped in followed.Blocks.Keys.Where(n => n > after).ToList()) followed.Blocks.Remove(dropped);
                hashes = await reads.HashesAsync(point.ChainId, Numbers(Math.Max(after + 1, point.Block - Remembered + 1), point.Block), ct);
            }

            var changes = await reads.SinceAsync(point.ChainId, after, point.Block, MostAtOnce, ct);
            if (changes.Whole) events.AddRange(Tell(changes, ChainText.Of(point.Caip2)));
            else events.Add(Reset("More changed at once than this feed sends."));
            foreach (var (number, hash) in hashes) followed.Blocks[number] = hash;
            while (followed.Blocks.Count > Remembered) followed.Blocks.Remove(followed.Blocks.First().Key);
        }

        for (var epoch = before.Imported + 1; epoch <= point.Imported; epoch++) events.Add(new FeedEvent("evidence", JsonSerializer.Serialize(new { Epoch = epoch }, Json)));
        events.Add(Head(point));
        followed.Point = point;
        return events;
    }

    /// <summary>The newest remembered block that the mirror still has, or null.</summary>
    private async Task<long?> FindCommonAsync(Followed followed, CancellationToken ct)
    {
        var hashes = await reads.HashesAsync(followed.Point.ChainId, followed.Blocks.Keys, ct);
        foreach (var (number, hash) in followed.Blocks.Reverse())
        {
            if (hashes.GetValueOrDefault(number) == hash) return number;
        }

        return null;
    }

    private static IEnumerable<long> Numbers(long from, long to)
    {
        for (var number = from; number <= to; number++) yield return number;
    }

    // In the order of blocks; within a block reports, claims, devices.
    private static IEnumerable<FeedEvent> Tell(Changes changes, ChainText text) =>
        changes.Reports.Select(r => (r.Block, Event: new FeedEvent("report", JsonSerializer.Serialize(r, Json))))
            .Concat(changes.Claims.Select(c => (c.Block, Event: new FeedEvent("claim", JsonSerializer.Serialize(c.In(text), Json)))))
            .Concat(changes.Devices.Select(d => (d.Block, Event: new FeedEvent("device", JsonSerializer.Serialize(d.In(text), Json)))))
            .OrderBy(e => e.Block).Select(e => e.Event);

    // The id names the block and what else the head says, so that two heads of one block are told apart.
    private static FeedEvent Head(MirrorPoint point) => new(
        "head", JsonSerializer.Serialize(new { point.Block, point.In(ChainText.Of(point.Caip2)).Hash, point.Finalized, point.Imported }, Json),
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{point.Block}-{point.Hash.AsSpan(2, 8)}-{point.Finalized}-{point.Imported}"));

    internal static FeedEvent Reset(string why) => new("reset", JsonSerializer.Serialize(new { Why = why }, Json));

    [LoggerMessage(Level = LogLevel.Warning, Message = "The live feed could not look, attempt {Failures}: {Problem}")]
    private static partial void LogFailed(ILogger logger, int failures, string problem);
}
