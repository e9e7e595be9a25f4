using System.Globalization;
using System.Numerics;
using DePin.Chain.Deployment;
using DePin.Cli.Dev;
using DePin.Client;
using DePin.TestKit;
using Npgsql;

namespace DePin.EndToEnd.Tests.Journeys;

/// <summary>What <c>dev up</c> starts by itself: a network on an EVM chain and one on Solana, side by side.</summary>
public sealed class BothChainsJourney : RunningNetwork
{
    /// <inheritdoc/>
    protected override string Chains => "evm,solana";

    [Fact]
    public async Task An_epoch_of_real_data_is_paid_and_audited_on_both_chains()
    {
        var manifest = NetworkManifest.Load<SolanaNetworkManifest>(SolanaManifest);
        await Task.WhenAll(FinalAsync(1), FinalAsync(1, manifest.NetworkId));
        using var api = Client(manifest.NetworkId);
        Assert.Equal(2, (await api.GetNetworksAsync(default)).Count);

        // auditor: on each chain the same root from the operators' evidence, and again from the file alone
        foreach (var (name, rpc) in ((string, string)[])[("evm", Rpc), ("solana", SolanaRpc)])
        {
            var file = name == "evm" ? Manifest : SolanaManifest;
            var bundle = Beside($"{name}.bundle");
            var (audited, audit) = await AskAsync("audit", "--epoch", "1", "--save", bundle, "--network", file, "--rpc", rpc);
            Assert.True(audited == 0, audit.ToJsonString());
            Assert.True(audit["accepted"]!.GetValue<int>() > 0, audit.ToJsonString());
            var (alone, offline) = await AskAsync("audit", "--bundle", bundle, "--offline");
            Assert.Equal(0, alone);
            Assert.Equal(audit["reportDigest"]!.ToString(), offline["reportDigest"]!.ToString());
        }

        // provider on Solana: what was earned is paid to the last unit, and the claim can be followed through every process
        using var solana = NetworkSide.Solana(this);
        var account = await ClaimSpans.FindClaimableAsync(solana);
        var before = await solana.BalanceAsync(account);
        var amount = BigInteger.Parse(await ClaimSpans.AssertAsync(solana, account), CultureInfo.InvariantCulture);
        Assert.Equal(amount, await solana.BalanceAsync(account) - before);
        await Eventually.HoldsAsync(
            async () => await TryAsync<Network>(async ct => await api.GetNetworkAsync(ct)) is { } known && known.Totals.Claimed.BaseUnits == amount, "the API shows the claim", default);

        // everybody on both: all that the trees owe is paid, and no more
        Assert.Equal(0, (await RunAsync("claim", "--all")).Code);
        var all = await RunAsync("claim", "--all", "--network", "solana"); // as the README has it
        Assert.True(all.Code == 0, all.ToString());

        // and the mirror of each is its chain
        string[] ofSolana = ["--network", "solana"];
        foreach (var arguments in (string[][])[[], ofSolana]) Assert.Contains("The mirror is the chain.", (await VerifyAsync(0, arguments)).Output, StringComparison.Ordinal);

        // auditor on Solana: somebody with the administrator's rights gives a provider a hundred million tokens more
        var databases = DevDatabases.Of(DevSettings.Load(Path.Combine(Data, "settings.json"))!);
        await using var administrator = NpgsqlDataSource.Create(databases.Administrator(DevDatabases.Public));
        const string Touched = "update chain.pools set tokens = tokens + 100000000000000000 where chain_id = 2 and provider = (select min(provider) from chain.pools where chain_id = 2)";
        await using (var touch = administrator.CreateCommand(Touched)) Assert.Equal(1, await touch.ExecuteNonQueryAsync());
        Assert.Contains("DIFFERS pools", (await VerifyAsync(1, ofSolana)).Output, StringComparison.Ordinal);

        // it is made anew while both networks run, and of the other network every row stays as it was
        var until = await ScalarAsync<long>(administrator, "select max(block_number) from chain.logs where chain_id = 1");
        var others = await ContentAsync(administrator, until);
        var (wrong, found) = await AskHereAsync(["index", "rebuild", "--promote", .. ofSolana]);
        Assert.Equal(1, wrong);
        Assert.Contains(found["differences"]!.AsArray(), d => d!.ToString().Contains("pool", StringComparison.Ordinal));
        Assert.Equal(others, await ContentAsync(administrator, until));
        foreach (var arguments in (string[][])[ofSolana, []]) await VerifyAsync(0, arguments);
        var next = (await api.GetNetworkAsync(default)).Totals.LastFinalEpoch.Next.Value;
        await FinalAsync((int)next, manifest.NetworkId); // the mirror goes on
    }

    // Its clock leaps: the mirror may be behind what the node answers for, which is told and no difference.
    private async Task<ToolResult> VerifyAsync(int expected, string[] arguments)
    {
        var verified = await RunAsync(["index", "verify", .. arguments]);
        for (var tries = 0; tries < 20 && verified.Error.Contains("Try again", StringComparison.Ordinal); tries++) verified = await RunAsync(["index", "verify", .. arguments]);
        Assert.True(verified.Code == expected, verified.ToString());
        return verified;
    }

    private static Task<string> ContentAsync(NpgsqlDataSource database, long until) =>
        ScalarAsync<string>(database, $"select md5(string_agg(l::text, ';' order by block_number, log_index)) from chain.logs l where chain_id = 1 and block_number <= {until}");

    private static async Task<T> ScalarAsync<T>(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }
}
