using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using DePin.Client;
using DePin.Cryptography;
using DePin.Mirror;
using DePin.TestKit;

namespace DePin.Api.Tests;

/// <summary>The examples of src/Client/README.md, run as they stand there.</summary>
public sealed partial class ClientReadmeTests : IAsyncLifetime
{
    private readonly ApiFixture fixture = new();

    public Task InitializeAsync() => fixture.InitializeAsync();

    public Task DisposeAsync() => fixture.DisposeAsync();

    [Fact]
    public async Task The_examples_of_the_readme_do_what_they_say()
    {
        using var stop = new CancellationTokenSource();
        var ct = stop.Token;
        var server = fixture.Host.Server.CreateHandler();
        var address = ApiFixture.Providers[0];
        using var api = DePinClient.Create(new DePinClientOptions { BaseAddress = new Uri("https://api.example.org") }, server);
        if (await api.FindAccountAsync(address, ct) is { } earned)
            Console.WriteLine($"{earned.Account.Cumulative} earned, {earned.Claimable} claimable, {earned.Waiting} not final yet");
        await foreach (var line in api.AllAccountRewardsAsync(address, new RewardFilter(), ct))
            Console.WriteLine($"epoch {line.Epoch}: {line.Amount} for {line.RuleName} by device {line.DeviceId}");
        Assert.Equal("7000 earned, 5000 claimable, 0 not final yet", Console.Lines.First());
        Assert.StartsWith("epoch 1: 7000 for ", Assert.Single(Console.Lines.Skip(1)), StringComparison.Ordinal);
        Assert.EndsWith($" by device {ApiFixture.DeviceId(3)}", Console.Lines.Last(), StringComparison.Ordinal);

        Console.Lines.Clear();
        var at = new PageRequest(Limit: 100);
        do
        {
            var page = await api.ListDevicesAsync(new DeviceFilter { Status = DeviceStatus.Active }, ListOrder.Newest, at, ct);
            foreach (var device in page.Items) Console.WriteLine($"{device.TokenId} of {device.Owner} in {device.Cell}");
            at = at with { Cursor = page.Next };
        }
        while (at.Cursor is not null);
        Assert.Equal(3, Console.Lines.Count);
        Assert.Equal($"4 of {ApiFixture.Providers[1]} in 8a1f91b1c8dffff", Console.Lines.First());

        var following = FollowAsync(api, ct);
        for (long claimed = 2_100; !Console.Lines.Contains($"{address} was paid 100"); claimed += 100) // the first may come before the stream is open
        {
            fixture.Chain.Mine(FakeLog.Of(EventKind.Claimed, address, 0, address, 100L, claimed, FakeNetworkActivity.HashOf("root"), Address.Zero, 0L));
            await fixture.FollowAsync();
            await Task.Delay(100, ct);
        }

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => following);
    }

    private static async Task FollowAsync(DePinClient api, CancellationToken ct)
    {
        string? last = null;
        await foreach (var happened in api.FollowAsync(LiveKinds.All, last, ct))
        {
            if (happened is HeadMoved head) last = head.Id; // all up to its block was told; another run of the program goes on from here
            else if (happened is ClaimPaid claim) Console.WriteLine($"{claim.Account} was paid {claim.Amount}");
            else if (happened is StreamReset) Console.WriteLine("something was missed: load everything anew");
        }
    }

    [Fact]
    public void The_examples_above_are_those_of_the_readme_to_the_letter()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "DePin.Dapp.sln"))) folder = folder.Parent!;
        var here = Plain(File.ReadAllText(Path.Combine(folder.FullName, "tests", "Api.Tests", $"{nameof(ClientReadmeTests)}.cs"))).Replace("}, server);", "});", StringComparison.Ordinal);
        var examples = Example().Matches(File.ReadAllText(Path.Combine(folder.FullName, "src", "Client", "README.md")));
        Assert.Equal(3, examples.Count);
        Assert.All(examples, e => Assert.Contains(Plain(e.Groups[1].Value), here, StringComparison.Ordinal));
    }

    private static string Plain(string code) => Space().Replace(code, " ").Trim();

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();

    private static class Console
    {
        public static ConcurrentQueue<string> Lines { get; } = [];

        public static void WriteLine(string line) => Lines.Enqueue(line);
    }
}
