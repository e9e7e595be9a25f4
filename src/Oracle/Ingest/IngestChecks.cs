using DePin.Oracle.Network;
using DePin.Protocol.Proofs;
using DePin.Storage.Oracle;

namespace DePin.Oracle.Ingest;

/// <summary>A proof after the checks: taken, or refused with a reason and perhaps a time to wait.</summary>
/// <param name="Proof">What to store; null when refused, but for <see cref="IngestRefusal.Replayed"/>, whose receipt may be asked again.</param>
public readonly record struct CheckedProof(IngestRefusal Refusal, ReceivedProof? Proof, TimeSpan RetryAfter = default);

/// <summary>Which proofs can count at all. Cheap checks first, the signature last: an attacker pays before we do.</summary>
public sealed class IngestChecks(NetworkView view, DeviceDirectory devices, ClassCatalogue classes, IngestOptions options)
{
    private readonly BucketRule _limit = new(options.DeviceProofsPerSecond, options.DeviceBurst);

    /// <summary>Judges one proof. Safe to call from any number of threads.</summary>
    /// <param name="envelope">Kept when taken: the caller no longer writes to it.</param>
    /// <param name="signature">Likewise.</param>
    public CheckedProof Check(ReadOnlyMemory<byte> envelope, ReadOnlyMemory<byte> signature)
    {
        if (envelope.Length > DeviceProof.MaxSize) return Refuse(IngestRefusal.Oversized);
        if (signature.Length != SignedProof.SignatureSize) return Refuse(IngestRefusal.Malformed);
        if (!DeviceProof.TryParse(envelope, out var proof, out var fault))
            return Refuse(fault == ProofFault.PayloadTooLong ? IngestRefusal.Oversized : IngestRefusal.Malformed);
        if (proof.Network != view.Facts.Id) return Refuse(IngestRefusal.WrongNetwork);
        if (classes.Find(proof.Class, proof.Schema) is not { } schema) return Refuse(IngestRefusal.UnknownClass);
        if (proof.Payload.Length < schema.MinLength || proof.Payload.Length > schema.MaxLength) return Refuse(IngestRefusal.BadPayload);
        if (!devices.TryGet(proof.Device, out var device)) return new CheckedProof(IngestRefusal.UnknownDevice, null, options.UnknownDeviceRetry);
        // The next cut takes in whatever is sealed by then, and its anchor is judge: a key that came after it would be unknown there for good.
        if (device.Since >= view.Facts.StartOf(view.NextReport + 1)) return new CheckedProof(IngestRefusal.UnknownDevice, null, options.UnknownDeviceRetry);
        if (!device.IsActive) return Refuse(IngestRefusal.InactiveDevice);
        if (device.View.Class != proof.Class) return Refuse(IngestRefusal.WrongClass);

        var now = view.Now;
        if (proof.TimeMs > now + (ulong)options.FutureTolerance.TotalMilliseconds) return Refuse(IngestRefusal.TooFarAhead);
        // A proof waits for one cut and no more: where reports are a whole period late, it waits at its device.
        if (proof.TimeMs >= view.Facts.StartOf(view.NextReport + 2) * 1_000) return new CheckedProof(IngestRefusal.AwaitsReport, null, options.AwaitsReportRetry);
        if (proof.TimeMs < view.OldestUsefulTime) return Refuse(IngestRefusal.TooOld);
        if (proof.Sequence > long.MaxValue) return Refuse(IngestRefusal.Replayed);

        var received = new ReceivedProof((long)view.Facts.EpochOf(proof.TimeMs), proof.Id.Value, proof.Device.Value, proof.Class.Value, proof.Schema, (long)proof.Sequence,
            (long)proof.TimeMs, (long)now, envelope, signature);
        if (device.Watermark is { } taken && !taken.Takes(proof.Sequence)) return new CheckedProof(IngestRefusal.Replayed, received);
        var wallClock = Environment.TickCount64 * TimeSpan.TicksPerMillisecond;
        var wait = device.Wait(_limit, wallClock);
        if (wait > TimeSpan.Zero) return new CheckedProof(IngestRefusal.RateLimited, null, wait);
        if (!device.Key.Verify(envelope.Span, signature.Span)) return Refuse(IngestRefusal.BadSignature);
        wait = device.TryTake(_limit, wallClock); // only now: forged proofs must not use up a device's limit
        return wait > TimeSpan.Zero ? new CheckedProof(IngestRefusal.RateLimited, null, wait) : new CheckedProof(IngestRefusal.None, received);
    }

    private static CheckedProof Refuse(IngestRefusal refusal) => new(refusal, null);
}
