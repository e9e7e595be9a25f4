using System.Collections.Immutable;
using DePin.Cryptography;
using DePin.Protocol.Lanes;
using DePin.Protocol.Rounds;
using DePin.Signing;

namespace DePin.Oracle.Round;

/// <summary>What a round asks of the rest of the operator.</summary>
public sealed record RoundWork
{
    /// <summary>For each operator in order: the certificate of its lane's highest certified batch.</summary>
    public required Func<CancellationToken, Task<ImmutableArray<CertifiedLane>>> Observe { get; init; }

    /// <summary>Digest of the report that follows from a cut; null while a batch of it is missing here.</summary>
    public required Func<Cut, CancellationToken, Task<Bytes32?>> Recompute { get; init; }

    /// <summary>Binds the report key to the value's report, durably, and signs; refused where it is bound to another, neither while the report is not known here.</summary>
    public required Func<RoundValue, CancellationToken, Task<ReportSigning>> SignReport { get; init; }

    /// <summary>Keeps the decided report and what follows from it; false while a batch of it is missing here.</summary>
    public required Func<RoundValue, CancellationToken, Task<bool>> Keep { get; init; }

    /// <summary>Keeps a signature of a kept report that came after the first q.</summary>
    public required Func<RoundValue, ReportSignature, CancellationToken, Task> KeepSignature { get; init; }

    /// <summary>Takes over the q signatures of a kept report; false where that was done before.</summary>
    public required Func<RoundValue, ImmutableArray<ReportSignature>, CancellationToken, Task<bool>> KeepAttested { get; init; }
}
