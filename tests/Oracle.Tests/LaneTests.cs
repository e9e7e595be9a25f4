using DePin.Signing;
using System.Globalization;
using DePin.Cryptography;
using DePin.Oracle.Batch;
using DePin.Oracle.Batch.Wire;
using DePin.Protocol.Lanes;
using DePin.Protocol.Proofs;
using DePin.Storage.Oracle;
using DePin.TestKit;
using Google.Protobuf;
using Ack = DePin.Protocol.Lanes.Acknowledgement;

namespace DePin.Oracle.Tests;

public sealed class LaneTests
{
    private static CancellationToken Ct => CancellationToken.None;

    [Fact]
    public async Task Four_operators_seal_acknowledge_and_certify_each_others_lanes()
    {
        var network = new TestNetwork();
        var operators = await TestOperator.StartAllAsync(network, [0, 1, 2, 3], Ct);
        var posted = new List<SignedProof>();
        for (var i = 0; i < 4; i++)
        {
            var mine = Enumerable.Range(1, 50).Select(n => network.Prove(network.Devices[n % 3], (ulong)((i * 100) + n))).ToList();
            Assert.Equal(50u, (await operators[i].PostAsync(mine, Ct)).Durable);
            posted.AddRange(mine);
        }

        foreach (var one in operators) await CertifiedEverywhereAsync(one, operators, network);

        foreach (var one in operators)
        {
            Assert.Equal(200, await CountProofsAsync(one));
            await Eventually.HoldsAsync(async () => await one.Database.ScalarAsync<long>("select count(*) from oracle.verdicts where judgement = 0", Ct) == 200, "every proof has a verdict", Ct);
        }

        Assert.Equal("certified", (await operators[0].GetProgressAsync(posted[0].Id, Ct))!.Stage);
        Assert.Equal("accept", (await operators[0].GetProgressAsync(posted[0].Id, Ct))!.Judgement);
        foreach (var one in operators) await one.DisposeAsync();
    }

    [Fact]
    public async Task Three_of_four_certify_and_the_fourth_catches_up_also_on_the_lane_of_a_dead_operator()
    {
        var network = new TestNetwork();
        var operators = await TestOperator.StartAllAsync(network, [0, 1, 2], Ct);
        await operators[0].PostAsync(Enumerable.Range(1, 40).Select(n => network.Prove(network.Devices[0], (ulong)n)), Ct);
        foreach (var one in operators) await CertifiedEverywhereAsync(one, operators, network);

        await operators[0].StopAsync(Ct);
        var late = await TestOperator.StartAsync(network, 3, ct: Ct);
        await network.WriteMirrorAsync(late.Database.DataSource, Ct);

        await Eventually.HoldsAsync(async () => await CountProofsAsync(late) == 40, "the late operator holds the dead one's lane", Ct);
        await late.DisposeAsync();
        foreach (var one in operators) await one.DisposeAsync();
    }

    [Fact]
    public async Task An_operator_that_has_a_lane_from_evidence_only_acknowledges_what_comes_after()
    {
        var network = new TestNetwork();
        var operators = await TestOperator.StartAllAsync(network, [0, 1, 2], Ct);
        await operators[0].PostAsync(Enumerable.Range(1, 40).Select(n => network.Prove(network.Devices[0], (ulong)n)), Ct);
        foreach (var one in operators) await CertifiedEverywhereAsync(one, operators, network);

        // It joins after an epoch whose cut names the lane's head, and another operator goes: without it there is no quorum.
        var lane = await operators[0].Get<LaneStore>().GetLaneAsync(network.Operators[0].Address, Ct);
        var late = await TestOperator.StartAsync(network, 3, ct: Ct, before: lanes => lanes.AdoptAsync(new LaneHeight(lane.Operator, (ulong)lane.Height, lane.Digest), Ct));
        foreach (var one in operators) await network.WriteMirrorAsync(one.Database.DataSource, Ct); // where it listens
        await operators[2].StopAsync(Ct);
        var after = network.Prove(network.Devices[0], 100);
        await operators[0].PostAsync([after], Ct);

        await Eventually.HoldsAsync(async () => (await operators[0].GetProgressAsync(after.Id, Ct))?.Stage == "certified", "the newcomer acknowledges the new batch", Ct);
        Assert.Equal(1, await CountProofsAsync(late));
        await late.DisposeAsync();
        foreach (var one in operators) await one.DisposeAsync();
    }

