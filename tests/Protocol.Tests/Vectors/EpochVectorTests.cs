using System.Buffers.Binary;
using System.Text;
using DePin.Protocol.Epochs;
using DePin.Protocol.Lanes;
using DePin.Protocol.Proofs;
using DePin.Protocol.Registry;
using DePin.Protocol.Reports;
using DePin.Protocol.State;
using DePin.Protocol.Tests.Support;
using DePin.Protocol.Verification;

namespace DePin.Protocol.Tests.Vectors;

/// <summary>A whole epoch, computed a second time by a program in another language that was written from docs/protocol.md.</summary>
public sealed class EpochVectorTests
{
    [Fact]
    public void A_second_implementation_comes_to_the_same_verdicts_lines_state_and_report()
    {
        var vector = VectorFile.Load("epoch");
        var snapshot = RegistrySnapshot.Parse(vector.Bytes("snapshot"));
        var previous = NetworkState.Parse(vector.Bytes("previousState"));
        var parameters = NetworkParameters.ParseCanonical(Encoding.UTF8.GetBytes(vector.Text("parameters")));
        var window = new EpochWindow(
            new Epoch((ulong)vector.Number("epoch")), new Generation((ulong)vector.Number("generation")), (ulong)vector.Number("periodStart"),
            (ulong)vector.Number("periodEnd"), new ReportDigest(vector.Word("previousReport")));
        var proofs = vector.Rows("proofs").Select(node =>
        {
            Assert.True(SignedProof.TryRead(VectorFile.Hex(node!.GetValue<string>()), out var proof, out _, out var fault), fault.ToString());
            return proof;
        }).ToArray();
        Assert.Equal(vector.Word("snapshotHash"), snapshot.Hash);
        Assert.Equal(vector.Word("previousStateRoot"), previous.Root);

        var catalog = new ClassCatalog([new ClassImplementation(new ClassId(9), 1, static _ => new TallyClass())]);
        var evidence = new EpochEvidence(Cut.Parse(vector.Bytes("previousCut")), Cut.Parse(vector.Bytes("cut")), proofs);
        var outcome = EpochComputation.Run(catalog, previous, snapshot, parameters, window, evidence);

        Assert.Equal(
            vector.Rows("verdicts").Select(node => (node!.Text("proofId"), (ushort)node!.Number("reason"))),
            outcome.Verdicts.Select(judged => (judged.Proof.ToString(), judged.Verdict.Reason)));
        Assert.Equal(
            vector.Rows("lines").Select(node => ((uint)node!.Number("index"), node!.Text("bytes"))),
            outcome.Lines.Select(line => (line.PayoutIndex, $"0x{Convert.ToHexStringLower(line.Encode())}")));
        Assert.Equal(vector.Bytes("state"), outcome.State.ToBytes());
        Assert.Equal(vector.Word("stateRoot"), outcome.State.Root);
        Assert.Equal(vector.Word("rewardsRoot"), outcome.Tree.Root);
        Assert.Equal(vector.Bytes("manifest"), outcome.Manifest.ToArray());
        Assert.Equal(vector.Bytes("report"), outcome.Report.Encode());
        Assert.Equal(vector.Word("reportDigest"), outcome.Report.Digest.Value);
    }

    /// <summary>Payload = weight u32; accepts everything; pays the weights; its state counts what it ever accepted.</summary>
    private sealed class TallyClass : IResourceClass
    {
        public ClassDescriptor Descriptor { get; } = new()
        {
            Id = new ClassId(9),
            RulesVersion = 1,
            Name = "tally",
            Schemas = [new SchemaDescriptor(1, "weight", 4, 4)],
            Reasons = [],
            Rules = [new RuleDescriptor(1, "weight", "As stated.")],
        };

        public Verdict VerifyItem(in ProofItem item) => Verdict.Accept();

        public void KeysOf(in ProofItem item, KeyWriter keys)
        {
        }

        public void VerifyGroup(in ItemGroup group, EpochContext context, VerdictWriter verdicts) => Assert.Fail("No item has a key.");

        public void VerifyPopulation(Population population, EpochContext context, VerdictWriter verdicts)
        {
        }

        public ReadOnlyMemory<byte> Score(Population population, EpochContext context, ClaimWriter claims)
        {
            foreach (var item in population.Items) claims.Share(item.Device.Id, 1, BinaryPrimitives.ReadUInt32BigEndian(item.Payload));
            var state = new byte[8];
            BinaryPrimitives.WriteUInt64BigEndian(state, BinaryPrimitives.ReadUInt64BigEndian(context.PreviousState.Span) + (ulong)population.Items.Length);
            return state;
        }
    }
}
