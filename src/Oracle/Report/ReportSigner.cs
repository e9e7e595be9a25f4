using System.Collections.Immutable;
using DePin.Cryptography;
using DePin.Protocol.Rounds;
using DePin.Signing;
using DePin.Storage.Oracle;

namespace DePin.Oracle.Report;

/// <summary>
/// The only user of the report key. It signs a digest after the unique row (key, config, epoch, generation → digest) is durable, never a second
/// digest for one row, and sends the kept signature again instead of making a new one.
/// </summary>
public sealed partial class ReportSigner(ReportStore store, IOperatorSigner keys, ILogger<ReportSigner> logger)
{
    private const int MaxHandedIn = 4;

    /// <summary>Signs the decided report; refused where this key is bound to another digest of the instance, here or by its signer: an alarm, not a retry.</summary>
    /// <param name="instance">Which agreement.</param>
    /// <param name="digest">What it decided.</param>
    /// <param name="find">The report with this digest, null while it cannot be computed here.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<ReportSigning> SignAsync(RoundInstance instance, Bytes32 digest, Func<CancellationToken, Task<Protocol.Reports.Report?>> find, CancellationToken ct)
    {
        var (epoch, generation) = ((long)instance.Epoch.Value, (long)instance.Generation.Value);
        var bound = await store.ReserveSignatureAsync(keys.Address, instance.ConfigDigest, epoch, generation, digest, ct);
        if (bound != digest)
        {
            LogBoundElsewhere(logger, instance.Epoch.Value, instance.Generation.Value, bound, digest);
            OracleMeters.Alarms.Add(1, new KeyValuePair<string, object?>("kind", "second-digest"));
            return ReportSigning.Refused(SigningRefusal.SecondReport);
        }

        if (await store.FindSignatureAsync(keys.Address, instance.ConfigDigest, epoch, generation, ct) is { Signature: { } kept })
            return ReportSigning.Made(new CompactSignature(kept));
        var signing = await keys.SignReportAsync(instance, digest, find, ct);
        if (signing.Refusal != SigningRefusal.None)
        {
            LogRefused(logger, instance.Epoch.Value, instance.Generation.Value, digest, signing.Refusal);
            OracleMeters.Alarms.Add(1, new KeyValuePair<string, object?>("kind", "second-digest"));
        }

        if (signing.Signature is not { } signature) return signing;
        await store.SetSignatureAsync(keys.Address, instance.ConfigDigest, epoch, generation, signature.ToArray(), ct);
        await store.AddAttestationAsync(new AttestationRow(digest, keys.Address, instance.ConfigDigest, epoch, generation, signature.ToArray()), ct);
        return signing;
    }

    /// <summary>Keeps the q attestations of a decided report and hands it to transmission; false where that was done before.</summary>
    public async Task<bool> KeepAttestedAsync(RoundInstance instance, OperatorSet operators, Bytes32 digest, ImmutableArray<ReportSignature> signatures, CancellationToken ct)
    {
        foreach (var one in signatures) await KeepSignatureAsync(instance, operators, digest, one, ct);
        if (!await store.MoveAsync(digest, "decided", "attested", ct)) return false;
        LogAttested(logger, instance.Epoch.Value, digest, signatures.Length);
        return true;
    }

    /// <summary>Keeps one attestation of a decided report, verified.</summary>
    public Task KeepSignatureAsync(RoundInstance instance, OperatorSet operators, Bytes32 digest, ReportSignature one, CancellationToken ct) =>
        store.AddAttestationAsync(new AttestationRow(digest, operators[one.Signer].Address, instance.ConfigDigest, (long)instance.Epoch.Value,
            (long)instance.Generation.Value, one.Signature.ToArray()), ct);

    /// <summary>
    /// Keeps an attestation that a peer sent for any digest, verified: two digests of one signer in one instance are what the watch slashes for.
    /// </summary>
    public async Task<bool> KeepAttestationAsync(RoundInstance instance, Address signer, Bytes32 digest, CompactSignature signature, byte[]? report, CancellationToken ct)
    {
        if (!Secp256k1.TryRecover(digest, signature.ToArray(), out Address recovered) || recovered != signer) return false;
        // Two are the proof; whoever signs more than a few is not helped to fill this disk.
        if (await store.CountHandedInAsync(signer, instance.ConfigDigest, (long)instance.Epoch.Value, (long)instance.Generation.Value, digest, ct) >= MaxHandedIn) return true;
        await store.AddAttestationAsync(new AttestationRow(
            digest, signer, instance.ConfigDigest, (long)instance.Epoch.Value, (long)instance.Generation.Value, signature.ToArray(), report), ct);
        return true;
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "The report key is bound to {Bound} in epoch {Epoch}, generation {Generation} and does not sign {Digest}")]
    private static partial void LogBoundElsewhere(ILogger logger, ulong epoch, ulong generation, Bytes32 bound, Bytes32 digest);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The signer does not sign report {Digest} of epoch {Epoch}, generation {Generation} ({Refusal}): its table knows what this database does not")]
    private static partial void LogRefused(ILogger logger, ulong epoch, ulong generation, Bytes32 digest, SigningRefusal refusal);

    [LoggerMessage(Level = LogLevel.Information, Message = "Report {Digest} of epoch {Epoch} has {Count} attestations")]
    private static partial void LogAttested(ILogger logger, ulong epoch, Bytes32 digest, int count);
}
