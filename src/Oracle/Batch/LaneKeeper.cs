using DePin.Cryptography;
using DePin.Oracle.Network;
using DePin.Protocol.Canonical;
using DePin.Protocol.Lanes;
using DePin.Signing;
using DePin.Storage.Oracle;
using SealedBatch = DePin.Oracle.Batch.Wire.SealedBatch;

namespace DePin.Oracle.Batch;

/// <summary>An acknowledgement, or why there is none; with the height at which the lane is held here, and perhaps a time to wait.</summary>
public readonly record struct LaneAnswer(LaneRefusal Refusal, Acknowledgement? Acknowledgement, ulong Height, TimeSpan RetryAfter = default);

/// <summary>
/// Takes other operators' batches, pushed or pulled: checks header, body, the lane operator's signature and every device signature, makes
/// the batch durable, and only then gives the acknowledgement. Also keeps certificates.
/// </summary>
public sealed partial class LaneKeeper(LaneStore store, NetworkView view, DeviceDirectory devices, IOperatorSigner keys, RequestLimits limits, LaneOptions options, ILogger<LaneKeeper> logger)
{
    /// <summary>Judges and stores a batch that was fetched.</summary>
    public Task<LaneAnswer> AcceptAsync(SealedBatch message, CancellationToken ct) => AcceptAsync(message, pushed: false, ct);

    /// <summary>Judges and stores a batch that its operator, or somebody in its name, pushes: at most as many as the operator's share.</summary>
    public Task<LaneAnswer> AcceptPushedAsync(SealedBatch message, CancellationToken ct) => AcceptAsync(message, pushed: true, ct);

    private async Task<LaneAnswer> AcceptAsync(SealedBatch message, bool pushed, CancellationToken ct)
    {
        var network = view.Facts.Id;
        if (!TryReadHeader(message.Header.Span, out var header)) return Refuse(LaneRefusal.Malformed);
        if (view.Current is null) return Refuse(LaneRefusal.NotReady);
        if (view.FindMember(header.Operator) is not { } member) return Refuse(LaneRefusal.Stranger);
        if (message.Signature.Length != ProtocolSignature.Size) return Refuse(LaneRefusal.NotSigned);
        var byLane = new Acknowledgement(header.Operator, header.Index, header.Digest, header.Operator, new ProtocolSignature(message.Signature.Span));
        if (!byLane.Verify(network, member.ProtocolKey, ProtocolSignature.Verify)) return Refuse(LaneRefusal.NotSigned);
        // Only what the operator signed itself counts against it: nobody else can use up its share (a repeat of an old batch can; it is the peer's to send).
        if (pushed && limits.EnterLane(header.Operator) is var wait && wait > TimeSpan.Zero) return new LaneAnswer(LaneRefusal.TooFast, null, 0, wait);

        var lane = await store.GetLaneAsync(header.Operator, ct);
        if ((long)header.Index > lane.Height + 1) return Refuse(LaneRefusal.Gap, lane);
        if (!Protocol.Lanes.Batch.TryOpen(network, header, message.Body.Memory, out var batch, out var fault))
        {
            LogMalformed(logger, header.Operator, header.Index, fault);
            return Refuse(LaneRefusal.Malformed, lane);
        }

        if (FindBadProof(batch) is var refusal and not LaneRefusal.None)
        {
            LogBadProofs(logger, header.Operator, header.Index, refusal);
            return Refuse(refusal, lane);
        }

        var own = Acknowledgement.Sign(network, header.Operator, new LaneHead(header.Index, header.Digest), keys.Address, message => keys.SignProtocol(message));
        var (result, after) = await store.AcceptAsync(batch, byLane, own, ct);
        switch (result)
        {
            case BatchAcceptance.Gap:
                return Refuse(LaneRefusal.Gap, after);
            case BatchAcceptance.Settled:
                return Refuse(LaneRefusal.Settled, after);
            case BatchAcceptance.Conflict:
                LogConflict(logger, header.Operator, header.Index, header.Digest);
                OracleMeters.Alarms.Add(1, new KeyValuePair<string, object?>("kind", "lane-conflict"));
                return Refuse(LaneRefusal.Conflict, after);
            case BatchAcceptance.KnownConflict:
            case BatchAcceptance.StoredSilently:
                return Refuse(LaneRefusal.Conflict, after);
            case BatchAcceptance.Stored:
                OracleMeters.Acknowledged.Add(1);
                break;
        }

        return new LaneAnswer(LaneRefusal.None, own, (ulong)after.Height);
    }

