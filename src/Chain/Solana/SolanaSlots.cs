using DePin.Chain.Rpc;

namespace DePin.Chain.Solana;

/// <summary>
/// Tells of new slots: by subscription while one stands, else by asking. A slot is told of once and none below it afterwards; some may be left out. It only says that
/// there is something to look for.
/// </summary>
/// <param name="rpc">Whom to ask.</param>
/// <param name="socket">Whose subscription to use; somebody else runs it. Null = always ask.</param>
/// <param name="pollEvery">Wall-clock time between questions.</param>
/// <param name="time">Its clock.</param>
public sealed class SolanaSlots(SolanaRpc rpc, SolanaSocket? socket, TimeSpan pollEvery, TimeProvider? time = null)
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Lock _lock = new();
    private ulong _newest;

    /// <summary>The newest slot heard of; 0 before the first.</summary>
    public ulong Newest
    {
        get
        {
            lock (_lock) return _newest;
        }
    }

    /// <summary>Runs until cancelled. A node that does not answer is asked again later.</summary>
    public async Task RunAsync(Action<ulong> found, CancellationToken ct)
    {
        using var subscription = socket?.SubscribeToSlots();
        await Task.WhenAll(PollAsync(found, ct), subscription is null ? Task.CompletedTask : ListenAsync(subscription, found, ct)).ConfigureAwait(false);
    }

    private async Task ListenAsync(SolanaSubscription<SolanaSlotNotice> subscription, Action<ulong> found, CancellationToken ct)
    {
        try
        {
            await foreach (var notice in subscription.ReadAsync(ct).ConfigureAwait(false))
            {
                if (!notice.IsGap) Tell(notice.Value.Slot, found);
            }
        }
        catch (Exception e) when (e is RpcException || (e is OperationCanceledException && ct.IsCancellationRequested))
        {
            // Refused: asking goes on.
        }
    }

    // Asks only where nothing was heard since the last look.
    private async Task PollAsync(Action<ulong> found, CancellationToken ct)
    {
        for (var before = ulong.MaxValue; !ct.IsCancellationRequested;)
        {
            if (Newest == before || before == ulong.MaxValue)
            {
                try
                {
                    Tell(await rpc.GetSlotAsync(Finality.Latest, ct).ConfigureAwait(false), found);
                }
                catch (Exception e) when (e is RpcException or RpcUnavailableException || (e is OperationCanceledException && ct.IsCancellationRequested))
                {
                    // Asked again below.
                }
            }

            before = Newest;
            await Task.Delay(pollEvery, _time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Tell(ulong slot, Action<ulong> found)
    {
        lock (_lock)
        {
            if (slot <= _newest) return;
            _newest = slot;
            found(slot);
        }
    }
}
