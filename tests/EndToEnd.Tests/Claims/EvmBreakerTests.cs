using System.Globalization;
using System.Text.Json;
using DePin.Chain.Evm;
using DePin.Client;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.EndToEnd.Tests.Enrolment;
using DePin.Protocol;
using DePin.Protocol.Reports;
using DePin.Protocol.Rewards;
using DePin.Protocol.State;

namespace DePin.EndToEnd.Tests.Claims;

/// <summary>Claims of many on the real contracts, with an outflow breaker that has no room for all of them.</summary>
public sealed class EvmBreakerTests(DeployedNetwork network) : IClassFixture<DeployedNetwork>
{
    private const int Accounts = 12;
    private const int Day = 86_400;
    private static readonly UInt128 Stake = 10_000_000_000_000_000_000;
    private static readonly FeePolicy Fast = new() { PollInterval = TimeSpan.FromMilliseconds(50) };
    private static readonly CancellationToken Ct = CancellationToken.None;

    [Fact]
    public async Task Claims_that_the_breaker_holds_back_wait_and_are_all_paid_by_a_batch_that_was_estimated_while_there_was_no_room()
    {
        var keys = Enumerable.Range(0, Accounts).Select(_ => PrivateKey.Generate(KeyType.Secp256k1)).ToArray();
        await StakeAsync(keys);
        var accounts = Array.ConvertAll(keys, key => key.Address);
        var (tree, each) = await FinalReportAsync(accounts);
        using var owner = new TransactionSender(network.Access.Rpc, network.Bootstrap.Deployer, Fast);
        var capacity = await AskAsync(new RewardDistributor.MinCapacityCall());
        await owner.SendAsync(network.Access.Contracts.Distributor, new RewardDistributor.SetBreakerCall(capacity), Ct);
        var room = capacity / 2; // for whoever claims for others
        Assert.True(each < room && room < each * Accounts, "Some are paid and some are not.");

        var entries = accounts.Select((account, i) => new AccountEntry(i, AccountOf(account), AccountOf(account), new TokenAmount(each), default, 1, new Epoch(1))).ToList();
        (string, string)[] answers = [("/v1/accounts", JsonSerializer.Serialize(new Page<AccountEntry>(entries, null), ApiJson.Options)), .. accounts.Select((account, i) => ReadyOf(tree, (uint)i, account))];
        await using var api = new SomeAnswers(network.Manifest.Id, answers);
        for (var left = each * Accounts; left > 0;)
        {
            var expected = left < room ? left : room;
            var (paid, told) = await ClaimAsync(api);
            Assert.Equal(expected, paid.Aggregate(UInt128.Zero, static (sum, amount) => sum + amount));
            left -= expected;
            const string Waiting = "accounts wait for the rest: the distributor's outflow breaker has no room now";
            if (left > 0) Assert.Contains(Waiting, told, StringComparison.Ordinal);
            else Assert.DoesNotContain(Waiting, told, StringComparison.Ordinal);
            // The next block is a day later: what the estimate sees skipped is paid in it.
            await network.Node.SetBlockTimestampIntervalAsync(Day, Ct);
        }

        foreach (var account in accounts) Assert.Equal(each, (UInt128)await network.Access.Rpc.CallAsync(network.Manifest.AddressOf("NetworkToken"), new NetworkToken.BalanceOfCall(account), BlockTag.Latest, Ct));
    }

    private static ChainAddress AccountOf(Address account) => ChainAddress.Parse(account.ToString());

    private static (string Path, string Answer) ReadyOf(RewardTree tree, uint index, Address account)
    {
        var proof = tree.ProofAt(index);
        var leaf = new ClaimLeaf(index, AccountOf(account), new TokenAmount(proof.Leaf.Cumulative), new TokenAmount(proof.Leaf.Prefix), proof.Leaf.ItemsHash);
        return ($"/v1/accounts/{account}/claim", JsonSerializer.Serialize(new ReadyClaim(new Epoch(1), tree.Root, leaf, [.. proof.Siblings], new TokenAmount(proof.Leaf.Cumulative), null), ApiJson.Options));
    }

