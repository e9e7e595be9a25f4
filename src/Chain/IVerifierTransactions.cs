using DePin.Protocol.Rewards;

namespace DePin.Chain;

/// <summary>The verifier's transactions beside <see cref="IReportTransmitter"/>'s: each is prepared, stored, and only then sent through the transmitter.</summary>
public interface IVerifierTransactions : IReportTransmitter
{
    /// <summary>Makes the next report final after its window; anyone may.</summary>
    /// <exception cref="ChainRefusalException">The contract would refuse.</exception>
    Task<SignedTransaction> PrepareFinalizeAsync(ulong epoch, CancellationToken ct);

    /// <summary>Cancels a pending report by an objective fault of its tree.</summary>
    /// <exception cref="ChainRefusalException">The contract would refuse.</exception>
    Task<SignedTransaction> PrepareTreeFaultAsync(ulong epoch, LeafFault fault, CancellationToken ct);

    /// <summary>Slashes an operator that signed two reports of one instance.</summary>
    /// <exception cref="ChainRefusalException">The contract would refuse.</exception>
    Task<SignedTransaction> PrepareEquivocationAsync(
        ReadOnlyMemory<byte> reportA, ReadOnlyMemory<byte> signatureA, ReadOnlyMemory<byte> reportB, ReadOnlyMemory<byte> signatureB, CancellationToken ct);
}
