using System.Globalization;
using DePin.DevTools;
using DePin.Protocol;

namespace DePin.Cli.Dev;

/// <summary>Starts a built host as a child: hosts are separate programs and know nothing of each other.</summary>
public static class HostProcess
{
    /// <summary>The built program of a project, found beside this one's output folder.</summary>
    public static string Program(string project)
    {
        // artifacts/bin/<project>/<configuration>/
        var configuration = new DirectoryInfo(AppContext.BaseDirectory);
        var path = Path.GetFullPath(Path.Combine(configuration.FullName, "..", "..", project, configuration.Name, $"DePin.{project}.dll"));
        return File.Exists(path) ? path : throw new CliException($"{project} is not built ({path} is missing). Run ./scripts/build.");
    }

    /// <summary>Starts a host that serves HTTP on <paramref name="port"/>.</summary>
    public static Task<GuardedProcess> StartAsync(string name, string project, int port, IReadOnlyDictionary<string, string?> settings, string logs, CancellationToken ct) =>
        GuardedProcess.StartAsync(Specification(name, project, [], Serving("127.0.0.1", port, settings), logs), null, ct);

    /// <summary>What a host that serves HTTP is told besides its own settings.</summary>
    public static Dictionary<string, string?> Serving(string address, int port, IReadOnlyDictionary<string, string?> settings) => new(settings)
    {
        ["ASPNETCORE_URLS"] = string.Create(CultureInfo.InvariantCulture, $"http://{address}:{port}"),
        ["ASPNETCORE_ENVIRONMENT"] = "Production",
    };

    /// <summary>How a built program of the solution is run, in little memory: many of them share a machine here.</summary>
    public static ProcessSpecification Specification(string name, string project, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string?> settings, string logs)
    {
        var program = Program(project);
        return new ProcessSpecification(DotNet(), ["exec", program, .. arguments])
        {
            Name = name,
            WorkingDirectory = Path.GetDirectoryName(program),
            Environment = new Dictionary<string, string?>(settings) { ["DOTNET_NOLOGO"] = "1", ["DOTNET_gcServer"] = "0", ["DOTNET_TieredPGO"] = "0" },
            LogFile = Path.Combine(logs, $"{name.Replace(' ', '-')}.log"),
        };
    }

    /// <summary>The data sets of a folder as the replayer reads them, each shifted so that its first day begins at <paramref name="genesis"/> (unix seconds).</summary>
    public static async Task<IReadOnlyList<ReplayedSet>> ReplayedSetsAsync(string? data, long genesis, string logs, CancellationToken ct) =>
        [.. (await DescribeAsync(data, logs, ct).ConfigureAwait(false)).Select(s => new ReplayedSet(s.Name, genesis - (s.FirstDayMs / 1000), s.Days))];

    /// <summary>The data sets of a folder as the replayer reads them.</summary>
    public static async Task<IReadOnlyList<DescribedSet>> DescribeAsync(string? data, string logs, CancellationToken ct)
    {
        var sets = new List<DescribedSet>();
        var problem = "";
        var specification = Specification("replayer", "Replayer", ["describe", .. data is null ? (string[])[] : ["--data", data]], new Dictionary<string, string?>(), logs);
        await using var process = await GuardedProcess.StartAsync(
            specification,
            line =>
            {
                // set, name, first day in ms since 1970, days, devices; between them tabulators
                if (line.Split('\t') is ["set", var name, var first, var days, var devices])
                    sets.Add(new DescribedSet(name, long.Parse(first, CultureInfo.InvariantCulture), int.Parse(days, CultureInfo.InvariantCulture), int.Parse(devices, CultureInfo.InvariantCulture)));
                else if (line.StartsWith("error: ", StringComparison.Ordinal)) problem = line["error: ".Length..];
            },
            ct).ConfigureAwait(false);
        if (await process.WaitAsync(ct).ConfigureAwait(false) == 0 && sets.Count > 0) return sets;
        throw problem.Length > 0 ? new CliException(problem) : process.Ended();
    }

    /// <summary>Waits until the host answers <c>/health</c>.</summary>
    /// <exception cref="InvalidOperationException">It ended; its last lines are in the message.</exception>
    public static async Task WaitHealthyAsync(GuardedProcess process, int port, CancellationToken ct)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        var url = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/health"));
        while (true)
        {
            if (process.HasExited) throw process.Ended();
            try
            {
                using var response = await http.GetAsync(url, ct).ConfigureAwait(false);
                if (response.IsSuccessStatusCode) return;
            }
            catch (HttpRequestException) { /* not listening yet */ }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested) { /* busy starting */ }
            await Task.Delay(100, ct).ConfigureAwait(false);
        }
    }

    private static string DotNet() => Environment.ProcessPath is { } self && Path.GetFileNameWithoutExtension(self) == "dotnet" ? self : "dotnet";
}
