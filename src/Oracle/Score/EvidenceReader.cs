using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Lanes;
using DePin.Protocol.Proofs;
using DePin.Storage.Oracle;

namespace DePin.Oracle.Score;

/// <summary>Reads the agreed evidence back from the lanes, hashing everything again: what the database says is not believed.</summary>
public sealed class EvidenceReader(LaneStore lanes)
{
    /// <summary>
    /// Every proof of every batch above <paramref name="previous"/> up to <paramref name="cut"/>; null while a batch is missing here, or another one
    /// lies in its place.
    /// </summary>
    public async Task<IReadOnlyList<SignedProof>?> ReadAsync(NetworkId network, Cut previous, Cut cut, CancellationToken ct)
    {
        var proofs = new List<SignedProof>();
        foreach (var lane in cut.Lanes)
        {
            if (await ReadLaneAsync(network, previous.Of(lane.Operator), lane, ct) is not { } batches) return null;
            foreach (var batch in batches) proofs.AddRange(batch.Proofs);
        }

        return proofs;
    }

    /// <summary>The batches of one lane above <paramref name="from"/> up to <paramref name="to"/>, ascending; null while one is missing here or differs.</summary>
    public async Task<IReadOnlyList<Protocol.Lanes.Batch>?> ReadLaneAsync(NetworkId network, LaneHeight from, LaneHeight to, CancellationToken ct)
    {
        var batches = new Stack<Protocol.Lanes.Batch>();
        var expected = to.Digest;
        for (var index = to.Height; index > from.Height; index--)
        {
            if (await lanes.FindBatchAsync(to.Operator, (long)index, ct) is not { } row) return null;
            var header = BatchHeader.Parse(row.Header);
            if (header.Digest != expected || header.Index != index || header.Operator != to.Operator) return null;
            if (!Protocol.Lanes.Batch.TryOpen(network, header, row.Body, out var batch, out var refusal))
                throw new InvalidOperationException($"Stored batch {index} of lane {to.Operator} does not hash to its header ({refusal}): the database is damaged; restore it or drop the lane and fetch it again.");
            batches.Push(batch);
            expected = header.Previous;
        }

        // Where the cut is not above the previous one there is nothing to link.
        if (to.Height > from.Height && expected != (from.Height == 0 ? Bytes32.Zero : from.Digest)) return null;
        return [.. batches];
    }
}