    [Fact]
    public async Task Two_operators_do_not_certify()
    {
        var network = new TestNetwork();
        var operators = await TestOperator.StartAllAsync(network, [0, 1], Ct);
        var proof = network.Prove(network.Devices[0], 1);
        await operators[0].PostAsync([proof], Ct);
        // Sealing waits for f+1 = 2 of the others: the only one is not enough to know what was sent before.
        await Task.Delay(1_000, Ct);
        Assert.Equal("durable", (await operators[0].GetProgressAsync(proof.Id, Ct))!.Stage);
        foreach (var one in operators) await one.DisposeAsync();
    }

    [Fact]
    public async Task Refuses_batches_that_are_forged_unsigned_gapped_or_hold_bad_proofs()
    {
        var network = new TestNetwork();
        await using var one = await TestOperator.StartAsync(network, 0, ct: Ct);
        var keeper = one.Get<LaneKeeper>();
        var liar = network.Operators[1];
        var good = Seal(network, liar, null, [network.Prove(network.Devices[0], 1)]);

        Assert.Equal(LaneRefusal.NotSigned, (await keeper.AcceptAsync(ToWire(network, good, network.Operators[2]), Ct)).Refusal);
        Assert.Equal(LaneRefusal.Malformed, (await keeper.AcceptAsync(new SealedBatch { Header = ByteString.CopyFrom(1, 2, 3) }, Ct)).Refusal);

        var stranger = new OperatorKeyRing(PrivateKey.Generate(KeyType.Secp256k1), liar.Protocol, liar.Transaction);
        Assert.Equal(LaneRefusal.Stranger, (await keeper.AcceptAsync(ToWire(network, Seal(network, stranger, null, [network.Prove(network.Devices[0], 1)]), stranger), Ct)).Refusal);

        var tampered = ToWire(network, good, liar);
        tampered.Body = ByteString.CopyFrom([.. tampered.Body.ToByteArray().Reverse()]);
        Assert.Equal(LaneRefusal.Malformed, (await keeper.AcceptAsync(tampered, Ct)).Refusal);

        var forged = network.Prove(network.Devices[0], 2);
        var withForged = Seal(network, liar, null, [new SignedProof(forged.Proof, network.Devices[1].Key.Sign(forged.Proof.Envelope.Span))]);
        Assert.Equal(LaneRefusal.BadProof, (await keeper.AcceptAsync(ToWire(network, withForged, liar), Ct)).Refusal);

        var withUnknown = Seal(network, liar, null, [network.Prove(new TestDevice(77, PrivateKey.Generate(KeyType.Ed25519)), 1)]);
        Assert.Equal(LaneRefusal.UnknownDevice, (await keeper.AcceptAsync(ToWire(network, withUnknown, liar), Ct)).Refusal);

        var second = Seal(network, liar, new LaneHead(1, good.Digest), [network.Prove(network.Devices[0], 3)]);
        Assert.Equal(LaneRefusal.Gap, (await keeper.AcceptAsync(ToWire(network, second, liar), Ct)).Refusal);
        Assert.Equal(0, await one.Database.ScalarAsync<long>("select count(*) from oracle.batches", Ct));
        Assert.Equal(0, await one.Database.ScalarAsync<long>("select count(*) from oracle.acknowledgements", Ct));
    }

    [Fact]
    public async Task Acknowledges_one_digest_per_index_and_keeps_the_proof_of_a_second()
    {
        var network = new TestNetwork();
        await using var one = await TestOperator.StartAsync(network, 0, ct: Ct);
        var keeper = one.Get<LaneKeeper>();
        var liar = network.Operators[1];
        var first = Seal(network, liar, null, [network.Prove(network.Devices[0], 1)]);
        var other = Seal(network, liar, null, [network.Prove(network.Devices[0], 2)]);

        var taken = await keeper.AcceptAsync(ToWire(network, first, liar), Ct);
        Assert.Equal(LaneRefusal.None, taken.Refusal);
        Assert.Equal(taken, await keeper.AcceptAsync(ToWire(network, first, liar), Ct)); // the same again: the same answer
        Assert.Equal(LaneRefusal.Conflict, (await keeper.AcceptAsync(ToWire(network, other, liar), Ct)).Refusal);
        Assert.Equal(1, await one.Database.ScalarAsync<long>("select count(*) from oracle.lane_conflicts", Ct));
        var fork = Seal(network, liar, new LaneHead(1, other.Digest), [network.Prove(network.Devices[0], 3)]); // the next by number, of another branch
        Assert.Equal(LaneRefusal.Conflict, (await keeper.AcceptAsync(ToWire(network, fork, liar), Ct)).Refusal);
        Assert.Equal(1, await one.Database.ScalarAsync<long>("select count(*) from oracle.batches", Ct));
    }

