using DePin.Cryptography;
using DePin.Protocol.Proofs;
using DePin.Protocol.Registry;
using DePin.Protocol.Tests.Support;
using DePin.Protocol.Verification;

namespace DePin.Protocol.Tests.Epochs;

public sealed class AdmissionTests
{
    private readonly TestNetwork _network = new();

    [Theory]
    [InlineData(KeyType.Secp256k1)]
    [InlineData(KeyType.P256)]
    [InlineData(KeyType.Ed25519)]
    public void Accepts_a_proof_of_each_key_type_and_refuses_a_forged_one(KeyType type)
    {
        var device = _network.AddDevice(owner: 7, type: type);
        var good = _network.Proof(device, 1);
        var forged = TestNetwork.Forge(_network.Proof(device, 2));
        var outcome = _network.Run(good, forged);
        Assert.Equal(Judgement.Accept, outcome.VerdictOf(good).Judgement);
        Assert.Equal(RejectReason.BadSignature, outcome.ReasonOf(forged));
    }

    [Fact]
    public void A_proof_counts_when_one_of_its_copies_is_well_signed()
    {
        var device = _network.AddDevice(owner: 7);
        var proof = _network.Proof(device, 1);
        var outcome = _network.Run(TestNetwork.Forge(proof), proof, TestNetwork.Forge(proof));
        Assert.Equal(Judgement.Accept, outcome.VerdictOf(proof).Judgement);
        Assert.Equal(1u, outcome.LineOf(device, 1).Accepted);
    }

    [Fact]
    public void A_forgery_neither_conflicts_with_the_honest_proof_nor_counts_against_the_device_nor_moves_its_watermark()
    {
        var device = _network.AddDevice(owner: 7);
        var honest = _network.Proof(device, 5);
        var forged = TestNetwork.Forge(_network.Proof(device, 5, weight: 999));
        var ahead = TestNetwork.Forge(_network.Proof(device, ulong.MaxValue));
        var outcome = _network.Run(honest, forged, ahead);
        Assert.Equal(Judgement.Accept, outcome.VerdictOf(honest).Judgement);
        Assert.Equal(0u, outcome.LineOf(device, 1).Rejected);
        Assert.Equal(5ul, outcome.State.WatermarkOf(device.Id)!.Value.Sequence);
    }

    [Fact]
    public void Rejects_a_proof_replayed_from_an_earlier_epoch()
    {
        var device = _network.AddDevice(owner: 7);
        var proof = _network.Proof(device, 1);
        Assert.NotEqual(0u, _network.Run(proof).EarnedBy(device));

        var replayed = _network.Run(proof);
        Assert.Equal(RejectReason.Replayed, replayed.ReasonOf(proof));
        Assert.Equal(0u, replayed.EarnedBy(device));
        Assert.Empty(replayed.Lines);
    }

    [Fact]
    public void A_proof_that_was_on_its_way_while_a_later_one_was_cut_still_counts_once()
    {
        var device = _network.AddDevice(owner: 7);
        var late = _network.Proof(device, 9, second: (long)TestNetwork.Day + 1);
        _network.Run(_network.Proof(device, 8), _network.Proof(device, 10));
        Assert.Equal(Judgement.Accept, _network.Run(late).VerdictOf(late).Judgement);
        Assert.Equal(RejectReason.Replayed, _network.Run(late).ReasonOf(late));
    }

    [Fact]
    public void Rejects_sequences_beyond_reach_below_the_highest_and_allows_gaps_above_it()
    {
        var device = _network.AddDevice(owner: 7);
        _network.Run(_network.Proof(device, 100));
        var (beyond, farthest, at, above) = (_network.Proof(device, 35), _network.Proof(device, 36), _network.Proof(device, 100), _network.Proof(device, 1_000));
        var outcome = _network.Run(beyond, farthest, at, above);
        Assert.Equal(RejectReason.Replayed, outcome.ReasonOf(beyond));
        Assert.Equal(Judgement.Accept, outcome.VerdictOf(farthest).Judgement);
        Assert.Equal(RejectReason.Replayed, outcome.ReasonOf(at));
        Assert.Equal(Judgement.Accept, outcome.VerdictOf(above).Judgement);
        Assert.Equal(1_000ul, outcome.State.WatermarkOf(device.Id)!.Value.Sequence);
        Assert.Equal(0ul, outcome.State.WatermarkOf(device.Id)!.Value.Seen);
    }

    [Fact]
    public void Another_content_of_a_waiting_sequence_is_a_replay_and_harms_nothing()
    {
        var device = _network.AddDevice(owner: 7);
        var early = _network.Proof(device, 3, second: (long)TestNetwork.Day);
        _network.Run(early);
        var other = _network.Proof(device, 3, weight: 9);
        var outcome = _network.Run(other);
        Assert.Equal(RejectReason.Replayed, outcome.ReasonOf(other));
        Assert.Equal(Judgement.Accept, outcome.VerdictOf(early).Judgement);
    }

