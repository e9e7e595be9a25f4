using DePin.Cryptography;
using DePin.Protocol.Epochs;
using DePin.Protocol.Lanes;
using DePin.Protocol.Rewards;
using DePin.Protocol.Tests.Support;
using DePin.Protocol.Verification;
using static DePin.Protocol.Tests.Support.MarkClass;

namespace DePin.Protocol.Tests.Epochs;

public sealed class EpochComputationTests
{
    private readonly TestNetwork _network = new();

    [Fact]
    public void Pays_each_weight_its_part_of_the_class_pool_and_leaves_the_rest_unallocated()
    {
        var (one, two) = (_network.AddDevice(owner: 7), _network.AddDevice(owner: 8));
        _network.Budget = 1_000;
        // Pool 600; each accepted proof weighs weight · 10⁶ + 1: 1,000,001 and 2,000,001 of 3,000,002.
        var outcome = _network.Run(_network.Proof(one, 1, weight: 1), _network.Proof(two, 1, weight: 2));
        Assert.Equal(199u, outcome.LineOf(one, 1).Amount);
        Assert.Equal(0u, outcome.LineOf(one, 2).Amount);
        Assert.Equal(399u, outcome.LineOf(two, 1).Amount);
        Assert.Equal(598u, outcome.Allocated);
        Assert.Equal(402u, outcome.Report.Unallocated);
        Assert.Equal(598u, outcome.Report.CumulativeTotal);
        Assert.Equal(2u, outcome.Report.LeafCount);
    }

    [Fact]
    public void An_epoch_without_proofs_allocates_nothing_and_changes_no_account()
    {
        var device = _network.AddDevice(owner: 7);
        var before = _network.Run(_network.Proof(device, 1)).State;
        var outcome = _network.Run();
        Assert.Equal(outcome.Budget, outcome.Report.Unallocated);
        Assert.Equal(before.Ledger.ToArray(), outcome.State.Ledger.ToArray());
        Assert.Equal(before.Watermarks.ToArray(), outcome.State.Watermarks.ToArray());
    }

    [Fact]
    public void One_account_gets_one_leaf_for_all_of_its_devices_and_classes()
    {
        var (one, two, other) = (_network.AddDevice(owner: 7), _network.AddDevice(owner: 7, @class: 2), _network.AddDevice(owner: 8));
        var outcome = _network.Run(_network.Proof(one, 1), _network.Proof(two, 1), _network.Proof(other, 1));
        Assert.Equal(outcome.EarnedBy(one) + outcome.EarnedBy(two), outcome.State.Ledger[0].Cumulative);
        Assert.Equal(outcome.EarnedBy(other), outcome.State.Ledger[1].Cumulative);
        Assert.Equal(4, outcome.LinesOf(0).Length);
        Assert.Equal(2, outcome.LinesOf(1).Length);
        Assert.True(outcome.Tree.ProofAt(1).Verify(outcome.Report.RewardsRoot, _network.Config.RewardDomain, outcome.Report.LeafCount));
    }

    [Fact]
    public void The_items_chain_takes_in_the_lines_of_the_epochs_in_which_the_account_earned()
    {
        var device = _network.AddDevice(owner: 7);
        var first = _network.Run(_network.Proof(device, 1));
        var expected = ItemsChain.Next(default, new Epoch(1), ItemsChain.LinesTree(first.LinesOf(0)).Root);
        Assert.Equal(expected, first.State.Ledger[0].ItemsHash);

        var idle = _network.Run(_network.Proof(device, 2, Mark.RejectItem));
        Assert.Equal(0u, idle.LineOf(device, 0).Amount);
        Assert.Equal(expected, idle.State.Ledger[0].ItemsHash);

        var third = _network.Run(_network.Proof(device, 3), _network.Proof(device, 4, Mark.RejectItem));
        Assert.Equal(ItemsChain.Next(expected, new Epoch(3), ItemsChain.LinesTree(third.LinesOf(0)).Root), third.State.Ledger[0].ItemsHash);
        Assert.Equal(1u, third.LineOf(device, 1).Rejected);
    }

