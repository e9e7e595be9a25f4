using System.Globalization;
using System.Text.Json;
using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Chain.Deployment;
using DePin.Cli.Network;
using DePin.Client;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.Mirror;
using DePin.Protocol;
using DePin.Protocol.Reports;
using DePin.Protocol.Rewards;
using DePin.Protocol.State;
using DePin.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace DePin.EndToEnd.Tests.Solana;

/// <summary>The commands on a token of SPL Token.</summary>
public sealed class SolanaCommandTests() : SolanaCommands(SolanaPrograms.Token);

/// <summary>The same on one of Token-2022.</summary>
public sealed class SolanaToken2022CommandTests() : SolanaCommands(SolanaPrograms.Token2022);

/// <summary>The commands of providers, stakers, auditors and whoever runs an indexer, for a network on Solana: the committed program on a real runtime.</summary>
public abstract class SolanaCommands(SolanaAddress tokenProgram) : IAsyncLifetime
{
    private const ulong Staked = 100_000; // base units of nine decimals
    private const ulong Earned = 987_654_321;
    private static readonly CancellationToken Ct = CancellationToken.None;

    private readonly PrivateKey wallet = PrivateKey.Generate(KeyType.Ed25519);
    private readonly string folder = Directory.CreateTempSubdirectory("depin-commands-").FullName;
    private DeployedSolana solana = null!;

    private SolanaAddress Wallet => SolanaAddress.Of(wallet.PublicKey);

    private SolanaAddress Tokens => solana.Network.TokensOf(Wallet);

    private string ManifestPath => Path.Combine(folder, "network.json");

    private string KeyPath => Path.Combine(folder, "wallet.key");

    public async Task InitializeAsync()
    {
        solana = await DeployedSolana.StartAsync(operators: 4, Ct, tokenProgram);
        var (network, owner) = (solana.Network, solana.Owner);
        wallet.Save(KeyPath);
        solana.ToManifest().Save(ManifestPath);
        await solana.Rpc.RequestAirdropAsync(Wallet, 1_000_000_000, Ct);
        await solana.SendAsync(Ct, new Depin.OpenPayoutInstruction(Wallet).ToInstruction(network.Program, new Depin.OpenPayoutAccounts { Payer = owner, Network = network.Account, Page = network.PageOf(0) }));
        await Eventually.HoldsAsync(async () => (await solana.Rpc.GetBalanceAsync(Wallet, Finality.Safe, Ct)).Value > 0, "the airdrop arrived", Ct);
    }