    [Fact]
    public void Rejects_both_contents_of_one_sequence()
    {
        var device = _network.AddDevice(owner: 7);
        var (one, other, third) = (_network.Proof(device, 3, weight: 1), _network.Proof(device, 3, weight: 2), _network.Proof(device, 4));
        var outcome = _network.Run(one, other, third);
        Assert.Equal(RejectReason.SequenceConflict, outcome.ReasonOf(one));
        Assert.Equal(RejectReason.SequenceConflict, outcome.ReasonOf(other));
        Assert.Equal(Judgement.Accept, outcome.VerdictOf(third).Judgement);
        Assert.Equal(2u, outcome.LineOf(device, 1).Rejected);
    }

    [Fact]
    public void A_conflicting_sequence_alone_still_moves_the_watermark()
    {
        var device = _network.AddDevice(owner: 7);
        var (one, other) = (_network.Proof(device, 3, weight: 1), _network.Proof(device, 3, weight: 2));
        _network.Run(one, other);
        Assert.Equal(RejectReason.Replayed, _network.Run(one).ReasonOf(one));
    }

    [Fact]
    public void A_proof_from_past_the_period_waits_one_epoch_and_earns_there_once()
    {
        var device = _network.AddDevice(owner: 7);
        var early = _network.Proof(device, 1, second: (long)TestNetwork.Day);
        var first = _network.Run(early);
        Assert.Empty(first.Verdicts);
        Assert.Equal(early.Id, Assert.Single(first.State.Deferred).Id);
        Assert.Equal(0u, first.EarnedBy(device));

        var second = _network.Run();
        Assert.Equal(Judgement.Accept, second.VerdictOf(early).Judgement);
        Assert.NotEqual(0u, second.EarnedBy(device));
        Assert.Empty(second.State.Deferred);
        Assert.Equal(RejectReason.Replayed, _network.Run(early).ReasonOf(early));
    }

    [Fact]
    public void A_proof_from_past_the_period_is_not_held_to_the_stake_of_before_it()
    {
        // Staked after the anchor and before the cut, as a newcomer may be.
        var newcomer = _network.AddDevice(owner: 7, staked: false);
        var early = _network.Proof(newcomer, 1, second: (long)TestNetwork.Day);
        Assert.Empty(_network.Run(early).Verdicts);
        _network.AddStake(newcomer);
        Assert.Equal(Judgement.Accept, _network.Run().VerdictOf(early).Judgement);

        // Whoever still has none then is refused for it then.
        var never = _network.AddDevice(owner: 8, staked: false);
        var vain = _network.Proof(never, 1, second: (long)TestNetwork.Day + 1);
        Assert.Empty(_network.Run(vain).Verdicts);
        Assert.Equal(RejectReason.NotStaked, _network.Run().ReasonOf(vain));
    }

    [Fact]
    public void A_waiting_proof_that_is_sent_again_stays_one_proof()
    {
        var device = _network.AddDevice(owner: 7);
        var early = _network.Proof(device, 1, second: (long)TestNetwork.Day + 5);
        _network.Run(early);
        var outcome = _network.Run(early, TestNetwork.Forge(early));
        Assert.Equal(Judgement.Accept, Assert.Single(outcome.Verdicts).Verdict.Judgement);
    }

    [Fact]
    public void Rejects_a_proof_from_a_whole_period_ahead()
    {
        var device = _network.AddDevice(owner: 7);
        var (last, future) = (_network.Proof(device, 1, second: (2 * (long)TestNetwork.Day) - 1), _network.Proof(device, 2, second: 2 * (long)TestNetwork.Day));
        var outcome = _network.Run(last, future);
        Assert.Equal(RejectReason.FromTheFuture, outcome.ReasonOf(future));
        Assert.Equal(last.Id, Assert.Single(outcome.State.Deferred).Id);
    }

    [Fact]
    public void Accepts_a_late_proof_up_to_the_limit_and_rejects_it_beyond()
    {
        var device = _network.AddDevice(owner: 7);
        var (late, tooLate) = (_network.Proof(device, 2, second: -3_600), _network.Proof(device, 1, second: -3_601));
        var outcome = _network.Run(late, tooLate);
        Assert.Equal(Judgement.Accept, outcome.VerdictOf(late).Judgement);
        Assert.Equal(RejectReason.TooLate, outcome.ReasonOf(tooLate));
    }

    [Fact]
    public void A_waiting_proof_of_a_device_that_lost_its_standing_meanwhile_earns_nothing()
    {
        var device = _network.AddDevice(owner: 7);
        var early = _network.Proof(device, 1, second: (long)TestNetwork.Day);
        _network.Run(early);
        _network.Devices[0] = device with { Record = device.Record with { Status = DeviceStatus.Suspended } };
        Assert.Equal(RejectReason.DeviceInactive, _network.Run().ReasonOf(early));
    }