    [Fact]
    public void Later_layers_lower_and_resolve_but_never_raise()
    {
        var device = _network.AddDevice(owner: 7);
        var marks = new (Mark Mark, byte Group, Judgement Judgement, ushort Reason)[]
        {
            (Mark.Good, 1, Judgement.Accept, 0),
            (Mark.RejectItem, 1, Judgement.Reject, Reason),
            (Mark.TryToRaise, 1, Judgement.Reject, Reason),
            (Mark.UnsureItem, 1, Judgement.Inconclusive, Reason),
            (Mark.PairedPending, 1, Judgement.Accept, 0),
            (Mark.PairedPending, 2, Judgement.Inconclusive, (ushort)RejectReason.Unpaired),
            (Mark.RejectInGroup, 1, Judgement.Reject, GroupReason),
            (Mark.UnsureInGroup, 1, Judgement.Inconclusive, GroupReason),
            (Mark.HalveQuality, 1, Judgement.Accept, 0),
            (Mark.RejectInPopulation, 1, Judgement.Reject, PopulationReason),
        };
        var proofs = marks.Select((mark, i) => _network.Proof(device, (ulong)i + 1, mark.Mark, 1, mark.Group)).ToArray();
        var outcome = _network.Run(proofs);
        for (var i = 0; i < marks.Length; i++)
        {
            var verdict = outcome.VerdictOf(proofs[i]);
            Assert.Equal((marks[i].Mark, marks[i].Judgement, marks[i].Reason), (marks[i].Mark, verdict.Judgement, verdict.Reason));
        }
        Assert.Equal(500_000u, outcome.VerdictOf(proofs[8]).QualityPpm);
        var line = outcome.LineOf(device, 1);
        Assert.Equal((3u, 4u, 3u), (line.Accepted, line.Rejected, line.Inconclusive));
        Assert.Equal((UInt128)2_500_000, line.Weight);
    }

    [Fact]
    public void Inconclusive_proofs_earn_nothing_and_are_no_fault()
    {
        var (unsure, good) = (_network.AddDevice(owner: 7), _network.AddDevice(owner: 8));
        var outcome = _network.Run(_network.Proof(unsure, 1, Mark.UnsureItem), _network.Proof(good, 1));
        Assert.Equal(0u, outcome.EarnedBy(unsure));
        Assert.Equal((0u, 0u, 1u), (outcome.LineOf(unsure, 0).Accepted, outcome.LineOf(unsure, 0).Rejected, outcome.LineOf(unsure, 0).Inconclusive));
    }

    [Fact]
    public void A_class_state_goes_from_epoch_to_epoch()
    {
        var (device, other) = (_network.AddDevice(owner: 7), _network.AddDevice(owner: 8, @class: 2));
        _network.Run(_network.Proof(device, 1), _network.Proof(device, 2));
        var outcome = _network.Run(_network.Proof(device, 3), _network.Proof(other, 1));
        Assert.Equal(Bytes32.FromUInt64(3).ToArray()[24..], outcome.State.StateOf(new ClassId(1)).ToArray());
        Assert.Equal(Bytes32.FromUInt64(1).ToArray()[24..], outcome.State.StateOf(new ClassId(2)).ToArray());
    }

    [Fact]
    public void A_penalty_lowers_the_weights_of_its_device_alone()
    {
        var (guilty, clean) = (_network.AddDevice(owner: 7), _network.AddDevice(owner: 8));
        var outcome = _network.Run(_network.Proof(guilty, 1, Mark.Penalised, weight: 4), _network.Proof(clean, 1, weight: 4));
        Assert.Equal((UInt128)1_000_000, outcome.LineOf(guilty, 1).Weight);
        Assert.Equal((UInt128)4_000_000, outcome.LineOf(clean, 1).Weight);
        Assert.Equal(guilty.Id, Assert.Single(outcome.Penalties).Penalty.Device);
    }

