using DePin.Chain.Rpc;
using DePin.Chain.Solana;
using DePin.DevTools;

namespace DePin.Cli.Dev.Chains;

/// <summary>Surfpool, which keeps nothing: each start makes a new chain, and a new network on it.</summary>
public sealed class SurfpoolDevChain(DevFolder folder, DevSettings settings) : SolanaDevChain(folder, settings)
{
    private static readonly TimeSpan SlotTime = TimeSpan.FromMilliseconds(100);
    private SurfpoolProcess? surfpool;
    private SolanaBootstrap? bootstrap;
    private CancellationTokenSource? stopClock;
    private Task clock = Task.CompletedTask;

    /// <inheritdoc/>
    public override Uri Url => Node.Url;

    /// <inheritdoc/>
    public override GuardedProcess? Process => Node.Process;

    /// <inheritdoc/>
    protected override SolanaBootstrap Bootstrap => bootstrap ?? throw new InvalidOperationException("The chain was not started.");

    private SurfpoolProcess Node => surfpool ?? throw new InvalidOperationException("The chain was not started.");

    /// <inheritdoc/>
    public override async Task StartAsync(string logs, CancellationToken ct)
    {
        surfpool = await SurfpoolProcess.StartAsync(new SurfpoolOptions { Port = Settings.Ports.Solana, SlotTime = SlotTime, LogFile = Path.Combine(logs, "solana.log") }, ct).ConfigureAwait(false);
        // The network is made in the hours before its first epoch.
        await new SurfpoolClock(surfpool.Rpc).MoveFarAsync(Solana.Genesis - 7200, ct).ConfigureAwait(false);
        var rpc = new SolanaRpc(new HttpClient { Timeout = Timeout.InfiniteTimeSpan }, new RpcOptions { Urls = [surfpool.Url] });
        bootstrap = new SolanaBootstrap(Folder, Settings, rpc, SolanaCluster.FeesFor(surfpool.Url), _ => new SurfpoolPurse(surfpool.Rpc), Endpoint);
    }

    /// <inheritdoc/>
    public override async Task StartClockAsync(CancellationToken ct)
    {
        stopClock = CancellationTokenSource.CreateLinkedTokenSource(ct);
        clock = RunClockAsync(await Node.Rpc.ClockAsync(ct).ConfigureAwait(false), stopClock.Token);
    }

    /// <inheritdoc/>
    public override async Task TendAsync(CancellationToken ct)
    {
        if (clock.IsCompleted && !ct.IsCancellationRequested) await clock.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        if (stopClock is not null)
        {
            await stopClock.CancelAsync().ConfigureAwait(false);
            await clock.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            stopClock.Dispose();
        }

        if (surfpool is not null) await surfpool.DisposeAsync().ConfigureAwait(false);
    }

    // By itself the runtime's clock goes on as ours does: each wall-clock second it jumps by what is lacking.
    private async Task RunClockAsync(long now, CancellationToken ct)
    {
        var runtime = new SurfpoolClock(Node.Rpc);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        while (await timer.WaitForNextTickAsync(ct).ConfigureAwait(false)) await runtime.MoveAsync(now += Settings.SecondsPerBlock, ct).ConfigureAwait(false);
    }
}
