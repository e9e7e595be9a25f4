using System.Text.Json.Nodes;

namespace DePin.DevTools;

/// <summary>How Surfpool runs.</summary>
public sealed record SurfpoolOptions
{
    /// <summary>Port of JSON-RPC on 127.0.0.1, the WebSocket on the next one; 0 takes two free ones.</summary>
    public int Port { get; init; }

    /// <summary>Wall-clock time between slots. A slot is final 31 slots later.</summary>
    public TimeSpan SlotTime { get; init; } = TimeSpan.FromMilliseconds(400);

    /// <summary>Lamports of the payer that Surfpool makes up; at most about 10^14.</summary>
    public ulong PayerLamports { get; init; } = 10_000_000_000_000;

    /// <summary>File for its output; null keeps the last lines in memory.</summary>
    public string? LogFile { get; init; }
}

/// <summary>A Solana runtime of our own (Surfpool's module in a node process, offline), ended with this process. It keeps nothing: its state ends with it.</summary>
public sealed class SurfpoolProcess : IAsyncDisposable
{
    private const string Ready = "surfpool {";

    private SurfpoolProcess(GuardedProcess process, JsonNode ready, SurfpoolOptions options)
    {
        Process = process;
        Options = options;
        Url = new Uri($"http://127.0.0.1:{ready["rpc"]!.GetValue<int>()}/");
        WebSocket = new Uri($"ws://127.0.0.1:{ready["ws"]!.GetValue<int>()}/");
        Rpc = new SurfpoolRpc(Url);
    }

    /// <summary>JSON-RPC end point over HTTP.</summary>
    public Uri Url { get; }

    /// <summary>Subscriptions.</summary>
    public Uri WebSocket { get; }

    /// <summary>What it was started with.</summary>
    public SurfpoolOptions Options { get; }

    /// <summary>The child, for signals (<c>STOP</c> makes a stalled RPC).</summary>
    public GuardedProcess Process { get; }

    /// <summary>Calls for tests and supervisors; the product's client is in <c>DePin.Chain</c>.</summary>
    public SurfpoolRpc Rpc { get; }

    /// <summary>Starts it and returns once it answers.</summary>
    /// <exception cref="InvalidOperationException">It is not installed or ended at once (a port in use, for instance).</exception>
    public static async Task<SurfpoolProcess> StartAsync(SurfpoolOptions options, CancellationToken ct)
    {
        if (!Directory.Exists(RepositoryRoot.Combine("node_modules", "@solana", "surfpool-linux-x64-gnu"))) throw new InvalidOperationException("Surfpool is not installed. Run ./scripts/setup.");
        var config = new JsonObject
        {
            ["port"] = options.Port,
            ["blockProductionMode"] = "clock",
            ["slotTimeMs"] = (int)options.SlotTime.TotalMilliseconds,
            ["airdropSol"] = options.PayerLamports, // named so, yet counted in lamports
        };
        var ready = new TaskCompletionSource<JsonNode>(TaskCreationOptions.RunContinuationsAsynchronously);
        var process = await GuardedProcess.StartAsync(
            new ProcessSpecification("node", [RepositoryRoot.Combine("src", "DevTools", "surfpool.cjs"), config.ToJsonString()]) { Name = "surfpool", LogFile = options.LogFile },
            line =>
            {
                if (line.StartsWith(Ready, StringComparison.Ordinal)) ready.TrySetResult(JsonNode.Parse(line[(Ready.Length - 1)..])!);
            },
            ct).ConfigureAwait(false);
        try
        {
            var ended = process.WaitAsync(CancellationToken.None);
            if (await Task.WhenAny(ready.Task, ended).WaitAsync(TimeSpan.FromSeconds(120), ct).ConfigureAwait(false) == ended) throw process.Ended();
            return new SurfpoolProcess(process, await ready.Task.ConfigureAwait(false), options);
        }
        catch
        {
            await process.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Ends it.</summary>
    public async ValueTask DisposeAsync()
    {
        Rpc.Dispose();
        await Process.StopAsync(TimeSpan.FromSeconds(10)).ConfigureAwait(false);
        await Process.DisposeAsync().ConfigureAwait(false);
    }
}
