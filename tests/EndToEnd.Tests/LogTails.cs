using System.Text;

namespace DePin.EndToEnd.Tests;

/// <summary>The last lines that the hosts of a network logged: a failure on a machine that is gone by then must tell its reason.</summary>
internal static class LogTails
{
    private const int Lines = 10;
    private static readonly string[] Silent = ["chain.log", "postgres.log"]; // a line per request, and nothing of what the hosts do

    /// <summary>Of each log in a folder the last lines, without stack frames.</summary>
    public static async Task<string> TellAsync(string folder)
    {
        var text = new StringBuilder();
        foreach (var file in Directory.GetFiles(folder, "*.log").Order(StringComparer.Ordinal))
        {
            if (Silent.Contains(Path.GetFileName(file))) continue;
            var lines = (await File.ReadAllLinesAsync(file)).Where(line => !line.TrimStart().StartsWith("at ", StringComparison.Ordinal)).TakeLast(Lines);
            text.AppendLine(Path.GetFileName(file)).AppendJoin(Environment.NewLine, lines.Select(line => $"  | {line}")).AppendLine();
        }

        return text.ToString();
    }
}
