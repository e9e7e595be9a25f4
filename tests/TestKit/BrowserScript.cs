using System.Diagnostics;
using DePin.DevTools;

namespace DePin.TestKit;

/// <summary>Runs a script of a browser test (browser/rig.mjs) with node: it says steps, asks for what only the test can do or look at, and leaves pictures.</summary>
public static class BrowserScript
{
    /// <summary>Runs it to its end.</summary>
    /// <param name="script">Its path, below the repository.</param>
    /// <param name="arguments">Its arguments; the folder for pictures is added as the last.</param>
    /// <param name="pictures">Names of those that it must leave.</param>
    /// <param name="answer">Called with what follows <c>ask</c>; the script goes on when it returns.</param>
    /// <exception cref="InvalidOperationException">It failed, or did not come to its end; the message has its last line and its errors.</exception>
    public static async Task RunAsync(string script, IReadOnlyList<string> arguments, IReadOnlyList<string> pictures, Func<string, Task> answer)
    {
        var kept = Environment.GetEnvironmentVariable("DEPIN_SCREENSHOTS"); // a folder to look at them
        var shots = kept is not null ? Directory.CreateDirectory(kept).FullName : Directory.CreateTempSubdirectory("depin-shots").FullName;
        using var browser = Process.Start(new ProcessStartInfo("node", [RepositoryRoot.Combine(script.Split('/')), .. arguments, shots])
        {
            WorkingDirectory = RepositoryRoot.Find(),
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        try
        {
            var errors = browser.StandardError.ReadToEndAsync();
            var last = "";
            while (await browser.StandardOutput.ReadLineAsync() is { } line)
            {
                last = line;
                if (!line.StartsWith("ask ", StringComparison.Ordinal)) continue;
                await answer(line[4..]);
                await browser.StandardInput.WriteLineAsync("done");
                await browser.StandardInput.FlushAsync();
            }

            await browser.WaitForExitAsync();
            if (browser.ExitCode != 0 || last != "step done") throw new InvalidOperationException($"After '{last}':\n{await errors}");
        }
        finally
        {
            if (!browser.HasExited) browser.Kill(entireProcessTree: true);
        }

        foreach (var name in pictures)
        {
            if (!File.Exists(Path.Combine(shots, $"{name}.png")) || new FileInfo(Path.Combine(shots, $"{name}.png")).Length <= 5_000) throw new InvalidOperationException($"The picture '{name}' is missing or empty.");
        }

        if (kept is null) Directory.Delete(shots, recursive: true);
    }
}
