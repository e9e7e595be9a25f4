using DePin.Cryptography;
using DePin.Oracle.Network;
using DePin.Oracle.Running;
using DePin.Protocol.Canonical;
using DePin.Protocol.Lanes;
using DePin.Protocol.Proofs;
using DePin.Signing;
using DePin.Storage.Oracle;

namespace DePin.Oracle.Batch;

/// <summary>
/// Seals anew, in the own lane, what a departed operator's lane holds above the last cut that named it. A cut names the lanes of its config alone, so without this a proof that q
/// operators had acknowledged would be lost with the operator that sealed it (docs/decisions/0007). f + 1 of the present operators do it for a lane, so that one of them is honest.
/// </summary>
public sealed partial class AdoptStage(
    DepartedLaneStore departed, LaneStore lanes, ProofStore proofs, NetworkView view, DeviceDirectory devices, IOperatorSigner keys, LaneOptions options, ILogger<AdoptStage> logger) : IStage
{
    /// <inheritdoc/>
    public string Name => "adopt";

    /// <inheritdoc/>
    public TimeSpan Pace => options.AdoptEvery;

    /// <inheritdoc/>
    public async Task<bool> StepAsync(CancellationToken ct)
    {
        if (view.Current is not { } roster || roster.Find(keys.Address) is null) return false;
        var more = false;
        foreach (var lane in await departed.GetAsync([.. roster.Set.Addresses], ct))
        {
            if (IsMine(lane.Operator, roster)) more |= await AdoptNextAsync(lane, ct);
        }

        return more;
    }

    /// <summary>Whether this operator is among the f + 1 that adopt a lane: the first in ascending keccak(lane · operator).</summary>
    private bool IsMine(Address lane, OperatorRoster roster) =>
        roster.Set.Addresses.OrderBy(member => Keccak256.Hash(lane.AsSpan(), member.AsSpan())).Take(roster.Set.Quorum.Faulty + 1).Contains(keys.Address);

    /// <summary>One batch a lane and step.</summary>
    private async Task<bool> AdoptNextAsync(DepartedLane lane, CancellationToken ct)
    {
        var from = Math.Max(lane.AdoptedHeight, Math.Min((long)await departed.GetCutHeightAsync(lane.Operator, ct), lane.Height));
        if (from < lane.Height)
        {
            from++;
            if (await lanes.FindBatchAsync(lane.Operator, from, ct) is { } batch) await AdoptAsync(batch, ct); // else it is pruned: an earlier cut took it
        }

        await departed.SetAdoptedAsync(lane.Operator, from, ct); // after the proofs are durable: a second time does no harm
        return from < lane.Height;
    }

    private async Task AdoptAsync(BatchRow row, CancellationToken ct)
    {
        if (!Protocol.Lanes.Batch.TryOpen(view.Facts.Id, BatchHeader.Parse(row.Header), row.Body, out var batch, out var refusal))
            throw new CanonicalFormatException($"Stored batch {row.Index} of lane {row.Operator} does not open ({refusal}): oracle.batches was changed by hand or by a broken disk.");
        var wanted = batch.Proofs.Where(CanCount).Select(ToReceived).ToList();
        if (wanted.Count > 0) await proofs.InsertAsync(wanted, ct);
        LogAdopted(logger, row.Operator, row.Index, wanted.Count, batch.Proofs.Length);
    }

    // What is sealed here is this operator's word: the device's signature is judged again, as for a proof that a device posts.
    private bool CanCount(SignedProof proof) => proof.Proof.TimeMs >= view.OldestUsefulTime && proof.Proof.Sequence <= long.MaxValue
        && devices.TryGet(proof.Proof.Device, out var device) && device.Watermark?.Takes(proof.Proof.Sequence) != false
        && device.Key.Verify(proof.Proof.Envelope.Span, proof.Signature.Span);

    private ReceivedProof ToReceived(SignedProof signed)
    {
        var proof = signed.Proof;
        return new ReceivedProof((long)view.Facts.EpochOf(proof.TimeMs), proof.Id.Value, proof.Device.Value, proof.Class.Value, proof.Schema, (long)proof.Sequence, (long)proof.TimeMs,
            (long)view.Now, proof.Envelope, signed.Signature);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Took {Count} of {All} proofs of batch {Index} of the departed lane {Lane} into the own lane")]
    private static partial void LogAdopted(ILogger logger, Address lane, long index, int count, int all);
}
