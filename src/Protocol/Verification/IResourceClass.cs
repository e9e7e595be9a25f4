namespace DePin.Protocol.Verification;

/// <summary>
/// The rules of one kind of work, bound to a network's parameters: a pure, versioned function in layers. Item, then group, then
/// population lower the verdicts; score turns what is left into claims. A later layer may lower a verdict, annotate it with a quality, or
/// resolve a Pending; it never raises a Reject or an Inconclusive. Within one layer all decisions about an item are joined (the
/// worst judgement, the smallest reason of it, the least quality), so that neither order nor batching of evidence can matter.
/// An implementation has no clock, no I/O, no floating point, no unordered iteration and no state between calls; it is called from
/// several threads at once.
/// </summary>
public interface IResourceClass
{
    /// <summary>Name, version, layouts, reasons and rules.</summary>
    ClassDescriptor Descriptor { get; }

    /// <summary>
    /// Judges one proof by itself. The engine has already checked network, signature, sequence, standing, class, layout and time. Depends
    /// on nothing but the item, so that the result may be kept under (proof id, device view).
    /// </summary>
    Verdict VerifyItem(in ProofItem item);

    /// <summary>Writes the keys (0 or more, 32 bytes each) under which the item is compared with others. Called for every item that is not rejected.</summary>
    void KeysOf(in ProofItem item, KeyWriter keys);

    /// <summary>Judges the items that share a key. They come in canonical order: ascending proof id.</summary>
    void VerifyGroup(in ItemGroup group, EpochContext context, VerdictWriter verdicts);

    /// <summary>Judges the class as a whole: density, outliers, reciprocity.</summary>
    void VerifyPopulation(Population population, EpochContext context, VerdictWriter verdicts);

    /// <summary>
    /// Turns the final verdicts into claims and returns the class's next state: its own canonical bytes, of which the engine knows
    /// nothing but the length. Called in every epoch, also without a single item.
    /// </summary>
    ReadOnlyMemory<byte> Score(Population population, EpochContext context, ClaimWriter claims);
}
