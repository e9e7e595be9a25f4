using System.Globalization;
using DePin.Cli.Dev;
using DePin.DevTools;

namespace DePin.EndToEnd.Tests.Faults;

/// <summary>A host of the product as a process that a test starts, stops and kills.</summary>
public sealed class Host(string name, string project, int port, IReadOnlyDictionary<string, string?> settings, string logs) : IAsyncDisposable
{
    private GuardedProcess? _process;

    /// <summary>Name in messages and of its log.</summary>
    public string Name => name;

    /// <summary>Where it listens.</summary>
    public Uri Url { get; } = new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));

    /// <summary>Whether it runs: nobody starts it again by itself.</summary>
    public bool IsRunning => _process is { HasExited: false };

    /// <summary>How it ended.</summary>
    public Exception Ended => _process?.Ended() ?? new InvalidOperationException($"{name} was not started.");

    /// <summary>Starts it without waiting for it.</summary>
    public async Task LaunchAsync() => _process = await HostProcess.StartAsync(name, project, port, settings, logs, default);

    /// <summary>Starts it and waits until it answers.</summary>
    public async Task StartAsync()
    {
        await LaunchAsync();
        await HealthyAsync();
    }

    /// <summary>Waits until it answers.</summary>
    public Task HealthyAsync() => HostProcess.WaitHealthyAsync(_process!, port, default);

    /// <summary>A clean stop.</summary>
    public async Task StopAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        _process = null;
    }

    /// <summary><c>kill -9</c>.</summary>
    public async Task KillAsync()
    {
        await _process!.KillAsync();
        await _process.DisposeAsync();
        _process = null;
    }

    public async ValueTask DisposeAsync() => await StopAsync();
}
