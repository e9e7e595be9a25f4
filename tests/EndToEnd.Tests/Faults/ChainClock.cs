using DePin.DevTools;

namespace DePin.EndToEnd.Tests.Faults;

/// <summary>Mines a block every so often, each worth an hour of chain time; a test can hold it while it rearranges the chain.</summary>
public sealed class ChainClock : IAsyncDisposable
{
    /// <summary>Chain time of a block.</summary>
    public const int SecondsPerBlock = 3_600;

    // Not a stop: what the hosts wait for may be in the next block.
    private static readonly TimeSpan Waiting = TimeSpan.FromSeconds(4);

    private readonly AnvilRpc _rpc;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    private readonly Func<Task<bool>> _mayGoOn;

    private ChainClock(AnvilRpc rpc, Func<Task<bool>> mayGoOn)
    {
        _rpc = rpc;
        _mayGoOn = mayGoOn;
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Wall time between blocks.</summary>
    public TimeSpan Every { get; set; } = TimeSpan.FromMilliseconds(400);

    /// <summary>From here on transactions wait for the clock's next block.</summary>
    /// <param name="rpc">The chain.</param>
    /// <param name="mayGoOn">Asked after each block: on a busy machine days must not pass faster than the hosts can work.</param>
    /// <param name="ct">Cancels.</param>
    public static async Task<ChainClock> StartAsync(AnvilRpc rpc, Func<Task<bool>> mayGoOn, CancellationToken ct)
    {
        await rpc.SetBlockTimestampIntervalAsync(SecondsPerBlock, ct);
        await rpc.SetAutomineAsync(false, ct);
        return new ChainClock(rpc, mayGoOn);
    }

    /// <summary>Runs something while no block is mined.</summary>
    public async Task<T> HoldAsync<T>(Func<Task<T>> action)
    {
        await _gate.WaitAsync();
        try
        {
            return await action();
        }
        finally
        {
            _gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
        _gate.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var goesOn = await HoldAsync(async () =>
            {
                await _rpc.MineAsync(1, CancellationToken.None);
                return await _mayGoOn();
            });
            await Task.Delay(goesOn ? Every : Waiting, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