    [Fact]
    public async Task What_is_sealed_carries_the_signature_that_was_judged_whichever_copy_came_first()
    {
        var network = new TestNetwork();
        var operators = await TestOperator.StartAllAsync(network, [0, 1, 2, 3], Ct);
        var good = Enumerable.Range(1, 20).Select(n => network.Prove(network.Devices[0], (ulong)n)).ToList();
        SignedProof Forged(SignedProof proof) => new(proof.Proof, new byte[64]); // lower bytes than any signature: sealing would prefer it
        await operators[0].PostAsync(good.Take(10).Select(Forged), Ct);
        await operators[0].PostAsync(good.Take(10).SelectMany(p => new[] { Forged(p), p, Forged(p) }), Ct);
        await operators[0].PostAsync(good.Skip(10), Ct);
        await operators[0].PostAsync(good.Skip(10).Select(Forged), Ct);
        await CertifiedEverywhereAsync(operators[0], operators, network);
        var lane = await operators[0].Get<LaneStore>().GetLaneAsync(operators[0].Keys.Address, Ct);
        var sealedProofs = new List<SignedProof>();
        for (var index = 1; index <= lane.Height; index++)
        {
            var row = (await operators[0].Get<LaneStore>().FindBatchAsync(operators[0].Keys.Address, index, Ct))!;
            Assert.True(Protocol.Lanes.Batch.TryOpen(network.Facts.Id, BatchHeader.Parse(row.Header), row.Body, out var batch, out _));
            sealedProofs.AddRange(batch.Proofs);
        }

        Assert.Equal(good.Select(p => p.Id).Order(), sealedProofs.Select(p => p.Id).Order());
        Assert.All(sealedProofs, p => Assert.True(network.Devices[0].Key.PublicKey.Verify(p.Proof.Envelope.Span, p.Signature.Span)));
        foreach (var one in operators) await one.DisposeAsync();
    }

    [Fact]
    public async Task A_node_that_was_shown_the_other_branch_of_a_liars_lane_takes_the_certified_one_and_acknowledges_no_second()
    {
        var network = new TestNetwork();
        var honest = await TestOperator.StartAllAsync(network, [0, 1, 2], Ct);
        var liar = network.Operators[3];
        var shownToOne = Seal(network, liar, null, [network.Prove(network.Devices[0], 1)]);
        var shownToOthers = Seal(network, liar, null, [network.Prove(network.Devices[0], 2)]);
        // All at once: an operator that hears of a batch from a peer first would take the peer's branch.
        var taken = await Task.WhenAll(honest.Select((o, i) => o.Get<LaneKeeper>().AcceptAsync(ToWire(network, i == 0 ? shownToOne : shownToOthers, liar), Ct)));
        Assert.All(taken, t => Assert.Equal(LaneRefusal.None, t.Refusal));
        Ack[] acks = [SignAck(network, liar, shownToOthers, liar), .. taken.Skip(1).Select(t => t.Acknowledgement!.Value)];

        Assert.True(await honest[1].Get<LaneKeeper>().AcceptCertificateAsync([.. acks.OrderBy(a => a.Signer)], Ct));

        await Eventually.HoldsAsync(
            async () => (await honest[0].Get<LaneStore>().FindBatchAsync(liar.Address, 1, Ct))?.Digest == shownToOthers.Digest, "the certified branch is in place", Ct);
        Assert.Equal(shownToOne.Digest, (await honest[0].Get<LaneStore>().FindAcknowledgementAsync(liar.Address, 1, honest[0].Keys.Address, Ct))!.Value.Digest);
        Assert.Null((await honest[0].Get<LaneKeeper>().AcceptAsync(ToWire(network, shownToOthers, liar), Ct)).Acknowledgement);
        foreach (var one in honest) await one.DisposeAsync();
    }

    [Fact]
    public async Task A_certificate_needs_q_good_signatures_of_distinct_members()
    {
        var network = new TestNetwork();
        await using var one = await TestOperator.StartAsync(network, 0, ct: Ct);
        var keeper = one.Get<LaneKeeper>();
        var lane = network.Operators[1];
        var batch = Seal(network, lane, null, [network.Prove(network.Devices[0], 1)]);
        var acks = network.Operators.Take(3).Select(o => SignAck(network, lane, batch, o)).ToList();

        Assert.False(await keeper.AcceptCertificateAsync(acks[..2], Ct));
        Assert.False(await keeper.AcceptCertificateAsync([acks[0], acks[1], acks[1]], Ct));
        Assert.False(await keeper.AcceptCertificateAsync([acks[0], acks[1], acks[2] with { Signature = acks[1].Signature }], Ct));
        Assert.False(await keeper.AcceptCertificateAsync([acks[0], acks[1], acks[2] with { Digest = Bytes32.FromUInt64(1) }], Ct));
        Assert.True(await keeper.AcceptCertificateAsync(acks, Ct));
        Assert.Equal(1, (await one.Get<LaneStore>().GetLaneAsync(lane.Address, Ct)).CertifiedHeight);
    }

