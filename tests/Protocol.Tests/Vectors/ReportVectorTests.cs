using System.Text;
using DePin.Cryptography;
using DePin.Protocol.Canonical;
using DePin.Protocol.Epochs;
using DePin.Protocol.Lanes;
using DePin.Protocol.Parameters;
using DePin.Protocol.Reports;
using DePin.Protocol.State;
using DePin.Protocol.Tests.Support;

namespace DePin.Protocol.Tests.Vectors;

public sealed class ReportVectorTests
{
    [Fact]
    public void A_report_has_the_bytes_and_the_digest_of_the_vector_and_reads_back()
    {
        var vector = VectorFile.Load("report");
        var report = ReportOf(vector);
        Assert.Equal(vector.Bytes("bytes"), report.Encode());
        Assert.Equal(Report.Size, report.Encode().Length);
        Assert.Equal(vector.Word("digest"), report.Digest.Value);
        Assert.Equal(report, Report.Parse(vector.Bytes("bytes")));
    }

    [Fact]
    public void A_report_that_is_one_byte_short_long_or_untagged_is_refused()
    {
        var bytes = VectorFile.Load("report").Bytes("bytes");
        Assert.False(Report.TryParse(bytes.AsSpan(1), out _));
        Assert.False(Report.TryParse((byte[])[.. bytes, 0], out _));
        bytes[0] = 0x18;
        Assert.False(Report.TryParse(bytes, out _));
        Assert.Throws<CanonicalFormatException>(() => Report.Parse(bytes));
    }

    [Fact]
    public void The_attestations_recover_to_the_operators_in_ascending_order()
    {
        var vector = VectorFile.Load("report");
        var attestations = vector["attestations"]!;
        var bitmap = 0u;
        for (var i = 0; i < attestations.Rows("signers").Count; i++)
        {
            var signer = (int)attestations.Rows("signers")[i]!.Number();
            bitmap |= 1u << signer;
            var signature = VectorFile.Hex(attestations.Rows("signatures")[i]!.GetValue<string>());
            Assert.True(Secp256k1.TryRecover(vector.Word("digest"), signature, out Address address));
            Assert.Equal(VectorNetwork.Config().Operators[signer].ReportSigner, address);
        }
        Assert.Equal(attestations.Number("bitmap"), bitmap);
    }

    [Fact]
    public void The_config_digest_covers_the_preimage_of_the_vector()
    {
        var (config, vector, network) = (VectorNetwork.Config(), VectorFile.Load("config"), VectorFile.Load("network"));
        Assert.Equal(vector.Bytes("preimage"), ConfigDigest.Preimage(config));
        Assert.Equal(vector.Word("digest"), config.Digest.Value);
        Assert.Equal((int)vector.Number("quorum"), config.Quorum);
        Assert.Equal(network.Word("networkId"), config.NetworkId.Value);
        Assert.Equal(network.Word("rewardDomain"), config.RewardDomain);
    }

    [Fact]
    public void Operators_out_of_order_doubled_or_not_of_3f_plus_1_have_no_digest()
    {
        var config = VectorNetwork.Config();
        Assert.Throws<ArgumentException>(() => ConfigDigest.Of(config with { Operators = [.. config.Operators.Reverse()] }));
        Assert.Throws<ArgumentException>(() => ConfigDigest.Of(config with { Operators = config.Operators.SetItem(1, config.Operators[0]) }));
        Assert.Throws<ArgumentException>(() => ConfigDigest.Of(config with { Operators = config.Operators.RemoveAt(0) }));
    }

    [Fact]
    public void Parameters_have_one_canonical_form_whatever_their_spelling()
    {
        var vector = VectorFile.Load("parameters");
        var parameters = NetworkParameters.Parse(Encoding.UTF8.GetBytes(vector.Text("spelled")));
        Assert.Equal(vector.Text("canonical"), Encoding.UTF8.GetString(parameters.ToBytes()));
        Assert.Equal(vector.Word("parametersHash"), parameters.Hash);
        Assert.Equal(vector.Word("rulesHash"), parameters.RulesHash);
        Assert.Equal(parameters.Hash, NetworkParameters.ParseCanonical(Encoding.UTF8.GetBytes(vector.Text("canonical"))).Hash);
        Assert.Throws<ParameterException>(() => NetworkParameters.ParseCanonical(Encoding.UTF8.GetBytes(vector.Text("spelled"))));
    }

