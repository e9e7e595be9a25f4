using DePin.Cryptography;
using DePin.Protocol.Lanes;
using DePin.Protocol.Tests.Support;

namespace DePin.Protocol.Tests.Vectors;

public sealed class LaneVectorTests
{
    [Fact]
    public void Two_batches_in_a_chain_have_the_headers_and_digests_of_the_vector()
    {
        var vector = VectorFile.Load("lanes");
        var network = VectorNetwork.Config().NetworkId;
        LaneHead? head = null;
        foreach (var (name, body) in new[] { ("batch1", vector.Bytes("body")), ("batch2", vector["batch2"]!.Bytes("body")) })
        {
            var expected = vector[name]!;
            byte[] encoded = [.. expected.Bytes("header"), .. body];
            Assert.True(Batch.TryParse(network, encoded, out var batch, out var refusal), refusal.ToString());
            Assert.Equal(expected.Word("digest"), batch.Digest);
            Assert.Equal((int)expected.Number("count"), batch.Proofs.Length);
            var again = Batch.Seal(network, Address.Parse(vector.Text("operator")), head, (ulong)expected.Number("sealedAtMs"), batch.Proofs.Reverse());
            Assert.Equal(encoded, again.Encode());
            head = new LaneHead(again.Header.Index, again.Digest);
        }
    }

    [Fact]
    public void The_cut_of_the_vector_reads_and_writes()
    {
        var vector = VectorFile.Load("lanes");
        var cut = Cut.Parse(vector.Bytes("cut"));
        Assert.Equal(vector.Bytes("cut"), cut.Encode());
        Assert.Equal(2ul, cut.Of(Address.Parse(vector.Text("operator"))).Height);
        Assert.Equal(vector.Bytes("previousCut"), Cut.Empty(VectorNetwork.Config().Operators.Select(keys => keys.ReportSigner)).Encode());
    }

    [Fact]
    public void Acknowledgement_receipt_and_prepare_are_signed_by_the_protocol_keys()
    {
        var vector = VectorFile.Load("lanes");
        var operators = VectorNetwork.Config().Operators;
        foreach (var (name, signer) in new[] { ("acknowledgement", 1), ("receipt", 0), ("prepare", 1) })
            Assert.True(Ed25519.Verify(vector[name]!.Bytes("message"), vector[name]!.Bytes("signature"), operators[signer].ProtocolKey.AsSpan()), name);
    }
}
