using DePin.Abi.Solana;
using DePin.Cryptography;

namespace DePin.Chain.Solana;

/// <summary>
/// Finds out what became of a transaction, asking every node. That it is gone counts only if the time for it was over at a finalized block by the word of the node that is
/// least far, and afterwards no node that has got beyond that block knows of it. That it is final, or failed, counts if more than half of the nodes that could know say so.
/// A lagging node can thus delay an answer, and a single liar among several cannot make one up.
/// </summary>
internal sealed class SolanaTransactionWatch(SolanaRpc rpc, TimeSpan pause, TimeProvider time)
{
    /// <summary>The status, and the word it rests on; null where no node knows of the transaction, or they disagree.</summary>
    public async Task<(TransmissionStatus Status, SolanaSignatureStatus? Found)> LookAsync(SignedSolanaTransaction transaction, CancellationToken ct)
    {
        var over = await OverAtAsync(transaction, ct).ConfigureAwait(false); // before the question whether it is there: else it might slip in between
        var answers = await rpc.GetSignatureStatusFromEachAsync(transaction.Id, ct).ConfigureAwait(false);
        if (over is not null && answers.All(a => a.Value is null))
        {
            // The last word on it: a node may have a transaction's effects a moment before it tells of the transaction.
            await Task.Delay(pause, time, ct).ConfigureAwait(false);
            answers = await rpc.GetSignatureStatusFromEachAsync(transaction.Id, ct).ConfigureAwait(false);
        }

        var found = answers.Where(a => a.Value is not null).ToArray();
        if (found.Length == 0) return (over is { } slot && answers.Any(a => a.Slot >= slot) ? TransmissionStatus.Expired : TransmissionStatus.Unknown, null);

        var most = found.Select(a => a.Value!).GroupBy(s => s.Error).MaxBy(g => g.Count())!;
        var first = most.MaxBy(s => s.Confirmation)!;
        var couldKnow = answers.Count(a => a.Value is not null || a.Slot >= first.Slot);
        if (2 * most.Count() <= couldKnow) return (TransmissionStatus.Included, null);
        var agreed = Median(most);
        return (agreed.Error is not null ? TransmissionStatus.Reverted
            : 2 * most.Count(s => s.Confirmation == Finality.Finalized) > couldKnow ? TransmissionStatus.Finalized
            : TransmissionStatus.Included, agreed);
    }

    // The commitment that more than half of those who agree have reached.
    private static SolanaSignatureStatus Median(IEnumerable<SolanaSignatureStatus> agreed)
    {
        var ordered = agreed.OrderByDescending(s => s.Confirmation).ToArray();
        return ordered[ordered.Length / 2];
    }

    // The slot of a finalized block at which the transaction could no longer be included; null where it still could.
    private async Task<ulong?> OverAtAsync(SignedSolanaTransaction transaction, CancellationToken ct)
    {
        if (transaction.Nonce is { } nonce)
        {
            var account = await rpc.GetAccountInfoAsync(nonce, Finality.Finalized, ct).ConfigureAwait(false);
            return account.Value is { } a && a.Owner.IsZero && NonceOf(a) is { } value && value == transaction.Transaction.Message.Lifetime ? null : account.Slot;
        }

        var heights = await rpc.GetHeightFromEachAsync(Finality.Finalized, ct).ConfigureAwait(false);
        var least = heights.MinBy(h => h.Height);
        return least.Height > transaction.LastValidHeight ? least.Slot : null;
    }

    private static Bytes32? NonceOf(SolanaAccount account)
    {
        try
        {
            return DurableNonce.Decode(account.Data.Span).Value;
        }
        catch (FormatException)
        {
            return null; // closed, or another account by now
        }
    }
}
