using DePin.Storage.Read;

namespace DePin.Api;

/// <summary>
/// Judges the mirror's lag without a chain call. Chain time may run faster than ours (the dev chain lives a day a minute), so the lag is the wall-clock age of the
/// last change of the checkpoint, times the pace at which chain time was seen to pass.
/// </summary>
public sealed class ChainClock(TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly Dictionary<short, Seen> seen = [];

    private sealed record Seen(long Block, DateTime BlockTime, long At, double Pace);

    /// <summary>Estimated chain seconds since the newest mirrored block; null before the first block.</summary>
    public double? LagSeconds(Network network, MirrorRow mirror)
    {
        if (mirror.BlockTime is not { } blockTime) return null;
        lock (gate)
        {
            var now = time.GetTimestamp();
            if (!seen.TryGetValue(network.Chain, out var last))
            {
                seen[network.Chain] = new Seen(mirror.BlockNumber, blockTime, now, 1);
                return 0;
            }

            if (mirror.BlockNumber == last.Block) return time.GetElapsedTime(last.At, now).TotalSeconds * last.Pace;
            var wall = time.GetElapsedTime(last.At, now).TotalSeconds;
            var chain = (blockTime - last.BlockTime).TotalSeconds;
            var pace = wall > 0.05 && chain > 0 ? Math.Max(1, chain / wall) : last.Pace;
            seen[network.Chain] = new Seen(mirror.BlockNumber, blockTime, now, pace);
            return 0;
        }
    }
}
