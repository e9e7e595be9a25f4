using System.Diagnostics;
using System.Globalization;
using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Chain.Deployment;
using DePin.Chain.Rpc;
using DePin.Chain.Solana;
using DePin.Cli.Dev;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.Protocol;
using DePin.TestKit;
using Npgsql;

namespace DePin.EndToEnd.Tests.Solana;

/// <summary><c>dev up</c> on a cluster that was there before, whose node the test plays: it alone moves its time. The node's URL holds a key.</summary>
public sealed class ExistingClusterTests : RunningNetwork, IAsyncLifetime
{
    private const string Secret = "8f3c0b5e-provider-key";
    private const long Hour = 3_600;
    private const string Makers = "select count(*) from chain.maker_versions";
    private const string Written = "select min(xmin::text) from chain.maker_versions"; // by which transaction: a mirror made anew is by another
    private SurfpoolNode node = null!;
    private RpcProxy proxy = null!;

    /// <inheritdoc/>
    protected override string Chains => "solana";

    /// <inheritdoc/>
    protected override IReadOnlyList<string> Replay => ["--replay-devices", "2", "--solana-rpc", Url];

    private string Url => $"{proxy.Url}?api-key={Secret}";

    private string Log(string name) => Path.Combine(Data, "logs", name);

    public new async Task InitializeAsync()
    {
        node = await SurfpoolNode.StartAsync(new SurfpoolOptions { SlotTime = TimeSpan.FromMilliseconds(100) });
        proxy = await RpcProxy.StartAsync(node.Url, default);
        await base.InitializeAsync();
    }

