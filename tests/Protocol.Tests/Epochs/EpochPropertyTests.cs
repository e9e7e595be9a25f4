using DePin.Protocol.Epochs;
using DePin.Protocol.Evidence;
using DePin.Protocol.Lanes;
using DePin.Protocol.Proofs;
using DePin.Protocol.Rewards;
using DePin.Protocol.State;
using DePin.Protocol.Tests.Support;
using DePin.Protocol.Verification;
using FsCheck;
using FsCheck.Fluent;

namespace DePin.Protocol.Tests.Epochs;

/// <summary>What holds for every network, every evidence and every number of epochs.</summary>
public sealed class EpochPropertyTests
{
    private const int Epochs = 4;

    [Fact]
    public void Order_and_doubling_of_the_evidence_change_nothing() => ForAll(40, static scenario =>
    {
        for (var i = 0; i < Epochs; i++)
        {
            var evidence = scenario.Evidence();
            var outcome = scenario.Network.Try(evidence);
            AssertSame(outcome, scenario.Network.Try(scenario.Shuffle([.. evidence, .. evidence])));
            scenario.Network.Take(outcome);
        }
    });

    [Fact]
    public void Batching_of_the_evidence_changes_nothing_but_the_cut() => ForAll(25, static scenario =>
    {
        var network = scenario.Network;
        // A batch holds one copy of a proof; which one, an operator decides at ingest.
        var evidence = scenario.Evidence().DistinctBy(proof => proof.Id).ToList();
        var whole = Lane(network, [evidence]);
        var halves = Lane(network, [evidence[..(evidence.Count / 2)], evidence[(evidence.Count / 3)..]]);
        var (one, other) = (Compute(network, whole), Compute(network, halves));
        Assert.Equal(one.State.ToBytes(), other.State.ToBytes());
        Assert.Equal(one.Report.RewardsRoot, other.Report.RewardsRoot);
        Assert.Equal(one.Verdicts.ToArray(), other.Verdicts.ToArray());
    });

    [Fact]
    public void Nothing_is_paid_past_the_budget_and_every_unit_is_accounted_for() => ForAll(40, static scenario =>
    {
        UInt128 total = 0;
        for (var i = 0; i < Epochs; i++)
        {
            var outcome = scenario.Network.Run(scenario.Evidence());
            UInt128 lines = 0;
            foreach (var line in outcome.Lines) lines += line.Amount;
            Assert.Equal(outcome.Allocated, lines);
            Assert.Equal(outcome.Budget, outcome.Allocated + outcome.Report.Unallocated);
            total += lines;
            Assert.Equal(total, outcome.Report.CumulativeTotal);
            foreach (var entry in scenario.Network.Parameters.Classes)
            {
                UInt128 paid = 0;
                foreach (var line in outcome.Lines.Where(line => line.Class == entry.Id)) paid += line.Amount;
                Assert.True(paid <= MulDiv.Floor(outcome.Budget, (UInt128)entry.PoolBps, 10_000));
            }
        }
    });

    [Fact]
    public void No_cumulative_falls_and_no_leaf_moves() => ForAll(30, static scenario =>
    {
        for (var i = 0; i < Epochs; i++)
        {
            var before = scenario.Network.State.Ledger;
            if (i == 2) scenario.Network.AddDevice(owner: 50);
            var after = scenario.Network.Run(scenario.Evidence()).State.Ledger;
            Assert.True(after.Length >= before.Length);
            for (var index = 0; index < before.Length; index++)
            {
                Assert.Equal(before[index].Account, after[index].Account);
                Assert.True(after[index].Cumulative >= before[index].Cumulative);
                Assert.Equal(after[index].Cumulative == before[index].Cumulative, after[index].ItemsHash == before[index].ItemsHash);
            }
        }
    });

    [Fact]
    public void No_proof_is_accepted_twice_and_none_is_lost() => ForAll(40, static scenario =>
    {
        var accepted = new HashSet<ProofId>();
        for (var i = 0; i < Epochs; i++)
        {
            var waiting = scenario.Network.State.Deferred.Select(proof => proof.Id).ToArray();
            var evidence = scenario.Evidence();
            var outcome = scenario.Network.Run(evidence);
            foreach (var judged in outcome.Verdicts.Where(judged => judged.Verdict.Judgement == Judgement.Accept)) Assert.True(accepted.Add(judged.Proof));
            var answered = outcome.Verdicts.Select(judged => judged.Proof).Concat(outcome.State.Deferred.Select(proof => proof.Id)).Order();
            Assert.Equal(evidence.Select(proof => proof.Id).Concat(waiting).Distinct().Order(), answered);
        }
    });

