using System.Diagnostics;
using System.Net;
using DePin.DevTools;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;

namespace DePin.Api.Tests;

/// <summary>The description makes a client that a front end can use as it comes, by somebody else's generator (openapi-typescript) and the TypeScript compiler at its strictest.</summary>
public sealed class GeneratedClientTests(ApiFixture fixture) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task A_client_made_from_the_description_compiles_strictly_and_reads_the_API()
    {
        await using var host = fixture.WithSettings([]);
        host.UseKestrel(static o => o.Listen(IPAddress.Loopback, 0)); // a port of its own: 0 as a number means the default one
        host.StartServer();
        var address = host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        var root = RepositoryRoot.Find(); // below it, where the packages are found
        var folder = Path.Combine(root, "artifacts", "generated-client", Guid.NewGuid().ToString("n"));
        try
        {
            var lines = await RunAsync(root, address, folder);
            Assert.Equal(
                [
                    """{"name":"Fixture","minted":"7350","devices":4}""", """{"tokens":[4,2,1]}""", """{"status":"final","judged":200,"reasons":25}""",
                    """{"missing":true,"status":404,"code":"not-found"}""", """{"query":{"class":2}}""",
                ], lines);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Every_operation_has_a_name_of_its_own_says_what_its_parameters_are_and_what_its_errors_look_like()
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var document = await fixture.GetAsync("/openapi/v1.json");
        foreach (var path in document.GetProperty("paths").EnumerateObject())
        {
            foreach (var operation in path.Value.EnumerateObject())
            {
                var where = operation.Name + " " + path.Name;
                Assert.True(operation.Value.TryGetProperty("operationId", out var name) && names.Add(name.GetString()!), where + " has no name of its own");
                Assert.False(string.IsNullOrWhiteSpace(operation.Value.GetProperty("summary").GetString()), where);
                foreach (var parameter in operation.Value.TryGetProperty("parameters", out var parameters) ? parameters.EnumerateArray() : [])
                    Assert.True(parameter.TryGetProperty("description", out var text) && text.GetString()!.Length > 10, $"{where} does not say what {parameter.GetProperty("name")} is: see Description.Meanings");
                Assert.True(operation.Value.GetProperty("responses").TryGetProperty("400", out var refused), where);
                Assert.True(refused.GetProperty("content").TryGetProperty("application/problem+json", out _), where);
            }
        }

        Assert.True(names.Count > 20);
        Assert.True(document.GetProperty("components").GetProperty("schemas").GetProperty("ProblemDetails").GetProperty("properties").TryGetProperty("code", out _));
        Assert.DoesNotContain("\"pattern\"", document.GetRawText(), StringComparison.Ordinal); // of numbers that may be texts
    }

    private static async Task<IReadOnlyList<string>> RunAsync(string root, string address, string folder)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        var start = new ProcessStartInfo("node", [Path.Combine(root, "tests", "Api.Tests", "web", "run.mjs"), address, folder]) { WorkingDirectory = root, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var (said, errors) = (process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
        await process.WaitForExitAsync(limit.Token);
        Assert.True(process.ExitCode == 0, $"{await said}{await errors}");
        return (await said).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