    public new async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await proxy.DisposeAsync();
        await node.DisposeAsync();
    }

    [Fact]
    public async Task A_network_on_a_cluster_that_was_there_before_goes_on_after_a_kill_and_pays_by_the_clusters_own_time()
    {
        // It is ready before its first epoch, and waits for that.
        var first = await File.ReadAllTextAsync(SolanaManifest);
        var manifest = NetworkManifest.Load<SolanaNetworkManifest>(SolanaManifest);
        var genesis = (long)manifest.Genesis;
        var rpc = new SolanaRpc(new HttpClient { Timeout = Timeout.InfiniteTimeSpan }, new RpcOptions { Urls = [node.Url] });
        Assert.True(manifest.Complete);
        Assert.InRange(genesis - await TimeAsync(rpc), 1, 26 * Hour);
        Assert.Contains($"the first begins {DateTimeOffset.FromUnixTimeSeconds(genesis):yyyy-MM-dd HH:mm} UTC", (await DepinAsync(["dev", "status", "--data", Data])).Output, StringComparison.Ordinal);

        // Half of its first day passes.
        var clock = new SurfpoolClock(node.Rpc);
        var now = await clock.MoveFarAsync(genesis + (12 * Hour), default);
        await Eventually.HoldsAsync(async () => await ProofsAsync() > 0, "proofs are accepted", default, null, TellAsync);

        // Killed with all that it started, it goes on with the same network and with what was accepted.
        await Eventually.HoldsAsync(async () => await ScalarAsync<long>("public", Makers) > 0, "the maker is mirrored", default);
        var (proofs, mirrored) = (await ProofsAsync(), await ScalarAsync<string>("public", Written));
        var supervisor = Process.GetProcessById(new DevFolder(Data).RunningSupervisor()!.Value);
        var children = DevChildren();
        Assert.NotEmpty(children);
        supervisor.Kill();
        await supervisor.WaitForExitAsync();
        await Eventually.HoldsAsync(() => Task.FromResult(children.All(c => c.HasExited)), "its children end with it", default);
        Assert.False(node.Process.HasExited);
        await UpAsync();
        Assert.Equal(first, await File.ReadAllTextAsync(SolanaManifest));
        Assert.True(await ProofsAsync() >= proofs, "the operators' databases were kept");
        Assert.Equal(mirrored, await ScalarAsync<string>("public", Written));

        // Time passes, until the first epoch is final and paid for.
        using var passing = new CancellationTokenSource();
        var time = PassAsync(clock, now, passing.Token);
        await FinalAsync(1);
        var (audited, audit) = await AskHereAsync("audit", "--epoch", "1", "--network", "solana"); // by the node that the settings keep
        Assert.True(audited == 0, audit.ToJsonString());
        Assert.True(audit["accepted"]!.GetValue<int>() > 0, audit.ToJsonString());
        await passing.CancelAsync();
        await time;

        // A newcomer gets tokens, and SOL from whom the tap gives it to.
        var newcomer = SolanaAddress.Of(PrivateKey.Generate(KeyType.Ed25519).PublicKey);
        var funded = await RunAsync("dev", "fund", newcomer.ToString(), "--tokens", "7");
        Assert.True(funded.Code == 0, funded.ToString());
        Assert.Equal(500_000_000UL, (await rpc.GetBalanceAsync(newcomer, Finality.Safe, default)).Value);
        Assert.Equal(7_000_000_000UL, await new SolanaOperatorRegistration(rpc, manifest).GetBalanceAsync(newcomer, default));

        // No cheat of a runtime of our own was tried, and the key is where it was put and nowhere else.
        foreach (var cheat in (string[])["surfnet_timeTravel", "surfnet_setAccount", "surfnet_pauseClock", "surfnet_resumeClock"]) Assert.Equal(0, proxy.CountOf(cheat));
        Assert.True(proxy.CountOf("requestAirdrop") > 0);
        Assert.Equal(0, (await DepinAsync(["dev", "down", "--data", Data])).Code);
        var settings = Path.Combine(Data, "settings.json");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(settings));
        Assert.Contains(Secret, await File.ReadAllTextAsync(settings), StringComparison.Ordinal);
        var told = Directory.EnumerateFiles(Data, "*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true }).Where(f => f != settings && !f.Contains("/postgres/", StringComparison.Ordinal)).ToList();
        Assert.Contains(Log("solana-replayer.log"), told);
        Assert.Equal([], told.Where(f => File.ReadAllText(f).Contains(Secret, StringComparison.Ordinal)));

        // A cluster with another genesis is another one, or was reset.
        await using var other = await SurfpoolNode.StartAsync();
        var reset = await DepinAsync(["dev", "up", "--data", Data, "--solana-rpc", other.Url.ToString()]);
        Assert.True(reset.Code == 3, reset.ToString());
        Assert.Contains($"the network here is on the one with genesis {manifest.ChainGenesisHash}", reset.Error, StringComparison.Ordinal);
        Assert.Contains("depin dev reset", reset.Error, StringComparison.Ordinal);
        Assert.Equal(first, await File.ReadAllTextAsync(SolanaManifest));
    }

    // An hour a second; the days in which the report may be challenged faster.
    private async Task PassAsync(SurfpoolClock clock, long now, CancellationToken ct)
    {
        using var api = Client();
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        var isReported = false;
        try
        {
            while (await timer.WaitForNextTickAsync(ct))
            {
                isReported = isReported || await TryAsync(token => api.FindEpochAsync(new Epoch(1), token)) is not null;
                await clock.MoveAsync(now += isReported ? 4 * Hour : Hour, default);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Enough.
        }
    }

    private static async Task<long> TimeAsync(SolanaRpc rpc) => (long)(await rpc.GetPresentAsync(TimeProvider.System, default)).Time;

    private Task<long> ProofsAsync() => ScalarAsync<long>(DevDatabases.SolanaOperator(1), "select count(*) from oracle.proofs");

    private async Task<T> ScalarAsync<T>(string database, string query)
    {
        await using var connection = new NpgsqlConnection(DevDatabases.Of(DevSettings.Load(Path.Combine(Data, "settings.json"))!).Administrator(database) + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(query, connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    // Processes whose arguments or settings name the data folder, but for the supervisor.
    private List<Process> DevChildren() =>
    [
        .. Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => name!.All(char.IsAsciiDigit)).Select(name => int.Parse(name!, CultureInfo.InvariantCulture))
            .Where(id => Mentions($"/proc/{id}/environ") && id != new DevFolder(Data).RunningSupervisor() && id != Environment.ProcessId).Select(id => Process.GetProcessById(id)),
    ];

    private bool Mentions(string file)
    {
        try
        {
            return File.ReadAllText(file).Contains(SolanaManifest, StringComparison.Ordinal);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