    public async Task DisposeAsync()
    {
        await solana.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Stake_goes_in_and_comes_out_by_the_tokens_own_decimals()
    {
        await solana.SendAsync(Ct,
            new Depin.OpenStakingInstruction(new Depin.StakingSettings(solana.Owner, 10, 1_000_000, 3_600, 4, 8)).ToInstruction(
                solana.Network.Program, new Depin.OpenStakingAccounts { Owner = solana.Owner, Payer = solana.Owner, Network = solana.Network.Account }),
            solana.Network.OpenTokens(solana.Owner, Wallet), solana.Network.SendTokens(solana.Owner, Wallet, 3 * Staked, 9));

        var refused = await RunAsync("stake", "0.00030001");
        Assert.Equal(1, refused.Code);
        Assert.Contains($"{Wallet} holds 0.0003 tokens, less than 0.00030001", refused.ToString(), StringComparison.Ordinal);
        Assert.Contains("at most 9 decimals", (await RunAsync("stake", "0.0000000001")).ToString(), StringComparison.Ordinal);

        var staked = await AnswerAsync("stake", "0.0001");
        Assert.Equal((Wallet.ToString(), "100000", "100000"), (Text(staked, "provider"), Text(staked, "staked"), Text(staked, "stake")));
        Assert.Equal(2 * Staked, await solana.BalanceAsync(Tokens, Ct));
        Assert.Contains("has 0.0001 staked", (await RunAsync("unstake", "0.00010001")).ToString(), StringComparison.Ordinal);

        var thaw = await AnswerAsync("unstake", "0.00004");
        Assert.Equal("40000", Text(thaw, "tokens"));
        Assert.Contains($"The thaw is over at {thaw.GetProperty("readyAt").GetDateTimeOffset():u}", (await RunAsync("withdraw", Text(thaw, "thaw"))).ToString(), StringComparison.Ordinal);
        Assert.Contains("`depin unstake` told it", JsonDocument.Parse((await RunAsync("withdraw", "7")).Output).RootElement.GetProperty("error").GetString(), StringComparison.Ordinal);
        await solana.TravelAsync((ulong)thaw.GetProperty("readyAt").GetDateTimeOffset().ToUnixTimeSeconds() + 1, Ct);
        Assert.True((await AnswerAsync("withdraw", Text(thaw, "thaw"))).GetProperty("withdrawn").GetBoolean());
        Assert.Equal((2 * Staked) + 40_000, await solana.BalanceAsync(Tokens, Ct));
        await AnswerAsync("unstake", "0.00006"); // all that is left
    }

    [Fact]
    public async Task A_claim_is_paid_and_what_the_chain_holds_is_read_and_the_mirror_compared()
    {
        var (report, tree) = await FinalReportAsync(new LedgerEntry(new AccountId(Wallet.ToBytes32()), Earned, Keccak256.Hash([1])));
        var settlement = new SolanaSettlement(new SolanaAccess(solana.Rpc, (SolanaNetworkManifest)NetworkManifest.Load(ManifestPath)));
        Assert.Equal(1ul, await settlement.GetLastFinalAsync(Ct));
        Assert.Equal(new AcceptedReport(report.Digest.Value, tree.Root), await settlement.FindAcceptedAsync(new Epoch(1), Ct));
        Assert.Null(await settlement.FindAcceptedAsync(new Epoch(17), Ct)); // the same place of the ledger
        Assert.Equal(solana.Config.Digest.Value, await settlement.GetConfigAsync(new Epoch(1), Ct));
        Assert.Equal((new ClaimableRoot(1, tree.Root), default), await settlement.GetRootsAsync(Ct));
        Assert.Equal(Enumerable.Range(0, 4).Select(i => new Uri($"http://127.0.0.1:{9000 + i}/é")), await settlement.GetEndpointsAsync(Ct));
        Assert.Equal([UInt128.Zero], await settlement.GetClaimedAsync([(0, new AccountId(Wallet.ToBytes32()))], Ct));
        var slot = await solana.Rpc.GetSlotAsync(Finality.Finalized, Ct);
        Assert.Equal((await solana.Rpc.GetBlockAsync(slot, Finality.Safe, Ct))!.Hash, await settlement.FindBlockAsync(slot, Ct));

        // The API is one that serves several networks: the command names its own.
        await using (var api = new SomeAnswers(solana.Config.NetworkId, ReadyOf(tree, 0, Wallet)))
        {
            var paid = Assert.Single((await AnswerAsync("claim", Wallet.ToString(), "--api", api.Url.ToString())).EnumerateArray());
            Assert.Equal((Wallet.ToString(), Earned.ToString(CultureInfo.InvariantCulture)), (Text(paid, "account"), Text(paid, "amount")));
        }

        Assert.Equal(Earned, await solana.BalanceAsync(Tokens, Ct));
        Assert.Equal(tokenProgram, (await solana.Rpc.GetAccountInfoAsync(Tokens, Finality.Safe, Ct)).Value!.Owner);
        Assert.Equal([(UInt128)Earned], await settlement.GetClaimedAsync([(0, new AccountId(Wallet.ToBytes32()))], Ct));
        await VerifyAsync();
    }

    [Fact]
    public async Task Claims_of_many_end_where_the_breaker_has_no_room_and_say_how_many_wait_and_a_single_one_says_what_to_do()
    {
        const ulong Room = 500; // for whoever claims for others: half of the least capacity
        ulong[] earned = [0, 300, 400, 450];
        SolanaAddress[] accounts = [Wallet, .. Enumerable.Range(1, 3).Select(_ => SolanaAddress.Of(PrivateKey.Generate(KeyType.Ed25519).PublicKey))];
        var network = solana.Network;
        foreach (var account in accounts[1..])
            await solana.SendAsync(Ct, new Depin.OpenPayoutInstruction(account).ToInstruction(network.Program, new Depin.OpenPayoutAccounts { Payer = solana.Owner, Network = network.Account, Page = network.PageOf(0) }));
        var (_, tree) = await FinalReportAsync([.. accounts.Zip(earned, (account, amount) => new LedgerEntry(new AccountId(account.ToBytes32()), amount, Keccak256.Hash(account.AsSpan())))]);
        await solana.SendAsync(Ct, new Depin.SetBreakerInstruction(2 * Room).ToInstruction(network.Program, new Depin.SetBreakerAccounts { Owner = solana.Owner, Network = network.Account }));
        var entries = accounts[1..].Select((account, i) => new AccountEntry(i + 1, ChainAddress.Parse(account.ToString()), ChainAddress.Parse(account.ToString()), new TokenAmount(earned[i + 1]), default, 1, new Epoch(1))).ToList();
        (string, string)[] answers = [("/v1/accounts", JsonSerializer.Serialize(new Page<AccountEntry>(entries, null), ApiJson.Options)), .. Enumerable.Range(1, 3).Select(i => ReadyOf(tree, (uint)i, accounts[i]))];
        await using var api = new SomeAnswers(solana.Config.NetworkId, answers);

        // The first gets all, the second what is left, the third nothing: that is no failure.
        var all = await RunAsync("claim", "--all", "--api", api.Url.ToString());
        Assert.True(all.Code == 0, all.ToString());
        Assert.Contains("2 of 3 accounts wait for the rest: the distributor's outflow breaker has no room now", all.Error, StringComparison.Ordinal);
        Assert.Equal(
            [(accounts[1].ToString(), "300"), (accounts[2].ToString(), "200")],
            JsonSerializer.Deserialize<JsonElement>(all.Output).EnumerateArray().Select(paid => (Text(paid, "account"), Text(paid, "amount"))));

        // Nothing could be paid: that is one.
        var refused = await RunAsync("claim", accounts[3].ToString(), "--api", api.Url.ToString());
        Assert.Equal(1, refused.Code);
        Assert.Contains("The outflow breaker lets no more through now; it drains with chain time. Try later.", refused.ToString(), StringComparison.Ordinal);

        // And later there is room.
        await solana.TravelAsync(solana.Genesis + (2 * DeployedSolana.EpochLength) + DeployedSolana.BreakerWindow, Ct);
        Assert.Equal("450", Text(Assert.Single((await AnswerAsync("claim", accounts[3].ToString(), "--api", api.Url.ToString())).EnumerateArray()), "amount"));
        Assert.Equal(450UL, await solana.BalanceAsync(network.TokensOf(accounts[3]), Ct));
    }

    private static (string Path, string Answer) ReadyOf(RewardTree tree, uint index, SolanaAddress account)
    {
        var proof = tree.ProofAt(index);
        var leaf = new ClaimLeaf(index, ChainAddress.Parse(account.ToString()), new TokenAmount(proof.Leaf.Cumulative), new TokenAmount(proof.Leaf.Prefix), proof.Leaf.ItemsHash);
        return ($"/v1/accounts/{account}/claim", JsonSerializer.Serialize(new ReadyClaim(new Epoch(1), tree.Root, leaf, [.. proof.Siblings], new TokenAmount(proof.Leaf.Cumulative), null), ApiJson.Options));
    }

    private async Task VerifyAsync()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var mirrored = new MirrorDatabase(database.ConnectionString, MirrorDatabase.Live);
        var network = NetworkManifest.Load(ManifestPath).ToMirroredNetwork();
        var mirror = new ChainMirror(mirrored, network);
        await mirror.InitializeAsync(Ct);
        await solana.Node.Rpc.PauseClockAsync(Ct);
        var follower = new ChainFollower(mirror, new SolanaChainSource(solana.Rpc, network), new FollowerOptions(), TimeProvider.System, NullLogger<ChainFollower>.Instance);
        while (await follower.StepAsync(Ct) != Convergence.NothingNew)
        {
        }

        string[] verify = ["index", "verify", "--database", database.ConnectionString, "--network", ManifestPath, "--rpc", solana.Node.Url.ToString()];
        var same = await RunningNetwork.DepinAsync(verify);
        Assert.True(same.Code == 0, same.ToString());
        Assert.Contains("The mirror is the chain.", same.Output, StringComparison.Ordinal);
        await database.ExecuteAsync("update chain.operator_versions set bond = bond + 1 where report_key = (select min(report_key) from chain.operator_versions)", Ct);
        var changed = await RunningNetwork.DepinAsync(verify);
        Assert.Equal(1, changed.Code);
        Assert.Contains("DIFFERS operators", changed.Output, StringComparison.Ordinal);
        Assert.Contains("leave --at out", (await RunningNetwork.DepinAsync([.. verify, "--at", "5"])).Error, StringComparison.Ordinal);
        await solana.Node.Rpc.ResumeClockAsync(Ct);
    }