    private async Task<(IReadOnlyList<UInt128> Paid, string Told)> ClaimAsync(SomeAnswers api)
    {
        var result = await RunningNetwork.DepinAsync([
            "claim", "--all", "--json", "--api", api.Url.ToString(), "--network", network.Data.Manifest, "--rpc", network.Url.ToString(), "--key", network.Data.In("keys", "deployer.key"),
        ]);
        Assert.True(result.Code == 0, result.ToString());
        return ([.. JsonSerializer.Deserialize<JsonElement>(result.Output).EnumerateArray().Select(paid => UInt128.Parse(paid.GetProperty("amount").GetString()!, CultureInfo.InvariantCulture))], result.Error);
    }

    private Task<T> AskAsync<T>(Abi.IContractCall<T> call) => network.Access.Rpc.CallAsync(network.Access.Contracts.Distributor, call, BlockTag.Latest, Ct);

    // Who stakes has a payout index.
    private async Task StakeAsync(IReadOnlyList<PrivateKey> keys)
    {
        var (token, staking) = (network.Manifest.AddressOf("NetworkToken"), network.Manifest.AddressOf("ProviderStaking"));
        using var owner = new TransactionSender(network.Access.Rpc, network.Bootstrap.Deployer, Fast);
        foreach (var key in keys) await owner.SendAsync(token, new NetworkToken.TransferCall(key.Address, Stake), Ct);
        await Task.WhenAll(keys.Select(async key =>
        {
            await network.Node.SetBalanceAsync(key.Address.ToString(), "0xde0b6b3a7640000", Ct);
            using var own = new TransactionSender(network.Access.Rpc, key, Fast);
            await own.SendAsync(token, new NetworkToken.ApproveCall(staking, Stake), Ct);
            await own.SendAsync(staking, new ProviderStaking.DepositCall(key.Address, Stake, 0), Ct);
        }));
    }

    // All of epoch 1 in equal parts.
    private async Task<(RewardTree Tree, UInt128 Each)> FinalReportAsync(IReadOnlyList<Address> accounts)
    {
        var (rpc, manifest, contracts) = (network.Access.Rpc, network.Manifest, network.Access.Contracts);
        using var owner = new TransactionSender(rpc, network.Bootstrap.Deployer, Fast);
        var budget = await rpc.CallAsync(manifest.AddressOf("EmissionController"), new EmissionController.BudgetOfCall(1), BlockTag.Latest, Ct);
        var each = budget / Accounts;
        var tree = RewardTree.Build(await AskAsync(new RewardDistributor.DomainCall()), [.. accounts.Select(account => new LedgerEntry(AccountId.From(account), each, Keccak256.Hash(account.AsSpan())))]);
        await MineAtAsync(manifest.Genesis + (ulong)Day - 1);
        var anchor = (await rpc.GetHeaderAsync(BlockTag.Latest, Ct))!;
        await MineAtAsync(manifest.Genesis + (ulong)Day);
        var report = new Report
        {
            Config = new ConfigDigest(await rpc.CallAsync(contracts.Operators, new OperatorRegistry.ConfigDigestAtCall(1), BlockTag.Latest, Ct)),
            Generation = new Generation(0),
            Epoch = new Epoch(1),
            PeriodStart = manifest.Genesis,
            PeriodEnd = manifest.Genesis + (ulong)Day,
            AnchorNumber = anchor.Number,
            AnchorHash = anchor.Hash,
            Previous = ReportDigest.None,
            EvidenceRoot = Keccak256.Hash([1]),
            StateRoot = Keccak256.Hash([2]),
            RewardsRoot = tree.Root,
            MeteringRoot = default,
            LeafCount = tree.LeafCount,
            CumulativeTotal = tree.Total,
            Unallocated = budget - tree.Total,
            ManifestHash = Keccak256.Hash([3]),
        };
        var signatures = network.Operators.OrderBy(o => o.Address).Take(3).SelectMany(o => o.Report.SignDigest(report.Digest.Value).ToArray()).ToArray();
        await owner.SendAsync(contracts.Verifier, new ReportVerifier.AttestCall(report.Encode(), 0b0111, signatures), Ct);
        await MineAtAsync((await rpc.CallAsync(contracts.Verifier, new ReportVerifier.AcceptedCall(1), BlockTag.Latest, Ct)).ClaimableAt);
        await owner.SendAsync(contracts.Verifier, new ReportVerifier.FinalizeCall(1), Ct);
        return (tree, each);
    }

    private async Task MineAtAsync(ulong time)
    {
        await network.Node.SetNextBlockTimestampAsync(time, Ct);
        await network.Node.MineAsync(1, Ct);
    }
}
