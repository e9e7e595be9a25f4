using DePin.ContractBindings.Evm;
using DePin.Cryptography;

namespace DePin.Chain.Evm;

/// <summary>Lands reports at a ReportVerifier.</summary>
public sealed class EvmReportTransmitter(EvmRpc rpc, TransactionSender sender, ulong chainId, Address reportVerifier) : IReportTransmitter
{
    /// <inheritdoc/>
    public ChainId Chain { get; } = ChainId.Evm(chainId);

    /// <inheritdoc/>
    public Task<SignedTransaction> PrepareAsync(AttestedReport report, CancellationToken ct) =>
        PrepareAsync(new ReportVerifier.AttestCall(report.Report.ToArray(), report.Bitmap, report.Signatures.ToArray()), ct);

    /// <summary>Makes the next report final after its window; anyone may.</summary>
    public Task<SignedTransaction> PrepareFinalizeAsync(ulong epoch, CancellationToken ct) => PrepareAsync(new ReportVerifier.FinalizeCall(epoch), ct);

    /// <summary>Any other call of the verifier, such as a proven tree fault.</summary>
    public async Task<SignedTransaction> PrepareAsync<T>(Abi.IContractCall<T> call, CancellationToken ct)
    {
        await CheckChainAsync(ct).ConfigureAwait(false);
        return Neutral(await sender.PrepareAsync(new TransactionRequest(reportVerifier, call.Encode()), ct).ConfigureAwait(false));
    }

    /// <inheritdoc/>
    public async Task BroadcastAsync(SignedTransaction transaction, CancellationToken ct)
    {
        await CheckChainAsync(ct).ConfigureAwait(false);
        await sender.BroadcastAsync(Own(transaction), ct).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<SignedTransaction> ReplaceAsync(SignedTransaction stuck, CancellationToken ct) =>
        await sender.ReplaceAsync(Own(stuck), ct).ConfigureAwait(false) is { } replacement ? Neutral(replacement) : stuck;

    /// <inheritdoc/>
    public async Task<TransmissionStatus> GetStatusAsync(SignedTransaction transaction, CancellationToken ct)
    {
        var hash = Bytes32.Parse(transaction.Id.Text);
        if (await rpc.GetReceiptAsync(hash, ct).ConfigureAwait(false) is { } receipt)
        {
            if (!receipt.Succeeded) return TransmissionStatus.Reverted;
            var finalized = await rpc.GetHeaderAsync(BlockTag.Finalized, ct).ConfigureAwait(false);
            if (finalized is null || finalized.Number < receipt.BlockNumber) return TransmissionStatus.Included;

            // Ask after the head, so that a reorg between the two questions cannot pass for final.
            var again = await rpc.GetReceiptAsync(hash, ct).ConfigureAwait(false);
            return again?.BlockHash == receipt.BlockHash ? TransmissionStatus.Finalized : TransmissionStatus.Pending;
        }

        if (await rpc.GetTransactionCountAsync(sender.Account, BlockTag.Latest, ct).ConfigureAwait(false) > transaction.Sequence)
            return await rpc.GetReceiptAsync(hash, ct).ConfigureAwait(false) is null ? TransmissionStatus.Expired : TransmissionStatus.Included;
        return await rpc.GetTransactionAsync(hash, ct).ConfigureAwait(false) is null ? TransmissionStatus.Unknown : TransmissionStatus.Pending;
    }

    /// <inheritdoc/>
    public async Task<ulong?> GetGasUsedAsync(SignedTransaction transaction, CancellationToken ct) =>
        (await rpc.GetReceiptAsync(Bytes32.Parse(transaction.Id.Text), ct).ConfigureAwait(false))?.GasUsed;

    private async Task CheckChainAsync(CancellationToken ct)
    {
        var actual = await rpc.GetChainIdAsync(ct).ConfigureAwait(false);
        if (actual != chainId) throw new InvalidOperationException($"The node is of chain eip155:{actual}, the network lives on {Chain}. Check the RPC URL.");
    }

    private SignedTransaction Neutral(SignedEvmTransaction t) => new(Chain, new TransactionId(t.Hash.ToString()), t.Transaction.Nonce, t.Raw);

    private static SignedEvmTransaction Own(SignedTransaction transaction) => SignedEvmTransaction.TryParse(transaction.Bytes.Span, out var parsed)
        ? parsed!
        : throw new ArgumentException($"{transaction.Id} is not an EVM transaction.", nameof(transaction));
}
