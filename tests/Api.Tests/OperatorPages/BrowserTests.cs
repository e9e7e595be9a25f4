using System.Net;
using DePin.TestKit;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace DePin.Api.Tests.OperatorPages;

/// <summary>The operator page in a real browser, over the real contracts: <c>browser/operator.mjs</c> does what an operator does.</summary>
public sealed class BrowserTests
{
    private static readonly CancellationToken Ct = CancellationToken.None;
    private static readonly string[] Shots = ["operator", "dark", "narrow", "signed-out"];

    [Fact]
    public async Task An_operator_signs_in_sees_how_it_stands_and_sends_transactions_with_its_wallet()
    {
        var wallet = new TestWallet("operator in the browser");
        await using var chain = await OperatedChain.StartAsync(wallet);
        await chain.ReportAsync(5);
        var built = new DirectoryInfo(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        await using var host = new WebApplicationFactory<Program>().WithWebHostBuilder(b =>
        {
            b.UseSetting("Api:Database", chain.ConnectionString);
            b.UseSetting(WebHostDefaults.WebRootKey, Path.Combine(built.Parent!.Parent!.FullName, "Api", built.Name, "wwwroot")); // as it is published, with what pages share
        });
        host.UseKestrel(static o => o.Listen(IPAddress.Loopback, 0)); // a port of its own: 0 as a number means the default one
        host.StartServer();
        var root = new Uri(host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        using var http = new HttpClient { BaseAddress = root, Timeout = TimeSpan.FromMinutes(2) };
        await Eventually.HoldsAsync(async () => (await http.GetAsync(new Uri("/v1/epochs/5", UriKind.Relative), Ct)).IsSuccessStatusCode, "the reports are mirrored", Ct);
        var bond = (await chain.AskAsync(chain.Member)).Bond;

        await BrowserScript.RunAsync("tests/Api.Tests/browser/operator.mjs", [root.ToString(), chain.Rpc.ToString(), "0x" + Convert.ToHexStringLower(wallet.Key), chain.Member.ToString(), chain.Spare.ToString()], Shots, async what =>
        {
            // What the page has shown as done, the contract has done.
            switch (what)
            {
                case "bond":
                    Assert.Equal(bond + 12_500_000_000_000_000_000, (await chain.AskAsync(chain.Member)).Bond);
                    break;
                case "endpoint":
                    Assert.Equal(chain.Process.Root.Replace("127.0.0.1", "localhost", StringComparison.Ordinal), (await chain.AskAsync(chain.Member)).Endpoint);
                    break;
                case "exit":
                    Assert.NotEqual(0ul, (await chain.AskAsync(chain.Spare)).ExitAt);
                    break;
                default:
                    Assert.Fail(what);
                    break;
            }
        });
    }
}