    [Fact]
    public void A_waiting_proof_of_a_rotated_key_is_of_an_unknown_device()
    {
        var device = _network.AddDevice(owner: 7);
        var early = _network.Proof(device, 1, second: (long)TestNetwork.Day);
        _network.Run(early);
        _network.Devices.Clear();
        Assert.Equal(RejectReason.UnknownDevice, _network.Run().ReasonOf(early));
    }

    [Theory]
    [InlineData(DeviceStatus.Suspended)]
    [InlineData(DeviceStatus.Retired)]
    public void Rejects_the_proofs_of_a_device_that_is_not_active(DeviceStatus status)
    {
        var device = _network.AddDevice(owner: 7, status: status);
        var proof = _network.Proof(device, 1);
        Assert.Equal(RejectReason.DeviceInactive, _network.Run(proof).ReasonOf(proof));
    }

    [Fact]
    public void Stake_covers_the_oldest_active_devices_first()
    {
        var retired = _network.AddDevice(owner: 7, status: DeviceStatus.Retired, staked: false);
        var (old, young) = (_network.AddDevice(owner: 7), _network.AddDevice(owner: 7, staked: false));
        var (covered, uncovered, gone) = (_network.Proof(old, 1), _network.Proof(young, 1), _network.Proof(retired, 1));
        var outcome = _network.Run(covered, uncovered, gone);
        Assert.Equal(Judgement.Accept, outcome.VerdictOf(covered).Judgement);
        Assert.Equal(RejectReason.NotStaked, outcome.ReasonOf(uncovered));
        Assert.Equal(RejectReason.DeviceInactive, outcome.ReasonOf(gone));
    }

    [Fact]
    public void Rejects_the_proofs_of_an_owner_without_a_payout_index()
    {
        var device = _network.AddDevice(owner: 7, payout: false);
        var proof = _network.Proof(device, 1);
        var outcome = _network.Run(proof);
        Assert.Equal(RejectReason.NoPayoutAccount, outcome.ReasonOf(proof));
        Assert.Empty(outcome.Lines);
    }

    [Fact]
    public void Names_the_network_device_class_schema_and_length_that_do_not_fit()
    {
        var device = _network.AddDevice(owner: 7);
        var stranger = new TestDevice(TestNetwork.Key(KeyType.Ed25519, "stranger"), device.Record);
        var payload = MarkClass.Payload(MarkClass.Mark.Good, 1);
        var time = TestNetwork.Genesis * 1_000;
        SignedProof Make(ulong sequence, NetworkId? network = null, ushort @class = 1, ushort schema = 1, DeviceId? id = null, byte[]? body = null) =>
            TestNetwork.Sign(device, DeviceProof.Create(network ?? _network.Config.NetworkId, new ClassId(@class), schema, id ?? device.Id, sequence, time, body ?? payload));

        var cases = new Dictionary<SignedProof, RejectReason>
        {
            [Make(1, network: new NetworkId(Bytes32.FromUInt64(1)))] = RejectReason.WrongNetwork,
            [Make(2, id: DeviceRecord.IdOf(KeyType.Ed25519, stranger.Key.PublicKey.Bytes))] = RejectReason.UnknownDevice,
            [Make(3, @class: 9)] = RejectReason.UnknownClass,
            [Make(4, @class: 2)] = RejectReason.WrongClass,
            [Make(5, schema: 2)] = RejectReason.UnknownSchema,
            [Make(6, body: [1, 2, 3])] = RejectReason.BadPayloadLength,
            [Make(7, body: new byte[7])] = RejectReason.BadPayloadLength,
        };
        var outcome = _network.Run(cases.Keys);
        foreach (var (proof, reason) in cases) Assert.Equal(reason, outcome.ReasonOf(proof));
        // Only what the device itself signed for this network counts against it.
        Assert.Equal(5u, outcome.LineOf(device, 0).Rejected);
    }

    [Fact]
    public void Judges_the_lowest_sequences_of_a_device_that_sends_too_many()
    {
        var device = _network.AddDevice(owner: 7);
        var proofs = Enumerable.Range(1, 13).Select(i => _network.Proof(device, (ulong)i)).ToArray();
        var outcome = _network.Run(proofs.Reverse());
        Assert.All(proofs[..10], proof => Assert.Equal(Judgement.Accept, outcome.VerdictOf(proof).Judgement));
        Assert.All(proofs[10..], proof => Assert.Equal(RejectReason.OverLimit, outcome.ReasonOf(proof)));
        Assert.Equal(13ul, outcome.State.WatermarkOf(device.Id)!.Value.Sequence);
    }

    [Fact]
    public void No_more_proofs_of_a_device_wait_than_an_epoch_judges()
    {
        var device = _network.AddDevice(owner: 7);
        var proofs = Enumerable.Range(1, 12).Select(i => _network.Proof(device, (ulong)i, second: (long)TestNetwork.Day + i)).ToArray();
        var outcome = _network.Run(proofs);
        Assert.Equal(10, outcome.State.Deferred.Length);
        Assert.Equal(RejectReason.OverLimit, outcome.ReasonOf(proofs[11]));
    }
}
