using DePin.Abi;
using DePin.Chain;
using DePin.Chain.Evm;
using DePin.Cryptography;

namespace DePin.Sdk.Network;

/// <summary>Many transactions of one account on their way at once, so that a block carries them together.</summary>
public static class TransactionGroup
{
    /// <summary>Sends calls that do not depend on one another, at most <paramref name="width"/> at a time; tells after each how many are in a block.</summary>
    /// <exception cref="EvmRevertException">The contract refuses one; the others may be in a block.</exception>
    public static async Task<EvmReceipt[]> SendAllAsync<T>(
        this TransactionSender sender, Address contract, IReadOnlyList<IContractCall<T>> calls, Action<int>? progress, CancellationToken ct, int width = 64)
    {
        using var gate = new SemaphoreSlim(width, width);
        var done = 0;
        return await Task.WhenAll(calls.Select(async call =>
        {
            await gate.WaitAsync(ct).ConfigureAwait(false);
            try
            {
                var receipt = await sender.SendAsync(contract, call, ct).ConfigureAwait(false);
                progress?.Invoke(Interlocked.Increment(ref done));
                return receipt;
            }
            finally
            {
                gate.Release();
            }
        })).ConfigureAwait(false);
    }
}
