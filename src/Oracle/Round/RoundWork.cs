using System.Collections.Immutable;
using DePin.Cryptography;
using DePin.Protocol.Lanes;
using DePin.Protocol.Rounds;

namespace DePin.Oracle.Round;

/// <summary>What a round asks of the rest of the operator.</summary>
public sealed record RoundWork
{
    /// <summary>For each operator in order: the certificate of its lane's highest certified batch.</summary>
    public required Func<CancellationToken, Task<ImmutableArray<CertifiedLane>>> Observe { get; init; }

    /// <summary>Digest of the report that follows from a cut; null while a batch of it is missing here.</summary>
    public required Func<Cut, CancellationToken, Task<Bytes32?>> Recompute { get; init; }

    /// <summary>Binds the report key to the digest, durably, and signs; null where it is bound to another.</summary>
    public required Func<Bytes32, CancellationToken, Task<CompactSignature?>> SignReport { get; init; }

    /// <summary>Keeps the decided report and what follows from it; false while a batch of it is missing here.</summary>
    public required Func<RoundValue, CancellationToken, Task<bool>> Keep { get; init; }

    /// <summary>Keeps a signature of a kept report that came after the first q.</summary>
    public required Func<RoundValue, ReportSignature, CancellationToken, Task> KeepSignature { get; init; }

    /// <summary>Takes over the q signatures of a kept report.</summary>
    public required Func<RoundValue, ImmutableArray<ReportSignature>, CancellationToken, Task> KeepAttested { get; init; }
}
