using System.Collections.Concurrent;
using DePin.Chain;
using DePin.Chain.Rpc;
using DePin.Chain.Solana;

namespace DePin.Sdk.Network;

/// <summary>
/// Many transactions of one account on their way at once: a group of them is sent, then their fates are asked for together, so that they cost little more than one. What is in no
/// block after a while is seen through one by one.
/// </summary>
/// <param name="rpc">The cluster.</param>
/// <param name="sender">Who pays.</param>
/// <param name="policy">How often to look.</param>
public sealed class SolanaTransactionGroup(SolanaRpc rpc, SolanaTransactionSender sender, SolanaFeePolicy policy)
{
    private const int AtOnce = 16; // requests to a node
    private const int Width = 100; // transactions on their way; a node tells of 256 at once

    /// <summary>
    /// Sends transactions that do not depend on one another and waits until each is confirmed; tells after each how many are. Requests that name units and price are not simulated:
    /// a refusal then costs its fee.
    /// </summary>
    /// <exception cref="SolanaProgramException">A program refuses one; the others of its group of 100 are in a block or will never be.</exception>
    public async Task<SolanaReceipt[]> SendAllAsync(IReadOnlyList<SolanaTransactionRequest> requests, Action<int>? progress, CancellationToken ct)
    {
        var receipts = new SolanaReceipt[requests.Count];
        var done = 0;
        for (var start = 0; start < requests.Count; start += Width)
        {
            var pending = await SendAsync(requests, start, Math.Min(Width, requests.Count - start), ct).ConfigureAwait(false);
            await foreach (var (index, receipt) in CompleteAsync(requests, pending, ct).ConfigureAwait(false))
            {
                receipts[index] = receipt;
                progress?.Invoke(++done);
            }

            foreach (var failed in receipts.AsSpan(start, Math.Min(Width, requests.Count - start)).ToArray().Where(r => r.Error is not null).Take(1))
                throw await sender.ExplainAsync(failed, ct).ConfigureAwait(false);
        }

        return receipts;
    }

    private async Task<Dictionary<int, SignedSolanaTransaction>> SendAsync(IReadOnlyList<SolanaTransactionRequest> requests, int start, int count, CancellationToken ct)
    {
        var prepared = new ConcurrentDictionary<int, SignedSolanaTransaction>();
        var options = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = ct };
        await Parallel.ForAsync(start, start + count, options, async (i, c) => prepared[i] = await sender.PrepareAsync(requests[i], c).ConfigureAwait(false)).ConfigureAwait(false);
        // All are built before any is sent: what a program refuses in simulation stops the group.
        await Parallel.ForEachAsync(prepared.Values, options, async (t, c) => await sender.BroadcastAsync(t, c).ConfigureAwait(false)).ConfigureAwait(false);
        return new(prepared);
    }

    private async IAsyncEnumerable<(int Index, SolanaReceipt Receipt)> CompleteAsync(
        IReadOnlyList<SolanaTransactionRequest> requests, Dictionary<int, SignedSolanaTransaction> pending, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        for (var waited = TimeSpan.Zero; pending.Count > 0 && waited < policy.ResendEvery; waited += policy.PollInterval)
        {
            await Task.Delay(policy.PollInterval, ct).ConfigureAwait(false);
            var asked = pending.ToArray();
            IReadOnlyList<SolanaSignatureStatus?> statuses;
            try
            {
                statuses = (await rpc.GetSignatureStatusesAsync([.. asked.Select(p => p.Value.Id)], history: false, ct).ConfigureAwait(false)).Value;
            }
            catch (RpcUnavailableException)
            {
                break; // they are on their way: each is seen through, with more patience
            }

            for (var i = 0; i < asked.Length; i++)
            {
                if (statuses[i] is not { } status || status.Confirmation < Finality.Safe) continue;
                pending.Remove(asked[i].Key);
                yield return (asked[i].Key, new SolanaReceipt(asked[i].Value, status.Slot, status.Error));
            }
        }

        var late = new ConcurrentBag<(int, SolanaReceipt)>();
        await Parallel.ForEachAsync(pending, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = ct }, async (p, c) =>
            late.Add((p.Key, await SeeThroughAsync(requests[p.Key], p.Value, c).ConfigureAwait(false)))).ConfigureAwait(false);
        foreach (var receipt in late) yield return receipt;
    }

    private async Task<SolanaReceipt> SeeThroughAsync(SolanaTransactionRequest request, SignedSolanaTransaction transaction, CancellationToken ct)
    {
        while (true)
        {
            try
            {
                return await sender.CompleteAsync(transaction, Finality.Safe, ct).ConfigureAwait(false);
            }
            catch (SolanaTransactionExpiredException)
            {
                // It did nothing and never will.
                transaction = await sender.PrepareAsync(request, ct).ConfigureAwait(false);
            }
        }
    }
}