    [Theory]
    [InlineData(Misdeed.UnknownRule, "rule 9")]
    [InlineData(Misdeed.UnknownDevice, "not registered")]
    [InlineData(Misdeed.Overflows, "2^128")]
    [InlineData(Misdeed.MultipliesUp, "more than 1")]
    [InlineData(Misdeed.TransfersToItself, "to itself")]
    public void A_class_that_breaks_conservation_gets_nothing_and_keeps_its_state(Misdeed misdeed, string problem)
    {
        var network = new TestNetwork(misdeed: misdeed);
        var (device, other) = (network.AddDevice(owner: 7), network.AddDevice(owner: 8, @class: 2));
        var outcome = network.Run(network.Proof(device, 1), network.Proof(device, 2), network.Proof(other, 1));
        var fault = Assert.Single(outcome.Faults);
        Assert.Equal(new ClassId(1), fault.Class);
        Assert.Contains(problem, fault.Problem, StringComparison.Ordinal);
        Assert.Equal(0u, outcome.EarnedBy(device));
        Assert.NotEqual(0u, outcome.EarnedBy(other));
        Assert.True(outcome.State.StateOf(new ClassId(1)).IsEmpty);
    }

    [Fact]
    public void A_defect_of_the_item_rules_costs_the_item_alone()
    {
        var (bad, good) = (_network.AddDevice(owner: 7), _network.AddDevice(owner: 8));
        var proof = _network.Proof(bad, 1, Mark.ThrowInItem);
        var outcome = _network.Run(proof, _network.Proof(good, 1));
        Assert.Equal(Verdict.Inconclusive(RejectReason.ClassDefect), outcome.VerdictOf(proof));
        Assert.Empty(outcome.Faults);
        Assert.NotEqual(0u, outcome.EarnedBy(good));
    }

    [Theory]
    [InlineData(Mark.ThrowInGroup)]
    [InlineData(Mark.ThrowInPopulation)]
    [InlineData(Mark.ThrowInScore)]
    public void A_defect_of_a_later_layer_costs_the_class_its_epoch_and_not_the_network(Mark mark)
    {
        var (bad, good) = (_network.AddDevice(owner: 7), _network.AddDevice(owner: 8, @class: 2));
        var outcome = _network.Run(_network.Proof(bad, 1, mark), _network.Proof(bad, 2, Mark.PairedPending, group: 9), _network.Proof(good, 1));
        Assert.Contains("in its rules", Assert.Single(outcome.Faults).Problem, StringComparison.Ordinal);
        Assert.Equal(0u, outcome.EarnedBy(bad));
        Assert.NotEqual(0u, outcome.EarnedBy(good));
        Assert.DoesNotContain(outcome.Verdicts, judged => judged.Verdict.Judgement == Judgement.Pending);
    }

    [Fact]
    public void What_only_this_machine_lacks_stops_the_computation()
    {
        var device = _network.AddDevice(owner: 7);
        Assert.Throws<AggregateException>(() => _network.Run(_network.Proof(device, 1, Mark.BreakTheMachine)));
    }

    [Fact]
    public void A_class_cannot_pay_a_device_without_an_accepted_proof()
    {
        var network = new TestNetwork(misdeed: Misdeed.PaysTheUnaccepted);
        var (device, other) = (network.AddDevice(owner: 7), network.AddDevice(owner: 8));
        Assert.Empty(network.Try(network.Proof(device, 1), network.Proof(other, 1)).Faults);
        var outcome = network.Run(network.Proof(device, 1), network.Proof(other, 1, Mark.UnsureItem));
        Assert.Contains("without an accepted proof", Assert.Single(outcome.Faults).Problem, StringComparison.Ordinal);
        Assert.Equal(0u, outcome.Allocated);
    }