    /// <summary>Keeps a certificate if it holds q good acknowledgements of distinct operators of the running set.</summary>
    /// <returns>Whether it was good; it may have been here already.</returns>
    public async Task<bool> AcceptCertificateAsync(IReadOnlyList<Acknowledgement> acknowledgements, CancellationToken ct)
    {
        if (view.Current is not { } roster || acknowledgements.Count != roster.Quorum) return false;
        var first = acknowledgements[0];
        for (var i = 0; i < acknowledgements.Count; i++)
        {
            var one = acknowledgements[i];
            if (one.Lane != first.Lane || one.Index != first.Index || one.Digest != first.Digest) return false;
            if (i > 0 && acknowledgements[i - 1].Signer >= one.Signer) return false;
            if (roster.Find(one.Signer) is not { } signer || !one.Verify(view.Facts.Id, signer.ProtocolKey, ProtocolSignature.Verify)) return false;
        }

        await store.AddCertificateAsync(acknowledgements, ct);
        return true;
    }

    /// <summary>Opens a batch that a certificate names, so q operators have judged its proofs: checks bytes, links and the lane operator's signature.</summary>
    public bool TryOpenCertified(SealedBatch message, Address lane, LaneHead wanted, out Protocol.Lanes.Batch batch, out Acknowledgement byLane)
    {
        batch = null!;
        byLane = default;
        if (message.Signature.Length != ProtocolSignature.Size || view.FindMember(lane) is not { } member) return false;
        if (!TryReadHeader(message.Header.Span, out var header) || header.Digest != wanted.Digest || header.Index != wanted.Index || header.Operator != lane) return false;
        byLane = new Acknowledgement(lane, header.Index, header.Digest, lane, new ProtocolSignature(message.Signature.Span));
        return byLane.Verify(view.Facts.Id, member.ProtocolKey, ProtocolSignature.Verify)
            && Protocol.Lanes.Batch.TryOpen(view.Facts.Id, header, message.Body.Memory, out batch!, out _);
    }

    private static bool TryReadHeader(ReadOnlySpan<byte> bytes, out BatchHeader header)
    {
        try
        {
            header = BatchHeader.Parse(bytes);
            return true;
        }
        catch (CanonicalFormatException)
        {
            header = null!;
            return false;
        }
    }

    // Every signature is judged: an acknowledgement says that the batch is evidence, not only that bytes arrived. A device that stays unknown
    // past the patience must not stop the lane for ever (its registration may have been undone by a reorg): the cut rejects its proofs.
    private LaneRefusal FindBadProof(Protocol.Lanes.Batch batch)
    {
        var refusal = LaneRefusal.None;
        var patient = batch.Header.SealedAtMs + (ulong)options.UnknownDevicePatience.TotalMilliseconds > view.Now;
        Parallel.ForEach(batch.Proofs, (proof, state) =>
        {
            if (!devices.TryGet(proof.Proof.Device, out var device))
            {
                if (patient) Note(LaneRefusal.UnknownDevice);
            }
            else if (!device.Key.Verify(proof.Proof.Envelope.Span, proof.Signature.Span))
            {
                Note(LaneRefusal.BadProof);
            }

            void Note(LaneRefusal found)
            {
                refusal = found;
                state.Stop();
            }
        });
        return refusal;
    }

    private static LaneAnswer Refuse(LaneRefusal refusal, LaneRow? lane = null) => new(refusal, null, (ulong)(lane?.Height ?? 0));

    [LoggerMessage(Level = LogLevel.Warning, Message = "Batch {Index} of lane {Lane} was refused: {Fault}")]
    private static partial void LogMalformed(ILogger logger, Address lane, ulong index, BatchRefusal fault);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Batch {Index} of lane {Lane} was not acknowledged: {Refusal}")]
    private static partial void LogBadProofs(ILogger logger, Address lane, ulong index, LaneRefusal refusal);

    [LoggerMessage(Level = LogLevel.Critical, Message = "Operator {Lane} signed a second batch {Digest} for index {Index} of its lane; the proof is in oracle.lane_conflicts")]
    private static partial void LogConflict(ILogger logger, Address lane, ulong index, Bytes32 digest);
}
