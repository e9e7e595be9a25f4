using DePin.Cryptography;
using DePin.Oracle.Network;
using DePin.Protocol.Lanes;
using DePin.Signing;
using DePin.Storage.Oracle;

namespace DePin.Oracle.Batch;

/// <summary>
/// Mends lanes of liars. An operator that seals two batches for one index may show this node the one and the others the other; the others' is then
/// certified, and this node would never hold the agreed evidence. It fetches the certified branch back to where both agree and keeps that.
/// </summary>
public sealed partial class LaneHealer(LaneStore store, LaneClient client, LaneKeeper keeper, IOperatorSigner keys, ILogger<LaneHealer> logger)
{
    /// <summary>Looks at every lane with a certificate and mends those whose certified batch is not the one here.</summary>
    public async Task HealAsync(IReadOnlyList<Member> peers, CancellationToken ct)
    {
        foreach (var certificate in await store.GetCertificatesAsync(ct))
        {
            var head = new LaneHead(certificate[0].Index, certificate[0].Digest);
            var lane = certificate[0].Lane;
            if (lane != keys.Address && await DiffersAsync(lane, head, ct)) await HealAsync(lane, head, peers, ct);
        }
    }

    // Behind is not different: then fetching forwards does, unless what is here is on the other branch, which shows at the next certificate's links.
    private async Task<bool> DiffersAsync(Address lane, LaneHead head, CancellationToken ct)
    {
        var row = await store.GetLaneAsync(lane, ct);
        if (row.Height < (long)head.Index) return row.Height > 0 && await store.HasConflictAsync(lane, row.Height, ct);
        return await store.FindBatchAsync(lane, (long)head.Index, ct) is { } here && here.Digest != head.Digest;
    }

    private async Task HealAsync(Address lane, LaneHead certified, IReadOnlyList<Member> peers, CancellationToken ct)
    {
        var branch = new Stack<(Protocol.Lanes.Batch Batch, Acknowledgement ByLane)>();
        var wanted = certified;
        while (wanted.Index > 0)
        {
            if (await store.FindBatchAsync(lane, (long)wanted.Index, ct) is { } here && here.Digest == wanted.Digest) break;
            if (await FetchAsync(lane, wanted, peers, ct) is not { } found) return; // nobody reachable holds it now; next time
            branch.Push(found);
            wanted = new LaneHead(wanted.Index - 1, found.Batch.Header.Previous);
        }

        if (branch.Count > 0 && await store.ReplaceAsync([.. branch.Select(b => b.Batch)], [.. branch.Select(b => b.ByLane)], ct))
            LogHealed(logger, lane, wanted.Index + 1, certified.Index);
    }

    private async Task<(Protocol.Lanes.Batch Batch, Acknowledgement ByLane)?> FetchAsync(Address lane, LaneHead wanted, IReadOnlyList<Member> peers, CancellationToken ct)
    {
        foreach (var peer in peers)
        {
            try
            {
                if (await client.FetchAsync(peer, lane, wanted.Index, ct) is { } message && keeper.TryOpenCertified(message, lane, wanted, out var batch, out var byLane))
                    return (batch, byLane);
            }
            catch (Exception error) when (error is HttpRequestException or TaskCanceledException && !ct.IsCancellationRequested)
            {
                // The next peer.
            }
        }

        return null;
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "Operator {Lane} lied about its lane: batches {From} to {To} were replaced by the certified ones")]
    private static partial void LogHealed(ILogger logger, Address lane, ulong from, ulong to);
}