    [Fact]
    public void Metered_pay_without_an_escrow_is_zero_and_never_emission()
    {
        var network = new TestNetwork(misdeed: Misdeed.MetersWithoutEscrow);
        var device = network.AddDevice(owner: 7);
        var outcome = network.Run(network.Proof(device, 1));
        Assert.Empty(outcome.Faults);
        Assert.Equal(new byte[16], Assert.Single(outcome.Metering).Span[^16..].ToArray());
        Assert.False(outcome.Report.MeteringRoot.IsZero);
        Assert.Equal(outcome.Allocated, outcome.Report.CumulativeTotal);
    }

    [Fact]
    public void Refuses_parameters_that_the_config_does_not_name()
    {
        _network.AddDevice(owner: 7);
        var window = _network.Window(Epoch.First);
        var cut = Cut.Empty(_network.Operators.Select(keys => keys.ReportSigner));
        var others = new TestNetwork(TestNetwork.ParameterText(proofsPerDevice: 11)).Parameters;
        var error = Assert.Throws<EpochInputException>(() =>
            EpochComputation.Run(_network.Catalog, _network.State, _network.Snapshot(window), others, window, new EpochEvidence(cut, cut, [])));
        Assert.Contains("parameter document", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_a_registry_in_which_an_index_changed_hands()
    {
        var device = _network.AddDevice(owner: 7);
        _network.Run(_network.Proof(device, 1));
        _network.Accounts[0] = TestNetwork.Account(99);
        Assert.Contains("payout index 0", Assert.Throws<EpochInputException>(() => _network.Run()).Message, StringComparison.Ordinal);
        _network.Accounts.Clear();
        Assert.Contains("older than the state", Assert.Throws<EpochInputException>(() => _network.Run()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_an_anchor_from_past_the_period()
    {
        var window = _network.Window(Epoch.First);
        var cut = Cut.Empty(_network.Operators.Select(keys => keys.ReportSigner));
        var early = window with { EndSeconds = window.EndSeconds - 10 };
        Assert.Throws<EpochInputException>(() =>
            EpochComputation.Run(_network.Catalog, _network.State, _network.Snapshot(window), _network.Parameters, early, new EpochEvidence(cut, cut, [])));
    }

    [Fact]
    public void The_report_names_its_parent_state_and_manifest()
    {
        var device = _network.AddDevice(owner: 7);
        var first = _network.Run(_network.Proof(device, 1));
        var second = _network.Run(_network.Proof(device, 2));
        Assert.True(first.Report.Previous.Value.IsZero);
        Assert.Equal(first.Report.Digest, second.Report.Previous);
        Assert.Equal(second.State.Root, second.Report.StateRoot);
        Assert.Equal(Sha256.Hash(second.Manifest.Span), second.Report.ManifestHash);
        Assert.True(second.Manifest.Span.IndexOf(first.State.Root.AsSpan()) > 0);
        Assert.NotEqual(first.Seed, second.Seed);
    }

    [Fact]
    public void A_group_beyond_the_limit_compares_the_lowest_ids_and_leaves_the_rest_undecided()
    {
        var network = new TestNetwork(TestNetwork.ParameterText(proofsPerDevice: 5_000));
        var device = network.AddDevice(owner: 7);
        var count = ClassRun.MaxGroup + 4;
        var proofs = Enumerable.Range(1, count).Select(i => network.Proof(device, (ulong)i, group: 3)).OrderBy(proof => proof.Id).ToArray();
        var outcome = network.Run(proofs);
        Assert.All(proofs[..ClassRun.MaxGroup], proof => Assert.Equal(Judgement.Accept, outcome.VerdictOfSorted(proof)));
        Assert.All(proofs[ClassRun.MaxGroup..], proof => Assert.Equal(Verdict.Inconclusive(RejectReason.GroupFull), outcome.VerdictOf(proof)));
    }
}
