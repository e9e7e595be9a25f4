using DePin.Protocol.Proofs;

namespace DePin.Protocol.Epochs;

/// <summary>
/// What the operators agreed on: every proof of every batch above the previous cut up to this one. Order and doubles do not matter.
/// </summary>
/// <param name="PreviousCut">Bytes of the cut of the last accepted report (count u8 · lanes); for the first epoch a cut of height 0 for each operator.</param>
/// <param name="Cut">Bytes of the agreed cut.</param>
/// <param name="Proofs">The proofs between them.</param>
public sealed record EpochEvidence(ReadOnlyMemory<byte> PreviousCut, ReadOnlyMemory<byte> Cut, IReadOnlyList<SignedProof> Proofs);
