using DePin.Cryptography;
using DePin.Protocol.Canonical;
using DePin.Protocol.Proofs;
using DePin.Protocol.Registry;
using DePin.Protocol.Tests.Support;

namespace DePin.Protocol.Tests.Vectors;

public sealed class ProofVectorTests
{
    public static TheoryData<int> Cases => [0, 1, 2, 3];

    [Theory]
    [MemberData(nameof(Cases))]
    public void An_envelope_is_laid_out_and_named_as_the_vector_says(int at)
    {
        var file = VectorFile.Load("proofs");
        var vector = file.Rows("proofs")[at]!;
        var proof = DeviceProof.Create(
            new NetworkId(file.Word("networkId")), new ClassId((ushort)vector.Number("class")), (ushort)vector.Number("schema"),
            new DeviceId(vector.Word("deviceId")), (ulong)vector.Number("sequence"), (ulong)vector.Number("timeMs"), vector.Bytes("payload"));

        Assert.Equal(vector.Bytes("envelope"), proof.Envelope.ToArray());
        Assert.Equal(vector.Word("proofId"), proof.Id.Value);
        var signed = new SignedProof(proof, vector.Bytes("signature"));
        Assert.Equal(vector.Bytes("encoded"), signed.Encode());
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void An_encoded_proof_reads_back_field_by_field(int at)
    {
        var vector = VectorFile.Load("proofs").Rows("proofs")[at]!;
        byte[] encoded = [.. vector.Bytes("encoded"), 0xAA];

        Assert.True(SignedProof.TryRead(encoded, out var read, out var consumed, out var fault));
        Assert.Equal(ProofFault.None, fault);
        Assert.Equal(encoded.Length - 1, consumed);
        Assert.Equal((ushort)vector.Number("class"), read.Proof.Class.Value);
        Assert.Equal((ushort)vector.Number("schema"), read.Proof.Schema);
        Assert.Equal((ulong)vector.Number("sequence"), read.Proof.Sequence);
        Assert.Equal((ulong)vector.Number("timeMs"), read.Proof.TimeMs);
        Assert.Equal(vector.Word("deviceId"), read.Proof.Device.Value);
        Assert.Equal(vector.Bytes("payload"), read.Proof.Payload.ToArray());
        Assert.Equal(vector.Bytes("signature"), read.Signature.ToArray());
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_signature_of_each_key_type_holds_and_a_changed_one_does_not(int at)
    {
        var vector = VectorFile.Load("proofs").Rows("proofs")[at]!;
        var type = (KeyType)(byte)vector.Number("keyType");
        var key = PublicKey.Create(type, vector.Bytes("publicKey"));
        Assert.Equal(vector.Word("deviceId"), key.DeviceId);
        Assert.Equal(vector.Word("deviceId"), DeviceRecord.IdOf(type, vector.Bytes("publicKey")).Value);

        var signature = vector.Bytes("signature");
        Assert.True(key.Verify(vector.Bytes("envelope"), signature));
        signature[40] ^= 1;
        Assert.False(key.Verify(vector.Bytes("envelope"), signature));
    }

    [Fact]
    public void Every_truncation_and_extension_of_an_envelope_is_refused()
    {
        var envelope = VectorFile.Load("proofs").Rows("proofs")[1]!.Bytes("envelope");
        for (var length = 0; length < envelope.Length; length++) Assert.False(DeviceProof.TryParse(envelope.AsMemory(0, length), out _, out _));
        Assert.False(DeviceProof.TryParse((byte[])[.. envelope, 0], out _, out var fault));
        Assert.Equal(ProofFault.LengthMismatch, fault);
        Assert.True(DeviceProof.TryParse(envelope, out _, out _));
    }

    [Fact]
    public void A_wrong_tag_and_an_oversized_payload_are_refused_by_name()
    {
        var envelope = VectorFile.Load("proofs").Rows("proofs")[0]!.Bytes("envelope");
        byte[] wrongTag = [.. envelope];
        wrongTag[14] = (byte)'2';
        Assert.False(DeviceProof.TryParse(wrongTag, out _, out var fault));
        Assert.Equal(ProofFault.WrongTag, fault);

        byte[] oversized = [.. envelope, .. new byte[DeviceProof.MaxPayload + 1]];
        new CanonicalWriter().U32(DeviceProof.MaxPayload + 1).Written.CopyTo(oversized.AsSpan(99));
        Assert.False(DeviceProof.TryParse(oversized, out _, out fault));
        Assert.Equal(ProofFault.PayloadTooLong, fault);
    }

    [Fact]
    public void A_payload_above_the_limit_cannot_be_built() =>
        Assert.Throws<ArgumentException>(() => DeviceProof.Create(default, default, 0, default, 0, 0, new byte[DeviceProof.MaxPayload + 1]));
}
