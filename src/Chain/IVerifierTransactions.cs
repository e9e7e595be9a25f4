using DePin.Protocol.Rewards;

namespace DePin.Chain;

/// <summary>An objective fault of a reward tree; the numbers are the contract's.</summary>
public enum TreeFaultKind : byte
{
    /// <summary>The account at the index is not the registry's.</summary>
    WrongAccount = 0,

    /// <summary>The cumulative is below that of the same index in the parent's tree.</summary>
    Decreased = 1,

    /// <summary>The prefix is not the prefix and cumulative of the leaf before it, or not zero at index 0.</summary>
    WrongPrefix = 2,

    /// <summary>Prefix and cumulative of the last leaf are not the report's total.</summary>
    WrongTotal = 3,
}

/// <summary>A fault with the leaves that show it.</summary>
/// <param name="Kind">What is wrong.</param>
/// <param name="Leaf">The faulty leaf with its proof in the report's tree.</param>
/// <param name="Other">Decreased: the parent's leaf of this index. WrongPrefix: the leaf before. Otherwise null.</param>
public sealed record TreeFault(TreeFaultKind Kind, ClaimProof Leaf, ClaimProof? Other);

/// <summary>The verifier's transactions beside <see cref="IReportTransmitter"/>'s: each is prepared, stored, and only then sent through the transmitter.</summary>
public interface IVerifierTransactions : IReportTransmitter
{
    /// <summary>Makes the next report final after its window; anyone may.</summary>
    /// <exception cref="EvmRevertException">The contract would refuse.</exception>
    Task<SignedTransaction> PrepareFinalizeAsync(ulong epoch, CancellationToken ct);

    /// <summary>Cancels a pending report by an objective fault of its tree.</summary>
    /// <exception cref="EvmRevertException">The contract would refuse.</exception>
    Task<SignedTransaction> PrepareTreeFaultAsync(ulong epoch, TreeFault fault, CancellationToken ct);

    /// <summary>Slashes an operator that signed two reports of one instance.</summary>
    /// <exception cref="EvmRevertException">The contract would refuse.</exception>
    Task<SignedTransaction> PrepareEquivocationAsync(
        ReadOnlyMemory<byte> reportA, ReadOnlyMemory<byte> signatureA, ReadOnlyMemory<byte> reportB, ReadOnlyMemory<byte> signatureB, CancellationToken ct);
}
