using DePin.Cryptography;
using DePin.Oracle.Score;
using DePin.Protocol;
using DePin.Protocol.Proofs;

namespace DePin.Oracle.Tests;

public sealed class VerifiedSignaturesTests
{
    private static readonly PrivateKey Key = PrivateKey.FromBytes(KeyType.Ed25519, Keccak256.Hash("device"u8).AsSpan());
    private static readonly PublicKey Stranger = PrivateKey.FromBytes(KeyType.Ed25519, Keccak256.Hash("stranger"u8).AsSpan()).PublicKey;

    [Fact]
    public void A_good_signature_is_checked_once_an_epoch()
    {
        var verified = new VerifiedSignatures();
        var proof = Proof(1);
        Assert.True(verified.For(new Epoch(1)).VerifySignature(proof, Key.PublicKey));
        Assert.Equal(1, verified.Count);
        // With a key that cannot have made it the answer shows that nothing was checked.
        Assert.True(verified.For(new Epoch(1)).VerifySignature(proof, Stranger));
        Assert.False(verified.For(new Epoch(2)).VerifySignature(proof, Stranger));
        Assert.Equal(0, verified.Count);
    }

    [Fact]
    public void A_forged_signature_of_a_known_proof_is_refused_and_displaces_nothing()
    {
        var verified = new VerifiedSignatures();
        var aids = verified.For(new Epoch(1));
        var proof = Proof(1);
        var signature = proof.Signature.ToArray();
        signature[63] ^= 1;
        var forged = new SignedProof(proof.Proof, signature);
        Assert.False(aids.VerifySignature(forged, Key.PublicKey));
        Assert.Equal(0, verified.Count);
        Assert.True(aids.VerifySignature(proof, Key.PublicKey));
        Assert.False(aids.VerifySignature(forged, Key.PublicKey));
        Assert.True(aids.VerifySignature(proof, Stranger));
    }

    [Fact]
    public void No_more_are_kept_than_there_is_room_for_and_the_others_are_checked_all_the_same()
    {
        var verified = new VerifiedSignatures(capacity: 2);
        var aids = verified.For(new Epoch(1));
        for (var n = 1UL; n <= 4; n++) Assert.True(aids.VerifySignature(Proof(n), Key.PublicKey));
        Assert.Equal(2, verified.Count);
        Assert.False(aids.VerifySignature(Proof(4), Stranger));
    }

    private static SignedProof Proof(ulong sequence)
    {
        var proof = DeviceProof.Create(new NetworkId(Bytes32.FromUInt64(1)), new ClassId(1), 1, new DeviceId(Key.PublicKey.DeviceId), sequence, 1_000, new byte[8]);
        return new SignedProof(proof, Key.Sign(proof.Envelope.Span));
    }
}
