using DePin.Chain.Rpc;

namespace DePin.Chain.Solana;

/// <summary>A cluster's present.</summary>
public static class SolanaPresent
{
    private const int SlotsBack = 16; // in search of one with a block
    private const int Looks = 25;
    private static readonly TimeSpan Wait = TimeSpan.FromMilliseconds(200);

    /// <summary>The newest confirmed slot, and the time of the newest block up to it that has one, unix seconds: some slots have no block, and a cluster of one's own that has just begun has none yet.</summary>
    /// <exception cref="InvalidOperationException">The node knows no time, for five seconds.</exception>
    public static async Task<(ulong Slot, ulong Time)> GetPresentAsync(this SolanaRpc rpc, TimeProvider time, CancellationToken ct)
    {
        for (var look = 0; ; look++)
        {
            var slot = await rpc.GetSlotAsync(Finality.Safe, ct).ConfigureAwait(false);
            for (var back = 0ul; back < SlotsBack && back <= slot; back++)
            {
                try
                {
                    if (await rpc.GetBlockTimeAsync(slot - back, ct).ConfigureAwait(false) is { } seconds and > 0) return (slot, (ulong)seconds);
                }
                catch (SolanaRpcException e) when (e.Kind is RpcErrorKind.SlotSkipped or RpcErrorKind.BlockNotAvailable)
                {
                    // The one before it.
                }
            }

            if (look == Looks) throw new InvalidOperationException($"The node does not know the time of any block near slot {slot}. Is it in step with its cluster?");
            await Task.Delay(Wait, time, ct).ConfigureAwait(false);
        }
    }
}
