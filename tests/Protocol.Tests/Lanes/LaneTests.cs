using System.Buffers.Binary;
using DePin.Cryptography;
using DePin.Protocol.Canonical;
using DePin.Protocol.Lanes;
using DePin.Protocol.Proofs;
using DePin.Protocol.Rounds;

namespace DePin.Protocol.Tests.Lanes;

public sealed class LaneTests
{
    private static readonly NetworkId Network = new(Sha256.Hash("lanes"u8));
    private static readonly Member[] Members = [.. Enumerable.Range(0, 4).Select(i => new Member((byte)i)).OrderBy(member => member.Address)];
    private static readonly OperatorSet Set = new(Sha256.Hash("config"u8), [.. Members.Select(member => member.Identity)]);

    [Fact]
    public void A_batch_is_sorted_free_of_doubles_and_reads_back()
    {
        var proofs = Enumerable.Range(1, 20).Select(i => Proof((ulong)i)).ToList();
        var batch = Batch.Seal(Network, Members[0].Address, null, 5_000, proofs.Concat(proofs.Take(3)).Reverse());
        Assert.Equal(20u, batch.Header.Count);
        Assert.Equal(1ul, batch.Header.Index);
        Assert.True(batch.Header.Previous.IsZero);
        Assert.Equal(batch.Proofs.Select(proof => proof.Id).Order(), batch.Proofs.Select(proof => proof.Id));
        Assert.Equal(Sha256.Hash(batch.Header.Encode()), batch.Digest);
        Assert.Equal(BatchHeader.Size, batch.Header.Encode().Length);

        Assert.True(Batch.TryParse(Network, batch.Encode(), out var read, out var refusal), refusal.ToString());
        Assert.Equal(batch.Header, read.Header);
        Assert.Equal(batch.Encode(), read.Encode());
    }

    [Fact]
    public void A_batch_does_not_depend_on_the_order_of_its_proofs()
    {
        var twice = new[] { Proof(1), Proof(2), Proof(1, salt: 9), Proof(3) };
        Assert.Equal(Batch.Seal(Network, Members[0].Address, null, 1, twice).Digest, Batch.Seal(Network, Members[0].Address, null, 1, twice.Reverse()).Digest);
    }

    [Fact]
    public void Every_changed_byte_of_a_batch_is_noticed()
    {
        var head = new LaneHead(4, Sha256.Hash("four"u8));
        var batch = Batch.Seal(Network, Members[1].Address, head, 77, [Proof(1), Proof(2)]);
        var bytes = batch.Encode();
        for (var i = 0; i < bytes.Length; i++)
        {
            var changed = (byte[])bytes.Clone();
            changed[i] ^= 1;
            if (Batch.TryParse(Network, changed, out var read, out _)) Assert.NotEqual(batch.Digest, read.Digest);
        }
        Assert.False(Batch.TryParse(Network, bytes.AsMemory(0, bytes.Length - 1), out _, out _));
        Assert.False(Batch.TryParse(Network, (byte[])[.. bytes, 0], out _, out _));
    }

    [Theory]
    [InlineData(BatchRefusal.NotAscending)]
    [InlineData(BatchRefusal.CountMismatch)]
    [InlineData(BatchRefusal.MalformedProof)]
    [InlineData(BatchRefusal.ForeignProof)]
    [InlineData(BatchRefusal.WrongBody)]
    [InlineData(BatchRefusal.WrongNetwork)]
    [InlineData(BatchRefusal.BadLink)]
    [InlineData(BatchRefusal.BadCount)]
    [InlineData(BatchRefusal.MalformedHeader)]
    [InlineData(BatchRefusal.TooLarge)]
    public void Refuses_a_batch_with_a_reason(BatchRefusal expected)
    {
        var good = Batch.Seal(Network, Members[0].Address, null, 1, [Proof(1), Proof(2)]);
        var one = good.Proofs[0].Encode();
        var two = good.Proofs[1].Encode();
        var foreign = new SignedProof(DeviceProof.Create(new NetworkId(Sha256.Hash("other"u8)), new ClassId(1), 1, default, 1, 1, []), new byte[64]).Encode();
        byte[] body = expected switch
        {
            BatchRefusal.NotAscending => [.. two, .. one],
            BatchRefusal.CountMismatch => one,
            BatchRefusal.MalformedProof => [.. one, .. two[..^1]],
            BatchRefusal.ForeignProof => foreign,
            BatchRefusal.TooLarge => new byte[Batch.MaxBody + 1],
            _ => [.. one, .. two],
        };
        var header = good.Header with { BodyHash = Sha256.Hash(body) };
        header = expected switch
        {
            BatchRefusal.WrongBody => header with { BodyHash = Sha256.Hash("no"u8) },
            BatchRefusal.WrongNetwork => header with { Network = new NetworkId(Sha256.Hash("other"u8)) },
            BatchRefusal.BadLink => header with { Index = 2 },
            BatchRefusal.BadCount => header with { Count = Batch.MaxProofs + 1 },
            _ => header,
        };
        byte[] encoded = [.. header.Encode(), .. body];
        if (expected == BatchRefusal.MalformedHeader) encoded[3] ^= 1;
        Assert.False(Batch.TryParse(Network, encoded, out _, out var refusal));
        Assert.Equal(expected, refusal);
    }

