using System.Globalization;
using System.Text.RegularExpressions;

namespace DePin.DevTools;

/// <summary>How Anvil runs. Times are seconds of chain time unless said otherwise.</summary>
public sealed record AnvilOptions
{
    /// <summary>Port on 127.0.0.1; 0 lets Anvil take a free one.</summary>
    public int Port { get; init; }

    /// <summary>Wall-clock seconds between blocks; null mines a block per transaction.</summary>
    public int? BlockTime { get; init; }

    /// <summary>2 × this many blocks lie between latest and finalized; 1 gives latest − 2.</summary>
    public int SlotsInAnEpoch { get; init; } = 1;

    /// <summary>Timestamp of the genesis block in unix seconds; null takes the wall clock.</summary>
    public long? Timestamp { get; init; }

    /// <summary>Chain time between two blocks once running; null leaves it to the wall clock.</summary>
    public int? TimestampInterval { get; init; }

    /// <summary>EIP-155 chain id.</summary>
    public int ChainId { get; init; } = 31337;

    /// <summary>Fork rules; <c>osaka</c> has the P-256 precompile.</summary>
    public string Hardfork { get; init; } = "osaka";

    /// <summary>Accounts with funds, from the well-known test mnemonic.</summary>
    public int Accounts { get; init; } = 10;

    /// <summary>File that state is loaded from at start and written to at the end; null keeps nothing.</summary>
    public string? StateFile { get; init; }

    /// <summary>Seconds of wall clock between writes of the state file.</summary>
    public int StateInterval { get; init; } = 10;

    /// <summary>File for Anvil's output; null keeps the last lines in memory.</summary>
    public string? LogFile { get; init; }
}

/// <summary>An Anvil of our own, ended with this process.</summary>
public sealed partial class AnvilProcess : IAsyncDisposable
{
    private AnvilProcess(GuardedProcess process, int port, AnvilOptions options)
    {
        Process = process;
        Options = options;
        Url = new Uri($"http://127.0.0.1:{port}/");
        Rpc = new AnvilRpc(Url);
    }

    /// <summary>JSON-RPC end point over HTTP.</summary>
    public Uri Url { get; }

    /// <summary>What it was started with.</summary>
    public AnvilOptions Options { get; }

    /// <summary>The child, for signals (<c>STOP</c> makes a stalled RPC).</summary>
    public GuardedProcess Process { get; }

    /// <summary>Calls for tests and supervisors; the product's client is in <c>DePin.Chain</c>.</summary>
    public AnvilRpc Rpc { get; }

    /// <summary>Starts Anvil and returns once it answers.</summary>
    /// <exception cref="InvalidOperationException">It is not installed or ended at once (a port in use, for instance).</exception>
    public static async Task<AnvilProcess> StartAsync(AnvilOptions options, CancellationToken ct)
    {
        var resumes = options.StateFile is { } file && File.Exists(file);
        string[] arguments =
        [
            "--host", "127.0.0.1", "--port", Text(options.Port), "--chain-id", Text(options.ChainId), "--hardfork", options.Hardfork,
            "--accounts", Text(options.Accounts), "--slots-in-an-epoch", Text(options.SlotsInAnEpoch), "--disable-block-gas-limit",
            .. resumes ? (string[])["--no-mining"] : options.BlockTime is { } time ? ["--block-time", Text(time)] : [],
            .. options.Timestamp is { } timestamp ? (string[])["--timestamp", timestamp.ToString(CultureInfo.InvariantCulture)] : [],
            .. options.StateFile is { } state
                ? (string[])["--state", state, "--state-interval", Text(options.StateInterval)]
                : [],
        ];
        var listening = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        var process = await GuardedProcess.StartAsync(
            new ProcessSpecification(Binary("anvil"), arguments) { Name = "anvil", LogFile = options.LogFile },
            line =>
            {
                if (ListeningLine().Match(line) is { Success: true } match) listening.TrySetResult(int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture));
            },
            ct).ConfigureAwait(false);
        try
        {
            var ended = process.WaitAsync(CancellationToken.None);
            if (await Task.WhenAny(listening.Task, ended).WaitAsync(TimeSpan.FromSeconds(120), ct).ConfigureAwait(false) == ended) throw process.Ended();
            var anvil = new AnvilProcess(process, await listening.Task.ConfigureAwait(false), options);
            await anvil.SetClockAsync(resumes, ct).ConfigureAwait(false);
            return anvil;
        }
        catch
        {
            await process.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Path of a Foundry tool (<c>anvil</c>, <c>forge</c>, <c>cast</c>) that npm brought.</summary>
    public static string Binary(string tool)
    {
        var path = RepositoryRoot.Combine("node_modules", "@foundry-rs", $"{tool}-linux-amd64", "bin", tool);
        return File.Exists(path) ? path : throw new InvalidOperationException($"{tool} is not installed. Run ./scripts/setup.");
    }

    /// <summary>Ends Anvil; with a state file it writes its state first.</summary>
    public async ValueTask DisposeAsync()
    {
        Rpc.Dispose();
        await Process.StopAsync(TimeSpan.FromSeconds(60)).ConfigureAwait(false);
        await Process.DisposeAsync().ConfigureAwait(false);
    }

    // Anvil dates the first block after loading a state by the wall clock, even before its parent. So it loads without mining, is told the
    // next block's time, and only then goes on.
    private async Task SetClockAsync(bool resumes, CancellationToken ct)
    {
        if (resumes)
        {
            var (_, last) = await Rpc.BlockAsync("latest", ct).ConfigureAwait(false);
            await Rpc.SetTimeAsync(last, ct).ConfigureAwait(false);
            await Rpc.SetNextBlockTimestampAsync(last + (ulong)(Options.TimestampInterval ?? Options.BlockTime ?? 1), ct).ConfigureAwait(false);
        }

        if (Options.TimestampInterval is { } interval) await Rpc.SetBlockTimestampIntervalAsync(interval, ct).ConfigureAwait(false);
        if (!resumes) return;
        if (Options.BlockTime is { } seconds) await Rpc.SetIntervalMiningAsync(seconds, ct).ConfigureAwait(false);
        else await Rpc.SetAutomineAsync(true, ct).ConfigureAwait(false);
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"Listening on 127\.0\.0\.1:(\d+)")]
    private static partial Regex ListeningLine();
}
