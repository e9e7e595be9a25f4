using DePin.DevTools;

namespace DePin.TestKit;

/// <summary>A Surfpool of one test class, on free ports: a slot each 50 ms, finality 31 slots later.</summary>
public sealed class SurfpoolNode : IAsyncDisposable
{
    private readonly SurfpoolProcess process;

    private SurfpoolNode(SurfpoolProcess process) => this.process = process;

    /// <summary>JSON-RPC end point over HTTP.</summary>
    public Uri Url => process.Url;

    /// <summary>Subscriptions.</summary>
    public Uri WebSocket => process.WebSocket;

    /// <summary>Clock and accounts.</summary>
    public SurfpoolRpc Rpc => process.Rpc;

    /// <summary>The child, for signals: <c>STOP</c> makes an RPC that stalls.</summary>
    public GuardedProcess Process => process.Process;

    /// <summary>Starts a node.</summary>
    public static async Task<SurfpoolNode> StartAsync(SurfpoolOptions? options = null, CancellationToken ct = default) =>
        new(await SurfpoolProcess.StartAsync(options ?? new SurfpoolOptions { SlotTime = TimeSpan.FromMilliseconds(50) }, ct).ConfigureAwait(false));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await process.DisposeAsync().ConfigureAwait(false);
}
