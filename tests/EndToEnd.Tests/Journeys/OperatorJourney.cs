using System.Diagnostics;
using System.Globalization;
using DePin.Cli.Dev;
using DePin.Cryptography;
using DePin.TestKit;
using Npgsql;

namespace DePin.EndToEnd.Tests.Journeys;

/// <summary>
/// A fifth operator, its keys under a password and in a signer of its own, bonds, catches up, and takes the place of one of the four from the epoch that the owner schedules; then node and
/// signer are killed and started again.
/// </summary>
public abstract class OperatorJourney(NetworkSide network) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private readonly System.Text.StringBuilder log = new();

    [Fact]
    public async Task An_operator_joins_by_the_owners_schedule_catches_up_from_its_peers_and_signs()
    {
        await network.FinalAsync(1); // so that there is something to catch up with
        var running = network.Running;
        var keys = running.Beside("operator5");
        var endpoint = $"http://127.0.0.1:{running.SparePort}";

        var password = running.Beside("operator5.password");
        await File.WriteAllTextAsync(password, "correct horse battery\n");
        File.SetUnixFileMode(password, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var made = await network.SucceedsAsync("operator", "init", "--keys", keys, "--keystore", "--password-file", password);
        Assert.Equal(made.ToJsonString(), (await network.SucceedsAsync("operator", "init", "--keys", keys, "--password-file", password)).ToJsonString()); // made once
        var self = Address.Parse(made["reportKey"]!.ToString());
        var poor = await network.RunAsync("operator", "register", "--keys", keys, "--password-file", password, "--endpoint", endpoint);
        Assert.Equal(1, poor.Code);
        Assert.Contains("depin dev fund", poor.Error, StringComparison.Ordinal);
        await network.MakesAsync("dev", "fund", made["account"]!.ToString(), "--tokens", "5000");
        Assert.Equal(network.Units(5000), (await network.SucceedsAsync("operator", "register", "--keys", keys, "--password-file", password, "--endpoint", endpoint))["bond"]!.ToString());

        var database = (await network.MakesAsync("dev", "database", "newcomer"))["connection"]!.ToString();
        await network.MakesAsync("signer", "init", "--keys", keys, "--password-file", password);
        string[] sign = ["signer", "run", "--keys", keys, "--password-file", password, .. network.Named];
        string[] run = ["operator", "run", "--signer", Path.Combine(keys, "socket", "signer"), "--database", database, "--port", $"{running.SparePort}", .. network.Named];
        var (signer, node) = (Start(sign), Start(run));
        try
        {
            await Eventually.HoldsAsync(async () => (await network.AskAsync("operator", "status")).Code == 0, "all four operators are ready", default, Patience);
            var all = (await network.SucceedsAsync("operator", "status")).AsArray().ToDictionary(o => o!["endpoint"]!.ToString(), o => o!["reportKey"]!.ToString());
            Assert.Equal(4, all.Count);
            var leaver = all[network.Endpoint(1)]; // not the one whose database is read below
            var five = await network.RunAsync("operator", "schedule", "--add", self.ToString(), "--key", network.DeployerKey);
            Assert.Equal(2, five.Code);
            Assert.Contains("3f + 1", five.Error, StringComparison.Ordinal);
            var strangerKey = running.Beside("stranger.key");
            var strangersAccount = (await network.MakesAsync(["keys", "new", strangerKey, .. network.AccountKeys]))["address"]!.ToString();
            await network.MakesAsync("dev", "fund", strangersAccount, "--tokens", "1");
            var stranger = await network.RunAsync("operator", "schedule", "--add", self.ToString(), "--remove", leaver, "--key", strangerKey);
            Assert.Equal(1, stranger.Code);
            Assert.Contains("does not own", stranger.Error, StringComparison.Ordinal);
            var first = (await network.SucceedsAsync("operator", "schedule", "--add", self.ToString(), "--remove", leaver, "--key", network.DeployerKey))["firstEpoch"]!.GetValue<ulong>();
            var change = (await network.AskAsync("operator", "status")).Answer.AsArray().ToDictionary(o => o!["reportKey"]!.ToString(), o => o!["change"]?.ToString());
            Assert.True(change[self.ToString()] is null || change[self.ToString()] == $"joins with epoch {first}", log.ToString()); // null: it has begun already

            // It computes and signs the very epoch with which its set begins, and its peers count its acknowledgements.
            await using var own = NpgsqlDataSource.Create(database);
            await Eventually.HoldsAsync(
                async () => await CountAsync(own, $"select count(*) from oracle.reports where epoch = {first}") > 0 && await network.IsAcceptedAsync(first),
                $"the newcomer has the report of epoch {first}, and so has the chain", default, Patience);
            await Eventually.HoldsAsync(async () => await LastSignedAsync(own, self) >= (long)first, "the newcomer attested", default, Patience);
            var settings = DevSettings.Load(Path.Combine(running.Data, "settings.json"))!;
            await using var peer = NpgsqlDataSource.Create(Storage.DatabaseRole.As(DevDatabases.Of(settings).ConnectionString(network.Operator(2)), Storage.DatabaseRole.Oracle));
            await Eventually.HoldsAsync(
                async () => await CountAsync(peer, $"select count(*) from oracle.acknowledgements where sender = '\\x{self.ToString()[2..]}'") > 0, "a peer has the newcomer's acknowledgement", default, Patience);
            await Eventually.HoldsAsync(
                async () => (await network.AskAsync("operator", "status")) is (0, var now) && now.AsArray().Any(o => o!["reportKey"]!.ToString() == self.ToString() && o["state"]!.ToString() == "ready"),
                "status shows the newcomer at work", default, Patience);

            // Killed, both of them, it goes on where it was: it signs later epochs, and no peer has ever seen two words of its where one is due.
            Kill(ProgramOf(node));
            Kill(signer.Id);
            await node.WaitForExitAsync();
            await signer.WaitForExitAsync();
            Assert.Equal((3, 137), (node.ExitCode, signer.ExitCode));
            lock (log) Assert.Contains("The node ended with code 137", log.ToString(), StringComparison.Ordinal);
            var before = await LastSignedAsync(own, self);
            Assert.Equal(1, (await network.AskAsync("operator", "status")).Code);
            (signer, node) = (Start(sign), Start(run));
            await Eventually.HoldsAsync(async () => await LastSignedAsync(own, self) > before, "the newcomer signs on", default, Patience);
            await Eventually.HoldsAsync(async () => await LastSignedAsync(peer, self) > before, "a peer has what it signed", default, Patience);
            foreach (var twice in (string[])
                [
                    $"select count(*) from (select 1 from oracle.attestations where signer = '\\x{self.ToString()[2..]}' group by epoch, generation having count(*) > 1) as two",
                    "select count(*) from oracle.round_conflicts",
                    $"select count(*) from oracle.lane_conflicts where operator = '\\x{self.ToString()[2..]}'",
                ])
                Assert.Equal(0, await CountAsync(peer, twice));
            await network.FinalAsync(first);

            var back = await network.RunAsync("operator", "schedule", "--add", leaver, "--remove", self.ToString(), "--key", network.DeployerKey);
            Assert.Equal(2, back.Code);
            Assert.Contains("does not come back", back.Error, StringComparison.Ordinal);
        }
        catch (Exception)
        {
            Console.Error.WriteLine(log.ToString());
            throw;
        }
        finally
        {
            foreach (var process in (Process[])[node, signer])
            {
                using var stop = Process.Start("/bin/kill", ["-s", "INT", process.Id.ToString(CultureInfo.InvariantCulture)]);
                await stop.WaitForExitAsync();
                using var end = new CancellationTokenSource(Patience);
                await process.WaitForExitAsync(end.Token); // never, where whoever started the tests has them ignore Ctrl-C
            }
        }

        Assert.Equal((130, 130), (node.ExitCode, signer.ExitCode));
        lock (log) Assert.DoesNotContain("correct horse", log.ToString(), StringComparison.Ordinal);
    }

    public void Dispose()
    {
        network.Dispose();
        GC.SuppressFinalize(this);
    }

    private Process Start(string[] arguments)
    {
        var process = RunningNetwork.Start(arguments, network.Running.Data);
        process.OutputDataReceived += (_, e) => { lock (log) log.AppendLine(e.Data); };
        process.ErrorDataReceived += (_, e) => { lock (log) log.AppendLine(e.Data); };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private static void Kill(int id)
    {
        using var process = Process.GetProcessById(id);
        process.Kill();
    }

    // The node itself: the command that runs it is its grandparent.
    private static int ProgramOf(Process command)
    {
        var parents = new Dictionary<int, int>();
        foreach (var folder in Directory.GetDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), out var id)) continue;
            try
            {
                parents[id] = int.Parse(File.ReadLines(Path.Combine(folder, "status")).First(l => l.StartsWith("PPid:", StringComparison.Ordinal))[5..], CultureInfo.InvariantCulture);
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException or InvalidOperationException)
            {
                // it ended meanwhile
            }
        }

        return parents.Keys.Single(id => Ancestors(id).Contains(command.Id) && Path.GetFileName(File.ReadAllText($"/proc/{id}/cmdline").Split('\0')[0]) == "dotnet");

        IEnumerable<int> Ancestors(int id)
        {
            while (parents.TryGetValue(id, out var parent)) yield return id = parent;
        }
    }

    // 0 before the first.
    private static Task<long> LastSignedAsync(NpgsqlDataSource database, Address signer) =>
        CountAsync(database, $"select coalesce(max(a.epoch), 0) from oracle.attestations a join oracle.reports r on r.digest = a.digest where a.signer = '\\x{signer.ToString()[2..]}'");

    private static async Task<long> CountAsync(NpgsqlDataSource database, string sql)
    {
        try
        {
            await using var command = database.CreateCommand(sql);
            return (long)(await command.ExecuteScalarAsync())!;
        }
        catch (PostgresException missing) when (missing.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName)
        {
            return 0; // it is being migrated
        }
    }
}

/// <summary>On an EVM chain.</summary>
[Collection(RunningNetwork.Shared)]
public sealed class EvmOperatorJourney(RunningNetwork network) : OperatorJourney(NetworkSide.Evm(network));

/// <summary>On Solana.</summary>
[Collection(RunningSolana.Shared)]
public sealed class SolanaOperatorJourney(RunningSolana network) : OperatorJourney(NetworkSide.Solana(network));
