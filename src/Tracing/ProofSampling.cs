using System.Buffers.Binary;
using DePin.Cryptography;

namespace DePin.Tracing;

/// <summary>
/// Which proofs are traced: by their ids alone, so that stations with the same ratio trace the same ones, and those with a smaller ratio some of them. As OpenTelemetry's
/// consistent probability sampling has it, the last 56 bits of the trace id are compared with a threshold.
/// </summary>
public static class ProofSampling
{
    private const ulong Range = 1UL << 56;

    // Of the process, as listeners are; read once for each proof.
    private static ulong threshold;

    /// <summary>Share of proofs that are traced where anybody listens, 0 to 1. Default 1.</summary>
    public static double Ratio
    {
        get => (Range - Volatile.Read(ref threshold)) / (double)Range;
        set
        {
            if (!(value is >= 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(value), value, "A share is from 0 to 1.");
            Volatile.Write(ref threshold, Range - (ulong)(value * Range));
        }
    }

    /// <summary>Whether a proof is traced.</summary>
    public static bool Takes(in Bytes32 proof) => (BinaryPrimitives.ReadUInt64BigEndian(proof.AsSpan().Slice(8, 8)) & (Range - 1)) >= Volatile.Read(ref threshold);
}
