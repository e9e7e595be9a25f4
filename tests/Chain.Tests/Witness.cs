using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using DePin.DevTools;

namespace DePin.Chain.Tests;

/// <summary>Runs a script of witness/ with node: an independent implementation (viem, @solana/kit and others) of what we compute ourselves.</summary>
internal static class Witness
{
    public static async Task<JsonElement[]> RunAsync(string script, int seed, int count, params string[] more)
    {
        var root = RepositoryRoot.Find();
        var start = new ProcessStartInfo("node")
        {
            WorkingDirectory = root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add(Path.Combine(root, "tests", "Chain.Tests", "witness", $"{script}.mjs"));
        start.ArgumentList.Add(seed.ToString(CultureInfo.InvariantCulture));
        start.ArgumentList.Add(count.ToString(CultureInfo.InvariantCulture));
        foreach (var argument in more) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        using var json = await JsonDocument.ParseAsync(process.StandardOutput.BaseStream);
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{script}.mjs failed: {await errors}");
        var cases = json.RootElement.Clone().EnumerateArray().ToArray();
        Assert.NotEmpty(cases);
        return cases;
    }
}
