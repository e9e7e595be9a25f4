using System.Diagnostics;
using System.Text.RegularExpressions;

namespace DePin.Architecture.Tests;

/// <summary>The working tree as text.</summary>
internal static partial class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>Paths of all files that git tracks or would track, relative to the root.</summary>
    public static IReadOnlyList<string> Files { get; } = List();

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    /// <summary>C# sources below a folder with comments and string contents blanked, so that a word in prose is no finding.</summary>
    public static IEnumerable<(string Path, string Code)> Code(string folder) =>
        Files.Where(f => f.StartsWith(folder + "/", StringComparison.Ordinal) && f.EndsWith(".cs", StringComparison.Ordinal) && !f.EndsWith(".g.cs", StringComparison.Ordinal))
            .Select(f => (f, Strip(Read(f))));

    /// <summary>Names of the projects that the project file references.</summary>
    public static IReadOnlyList<string> References(string project) =>
        [.. ReferencePattern().Matches(Read(project)).Select(m => m.Groups[1].Value)];

    public static string Strip(string source) => NoisePattern().Replace(source, m => m.Value[0] == '/' ? " " : "\"\"");

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "DePin.Dapp.sln"))) return folder.FullName;
        }

        throw new InvalidOperationException("The tests must run from inside the clone.");
    }

    private static List<string> List()
    {
        var start = new ProcessStartInfo("git", ["ls-files", "--cached", "--others", "--exclude-standard"]) { WorkingDirectory = Root, RedirectStandardOutput = true };
        using var git = Process.Start(start)!;
        var files = git.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        git.WaitForExit();
        return [.. files.Where(f => File.Exists(Path.Combine(Root, f))).Order(StringComparer.Ordinal)];
    }

    [GeneratedRegex("<ProjectReference Include=\"[^\"]*/([A-Za-z.]+)\\.csproj\"")]
    private static partial Regex ReferencePattern();

    [GeneratedRegex(@"//[^\n]*|/\*.*?\*/|\$*"""""".*?""""""|\$?@\$?""(?:[^""]|"""")*""|\$?""(?:\\.|[^""\\\n])*""|'(?:\\.|[^'\\\n])'", RegexOptions.Singleline)]
    private static partial Regex NoisePattern();
}
