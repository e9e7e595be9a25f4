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
    public void An_acknowledgement_is_good_only_with_its_signers_signature_and_reads_back()
    {
        var batch = Batch.Seal(Network, Members[0].Address, null, 1, [Proof(1)]);
        var good = Acknowledgement.Sign(Network, Members[0].Address, new LaneHead(1, batch.Digest), Members[1].Address, Members[1].Sign);
        bool Good(Acknowledgement one) => one.Verify(Network, Members[1].Identity.ProtocolKey, ProtocolSignature.Verify);
        Assert.True(Good(good));
        Assert.False(Good(good with { Index = 2 }));
        Assert.False(Good(good with { Lane = Members[2].Address }));
        Assert.False(Good(good with { Digest = Sha256.Hash("x"u8) }));
        Assert.False(good.Verify(Network, Members[2].Identity.ProtocolKey, ProtocolSignature.Verify));
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
    }
}