    [Fact]
    public void Refuses_to_seal_nothing_too_many_or_foreign_proofs()
    {
        Assert.Throws<ArgumentException>(() => Batch.Seal(Network, Members[0].Address, null, 1, []));
        Assert.Throws<ArgumentException>(() => Batch.Seal(Network, Members[0].Address, null, 1, Enumerable.Range(0, Batch.MaxProofs + 1).Select(i => Proof((ulong)i))));
        Assert.Throws<ArgumentException>(() => Batch.Seal(new NetworkId(Bytes32.Zero), Members[0].Address, null, 1, [Proof(1)]));
        Assert.Throws<ArgumentException>(() => Batch.Seal(Network, Members[0].Address, null, 1, Enumerable.Range(0, 300).Select(i => Proof((ulong)i, payload: 4_096))));
    }

    [Fact]
    public void Peers_take_a_lane_in_order_and_q_acknowledgements_certify_it()
    {
        var books = Books();
        var batches = new List<(Batch Batch, Acknowledgement ByOwner)>();
        for (var i = 1; i <= 3; i++)
        {
            var batch = books[0].SealNext((ulong)i, [Proof((ulong)i)]);
            Assert.Equal((ulong)i, batch.Header.Index);
            var byOwner = books[0].Acknowledge(batch.Header);
            Assert.Equal(LaneAnswer.Accepted, books[0].Offer(batch.Header, byOwner, out _, out _));
            batches.Add((batch, byOwner));
        }
        var lane = Members[0].Address;
        Assert.Null(books[0].Certified(lane, Set));

        Assert.Equal(LaneAnswer.Gap, books[1].Offer(batches[1].Batch.Header, batches[1].ByOwner, out var early, out _));
        Assert.Null(early);
        foreach (var peer in (int[])[1, 2])
        {
            for (var i = 0; i < 2; i++)
            {
                Assert.Equal(LaneAnswer.Accepted, books[peer].Offer(batches[i].Batch.Header, batches[i].ByOwner, out var own, out _));
                Assert.Equal(LaneAnswer.Accepted, books[0].Record(own!.Value, out _));
                Assert.Equal(LaneAnswer.Known, books[0].Record(own.Value, out _));
            }
        }
        Assert.Equal(LaneAnswer.Known, books[1].Offer(batches[0].Batch.Header, batches[0].ByOwner, out var again, out _));
        Assert.Equal(books[1].Acknowledge(batches[0].Batch.Header), again);

        var certificate = books[0].Certified(lane, Set);
        Assert.NotNull(certificate);
        Assert.Equal(new LaneHead(2, batches[1].Batch.Digest), certificate.Head);
        Assert.True(certificate.Verify(Network, Set, ProtocolSignature.Verify));
        Assert.Null(books[0].CertificateAt(lane, 3, Set));

        // A peer that holds the batches certifies from the certificate alone.
        Assert.Null(books[1].Certified(lane, Set));
        Assert.True(books[1].Record(certificate, Set));
        Assert.Equal(certificate.Head, books[1].Certified(lane, Set)!.Head);
        // One that holds none observes nothing, although it knows of the certificate.
        Assert.True(books[3].Record(certificate, Set));
        Assert.Null(books[3].Certified(lane, Set));
        Assert.All(books[3].Observe(Set), observed => Assert.Equal(0ul, observed.Height.Height));
        Assert.Equal(2ul, books[1].Observe(Set)[0].Height.Height);
    }

