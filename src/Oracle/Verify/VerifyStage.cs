using DePin.Oracle.Network;
using DePin.Oracle.Running;
using DePin.Protocol.Proofs;
using DePin.Protocol.Verification;
using DePin.Signing;
using DePin.Storage.Oracle;

namespace DePin.Oracle.Verify;

/// <summary>
/// Judges each proof of each stored batch by itself, with the registry as it is now, so that a provider sees within seconds what will become of it.
/// For display only: sealing does not wait for it, and what counts is computed at the cut from the anchor's registry.
/// </summary>
public sealed class VerifyStage(VerdictStore store, NetworkView view, DeviceDirectory devices, ClassCatalogue classes, IOperatorSigner keys) : IStage
{
    /// <inheritdoc/>
    public string Name => "verify";

    /// <inheritdoc/>
    public TimeSpan Pace => TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public async Task<bool> StepAsync(CancellationToken ct)
    {
        var began = OracleTraces.Source.Begin();
        List<VerdictRow> verdicts = [];
        var judged = await store.JudgeNextAsync(batch => verdicts = Judge(batch), ct);
        OracleTraces.Verified(began, verdicts, keys.Address);
        return judged is not null;
    }

    private List<VerdictRow> Judge(BatchRow batch)
    {
        var verdicts = new List<VerdictRow>();
        ReadOnlyMemory<byte> rest = batch.Body;
        while (rest.Length > 0 && SignedProof.TryRead(rest, out var signed, out var consumed, out _))
        {
            rest = rest[consumed..];
            var proof = signed.Proof;
            var epoch = view.Facts.EpochOf(proof.TimeMs);
            // A liar's lane may hold any time: no partition is made for what no epoch near this one can count.
            if (epoch == 0 || epoch > view.CurrentEpoch + 1 || proof.TimeMs < view.OldestUsefulTime) continue;
            var verdict = Judge(proof);
            verdicts.Add(new VerdictRow((long)epoch, proof.Id.Value, proof.Class.Value, (short)verdict.Judgement, verdict.Reason, (int)verdict.QualityPpm));
        }

        return verdicts;
    }

    private Verdict Judge(DeviceProof proof)
    {
        if (!devices.TryGet(proof.Device, out var device)) return Verdict.Reject(RejectReason.UnknownDevice);
        if (!device.IsActive) return Verdict.Reject(RejectReason.DeviceInactive);
        if (classes.Find(proof.Class) is not { } rules) return Verdict.Reject(RejectReason.UnknownClass);
        if (device.View.Class != proof.Class) return Verdict.Reject(RejectReason.WrongClass);
        if (rules.Descriptor.FindSchema(proof.Schema) is not { } schema) return Verdict.Reject(RejectReason.UnknownSchema);
        if (proof.Payload.Length < schema.MinLength || proof.Payload.Length > schema.MaxLength) return Verdict.Reject(RejectReason.BadPayloadLength);
        return rules.VerifyItem(new ProofItem(proof, device.View));
    }
}
