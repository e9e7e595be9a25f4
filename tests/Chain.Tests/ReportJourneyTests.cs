using System.Collections.Immutable;
using DePin.Chain.Deployment;
using DePin.Chain.Evm;
using DePin.Chain.Rpc;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.Protocol;
using DePin.Protocol.Registry;
using DePin.Protocol.Reports;
using DePin.Protocol.Rewards;
using DePin.Protocol.State;
using DePin.TestKit;

namespace DePin.Chain.Tests;

/// <summary>A network from the profile, an epoch reported by a quorum, made final, and claimed: what C# computes is what the contracts take.</summary>
public sealed class ReportJourneyTests
{
    private static readonly PrivateKey Owner = PrivateKey.Parse(KeyType.Secp256k1, AnvilNode.PrivateKeys[0]);
    private static readonly FeePolicy Fast = new() { PollInterval = TimeSpan.FromMilliseconds(50) };

    [Fact]
    public async Task A_report_of_a_quorum_is_accepted_made_final_and_claimed()
    {
        var ct = CancellationToken.None;
        var folder = Directory.CreateTempSubdirectory("depin-journey").FullName;
        await using var node = await AnvilNode.StartAsync(ct: ct);
        using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        var rpc = new EvmRpc(http, new RpcOptions { Urls = [node.Url] });
        using var sender = new TransactionSender(rpc, Owner, Fast);

        // A network of four operators.
        var head = (await rpc.GetHeaderAsync(BlockTag.Latest, ct))!;
        var variables = new Dictionary<string, string> { ["genesis"] = $"{((head.Timestamp / 86_400) + 2) * 86_400}" };
        var profile = DeploymentProfile.Load<EvmDeploymentProfile>(RepositoryRoot.Combine("contracts", "evm", "profiles", "dev.json"), variables);
        var manifest = await new NetworkDeployer(rpc, Owner, Fast).DeployAsync(
            profile, new DeploymentRequest("journey", RepositoryRoot.Combine("contracts", "evm", "artifacts"), Path.Combine(folder, "manifest.json")), null, ct);
        Directory.Delete(folder, recursive: true);
        var registration = new OperatorRegistration(rpc, manifest, Fast);
        var bond = await registration.GetMinimumBondAsync(ct);
        var operators = Enumerable.Range(0, 4).Select(_ => (Account: PrivateKey.Generate(KeyType.Secp256k1), Report: PrivateKey.Generate(KeyType.Secp256k1), Protocol: PrivateKey.Generate(KeyType.Ed25519)))
            .OrderBy(o => o.Report.Address).ToArray();
        foreach (var o in operators)
        {
            await registration.FundAsync(Owner, o.Account.Address, bond, 1_000_000_000_000_000_000, ct);
            await registration.RegisterAsync(o.Account, o.Report.Address, new Bytes32(o.Protocol.PublicKey.Bytes), "http://127.0.0.1:1", bond, ct);
        }

        await registration.ScheduleAsync(Owner, [.. operators.Select(o => o.Report.Address)], 1, ct);

        // The config digest of C# is the contract's.
        var (verifier, token) = (manifest.AddressOf("ReportVerifier"), manifest.AddressOf("NetworkToken"));
        var distributor = manifest.AddressOf("RewardDistributor");
        var config = new NetworkConfig
        {
            Kind = ChainKind.Evm,
            Chain = Bytes32.FromUInt64(31337),
            Verifier = AccountId.From(verifier),
            Distributor = AccountId.From(distributor),
            Token = AccountId.From(token),
            ConfigCount = 1,
            FirstEpoch = new Epoch(1),
            Operators = [.. operators.Select(o => new OperatorKeys(o.Report.Address, new Bytes32(o.Protocol.PublicKey.Bytes)))],
            ParametersHash = profile.Parameters.Hash,
            RulesHash = profile.Parameters.RulesHash,
        };
        var digest = ConfigDigest.Of(config);
        Assert.Equal(digest.Value, await rpc.CallAsync(manifest.AddressOf("OperatorRegistry"), new OperatorRegistry.ConfigDigestAtCall(1), BlockTag.Latest, ct));

        Assert.Equal(config.NetworkId, manifest.Id);

        // A provider with a stake has payout index 0.
        var staking = manifest.AddressOf("ProviderStaking");
        await sender.SendAsync(token, new NetworkToken.ApproveCall(staking, UInt128.MaxValue), ct);
        await sender.SendAsync(staking, new ProviderStaking.DepositCall(Owner.Address, 10_000_000_000_000_000_000, 0), ct);

        // The epoch's budget less one unit goes to the one account there is.
        var budget = await rpc.CallAsync(manifest.AddressOf("EmissionController"), new EmissionController.BudgetOfCall(1), BlockTag.Latest, ct);
        var domain = await rpc.CallAsync(distributor, new RewardDistributor.DomainCall(), BlockTag.Latest, ct);
        Assert.Equal(config.RewardDomain, domain);
        var tree = RewardTree.Build(domain, [new LedgerEntry(AccountId.From(Owner.Address), budget - 1, Keccak256.Hash([1]))]);
        await node.Rpc.SetNextBlockTimestampAsync(manifest.Genesis + 86_399, ct);
        await node.Rpc.MineAsync(1, ct);
        var anchor = (await rpc.GetHeaderAsync(BlockTag.Latest, ct))!;
        await node.Rpc.SetNextBlockTimestampAsync(manifest.Genesis + 86_400, ct);
        await node.Rpc.MineAsync(1, ct);
        var report = new Report
        {
            Config = digest,
            Generation = new Generation(0),
            Epoch = new Epoch(1),
            PeriodStart = manifest.Genesis,
            PeriodEnd = manifest.Genesis + 86_400,
            AnchorNumber = anchor.Number,
            AnchorHash = anchor.Hash,
            Previous = ReportDigest.None,
            EvidenceRoot = Keccak256.Hash([2]),
            StateRoot = Keccak256.Hash([3]),
            RewardsRoot = tree.Root,
            MeteringRoot = default,
            LeafCount = tree.LeafCount,
            CumulativeTotal = tree.Total,
            Unallocated = 1,
            ManifestHash = Keccak256.Hash([4]),
        };
        var signatures = operators.Where((_, i) => i != 1).SelectMany(o => o.Report.SignDigest(report.Digest.Value).ToArray()).ToArray();
        var attested = new AttestedReport(report.Encode(), 0b1101, signatures);

        // A forged attestation is refused before anything is sent, by its reason.
        var transmitter = new EvmReportTransmitter(rpc, sender, 31337, verifier);
        var error = await Assert.ThrowsAsync<EvmRevertException>(() => transmitter.PrepareAsync(attested with { Bitmap = 0b1011 }, ct));
        Assert.Equal("BadSignature", error.ErrorName);
        await LandAsync(await transmitter.PrepareAsync(attested, ct));
        var accepted = await rpc.CallAsync(verifier, new ReportVerifier.AcceptedCall(1), BlockTag.Latest, ct);
        Assert.Equal(report.Digest.Value, accepted.Digest);

        error = await Assert.ThrowsAsync<EvmRevertException>(() => transmitter.PrepareFinalizeAsync(1, ct));
        Assert.Equal("WindowOpen", error.ErrorName);
        await node.Rpc.SetNextBlockTimestampAsync(accepted.ClaimableAt, ct);
        await node.Rpc.MineAsync(1, ct);
        await LandAsync(await transmitter.PrepareFinalizeAsync(1, ct));
        Assert.Equal(budget - 1, await rpc.CallAsync(token, new NetworkToken.BalanceOfCall(distributor), BlockTag.Latest, ct));

        var proof = tree.ProofAt(0);
        var before = (UInt128)await rpc.CallAsync(token, new NetworkToken.BalanceOfCall(Owner.Address), BlockTag.Latest, ct);
        var receipt = await sender.SendAsync(distributor, new RewardDistributor.ClaimCall(
            tree.Root, new ContractBindings.Evm.RewardLeaf(0, Owner.Address, proof.Leaf.Cumulative, proof.Leaf.Prefix, proof.Leaf.ItemsHash), [.. proof.Siblings]), ct);
        var paid = ImmutableArray.CreateBuilder<RewardDistributor.ClaimedEvent>();
        for (var i = 0; i < receipt.Logs.Count; i++)
        {
            if (RewardDistributor.ClaimedEvent.TryDecode(receipt.Logs.View(i), out var claimed)) paid.Add(claimed);
        }

        var after = (UInt128)await rpc.CallAsync(token, new NetworkToken.BalanceOfCall(Owner.Address), BlockTag.Latest, ct);
        Assert.Equal(after - before, Assert.Single(paid).Amount);
        Assert.True(after > before);

        async Task LandAsync(SignedTransaction transaction)
        {
            await transmitter.BroadcastAsync(transaction, ct);
            await Eventually.HoldsAsync(async () => await transmitter.GetStatusAsync(transaction, ct) == TransmissionStatus.Included, "the transaction is included", ct);
        }
    }
}
