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
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using RewardLeaf = DePin.Protocol.Rewards.RewardLeaf;

namespace DePin.Oracle.Tests;

/// <summary>What liars with keys are caught by, on the real contracts.</summary>
public sealed class WatchTests
{
    private static CancellationToken Ct => CancellationToken.None;

    private static TimeSpan Patience { get; } = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task An_operator_that_signs_two_reports_of_one_instance_loses_its_bond()
    {
        await using var network = await ChainNetwork.StartAsync(Ct);
        await using var watcher = await network.CreateOperatorAsync(0, Ct, stageDelay: TimeSpan.Zero);
        await watcher.StartAsync(Ct);
        await network.StartClockAsync(TimeSpan.FromMilliseconds(800), Ct);
        var report = (await ComputeEmptyEpochAsync(watcher)).Report;
        var liar = network.Operators[3];
        await HandInAsync(watcher, report, liar.Report);
        await HandInAsync(watcher, report with { StateRoot = Bytes32.FromUInt64(1) }, liar.Report);

        var registry = network.Manifest.AddressOf("OperatorRegistry");
        await Eventually.HoldsAsync(
            async () => (await network.Rpc.CallAsync(registry, new OperatorRegistry.OperatorCall(liar.Address), BlockTag.Latest, Ct)).Slashed, "the bond is slashed", Ct, Patience);
        foreach (var honest in network.Operators.Take(3))
            Assert.False((await network.Rpc.CallAsync(registry, new OperatorRegistry.OperatorCall(honest.Address), BlockTag.Latest, Ct)).Slashed);
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
        await honest[0].StartAsync(Ct);
        await network.StartClockAsync(TimeSpan.FromMilliseconds(800), Ct);
        var (task, outcome) = await ComputeAsync(honest[0]);

        // q colluders sign a tree with one leaf, for an account that the payout registry does not know, and publish it.
        var domain = task.Config.RewardDomain;
        var leaf = new RewardLeaf(0, AccountId.From(PrivateKey.Generate(KeyType.Secp256k1).Address), outcome.Budget, 0, Bytes32.FromUInt64(7));
        var tree = RewardTree.Build(domain, [new LedgerEntry(leaf.Account, leaf.Cumulative, leaf.ItemsHash)]);
        var false1 = outcome.Report with { RewardsRoot = tree.Root, LeafCount = 1, CumulativeTotal = outcome.Budget, Unallocated = 0 };
        await using var publisher = await PublishAsync(network, false1, tree);
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

    private static async Task<WebApplication> PublishAsync(ChainNetwork network, Protocol.Reports.Report report, RewardTree tree)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(network.EndpointOf(3));
        var app = builder.Build();
        app.MapGet($"/v1/leaves/{report.Digest}", () => Results.Bytes(LeafBytes.Encode(tree), "application/octet-stream"));
        await app.StartAsync(Ct);
        return app;
    }
}
