using System.Globalization;
using DePin.Chain.Deployment;
using DePin.Chain.Evm;
using DePin.Chain.Rpc;
using DePin.Cli.Dev;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.TestKit;
using Npgsql;

namespace DePin.EndToEnd.Tests.Journeys;

/// <summary>A fifth operator, its keys under a password and in a signer of its own, bonds, catches up, and takes the place of one of the four from the epoch that the owner schedules.</summary>
[Collection(RunningNetwork.Shared)]
public sealed class OperatorJourney(RunningNetwork network)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    [Fact]
    public async Task An_operator_joins_by_the_owners_schedule_catches_up_from_its_peers_and_signs()
    {
        await network.FinalAsync(1); // so that there is something to catch up with
        var manifest = NetworkManifest.Load<EvmNetworkManifest>(network.Manifest);
        using var http = new HttpClient();
        var rpc = new EvmRpc(http, new RpcOptions { Urls = [new Uri(network.Rpc)] });
        var keys = network.Beside("operator5");
        var endpoint = $"http://127.0.0.1:{network.SparePort}";

        var password = network.Beside("operator5.password");
        await File.WriteAllTextAsync(password, "correct horse battery\n");
        File.SetUnixFileMode(password, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var made = await Succeeds("operator", "init", "--keys", keys, "--keystore", "--password-file", password);
        Assert.Equal(made.ToJsonString(), (await Succeeds("operator", "init", "--keys", keys, "--password-file", password)).ToJsonString()); // made once
        var self = Address.Parse(made["reportKey"]!.ToString());
        var poor = await network.RunAsync("operator", "register", "--keys", keys, "--password-file", password, "--endpoint", endpoint);
        Assert.Equal(1, poor.Code);
        Assert.Contains("depin dev fund", poor.Error, StringComparison.Ordinal);
        await Succeeds("dev", "fund", made["account"]!.ToString(), "--tokens", "5000");
        Assert.Equal("5000000000000000000000", (await Succeeds("operator", "register", "--keys", keys, "--password-file", password, "--endpoint", endpoint))["bond"]!.ToString());

        var database = (await Succeeds("dev", "database", "operator5"))["connection"]!.ToString();
        await Succeeds("signer", "init", "--keys", keys, "--password-file", password);
        using var signer = RunningNetwork.Start(["signer", "run", "--keys", keys, "--password-file", password], network.Data);
        using var node = RunningNetwork.Start(["operator", "run", "--signer", Path.Combine(keys, "socket", "signer"), "--database", database, "--port", $"{network.SparePort}"], network.Data);
        var log = new System.Text.StringBuilder();
        foreach (var process in (System.Diagnostics.Process[])[signer, node])
        {
            process.OutputDataReceived += (_, e) => { lock (log) log.AppendLine(e.Data); };
            process.ErrorDataReceived += (_, e) => { lock (log) log.AppendLine(e.Data); };
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
        }

        try
        {
            await Eventually.HoldsAsync(async () => (await network.AskHereAsync("operator", "status")).Code == 0, "all four operators are ready", default, Patience);
            var all = (await Succeeds("operator", "status")).AsArray().Select(o => o!["reportKey"]!.ToString()).ToList();
            Assert.Equal(4, all.Count);
            var five = await network.RunAsync("operator", "schedule", "--add", self.ToString(), "--key", network.DeployerKey);
            Assert.Equal(2, five.Code);
            Assert.Contains("3f + 1", five.Error, StringComparison.Ordinal);
            await Succeeds("keys", "new", network.Beside("stranger.key"));
            var stranger = await network.RunAsync("operator", "schedule", "--add", self.ToString(), "--remove", all[0], "--key", network.Beside("stranger.key"));
            Assert.Equal(1, stranger.Code);
            Assert.Contains("does not own", stranger.Error, StringComparison.Ordinal);
            var first = (await Succeeds("operator", "schedule", "--add", self.ToString(), "--remove", all[0], "--key", network.DeployerKey))["firstEpoch"]!.GetValue<long>();
            var change = (await network.AskHereAsync("operator", "status")).Answer.AsArray().ToDictionary(o => o!["reportKey"]!.ToString(), o => o!["change"]?.ToString());
            Assert.True(change[self.ToString()] is null || change[self.ToString()] == $"joins with epoch {first}", log.ToString()); // null: it has begun already

            // It computes and signs the very epoch with which its set begins, and its peers count its acknowledgements.
            await using var own = NpgsqlDataSource.Create(database);
            await Eventually.HoldsAsync(
                async () => await CountAsync(own, $"select count(*) from oracle.reports where epoch = {first}") > 0
                    && (await rpc.CallAsync(manifest.AddressOf("ReportVerifier"), new ReportVerifier.AcceptedCall((ulong)first), BlockTag.Latest, default)).Digest is { IsZero: false },
                $"the newcomer has the report of epoch {first}, and so has the chain", default, Patience);
            await Eventually.HoldsAsync(
                async () => await CountAsync(own, $"select count(*) from oracle.attestations a join oracle.reports r on r.digest = a.digest where r.epoch >= {first} and a.signer = '\\x{self.ToString()[2..]}'") > 0,
                "the newcomer attested", default, Patience);
            var settings = DevSettings.Load(Path.Combine(network.Data, "settings.json"))!;
            await using var peer = NpgsqlDataSource.Create(Storage.DatabaseRole.As(DevDatabases.Of(settings).ConnectionString(DevDatabases.Operator(2)), Storage.DatabaseRole.Oracle));
            await Eventually.HoldsAsync(
                async () => await CountAsync(peer, $"select count(*) from oracle.acknowledgements where sender = '\\x{self.ToString()[2..]}'") > 0, "a peer has the newcomer's acknowledgement", default, Patience);
            await Eventually.HoldsAsync(
                async () => (await network.AskHereAsync("operator", "status")) is (0, var now) && now.AsArray().Any(o => o!["reportKey"]!.ToString() == self.ToString() && o["state"]!.ToString() == "ready"),
                "status shows the newcomer at work", default, Patience);
            await network.FinalAsync((int)first);

            var back = await network.RunAsync("operator", "schedule", "--add", all[0], "--remove", self.ToString(), "--key", network.DeployerKey);
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
            foreach (var process in (System.Diagnostics.Process[])[node, signer])
            {
                using var stop = System.Diagnostics.Process.Start("/bin/kill", ["-s", "INT", process.Id.ToString(CultureInfo.InvariantCulture)]);
                await stop.WaitForExitAsync();
                using var end = new CancellationTokenSource(Patience);
                await process.WaitForExitAsync(end.Token); // never, where whoever started the tests has them ignore Ctrl-C
            }
        }

        Assert.Equal((130, 130), (node.ExitCode, signer.ExitCode));
        lock (log) Assert.DoesNotContain("correct horse", log.ToString(), StringComparison.Ordinal);
    }

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

    private async Task<System.Text.Json.Nodes.JsonNode> Succeeds(params string[] arguments)
    {
        var (code, answer) = await network.AskHereAsync(arguments);
        Assert.True(code == 0, $"depin {string.Join(' ', arguments)}: {answer.ToJsonString()}");
        return answer;
    }
}