    [Fact]
    public void Manifest_seed_and_evidence_root_are_those_of_the_vector()
    {
        var (vector, lanes) = (VectorFile.Load("report"), VectorFile.Load("lanes"));
        var (manifest, config) = (vector["manifest"]!, VectorNetwork.Config());
        var window = new EpochWindow(Epoch.First, default, 0, 1, default);
        var evidence = new EpochEvidence(Cut.Parse(manifest.Bytes("previousCut")), Cut.Parse(manifest.Bytes("cut")), []);
        var bytes = EpochManifest.Encode(
            config.NetworkId, config.Digest, window, evidence, manifest.Word("snapshotHash"), manifest.Word("previousStateRoot"), (long)manifest["replayShiftSeconds"]!);
        Assert.Equal(manifest.Bytes("bytes"), bytes);
        Assert.Equal(manifest.Word("hash"), Sha256.Hash(bytes));
        Assert.Equal(vector["seed"]!.Word("seed"), EpochManifest.Seed(config.Digest, Epoch.First, vector["seed"]!.Word("blockHash")));
        Assert.Equal(vector["fields"]!.Word("evidenceRoot"), evidence.Cut.EvidenceRoot(config.Digest.Value, window.Epoch, window.Generation));

        Assert.Equal(lanes.Word("evidenceRoot"), Cut.Parse(lanes.Bytes("cut")).EvidenceRoot(
            config.Digest.Value, new Epoch((ulong)lanes.Number("epoch")), new Generation((ulong)lanes.Number("generation"))));
    }

    [Fact]
    public void A_state_has_the_bytes_and_the_root_of_the_vector_and_round_trips()
    {
        var vector = VectorFile.Load("state");
        var state = NetworkState.Parse(vector.Bytes("bytes"));
        Assert.Equal(vector.Word("root"), state.Root);
        Assert.Equal(vector.Bytes("bytes"), state.ToBytes());
        Assert.Equal(vector["watermarks"]!.Rows("devices").Select(node => node!.GetValue<string>()), state.Watermarks.Select(mark => mark.Device.ToString()));
        Assert.Equal(vector["watermarks"]!.Rows("sequences").Select(node => (ulong)node!.Number()), state.Watermarks.Select(mark => mark.Sequence));
        Assert.Equal(vector["watermarks"]!.Rows("seen").Select(node => (ulong)node!.Number()), state.Watermarks.Select(mark => mark.Seen));
        Assert.Equal(vector["ledger"]!.Rows("cumulatives").Select(node => node!.Number()), state.Ledger.Select(entry => entry.Cumulative));
        Assert.Equal(vector.Rows("deferred").Select(node => node!.GetValue<string>()), state.Deferred.Select(proof => $"0x{Convert.ToHexStringLower(proof.Envelope.Span)}"));
        Assert.Equal(vector["classes"]!.AsArray().Select(node => node!.Text("bytes")), state.Classes.Select(entry => $"0x{Convert.ToHexStringLower(entry.Bytes.Span)}"));
        Assert.Equal(vector.Word("genesisRoot"), NetworkState.Genesis.Root);
        Assert.Equal(vector.Bytes("genesisBytes"), NetworkState.Genesis.ToBytes());
    }

    [Fact]
    public void Damaged_state_bytes_give_an_error_that_names_the_place()
    {
        var bytes = VectorFile.Load("state").Bytes("bytes");
        for (var length = 0; length < bytes.Length; length += 7) Assert.Throws<CanonicalFormatException>(() => NetworkState.Parse(bytes.AsMemory(0, length)));
        Assert.Throws<CanonicalFormatException>(() => NetworkState.Parse((byte[])[.. bytes, 0]));

        byte[] swapped = [.. bytes];
        var first = ProtocolTags.State.Length + 4;
        bytes.AsSpan(first, 48).CopyTo(swapped.AsSpan(first + 48));
        bytes.AsSpan(first + 48, 48).CopyTo(swapped.AsSpan(first));
        var error = Assert.Throws<CanonicalFormatException>(() => NetworkState.Parse(swapped));
        Assert.Contains("not ascending by device", error.Message, StringComparison.Ordinal);

        byte[] oversized = [.. bytes];
        new CanonicalWriter().U32(uint.MaxValue).Written.CopyTo(oversized.AsSpan(ProtocolTags.State.Length));
        Assert.Throws<CanonicalFormatException>(() => NetworkState.Parse(oversized));
    }

    private static Report ReportOf(System.Text.Json.Nodes.JsonNode vector)
    {
        var fields = vector["fields"]!;
        return new Report
        {
            Config = new ConfigDigest(fields.Word("configDigest")),
            Generation = new Generation((ulong)fields.Number("generation")),
            Epoch = new Epoch((ulong)fields.Number("epoch")),
            PeriodStart = (ulong)fields.Number("periodStart"),
            PeriodEnd = (ulong)fields.Number("periodEnd"),
            AnchorNumber = (ulong)fields.Number("anchorNumber"),
            AnchorHash = fields.Word("anchorHash"),
            Previous = new ReportDigest(fields.Word("previousDigest")),
            EvidenceRoot = fields.Word("evidenceRoot"),
            StateRoot = fields.Word("stateRoot"),
            RewardsRoot = fields.Word("rewardsRoot"),
            MeteringRoot = fields.Word("meteringRoot"),
            LeafCount = (uint)fields.Number("leafCount"),
            CumulativeTotal = fields.Number("cumulativeTotal"),
            Unallocated = fields.Number("unallocated"),
            ManifestHash = fields.Word("manifestHash"),
        };
    }
}