    [Fact]
    public async Task A_node_restored_from_an_old_copy_fetches_its_own_lane_before_it_seals()
    {
        var network = new TestNetwork();
        var operators = await TestOperator.StartAllAsync(network, [0, 1, 2, 3], Ct);
        await operators[0].PostAsync(Enumerable.Range(1, 20).Select(n => network.Prove(network.Devices[0], (ulong)n)), Ct);
        await CertifiedEverywhereAsync(operators[0], operators, network);
        var head = await operators[0].Get<LaneStore>().GetLaneAsync(network.Operators[0].Address, Ct);
        await operators[0].DisposeAsync();

        var restored = await TestOperator.StartAsync(network, 0, ct: Ct); // an empty database: the oldest copy there is
        foreach (var one in operators.Skip(1)) await network.WriteMirrorAsync(one.Database.DataSource, Ct);
        await network.WriteMirrorAsync(restored.Database.DataSource, Ct);
        await restored.PostAsync([network.Prove(network.Devices[1], 500)], Ct);
        await Eventually.HoldsAsync(async () => (await restored.Get<LaneStore>().GetLaneAsync(restored.Keys.Address, Ct)).Height > head.Height, "it seals after what it had sent", Ct);

        var kept = (await restored.Get<LaneStore>().FindBatchAsync(restored.Keys.Address, head.Height, Ct))!;
        Assert.Equal(head.Digest, kept.Digest);
        foreach (var one in operators.Skip(1)) Assert.Equal(0, await one.Database.ScalarAsync<long>("select count(*) from oracle.lane_conflicts", Ct));
        await restored.DisposeAsync();
        foreach (var one in operators.Skip(1)) await one.DisposeAsync();
    }

    private static Protocol.Lanes.Batch Seal(TestNetwork network, OperatorKeyRing keys, LaneHead? after, IEnumerable<SignedProof> proofs) =>
        Protocol.Lanes.Batch.Seal(network.Facts.Id, keys.Address, after, network.NowMs, proofs);

    private static Ack SignAck(TestNetwork network, OperatorKeyRing lane, Protocol.Lanes.Batch batch, OperatorKeyRing signer) => Ack.Sign(
        network.Facts.Id, lane.Address, new LaneHead(batch.Header.Index, batch.Digest), signer.Address, message => new ProtocolSignature(signer.Protocol.Sign(message)));

    internal static SealedBatch ToWire(TestNetwork network, Protocol.Lanes.Batch batch, OperatorKeyRing signer) => new()
    {
        Header = ByteString.CopyFrom(batch.Header.Encode()),
        Body = ByteString.CopyFrom(batch.Body.Span),
        Signature = ByteString.CopyFrom(Ack.Sign(network.Facts.Id, batch.Header.Operator, new LaneHead(batch.Header.Index, batch.Digest), batch.Header.Operator,
            message => new ProtocolSignature(signer.Protocol.Sign(message))).Signature.ToArray()),
    };

    private static Task<long> CountProofsAsync(TestOperator one) => one.Database.ScalarAsync<long>("select coalesce(sum(count), 0)::bigint from oracle.batches", Ct)!;

    private static async Task CertifiedEverywhereAsync(TestOperator one, IEnumerable<TestOperator> all, TestNetwork network)
    {
        var name = Convert.ToHexString(one.Keys.Address.AsSpan());
        await Eventually.HoldsAsync(
            async () => await one.Database.ScalarAsync<long>("select count(*) from oracle.proofs where batch_index is null", Ct) == 0, "everything is sealed", Ct);
        var height = (await one.Get<LaneStore>().GetLaneAsync(one.Keys.Address, Ct)).Height;
        foreach (var other in all)
        {
            var query = string.Create(CultureInfo.InvariantCulture, $"select count(*) from oracle.lanes where operator = '\\x{name}' and height >= {height} and certified_height >= {height}");
            await Eventually.HoldsAsync(async () => height == 0 || await other.Database.ScalarAsync<long>(query, Ct) == 1,
                $"lane {one.Keys.Address} is certified at {other.Keys.Address} of {network.Facts.Id}", Ct);
        }
    }
}
