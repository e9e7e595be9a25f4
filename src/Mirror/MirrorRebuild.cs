using Microsoft.Extensions.Logging;
using Npgsql;

namespace DePin.Mirror;

/// <summary>How far a rebuild is.</summary>
/// <param name="Block">Last block of the new mirror.</param>
/// <param name="Target">Block at which it is compared with the old one.</param>
public sealed record RebuildProgress(ulong Block, ulong Target);

/// <summary>What a rebuild found.</summary>
/// <param name="Compared">The block at which both mirrors were compared; null where there was no old one, or it halted on blocks that the chain dropped.</param>
/// <param name="Differences">Tables whose contents differ; empty when the mirrors are identical.</param>
public sealed record RebuildResult(BlockPoint? Compared, IReadOnlyList<string> Differences);

/// <summary>
/// Indexes the chain anew into a schema beside the mirror, compares the two table by table at one block and, if asked, puts the new one in place. Readers
/// keep the old mirror meanwhile. The follower of the old mirror must be stopped for the comparison to meet at one block, or be compared at its checkpoint
/// by letting it rest; the role must own the schemas.
/// </summary>
public sealed class MirrorRebuild(NpgsqlDataSource owner, string connectionString, MirroredNetwork network, IChainSource source, FollowerOptions options, TimeProvider time, ILoggerFactory loggers)
{
    /// <summary>Rebuilds up to the checkpoint of the old mirror (or, where there is none, the tip) and compares.</summary>
    /// <param name="promote">Put the new mirror in the place of the old one.</param>
    /// <param name="progress">Told after each step; may be null.</param>
    /// <param name="ct">Cancels; the old mirror is untouched then.</param>
    public async Task<RebuildResult> RunAsync(bool promote, IProgress<RebuildProgress>? progress, CancellationToken ct)
    {
        await MirrorSchema.CreateRebuildAsync(owner, ct);
        await using var oldDatabase = new MirrorDatabase(connectionString);
        await using var newDatabase = new MirrorDatabase(connectionString, MirrorDatabase.Rebuild);
        var previous = await new MirrorReader(oldDatabase, network, new EmissionSchedule(0, 0)).GetCheckpointAsync(ct);
        var mirror = new ChainMirror(newDatabase, network);
        await mirror.InitializeAsync(ct);
        var bounded = new BoundedSource(source, previous?.Block.Number);
        var follower = new ChainFollower(mirror, bounded, options, time, loggers.CreateLogger<ChainFollower>());
        while (await follower.StepAsync(ct) != Convergence.NothingNew)
            progress?.Report(new RebuildProgress(follower.Status.Head?.Number ?? 0, previous?.Block.Number ?? follower.Status.Tip?.Number ?? 0));

        RebuildResult result;
        if (previous is null)
        {
            result = new RebuildResult(null, []);
        }
        else
        {
            var made = (await mirror.GetCheckpointAsync(ct)).Block;
            if (made != previous.Block && previous.Halted is null)
                throw new ChainSourceException($"The new mirror ends at block {made.Number} ({made.Hash}), the old one at {previous.Block.Number} ({previous.Block.Hash}): the chain reorganized meanwhile. Run it again.");
            // A halted mirror holds blocks that the chain dropped after they were final: there is no block at which the two could meet.
            result = made != previous.Block
                ? new RebuildResult(null, [])
                : new RebuildResult(made, MirrorContent.Differences(
                    await MirrorContent.HashAsync(oldDatabase, network.ChainId, ct), await MirrorContent.HashAsync(newDatabase, network.ChainId, ct)));
        }

        // What moved while it was compared cannot be told from what was wrong.
        if (previous is not null && (await new MirrorReader(oldDatabase, network, new EmissionSchedule(0, 0)).GetCheckpointAsync(ct))?.Block != previous.Block)
            throw new ChainSourceException("The mirror moved on while it was compared: its indexer runs. Stop the indexer and run it again.");
        if (promote) await MirrorSchema.PromoteRebuildAsync(owner, network.ChainId, ct);
        else await MirrorSchema.DropRebuildAsync(owner, ct);
        return result;
    }

    /// <summary>The chain as it was when the old mirror stopped.</summary>
    private sealed class BoundedSource(IChainSource inner, ulong? last) : IChainSource
    {
        public bool SkipsNumbers => inner.SkipsNumbers;

        public async Task<ChainHeads> GetHeadsAsync(CancellationToken ct)
        {
            var heads = await inner.GetHeadsAsync(ct);
            if (last is not { } bound || heads.Latest.Number <= bound) return heads;
            var latest = (await inner.GetHeadersAsync(bound, bound, ct)).SingleOrDefault() ?? throw new ChainSourceException($"The node does not have block {bound}.");
            return new ChainHeads(latest, heads.Finalized is { } final && final.Number > bound ? latest.Point : heads.Finalized);
        }

        public Task<IReadOnlyList<BlockHeader>> GetHeadersAsync(ulong from, ulong to, CancellationToken ct) => inner.GetHeadersAsync(from, to, ct);

        public Task<LogBatch> GetLogsAsync(ulong from, ulong to, CancellationToken ct) => inner.GetLogsAsync(from, to, ct);

        public Task<LogBatch> GetLogsByHashAsync(IReadOnlyList<BlockPoint> blocks, CancellationToken ct) => inner.GetLogsByHashAsync(blocks, ct);

        public Task<LogBatch> GetBlockLogsAsync(BlockPoint block, CancellationToken ct) => inner.GetBlockLogsAsync(block, ct);
    }
}