    private async Task<(Report Report, RewardTree Tree)> FinalReportAsync(params LedgerEntry[] earned)
    {
        var network = solana.Network;
        var tree = RewardTree.Build(solana.Config.RewardDomain, [.. earned]);
        var report = solana.FirstReport(tree);
        await solana.TravelAsync(solana.Genesis + DeployedSolana.EpochLength + 1, Ct);
        var signatures = solana.Operators.Take(3).Select(o => o.Report.SignDigest(report.Digest.Value).ToArray()).ToArray();
        await solana.SendAsync(Ct, new Depin.AttestInstruction(report.Encode(), 0b0111, signatures).ToInstruction(network.Program, new Depin.AttestAccounts { Network = network.Account, Config = network.Config(1) }));
        await solana.TravelAsync(solana.Genesis + (2 * DeployedSolana.EpochLength), Ct);
        await solana.SendAsync(Ct, new Depin.FinalizeInstruction(1).ToInstruction(network.Program, new Depin.FinalizeAccounts { Network = network.Account, Mint = network.Mint, TokenProgram = network.TokenProgram }));
        return (report, tree);
    }

    private Task<ToolResult> RunAsync(params string[] arguments) =>
        RunningNetwork.DepinAsync([.. arguments, "--network", ManifestPath, "--rpc", solana.Node.Url.ToString(), "--key", KeyPath, "--json"]);

    private async Task<JsonElement> AnswerAsync(params string[] arguments)
    {
        var result = await RunAsync(arguments);
        Assert.True(result.Code == 0, result.ToString());
        return JsonSerializer.Deserialize<JsonElement>(result.Output);
    }

    private static string Text(JsonElement answer, string name) => answer.GetProperty(name).ValueKind == JsonValueKind.String ? answer.GetProperty(name).GetString()! : answer.GetProperty(name).GetRawText();
}