    [Fact]
    public void A_second_batch_with_one_index_is_refused_and_proven()
    {
        var (books, other) = (Books(), Books());
        var first = books[0].SealNext(1, [Proof(1)]);
        var second = other[0].SealNext(2, [Proof(2)]);
        Assert.Equal(LaneAnswer.Accepted, books[1].Offer(first.Header, books[0].Acknowledge(first.Header), out _, out _));
        Assert.Equal(LaneAnswer.Conflict, books[1].Offer(second.Header, other[0].Acknowledge(second.Header), out var own, out var conflict));
        Assert.Null(own);
        Assert.NotNull(conflict);
        Assert.NotEqual(conflict.Value.First.Digest, conflict.Value.Second.Digest);
        Assert.All([conflict.Value.First, conflict.Value.Second], one => Assert.True(one.Verify(Network, Members[0].Identity.ProtocolKey, ProtocolSignature.Verify)));
        Assert.Equal(first.Digest, books[1].Head(Members[0].Address)!.Value.Digest);
    }

    [Fact]
    public void A_batch_that_does_not_follow_the_head_is_refused()
    {
        var (books, other) = (Books(), Books());
        foreach (var book in (LaneBook[])[books[0], other[0]])
        {
            var batch = book.SealNext(book == books[0] ? 1ul : 2ul, [Proof(1)]);
            book.Offer(batch.Header, book.Acknowledge(batch.Header), out _, out _);
            if (book == books[0]) books[1].Offer(batch.Header, book.Acknowledge(batch.Header), out _, out _);
        }
        var fork = other[0].SealNext(3, [Proof(2)]);
        Assert.Equal(LaneAnswer.WrongPrevious, books[1].Offer(fork.Header, other[0].Acknowledge(fork.Header), out _, out _));
    }

    [Fact]
    public void An_acknowledgement_counts_only_with_its_signers_signature_and_for_one_digest()
    {
        var books = Books();
        var batch = books[0].SealNext(1, [Proof(1)]);
        books[0].Offer(batch.Header, books[0].Acknowledge(batch.Header), out _, out _);
        var good = books[1].Acknowledge(batch.Header);
        Assert.Equal(LaneAnswer.BadSignature, books[0].Record(good with { Signer = Members[2].Address }, out _));
        Assert.Equal(LaneAnswer.BadSignature, books[0].Record(good with { Index = 2 }, out _));
        Assert.Equal(LaneAnswer.UnknownOperator, books[0].Record(good with { Signer = Address.Zero }, out _));
        Assert.Equal(LaneAnswer.TooFarAhead, books[0].Record(Acknowledgement.Sign(Network, Members[0].Address, new LaneHead(10_000, Sha256.Hash("x"u8)), Members[1].Address, Members[1].Sign), out _));
        Assert.Equal(LaneAnswer.Accepted, books[0].Record(good, out _));
        var other = Acknowledgement.Sign(Network, Members[0].Address, new LaneHead(1, Sha256.Hash("x"u8)), Members[1].Address, Members[1].Sign);
        Assert.Equal(LaneAnswer.Conflict, books[0].Record(other, out var conflict));
        Assert.Equal(good, conflict!.Value.First);
        Assert.Equal(good, Acknowledgement.Parse(good.Encode()));
        Assert.Throws<CanonicalFormatException>(() => Acknowledgement.Parse(good.Encode().AsSpan(1)));
    }

    [Fact]
    public void A_certificate_needs_q_distinct_ascending_good_signatures()
    {
        var head = new LaneHead(9, Sha256.Hash("nine"u8));
        var message = Acknowledgement.Message(Network, Members[0].Address, head.Index, head.Digest);
        CertificateSignature By(int sender) => new((byte)sender, Members[sender].Sign(message));
        bool Good(params CertificateSignature[] signatures) =>
            new Certificate(Members[0].Address, head, [.. signatures]).Verify(Network, Set, ProtocolSignature.Verify);

        Assert.True(Good(By(0), By(1), By(3)));
        Assert.False(Good(By(0), By(1)));
        Assert.False(Good(By(0), By(1), By(2), By(3)));
        Assert.False(Good(By(0), By(1), By(1)));
        Assert.False(Good(By(1), By(0), By(2)));
        Assert.False(Good(By(0), By(1), By(2) with { Sender = 3 }));
        Assert.False(Good(By(0), By(1), By(2) with { Sender = 4 }));
    }