    [Fact]
    public void Watermarks_only_rise() => ForAll(30, static scenario =>
    {
        for (var i = 0; i < Epochs; i++)
        {
            var before = scenario.Network.State;
            var after = scenario.Network.Run(scenario.Evidence()).State;
            foreach (var mark in before.Watermarks)
            {
                Assert.True(after.WatermarkOf(mark.Device)!.Value.Sequence >= mark.Sequence);
                for (var sequence = 0ul; sequence <= mark.Sequence; sequence++) Assert.True(mark.Takes(sequence) || !after.WatermarkOf(mark.Device)!.Value.Takes(sequence));
            }

            Assert.Equal(after.ToBytes(), NetworkState.Parse(after.ToBytes()).ToBytes());
        }
    });

    [Fact]
    public void Every_leaf_proves_itself_and_the_prefixes_sum_to_the_total() => ForAll(25, static scenario =>
    {
        var outcome = scenario.Network.Run(scenario.Evidence());
        UInt128 prefix = 0;
        for (var index = 0u; index < outcome.Tree.LeafCount; index++)
        {
            var proof = outcome.Tree.ProofAt(index);
            Assert.Equal(prefix, proof.Leaf.Prefix);
            prefix += proof.Leaf.Cumulative;
            Assert.True(proof.Verify(outcome.Report.RewardsRoot, scenario.Network.Config.RewardDomain, outcome.Report.LeafCount));
        }
        Assert.Equal(outcome.Report.CumulativeTotal, prefix);
    });

    [Fact]
    public void An_audit_of_the_bundle_alone_gives_the_same_report() => ForAll(15, static scenario =>
    {
        var network = scenario.Network;
        for (var i = 0; i < 2; i++)
        {
            var evidence = scenario.Evidence();
            var (previousCut, cut, batches) = Lane(network, [evidence]);
            var outcome = Compute(network, (previousCut, cut, batches));
            var window = network.Window(network.Next);
            var bundle = EvidenceBundle.Create(
                window, network.State, network.Snapshot(window), network.Parameters, previousCut, cut, batches, network.Attest(outcome.Report));
            byte[] file = [.. bundle.Encode().SelectMany(piece => piece.ToArray())];
            var audit = EpochAudit.Run(network.Catalog, EvidenceBundle.Parse(file));
            Assert.Equal(Reports.AttestationFault.None, audit.Attestation);
            Assert.Empty(audit.Differences);
            AssertSame(outcome, audit.Outcome);
            network.Take(outcome);
        }
    });

    private static void ForAll(int times, Action<Scenario> holds) => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(times),
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed =>
        {
            holds(new Scenario(seed));
            return true;
        }));

    private static void AssertSame(EpochOutcome left, EpochOutcome right)
    {
        Assert.Equal(left.Report, right.Report);
        Assert.Equal(left.State.ToBytes(), right.State.ToBytes());
        Assert.Equal(left.Lines.ToArray(), right.Lines.ToArray());
        Assert.Equal(left.Verdicts.ToArray(), right.Verdicts.ToArray());
    }

    private static EpochOutcome Compute(TestNetwork network, (Cut PreviousCut, Cut Cut, List<Batch> Batches) lanes)
    {
        var window = network.Window(network.Next);
        return EpochComputation.Run(
            network.Catalog, network.State, network.Snapshot(window), network.Parameters, window,
            new EpochEvidence(lanes.PreviousCut, lanes.Cut, [.. lanes.Batches.SelectMany(batch => batch.Proofs)]));
    }

    private static (Cut PreviousCut, Cut Cut, List<Batch> Batches) Lane(TestNetwork network, IEnumerable<List<SignedProof>> contents)
    {
        var operators = network.Operators.Select(keys => keys.ReportSigner).ToArray();
        LaneHead? head = null;
        var batches = new List<Batch>();
        foreach (var content in contents.Where(content => content.Count > 0))
        {
            var batch = Batch.Seal(network.Config.NetworkId, operators[1], head, 1_000, content);
            head = new LaneHead(batch.Header.Index, batch.Digest);
            batches.Add(batch);
        }
        var cut = new Cut([.. operators.Select((address, i) => i == 1 && head is { } top
            ? new LaneHeight(address, top.Index, top.Digest)
            : new LaneHeight(address, 0, default))]);
        return (Cut.Empty(operators), cut, batches);
    }
}
