using DePin.Cryptography;
using DePin.Oracle.Network;
using DePin.Oracle.Running;
using DePin.Protocol.Lanes;
using DePin.Protocol.Proofs;
using DePin.Signing;
using DePin.Storage.Oracle;

namespace DePin.Oracle.Batch;

/// <summary>
/// Seals the own lane's batches: at most 2,048 proofs or 1 MiB, at most one a second unless full. Starts only once enough peers have said how
/// far they hold the own lane, and has fetched what is missing here: a node restored from an old copy must not seal an index twice.
/// </summary>
public sealed partial class SealStage(
    LaneStore store, LaneClient peers, LaneKeeper keeper, NetworkView view, IOperatorSigner keys, LaneOptions options, ILogger<SealStage> logger) : IStage
{
    private bool _knowsOwnLane;

    /// <inheritdoc/>
    public string Name => "seal";

    /// <inheritdoc/>
    public TimeSpan Pace => options.SealEvery;

    /// <inheritdoc/>
    public async Task<bool> StepAsync(CancellationToken ct)
    {
        if (view.Current?.Find(keys.Address) is null) return false; // not an operator (yet, or any more)
        if (!_knowsOwnLane && !(_knowsOwnLane = await RecoverOwnLaneAsync(ct))) return false;

        var (began, full) = (OracleTraces.Source.Begin(), false);
        List<SignedProof> proofs = [];
        var head = await store.SealAsync(keys.Address, options.MaxProofs, (after, waiting) =>
        {
            proofs = Take(waiting);
            full = proofs.Count == options.MaxProofs || proofs.Count < waiting.Count;
            var batch = Protocol.Lanes.Batch.Seal(view.Facts.Id, keys.Address, after, view.Now, proofs);
            var own = Acknowledgement.Sign(view.Facts.Id, keys.Address, new LaneHead(batch.Header.Index, batch.Digest), keys.Address,
                message => keys.SignProtocol(message));
            return (batch, own, proofs.Count);
        }, ct);
        if (head is { } sealedHead)
        {
            OracleMeters.Sealed.Add(1);
            LogSealed(logger, sealedHead.Index, sealedHead.Digest);
            OracleTraces.Sealed(began, proofs, sealedHead.Index, keys.Address);
        }

        return full;
    }

    private static List<SignedProof> Take(IReadOnlyList<UnsealedProof> waiting)
    {
        var proofs = new List<SignedProof>(waiting.Count);
        var size = 0;
        foreach (var row in waiting)
        {
            if (!DeviceProof.TryParse(row.Envelope, out var proof, out var fault))
                throw new InvalidOperationException($"Stored proof {row.Id} does not parse ({fault}): oracle.proofs was changed by hand or by a broken disk.");
            var signed = new SignedProof(proof, row.Signature);
            size += signed.EncodedSize;
            if (size > Protocol.Lanes.Batch.MaxBody) break;
            proofs.Add(signed);
        }

        return proofs;
    }

    // f+1 of the others meet every certified batch of the own lane: 2f of them hold it.
    private async Task<bool> RecoverOwnLaneAsync(CancellationToken ct)
    {
        var roster = view.Current!;
        var heard = 0;
        foreach (var peer in roster.Members.Where(m => m.Address != keys.Address))
        {
            try
            {
                var lanes = await peers.GetLanesAsync(peer, ct);
                var theirs = lanes.Lanes_.FirstOrDefault(l => LaneMessages.TryAddress(l.Operator, out var lane) && lane == keys.Address)?.Height ?? 0;
                var mine = (ulong)(await store.GetLaneAsync(keys.Address, ct)).Height;
                if (theirs > mine) LogBehind(logger, mine, theirs, peer.Address);
                while (mine < theirs && await peers.FetchAsync(peer, keys.Address, mine + 1, ct) is { } batch
                    && (await keeper.AcceptAsync(batch, ct)).Refusal == LaneRefusal.None) mine++;
                if (mine >= theirs) heard++; // else what is missing here must come first
            }
            catch (Exception error) when (error is HttpRequestException or TaskCanceledException && !ct.IsCancellationRequested)
            {
                LogSilent(logger, peer.Address, error.Message);
            }
        }

        return heard > roster.Set.Quorum.Faulty;
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Sealed batch {Index} {Digest}")]
    private static partial void LogSealed(ILogger logger, ulong index, Bytes32 digest);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The own lane is at {Mine} here but at {Theirs} with {Peer}: this database is older than what was sent; the missing batches are fetched")]
    private static partial void LogBehind(ILogger logger, ulong mine, ulong theirs, Address peer);

    [LoggerMessage(Level = LogLevel.Information, Message = "Peer {Peer} did not say how far it holds the own lane: {Problem}")]
    private static partial void LogSilent(ILogger logger, Address peer, string problem);
}
