using DePin.Protocol.Lanes;
using DePin.Protocol.Proofs;

namespace DePin.Protocol.Epochs;

/// <summary>
/// What the operators agreed on: every proof of every batch above the previous cut up to this one. Order and doubles do not matter.
/// </summary>
/// <param name="PreviousCut">The cut of the last accepted report; for the first epoch height 0 for each operator.</param>
/// <param name="Cut">The agreed cut.</param>
/// <param name="Proofs">The proofs between them.</param>
public sealed record EpochEvidence(Cut PreviousCut, Cut Cut, IReadOnlyList<SignedProof> Proofs);
