using DePin.Signing;
using System.Net.Http.Json;
using DePin.Chain.Evm;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.Oracle.Score;
using DePin.Oracle.Transmit;
using DePin.Protocol;
using DePin.Protocol.Rewards;
using DePin.Protocol.State;
using DePin.TestKit;
using RewardLeaf = DePin.Protocol.Rewards.RewardLeaf;

namespace DePin.Oracle.Tests;

/// <summary>What liars with keys are caught by, on the real contracts.</summary>
public sealed class WatchTests
{
    private static CancellationToken Ct => CancellationToken.None;

    private static TimeSpan Patience { get; } = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task Operators_that_sign_the_same_two_reports_of_one_instance_lose_their_bonds_each()
    {
        await using var network = await ChainNetwork.StartAsync(Ct);
        await using var watcher = await network.CreateOperatorAsync(0, Ct, stageDelay: TimeSpan.Zero);
        await watcher.StartAsync(Ct);
        await network.StartClockAsync(TimeSpan.FromMilliseconds(800), Ct);
        var report = (await ComputeEmptyEpochAsync(watcher)).Report;
        foreach (var liar in network.Operators.Skip(2))
        {
            await HandInAsync(watcher, report, liar.Report);
            await HandInAsync(watcher, report with { StateRoot = Bytes32.FromUInt64(1) }, liar.Report);
        }

        foreach (var liar in network.Operators.Skip(2)) await Eventually.HoldsAsync(() => IsSlashedAsync(network, liar), "the bond is slashed", Ct, Patience);
        foreach (var honest in network.Operators.Take(2)) Assert.False(await IsSlashedAsync(network, honest));
        // One look more, and nothing is proven twice.
        await watcher.Get<WatchStage>().StepAsync(Ct);
        Assert.Equal(2, await watcher.Database.ScalarAsync<long>("select count(*) from oracle.transmissions where purpose = 'equivocation'", Ct));
    }

    [Fact]
    public async Task Strangers_and_false_signatures_are_no_evidence()
    {
        await using var network = await ChainNetwork.StartAsync(Ct);
        await using var watcher = await network.CreateOperatorAsync(0, Ct);
        await watcher.StartAsync(Ct);
        await network.StartClockAsync(TimeSpan.FromMilliseconds(800), Ct);
        var report = (await ComputeEmptyEpochAsync(watcher)).Report;
        var stranger = PrivateKey.Generate(KeyType.Secp256k1);
        using var refused = await PostAsync(watcher, report, stranger);
        Assert.Equal(System.Net.HttpStatusCode.UnprocessableEntity, refused.StatusCode);
        Assert.Equal(0, await watcher.Database.ScalarAsync<long>("select count(*) from oracle.attestations", Ct));
    }

