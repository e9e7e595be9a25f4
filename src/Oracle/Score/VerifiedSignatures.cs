using System.Collections.Concurrent;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Epochs;
using DePin.Protocol.Proofs;

namespace DePin.Oracle.Score;

/// <summary>
/// Remembers good signatures of an epoch's proofs. Every view of a round proposes its own cut, most of it the same proofs; checking them anew is nearly all
/// of a computation's time, and on a machine too slow for its time-outs no view would ever be long enough. Only what was checked here counts: the same
/// envelope with the same signature. Forgeries are not remembered, so they cost their sender a device's limit and us no memory.
/// </summary>
public sealed class VerifiedSignatures(int capacity = 1_000_000)
{
    private readonly ConcurrentDictionary<ProofId, byte[]> _known = new();
    private int _count;
    private Epoch _epoch;

    /// <summary>How many are remembered.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>The checks of an epoch. Not to be called from several threads; what it returns may be.</summary>
    public EpochAids For(Epoch epoch)
    {
        if (epoch != _epoch)
        {
            _known.Clear();
            (_epoch, _count) = (epoch, 0);
        }

        return EpochAids.Plain with { VerifySignature = Verify };
    }

    // The id is the envelope's hash and the envelope names its device by the hash of its key: so a proof has one key, whatever a registry says.
    private bool Verify(SignedProof proof, PublicKey key)
    {
        if (_known.TryGetValue(proof.Id, out var good) && proof.Signature.Span.SequenceEqual(good)) return true;
        if (!EpochAids.Plain.VerifySignature(proof, key)) return false;
        if (Volatile.Read(ref _count) < capacity && _known.TryAdd(proof.Id, proof.Signature.ToArray())) Interlocked.Increment(ref _count);
        return true;
    }
}