    [Fact]
    public void A_restored_book_goes_on_where_it_was_and_forgets_below_a_cut()
    {
        var books = Books();
        var headers = new List<BatchHeader>();
        for (var i = 1; i <= 4; i++)
        {
            var batch = books[0].SealNext((ulong)i, [Proof((ulong)i)]);
            books[0].Offer(batch.Header, books[0].Acknowledge(batch.Header), out _, out _);
            headers.Add(batch.Header);
        }
        var restored = Members[0].Book();
        foreach (var header in headers) restored.Restore(header.Operator, new LaneHead(header.Index, header.Digest));
        Assert.Equal(books[0].SealNext(9, [Proof(9)]).Digest, restored.SealNext(9, [Proof(9)]).Digest);
        Assert.Throws<InvalidOperationException>(() => restored.Restore(Members[0].Address, new LaneHead(9, Sha256.Hash("gap"u8))));

        restored.Forget(new Cut([.. Set.Addresses.Select(address => address == Members[0].Address ? new LaneHeight(address, 3, headers[2].Digest) : new LaneHeight(address, 0, default))]));
        Assert.Null(restored.DigestAt(Members[0].Address, 2));
        Assert.Equal(headers[2].Digest, restored.DigestAt(Members[0].Address, 3));
        Assert.Equal(4ul, restored.Head(Members[0].Address)!.Value.Index);
    }

    [Fact]
    public void A_cut_reads_back_and_refuses_what_is_not_canonical()
    {
        var cut = new Cut([.. Set.Addresses.Select((address, i) => new LaneHeight(address, (ulong)i, i == 0 ? default : Sha256.Hash([(byte)i])))]);
        Assert.Equal(1 + (4 * 60), cut.Encode().Length);
        Assert.Equal(cut, Cut.Parse(cut.Encode()));
        var bytes = cut.Encode();
        foreach (var i in (int[])[0, 1, 28, 29])
        {
            var changed = (byte[])bytes.Clone();
            changed[i] ^= 0xff; // the count, the order, height 0 with … a zero digest, height 0 with a digest
            Assert.Throws<CanonicalFormatException>(() => Cut.Parse(changed));
        }
        Assert.Throws<CanonicalFormatException>(() => Cut.Parse((byte[])[.. bytes, 0]));
        Assert.Throws<ArgumentException>(() => new Cut([.. cut.Lanes.Reverse()]));
    }

    [Fact]
    public void A_union_is_the_highest_of_each_lane_and_covers_both()
    {
        var addresses = Set.Addresses.ToArray();
        Cut Of(params ulong[] heights) => new([.. addresses.Select((address, i) => new LaneHeight(address, heights[i], heights[i] == 0 ? default : Sha256.Hash([(byte)i, (byte)heights[i]])))]);
        var union = Of(1, 0, 5, 2).Max(Of(0, 3, 5, 4));
        Assert.Equal(Of(1, 3, 5, 4), union);
        Assert.True(union.Covers(Of(1, 0, 5, 2)));
        Assert.False(Of(1, 0, 5, 2).Covers(union));
        Assert.Equal(union, Of(0, 3, 5, 4).Max(Of(1, 0, 5, 2)));
        Assert.Equal(new LaneHeight(Address.Zero, 0, default), union.Over([Address.Zero, addresses[2]]).Lanes[0]);
        Assert.Equal(5ul, union.Over([Address.Zero, addresses[2]]).Lanes[1].Height);
        Assert.NotEqual(union.EvidenceRoot(Set.ConfigDigest, new Epoch(1), new Generation(0)), union.EvidenceRoot(Set.ConfigDigest, new Epoch(1), new Generation(1)));
    }

    private static LaneBook[] Books() => [.. Members.Select(member => member.Book())];

    private static SignedProof Proof(ulong sequence, byte salt = 0, int payload = 3)
    {
        var signature = new byte[64];
        BinaryPrimitives.WriteUInt64BigEndian(signature, sequence);
        signature[63] = salt;
        return new SignedProof(DeviceProof.Create(Network, new ClassId(1), 1, new DeviceId(Sha256.Hash("device"u8)), sequence, 1_000 + sequence, new byte[payload]), signature);
    }

    private sealed class Member
    {
        public Member(byte i)
        {
            var seed = Sha256.Hash([7, i]).ToArray();
            Sign = ProtocolSignature.Signer(seed);
            Identity = new OperatorIdentity(new Address(Sha256.Hash([8, i]).AsSpan()[..20]), new Bytes32(Ed25519.PublicKey(seed)));
        }

        public ProtocolSigner Sign { get; }

        public OperatorIdentity Identity { get; }

        public Address Address => Identity.Address;

        public LaneBook Book() => new(Network, Address, Members.Select(member => member.Identity), Sign, ProtocolSignature.Verify);
    }
}
