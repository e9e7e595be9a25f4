using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.Protocol.Rewards;
using Leaf = DePin.ContractBindings.Evm.RewardLeaf;

namespace DePin.Chain.Evm;

/// <summary>A ReportVerifier's transactions; generated types stop here.</summary>
public sealed class EvmVerifierTransactions(EvmReportTransmitter transmitter) : IVerifierTransactions
{
    /// <inheritdoc/>
    public ChainId Chain => transmitter.Chain;

    /// <inheritdoc/>
    public Task<SignedTransaction> PrepareAsync(AttestedReport report, CancellationToken ct) => transmitter.PrepareAsync(report, ct);

    /// <inheritdoc/>
    public Task BroadcastAsync(SignedTransaction transaction, CancellationToken ct) => transmitter.BroadcastAsync(transaction, ct);

    /// <inheritdoc/>
    public Task<SignedTransaction> ReplaceAsync(SignedTransaction stuck, CancellationToken ct) => transmitter.ReplaceAsync(stuck, ct);

    /// <inheritdoc/>
    public Task<TransmissionStatus> GetStatusAsync(SignedTransaction transaction, CancellationToken ct) => transmitter.GetStatusAsync(transaction, ct);

    /// <inheritdoc/>
    public Task<ulong?> GetGasUsedAsync(SignedTransaction transaction, CancellationToken ct) => transmitter.GetGasUsedAsync(transaction, ct);

    /// <inheritdoc/>
    public Task<SignedTransaction> PrepareFinalizeAsync(ulong epoch, CancellationToken ct) => transmitter.PrepareFinalizeAsync(epoch, ct);

    /// <inheritdoc/>
    public Task<SignedTransaction> PrepareTreeFaultAsync(ulong epoch, LeafFault fault, CancellationToken ct)
    {
        var other = fault.Other ?? fault.Leaf;
        return transmitter.PrepareAsync(
            new ReportVerifier.ProveTreeFaultCall(epoch, (byte)fault.Kind, Of(fault.Leaf), [.. fault.Leaf.Siblings], Of(other), [.. other.Siblings]), ct);
    }

    /// <inheritdoc/>
    public Task<SignedTransaction> PrepareEquivocationAsync(
        ReadOnlyMemory<byte> reportA, ReadOnlyMemory<byte> signatureA, ReadOnlyMemory<byte> reportB, ReadOnlyMemory<byte> signatureB, CancellationToken ct) =>
        transmitter.PrepareAsync(new ReportVerifier.ProveEquivocationCall(reportA.ToArray(), signatureA.ToArray(), reportB.ToArray(), signatureB.ToArray()), ct);

    private static Leaf Of(ClaimProof proof) => new(
        proof.Leaf.Index, Address.FromBytes32(proof.Leaf.Account.Value), proof.Leaf.Cumulative, proof.Leaf.Prefix, proof.Leaf.ItemsHash);
}
