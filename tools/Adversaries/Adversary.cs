namespace DePin.Adversaries;

/// <summary>One way to cheat, applied to honest rows.</summary>
/// <param name="Name">M1 … M18 as in the published mutation list, or a class's own (W…, S…).</param>
/// <param name="Meaning">What the adversaries do.</param>
/// <param name="Prepare">What they do before they are registered; null = nothing.</param>
/// <param name="Alter">What they say on a day (from 0) instead of their rows; null = their rows, all counted as altered.</param>
/// <param name="Extra">Whether they also send their honest rows, so that only the altered statements are to be caught.</param>
/// <param name="Repeats">Whether their honest proofs are sent once more a day later; only the second sending counts as altered.</param>
/// <param name="Signing">Whether it can be seen only where signatures are checked.</param>
/// <param name="Days">Days that show all there is to see; 0 = as many as there are.</param>
public sealed record Adversary(
    string Name, string Meaning, Action<Cast, IReadOnlySet<int>>? Prepare, Func<Cast, IReadOnlySet<int>, int, IEnumerable<Statement>>? Alter,
    bool Extra = false, bool Repeats = false, bool Signing = false, int Days = 0);
