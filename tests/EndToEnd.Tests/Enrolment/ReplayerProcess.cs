using System.Diagnostics;
using DePin.Cli.Dev;
using DePin.TestKit;

namespace DePin.EndToEnd.Tests.Enrolment;

/// <summary>The replayer's own program, and what it has said so far.</summary>
public sealed class ReplayerProcess : IAsyncDisposable
{
    private readonly Process process;
    private readonly List<string> said = [];

    private ReplayerProcess(Process process)
    {
        this.process = process;
        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Starts it with two devices of each data set.</summary>
    /// <param name="manifest">File of the network's manifest.</param>
    /// <param name="rpc">The chain's node.</param>
    /// <param name="keys">Folder with the maker's and the deployer's key.</param>
    /// <param name="seed">What the devices' keys follow from.</param>
    public static ReplayerProcess Start(string manifest, Uri rpc, string keys, string seed)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])["exec", HostProcess.Program("Replayer"), "--network", manifest, "--rpc", rpc.ToString(), "--keys", keys, "--seed", seed, "--devices", "2"])
            start.ArgumentList.Add(argument);
        return new ReplayerProcess(Process.Start(start)!);
    }

    /// <summary>Waits until so many of its lines begin like this.</summary>
    public Task SaysAsync(string line, int times = 1) => Eventually.HoldsAsync(
        () =>
        {
            lock (said)
            {
                if (said.Count(s => s.StartsWith(line, StringComparison.Ordinal)) >= times) return Task.FromResult(true);
                if (process.HasExited) Assert.Fail($"It ended with {process.ExitCode}:\n{string.Join('\n', said)}");
                return Task.FromResult(false);
            }
        }, $"the replayer says '{line}'", default, TimeSpan.FromMinutes(4));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited) process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is null) return;
        lock (said) said.Add(line.Data);
    }
}
