using System.Globalization;

namespace DePin.Cli.Dev;

/// <summary>Shows what is being done and how long it took: a spinner for people, a line each otherwise.</summary>
public sealed class Phases(Output output)
{
    private readonly long start = TimeProvider.System.GetTimestamp();

    /// <summary>Wall-clock time since the first phase.</summary>
    public TimeSpan Elapsed => TimeProvider.System.GetElapsedTime(start);

    /// <summary>Runs a phase; <paramref name="done"/> words what came of it.</summary>
    public async Task<T> RunAsync<T>(string what, Func<Action<string>, Task<T>> work, Func<T, string> done)
    {
        var result = await output.WaitAsync(what, work).ConfigureAwait(false);
        output.Remark(string.Create(CultureInfo.InvariantCulture, $"[{Elapsed.TotalSeconds,6:0.0} s] {done(result)}"));
        return result;
    }

    /// <summary>Runs a phase without result.</summary>
    public Task RunAsync(string what, Func<Action<string>, Task> work, string done) =>
        RunAsync(what, async detail => { await work(detail).ConfigureAwait(false); return true; }, _ => done);
}