    [Fact]
    public async Task A_report_whose_tree_pays_a_stranger_is_cancelled_and_the_honest_agree_anew()
    {
        await using var network = await ChainNetwork.StartAsync(Ct);
        var honest = new List<ChainOperator>();
        for (var i = 0; i < 3; i++) honest.Add(await network.CreateOperatorAsync(i, Ct));
        await DepositAsync(network); // the depositor gets payout index 0
        await honest[0].StartAsync(Ct);
        await network.StartClockAsync(TimeSpan.FromMilliseconds(800), Ct);
        var (task, outcome) = await ComputeAsync(honest[0]);

        // q colluders sign a tree with one leaf, for an account that the payout registry does not know, and publish it.
        var domain = task.Config.RewardDomain;
        var leaf = new RewardLeaf(0, AccountId.From(PrivateKey.Generate(KeyType.Secp256k1).Address), outcome.Budget, 0, Bytes32.FromUInt64(7));
        var tree = RewardTree.Build(domain, [new LedgerEntry(leaf.Account, leaf.Cumulative, leaf.ItemsHash)]);
        var false1 = outcome.Report with { RewardsRoot = tree.Root, LeafCount = 1, CumulativeTotal = outcome.Budget, Unallocated = 0 };
        await using var publisher = await PublishedLeaves.StartAsync(network.EndpointOf(3), Ct);
        publisher.Add(false1, tree);
        var digest = false1.Digest.Value;
        var signers = network.Operators.Select((keys, i) => (keys, i)).Where(o => o.i != 0).ToList();
        var signatures = signers.SelectMany(o => o.keys.Report.SignDigest(digest).ToArray()).ToArray();
        using var sender = new TransactionSender(network.Rpc, network.Operators[3].Transaction);
        var verifier = network.Manifest.AddressOf("ReportVerifier");
        await sender.SendAsync(verifier, new ReportVerifier.AttestCall(false1.Encode(), 0b1110, signatures), Ct);

        await Eventually.HoldsAsync(
            async () => await network.Rpc.CallAsync(verifier, new ReportVerifier.GenerationCall(), BlockTag.Latest, Ct) == 1, "the false report is cancelled", Ct, Patience);
        for (var i = 1; i < 3; i++) await honest[i].StartAsync(Ct);
        await Eventually.HoldsAsync(
            async () => await network.Rpc.CallAsync(verifier, new ReportVerifier.NextEpochCall(), BlockTag.Latest, Ct) > 1, "epoch 1 is accepted in generation 1", Ct, Patience);
        var accepted = await network.Rpc.CallAsync(verifier, new ReportVerifier.AcceptedCall(1), BlockTag.Latest, Ct);
        Assert.NotEqual(digest, accepted.Digest);
        Assert.Equal(outcome.Report.RewardsRoot, accepted.RewardsRoot);
        foreach (var one in honest) await one.DisposeAsync();
    }

    private static async Task<bool> IsSlashedAsync(ChainNetwork network, OperatorKeyRing who) =>
        (await network.Rpc.CallAsync(network.Manifest.AddressOf("OperatorRegistry"), new OperatorRegistry.OperatorCall(who.Address), BlockTag.Latest, Ct)).Slashed;

    private static async Task DepositAsync(ChainNetwork network)
    {
        using var sender = new TransactionSender(network.Rpc, ChainNetwork.Owner);
        var staking = network.Manifest.AddressOf("ProviderStaking");
        var amount = (UInt128)1_000_000_000_000_000_000 * 1_000;
        await sender.SendAsync(network.Manifest.AddressOf("NetworkToken"), new NetworkToken.ApproveCall(staking, amount), Ct);
        await sender.SendAsync(staking, new ProviderStaking.DepositCall(ChainNetwork.Owner.Address, amount, 0), Ct);
    }

    private static async Task<Protocol.Epochs.EpochOutcome> ComputeEmptyEpochAsync(ChainOperator one) => (await ComputeAsync(one)).Outcome;

    // By itself an operator decides nothing, but it can compute.
    private static async Task<(EpochTask Task, Protocol.Epochs.EpochOutcome Outcome)> ComputeAsync(ChainOperator one)
    {
        EpochTask? task = null;
        await Eventually.HoldsAsync(async () => (task = await one.Get<EpochDesk>().GetNextAsync(Ct)) is not null, "epoch 1 is due", Ct, Patience);
        return (task!, (await one.Get<EpochDesk>().ComputeAsync(task!, task!.PreviousCut, Ct))!);
    }

    private static async Task HandInAsync(ChainOperator to, Protocol.Reports.Report report, PrivateKey signer)
    {
        using var response = await PostAsync(to, report, signer);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Ct));
    }

    private static Task<HttpResponseMessage> PostAsync(ChainOperator to, Protocol.Reports.Report report, PrivateKey signer) => to.Http.PostAsJsonAsync(
        "/v1/attestations", new SignedReportRequest(report.Encode(), signer.SignDigest(report.Digest.Value).ToArray()), Ct);
}
