using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using DePin.DevTools;
using DePin.TestKit;

namespace DePin.EndToEnd.Tests;

/// <summary>
/// A whole network as <c>depin dev up</c> starts it, in the background, for the journeys of one class: few devices and a fast clock, all
/// ports its own. Everything is done through the command line tool, as a person would.
/// </summary>
public class RunningNetwork : IAsyncLifetime
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("depin-test-up-");
    private readonly int basePort = FreeRange(20);

    /// <summary>What is replayed, and how fast.</summary>
    protected virtual IReadOnlyList<string> Replay => ["--replay-devices", "4", "--seconds-per-block", "3600"];

    /// <summary>Data folder.</summary>
    public string Data => Path.Combine(folder.FullName, "data");

    public Uri Api => new($"http://127.0.0.1:{basePort + 2}");

    public string Rpc => $"http://127.0.0.1:{basePort}";

    public string Manifest => Path.Combine(Data, "network.json");

    public string DeployerKey => Path.Combine(Data, "keys", "deployer.key");

    public async Task InitializeAsync()
    {
        File.SetUnixFileMode(folder.FullName, File.GetUnixFileMode(folder.FullName) | UnixFileMode.OtherExecute | UnixFileMode.GroupExecute);
        await UpAsync();
    }

    public async Task DisposeAsync()
    {
        await DepinAsync(["dev", "reset", "--data", Data]);
        folder.Delete(true);
    }

    /// <summary>Starts or resumes.</summary>
    public async Task UpAsync()
    {
        var result = await DepinAsync(
        [
            "dev", "up", "--detach", "--data", Data, .. Replay, "--chain-port", $"{basePort}", "--postgres-port", $"{basePort + 1}",
            "--api-port", $"{basePort + 2}", "--indexer-port", $"{basePort + 3}", "--jobs-port", $"{basePort + 4}", "--operator-port", $"{basePort + 10}",
        ]);
        Assert.True(result.Code == 0, result.ToString());
    }

    /// <summary>Runs the tool.</summary>
    public static async Task<ToolResult> DepinAsync(IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        start.Environment["DEPIN_HOME"] = RepositoryRoot.Find();
        foreach (var argument in (string[])["exec", Cli.Dev.HostProcess.Program("Cli"), .. arguments]) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return new ToolResult(process.ExitCode, await output, await error);
    }

    /// <summary>Runs the tool and reads its JSON.</summary>
    public static async Task<(int Code, JsonNode Answer)> AskAsync(params string[] arguments)
    {
        var result = await DepinAsync([.. arguments, "--json"]);
        try
        {
            return (result.Code, JsonNode.Parse(result.Output) ?? throw new JsonException("null"));
        }
        catch (JsonException)
        {
            throw new InvalidOperationException($"depin {string.Join(' ', arguments)} did not answer in JSON: {result}");
        }
    }

    /// <summary>Waits until an epoch is final and its evidence imported by the indexer.</summary>
    public Task FinalAsync(int epoch) => Eventually.HoldsAsync(
        async () =>
        {
            using var api = new Cli.Network.ApiClient(Api);
            var totals = (await api.TryGetAsync("/v1/network", default))?["totals"];
            return totals is not null && totals["lastFinalEpoch"]!.GetValue<long>() >= epoch && totals["lastImportedEpoch"]!.GetValue<long>() >= epoch;
        },
        $"epoch {epoch} is final and imported; logs in {Data}/logs",
        default,
        TimeSpan.FromMinutes(12));

    internal static int FreeRange(int count)
    {
        for (var attempt = 0; attempt < 100; attempt++)
        {
            var first = Random.Shared.Next(20_000, 32_000 - count); // below the ephemeral range
            if (Enumerable.Range(first, count).All(p => !LoopbackPort.IsTaken(p))) return first;
        }

        throw new InvalidOperationException("No free range of ports was found.");
    }
}

/// <summary>What a run of the tool left.</summary>
public sealed record ToolResult(int Code, string Output, string Error)
{
    public override string ToString() => $"exit {Code}\n{Output}\n{Error}";
}
