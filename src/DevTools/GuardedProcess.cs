using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace DePin.DevTools;

/// <summary>What to run as a child and how to end it.</summary>
public sealed record ProcessSpecification(string FileName, IReadOnlyList<string> Arguments)
{
    /// <summary>Name in messages; the file's name by default.</summary>
    public string Name { get; init; } = Path.GetFileName(FileName);

    /// <summary>Folder to run in; null inherits.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>Variables added to (or, where null, removed from) the environment.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>Signal that asks the child to end: <c>TERM</c> or <c>INT</c>.</summary>
    public string StopSignal { get; init; } = "TERM";

    /// <summary>File that receives all output, appended; null keeps only the last lines in memory.</summary>
    public string? LogFile { get; init; }
}

/// <summary>
/// A child that never outlives this process: a guard shell holds the read end of a pipe from us and, when the pipe closes (we stopped
/// it, ended or were killed), sends the child its stop signal. The child runs in a session of its own, so Ctrl-C reaches only us.
/// </summary>
public sealed class GuardedProcess : IAsyncDisposable
{
    // $1 = signal, the rest = command. The child's id is the first line of output; `exec` keeps it.
    private const string Guard = """
        sig=$1; shift; exec 3<&0
        sh -c 'exec 3<&-; echo "guard:$$"; exec "$@"' child "$@" </dev/null & child=$!
        (cat <&3 >/dev/null; kill -s "$sig" "$child") >/dev/null 2>&1 & watcher=$!
        exec 3<&-
        wait "$child"; code=$?
        kill "$watcher" 2>/dev/null
        exit "$code"
        """;

    private const int KeptLines = 400;
    private readonly Process guard;
    private readonly ConcurrentQueue<string> lines = new();
    private readonly TaskCompletionSource<int> childId = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly StreamWriter? log;
    private readonly Lock gate = new();

    private GuardedProcess(ProcessSpecification specification)
    {
        Specification = specification;
        if (specification.LogFile is { } file)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
            log = new StreamWriter(new FileStream(file, FileMode.Append, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true };
        }

        var start = new ProcessStartInfo("setsid")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = specification.WorkingDirectory ?? "",
        };
        foreach (var argument in (string[])["sh", "-c", Guard, "guard", specification.StopSignal, specification.FileName, .. specification.Arguments])
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in specification.Environment) start.Environment[name] = value;
        guard = new Process { StartInfo = start };
        guard.OutputDataReceived += (_, e) => Received(e.Data);
        guard.ErrorDataReceived += (_, e) => Received(e.Data);
    }

    /// <summary>A line of output, standard output and error alike, as it arrives.</summary>
    public event Action<string>? Line;

    /// <summary>What was asked for.</summary>
    public ProcessSpecification Specification { get; }

    /// <summary>Process id of the child itself (not of its guard).</summary>
    public int Id => childId.Task.IsCompletedSuccessfully ? childId.Task.Result : throw new InvalidOperationException($"{Specification.Name} has not started.");

    /// <summary>True once the child has ended.</summary>
    public bool HasExited => guard.HasExited;

    /// <summary>Exit code once ended; 128 + n for signal n.</summary>
    public int ExitCode => guard.ExitCode;

    /// <summary>The last lines of output.</summary>
    public IReadOnlyList<string> Output => [.. lines];

    /// <summary>Starts a child and returns once it runs.</summary>
    public static async Task<GuardedProcess> StartAsync(ProcessSpecification specification, Action<string>? onLine, CancellationToken ct)
    {
        var process = new GuardedProcess(specification);
        if (onLine is not null) process.Line += onLine;
        process.guard.Start();
        process.guard.BeginOutputReadLine();
        process.guard.BeginErrorReadLine();
        // A short-lived child may end before its first line was read here: only the end of its output says that none will come.
        var ended = process.guard.WaitForExitAsync(ct);
        await Task.WhenAny(process.childId.Task, ended).WaitAsync(TimeSpan.FromSeconds(60), ct).ConfigureAwait(false);
        if (!process.childId.Task.IsCompleted)
        {
            await ended.ConfigureAwait(false);
            if (!process.childId.Task.IsCompleted) throw process.Ended();
        }

        return process;
    }

    /// <summary>Completes when the child has ended, with its exit code.</summary>
    public async Task<int> WaitAsync(CancellationToken ct)
    {
        await guard.WaitForExitAsync(ct).ConfigureAwait(false);
        return guard.ExitCode;
    }

    /// <summary>Sends the stop signal, waits, and kills after <paramref name="patience"/>. Returns the exit code.</summary>
    public async Task<int> StopAsync(TimeSpan patience)
    {
        if (!guard.HasExited)
        {
            try { guard.StandardInput.Close(); }
            catch (IOException) { /* the guard ended meanwhile */ }
            using var limit = new CancellationTokenSource(patience);
            try { await guard.WaitForExitAsync(limit.Token).ConfigureAwait(false); }
            catch (OperationCanceledException) { await KillAsync().ConfigureAwait(false); }
        }

        return guard.ExitCode;
    }

    /// <summary><c>kill -9</c> of the child, and waits for its end.</summary>
    public async Task KillAsync()
    {
        if (guard.HasExited) return;
        Signal("KILL");
        await guard.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Sends a signal by name (<c>TERM</c>, <c>STOP</c>, <c>CONT</c>, <c>KILL</c>) to the child alone.</summary>
    public void Signal(string name)
    {
        using var kill = Process.Start("/bin/kill", ["-s", name, Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    /// <summary>An exception that tells how the child ended and shows its last lines.</summary>
    public InvalidOperationException Ended() => new(
        $"{Specification.Name} ended{(guard.HasExited ? $" with code {guard.ExitCode}" : "")}. Its last lines:\n"
        + string.Join('\n', lines.TakeLast(20))
        + (Specification.LogFile is { } file ? $"\nAll of its output: {file}" : ""));

    /// <summary>Stops the child.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.FromSeconds(15)).ConfigureAwait(false);
        guard.Dispose();
        lock (gate) log?.Dispose();
    }

    private void Received(string? line)
    {
        if (line is null) return;
        if (!childId.Task.IsCompleted && line.StartsWith("guard:", StringComparison.Ordinal))
        {
            childId.TrySetResult(int.Parse(line.AsSpan(6), CultureInfo.InvariantCulture));
            return;
        }

        lines.Enqueue(line);
        while (lines.Count > KeptLines) lines.TryDequeue(out _);
        lock (gate)
        {
            try { log?.WriteLine(line); }
            catch (ObjectDisposedException) { /* a last line after disposal is not worth a crash */ }
        }

        Line?.Invoke(line);
    }
}
